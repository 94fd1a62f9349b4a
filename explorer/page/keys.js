/* The dialog that lists keys and what the mouse does. */

import { at, make } from './dom.js';

const KEYS = [
  [['Drag'], 'on an image: to the side for the width of the window, up and down for its level (with the right button, too)'],
  [['Double click', 'W'], 'the first window again'],
  [['[', ']'], 'narrower and wider window'],
  [[',', '.'], 'lower and higher level'],
  [['Wheel', '+', '\u2212'], 'zoom'],
  [['0'], 'whole image'],
  [['Shift drag'], 'move an image that is zoomed'],
  [['R'], 'random seed'],
  [['S'], 'keep this nodule'],
  [['C'], 'compare with the one that is on show'],
  [['O'], 'outline'],
  [['Ctrl Z', 'Ctrl Shift Z'], 'undo and redo'],
  [['?'], 'this list'],
];

export const showKeys = () => at('keys').showModal();

/* tabs: how many there are. */
export function buildKeys(tabs) {
  at('keys-list').append(...[[['1', '\u2013', tabs], 'choose a tab'], ...KEYS].flatMap(([keys, meaning]) => [
    make('dt', {}, ...keys.flatMap((key) => [key === '\u2013' ? key : make('kbd', { textContent: key }), ' '])),
    make('dd', { textContent: meaning }),
  ]));
  at('keys-open').addEventListener('click', showKeys);
  at('keys-close').addEventListener('click', () => at('keys').close());
  at('keys').addEventListener('click', (event) => {
    if (event.target === at('keys')) at('keys').close();  // beside it
  });
}
