/* The buttons of the reading screen. */

import { number, verdictWords } from './words.js';

export const at = (id) => document.getElementById(id);
export const write = (id, text) => { at(id).textContent = text; };

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

/* Windows [name, least HU, most HU] to choose from, and zoom. */
export function buildTools(presets, view) {
  at('presets').append(...presets.map(([name, least, most]) => {
    const [level, width] = [(least + most) / 2, most - least];
    const button = document.createElement('button');
    const limits = document.createElement('small');
    limits.textContent = `${number(least)} to ${number(most)}`;
    button.append(name[0].toUpperCase() + name.slice(1), limits);
    Object.assign(button.dataset, { level, width });
    button.addEventListener('click', () => {
      view.setWindow(level, width);
      view.settle();
    });
    return button;
  }));
  at('zoom-in').addEventListener('click', () => view.zoomBy(1.25));
  at('zoom-out').addEventListener('click', () => view.zoomBy(0.8));
  at('zoom-all').addEventListener('click', () => view.reset());
}

/* What a View tells of its window and zoom. */
export function onChange({ level, width, zoom }) {
  write('level', number(level));
  write('width', number(width));
  write('zoom', `${zoom.toFixed(1)}\u00d7`);
  at('presets').querySelectorAll('button').forEach((button) => {
    const same = Number(button.dataset.level) === level && Number(button.dataset.width) === width;
    button.setAttribute('aria-pressed', String(same));
  });
}
