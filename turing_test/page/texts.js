/* Texts of the page, for the two modes of studies. */

const SURE = ['surely', 'probably', 'perhaps', 'perhaps', 'probably', 'surely'];

/* What differs between the modes: sides of the scale, heading of the instructions, question, captions of patches. */
export const MODES = {
  'yes-no': {
    sides: ['generated', 'real'],
    heading: 'Is the patch real or generated?',
    question: 'Real or generated?',
    captions: [''],
    meaning: '1 surely generated, 2 probably, 3 perhaps; 4 perhaps real, 5 probably, 6 surely',
    truth: { real: 'It was real.', generated: 'It was generated.' },
    half: 'You see one patch at a time. Half of the patches are real.',
  },
  '2afc': {
    sides: ['left', 'right'],
    heading: 'Which of the two patches is real?',
    question: 'Which one is real?',
    captions: ['left', 'right'],
    meaning: '1 surely the left one is real, 2 probably, 3 perhaps; 4 perhaps the right one, 5 probably, 6 surely',
    truth: { left: 'The left one was real.', right: 'The right one was real.' },
    half: 'You see two patches at a time: one is real, one is generated. Left and right are equally likely.',
  },
};

/* [certainty, side] of a verdict from 1 to 6. */
export function verdictTexts(mode, verdict) {
  return [SURE[verdict - 1], mode.sides[verdict < 4 ? 0 : 1]];
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;

/* Sentences for the instructions. */
export function facts(study, mode, state) {
  const minutes = Math.max(Math.round((state.total * 8) / 60), 1);
  const practice = state.practice_total;
  return [
    mode.half,
    'Some cases are easy, some are not. There is no time limit.',
    practice && `First ${count(practice, 'practice case')}, with the truth after each answer.`,
    `Then ${count(state.total, 'case')} without the truth, about ${count(minutes, 'minute')} at eight seconds each.`,
    study.pause && state.total > study.pause && `There is a pause every ${study.pause} cases.`,
    'You can take back only the last answer.',
    'Each answer is saved at once. You may close the window and come back another day.',
  ].filter(Boolean);
}

/* Captions of patches, with a capital letter. */
export const captions = (mode) => mode.captions.map((word) => word && word[0].toUpperCase() + word.slice(1));
