/* The reader's way through a study: enter, instructions, practice, reading with pauses, the end. */

import { buildChoices } from './controls.js';
import { at, number, write } from './dom.js';
import { ask } from './server.js';
import { onKeys, onSubmit } from './keys.js';
import { View } from './view.js';
import { buildTools, onChange } from './window.js';
import { captions, facts, modes, verdictTexts, welcome } from './texts.js';

const SOON = 300;  // milliseconds in which a second key or click belongs to the case before
const LEAST = [6, 4];  // smallest enlargement of one patch, and of each of two
const DAY = 24 * 3600 * 1000;

let study;  // the reply of /api/study
let mode;  // texts of its mode
let view;
let state;  // the reply of /api/state
let shownAt = 0;  // performance.now() when the case came on the screen
let ready = false;  // are verdicts accepted?
let busy = false;  // is the reader waiting for the server?
let rested = -1;  // the number of cases after which the reader has had the pause, or the start
let ahead = new Map();  // promises of pixels by case

/* One screen at a time. */
function screen(id) {
  document.querySelectorAll('.screen').forEach((other) => { other.hidden = other.id !== id; });
  ready = false;
  scrollTo(0, 0);
}

/* Shows that the server was not reached, and what happens next. */
const showTrouble = (next) => (message) => {
  write('trouble', `${message ? message[0].toUpperCase() + message.slice(1) : 'No connection'}. ${next}`);
  at('trouble').hidden = false;
};

/* Runs one task at a time; an error that trying again cannot mend is shown, with a button that reloads the page. */
async function guarded(work) {
  if (busy) return;
  busy = true;
  try {
    await work();
  } catch (error) {
    write('broken-text', `${error.message || 'There is no connection to the server'}.`);
    screen('broken');
    at('again').focus();
  } finally {
    busy = false;
    at('trouble').hidden = true;
  }
}

const resume = async () => guarded(async () => proceed(await ask('/api/state')));

function bars() {
  const practice = state.phase === 'practice';
  const [done, total] = practice ? [state.practice_done, state.practice_total] : [state.done, state.total];
  document.querySelectorAll('.bar').forEach((bar) => { bar.style.width = `${(100 * done) / Math.max(total, 1)}%`; });
  at('progress').setAttribute('aria-valuemax', total);
  at('progress').setAttribute('aria-valuenow', done);
  at('stage').hidden = !practice;
  write('count', `${Math.min(done + 1, total)} of ${total}`);
}

/* Go where the reader is. */
async function proceed(now) {
  state = now;
  bars();
  const begun = sessionStorage.getItem('begun');
  const fresh = !state.practice_done && !state.done;
  if (state.phase === 'enter') {
    sessionStorage.removeItem('begun');
    screen('enter');
    at('name').focus();
  } else if (state.phase === 'end') {
    write('end-text', `All ${state.total} answers are saved. You may close this window.`);
    at('end-undo').hidden = !state.can_undo;
    screen('end');
  } else if (!begun && fresh) {
    instructions();
  } else if (!begun) {
    const done = `You have read ${state.done} of ${state.total} cases.`;
    interlude('Welcome back', localStorage.getItem('reader') || 'Go on reading',
      state.phase === 'practice' ? 'You have not finished the practice cases.' : done, true);
  } else if (state.phase === 'reading' && state.practice_total && !state.done && rested !== 0) {
    interlude('Practice is over', 'Now it counts',
      `${state.total} cases follow. From now on, the truth is not shown.`, false);
  } else if (state.pause && rested !== state.done) {
    interlude('Pause', `${state.done} of ${state.total} read`,
      'Look into the distance for a moment. All answers are saved: you may also close the window and come back.',
      false);
  } else {
    await showCase();
  }
}

function instructions() {
  at('facts').replaceChildren(...facts(study, mode, state).map((sentence) => {
    const item = document.createElement('li');
    item.textContent = sentence;
    return item;
  }));
  write('begin', state.practice_total ? 'Begin with practice' : 'Begin');
  screen('instructions');
  at('begin').focus({ preventScroll: true });
}

function interlude(kicker, title, text, back) {
  write('interlude-kicker', kicker);
  write('interlude-title', title);
  write('interlude-text', text);
  at('interlude-undo').hidden = back || !state.can_undo;
  at('not-me').hidden = !back;
  screen('interlude');
  at('go-on').focus();
}

function goOn() {
  sessionStorage.setItem('begun', 'yes');
  guarded(async () => {
    rested = state.phase === 'reading' ? state.done : -1;
    await showCase();
  });
}

/* The pixels of a case, fetched once. */
function pixels(item) {
  if (!ahead.has(item)) {
    const report = (message) => item === state.item && showTrouble('Trying again.')(message);
    const parts = Array.from({ length: state.images }, (_, which) => ask(`/api/pixels/${item}/${which}`, null, report));
    const all = Promise.all(parts);
    all.catch(() => ahead.delete(item));  // to be asked for again when its turn comes
    ahead.set(item, all);
  }
  return ahead.get(item);
}

async function showCase() {
  const patches = await pixels(state.item);
  screen('reading');
  at('feedback').hidden = true;
  at('verdicts').hidden = false;
  at('undo').disabled = !state.can_undo;
  document.querySelectorAll('.chosen').forEach((button) => button.classList.remove('chosen'));
  view.show(patches, captions(mode));
  requestAnimationFrame(() => {
    shownAt = performance.now();
    ready = true;
  });
  ahead = new Map([...ahead].filter(([item]) => item === state.item));
  if (state.next) pixels(state.next);
}

async function answer(verdict) {
  const milliseconds = Math.min(Math.round(performance.now() - shownAt), DAY);
  if (!ready || busy || milliseconds < SOON) return;
  ready = false;
  view.settle();
  write('saved', 'saving');
  at('choices').querySelector(`[value="${verdict}"]`).classList.add('chosen');
  const values = { item: state.item, verdict, milliseconds, windows: view.used, zoom: view.greatest };
  await guarded(async () => {
    const { truth, state: now } = await ask('/api/answer', values, (message) => {
      write('saved', 'not saved');
      showTrouble('Your answer is kept here; trying again.')(message);
    });
    write('saved', 'saved');
    at('trouble').hidden = true;
    if (!truth) {
      await proceed(now);
      return;
    }
    feedback(truth, verdict);
    at('next').onclick = () => guarded(() => proceed(now));
  });
}

function feedback(truth, verdict) {
  const [sure, side] = verdictTexts(mode, verdict);
  at('verdicts').hidden = true;
  at('feedback').hidden = false;
  write('truth', mode.truth[truth]);
  write('said', `You said: ${sure} ${side}.`);
  at('next').focus({ preventScroll: true });
}

function undo() {
  if (!state || !state.can_undo || busy) return;
  ready = false;
  guarded(async () => {
    const now = await ask('/api/undo', {}, showTrouble('Trying again.'));
    rested = now.done;
    write('saved', 'taken back');
    await proceed(now);
  });
}

async function leave() {
  await guarded(async () => {
    await ask('/api/leave', {});
    sessionStorage.clear();
    localStorage.removeItem('reader');
    location.reload();
  });
}

async function start() {
  study = await ask('/api/study');
  mode = modes(study.original)[study.mode];
  document.title = study.title;
  document.querySelectorAll('[data-title]').forEach((heading) => { heading.textContent = study.title; });
  at('reading').classList.toggle('single', mode.captions.length === 1);
  write('welcome', welcome(study.original));
  write('task', mode.heading);
  write('key-meaning', mode.meaning);
  view = new View(at('stand'), { ...study, least: LEAST }, onChange, (hu) => write('hu', hu === null ? '\u2013' : number(hu)));
  buildChoices(mode, answer);
  buildTools(study.presets, view);
  onKeys(view, answer, undo);
  onSubmit('enter-form', '/api/enter', (form) => ({ name: form.get('name'), years: Number(form.get('years')) }),
    async ({ word }) => {
      write('word', word);
      at('word-note').hidden = false;
      await resume();
    });
  onSubmit('resume-form', '/api/resume', (form) => ({ name: form.get('name'), word: form.get('word') }), resume);
  at('begin').addEventListener('click', goOn);
  at('go-on').addEventListener('click', goOn);
  ['undo', 'interlude-undo', 'end-undo'].forEach((id) => at(id).addEventListener('click', undo));
  ['leave', 'not-me'].forEach((id) => at(id).addEventListener('click', leave));
  await proceed(await ask('/api/state'));
}

at('again').addEventListener('click', () => location.reload());
guarded(start);
