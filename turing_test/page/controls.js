/* The buttons of the reading screen. */

import { at, write } from './dom.js';
import { verdictWords } from './words.js';

/* Six buttons; onVerdict(1 to 6) is told of a click. */
export function buildChoices(kind, onVerdict) {
  write('question', kind.question);
  at('choices').append(...[1, 2, 3, 4, 5, 6].map((verdict) => {
    const [sure, side] = verdictWords(kind, verdict);
    const button = document.createElement('button');
    const [key, words, how, what] = ['kbd', 'span', 'small', 'b'].map((name) => document.createElement(name));
    key.textContent = verdict;
    how.textContent = `${sure} `;
    what.textContent = side;
    words.append(how, what);
    button.append(key, words);
    button.value = verdict;
    button.addEventListener('click', () => onVerdict(verdict));
    return button;
  }));
}
