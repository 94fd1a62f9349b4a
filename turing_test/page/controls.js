/* The buttons of the reading screen. */

import { at, write } from './dom.js';
import { verdictTexts } from './texts.js';

/* Six buttons; a click calls onVerdict(1 to 6). */
export function buildChoices(mode, onVerdict) {
  write('question', mode.question);
  at('choices').append(...[1, 2, 3, 4, 5, 6].map((verdict) => {
    const [sure, side] = verdictTexts(mode, verdict);
    const button = document.createElement('button');
    const [key, label, certainty, answer] = ['kbd', 'span', 'small', 'b'].map((name) => document.createElement(name));
    key.textContent = verdict;
    certainty.textContent = `${sure} `;
    answer.textContent = side;
    label.append(certainty, answer);
    button.append(key, label);
    button.value = verdict;
    button.addEventListener('click', () => onVerdict(verdict));
    return button;
  }));
}
