/* Sliders with a name, a value and a unit. */

import { make, number } from './dom.js';

export const digitsOf = (step) => (step >= 1 ? 0 : step >= 0.1 ? 1 : 2);

/* Colour the track of a slider between a value and where it stands; the thumb keeps its half width from the ends. */
export function mark(input, from) {
  const { min, max, value } = input;
  const place = (of) => `calc(10px + (100% - 20px) * ${(of - min) / (max - min || 1)})`;
  const [least, most] = [Math.min(from, value), Math.max(from, value)];
  input.style.setProperty('--from', from > min ? place(least) : '0%');
  input.style.setProperty('--to', place(most));
}

/* A row: name, value, slider. format(value): the value as text. moved(value) is called while it moves, settled(value)
   when it is let go. Returns {row, head, set(value, text), input}. */
export function slider({ name, low, high, step, value, format, moved = () => {}, settled = () => {} }) {
  const output = make('output', { className: 'value' });
  const input = make('input', { type: 'range', min: low, max: high, step, 'aria-label': name });
  const head = make('div', { className: 'head' }, make('span', { className: 'name', textContent: name }), output);
  const row = make('div', { className: 'slider' }, head, input);
  const from = low < 0 ? 0 : low;
  const set = (now, text = format(now)) => {
    input.value = now;
    output.textContent = text;
    input.setAttribute('aria-valuetext', text);
    mark(input, from);
  };
  input.addEventListener('input', () => {
    const now = Number(input.value);
    set(now, format(now));
    moved(now);
  });
  input.addEventListener('change', () => settled(Number(input.value)));
  set(value);
  return { row, head, set, input };
}

/* Is it a direction that no attribute belongs to? */
export const isUnnamed = ({ r2 }) => r2 === null || r2 === undefined;

const signed = (value, digits) => (value > 0 ? '+' : '') + number(value, digits);

/* The row of an axis: its measured value, how far it was moved (press to undo), a lock, how well it follows.
   Returns {row, show(state, measured)}. */
export function axisSlider(axis, { move, settle, lock }) {
  const { name, title, unit, r2, usable, low, high, step } = axis;
  const digits = digitsOf(step);
  const space = unit && unit !== '\u00b0' ? ' ' : '';
  const { row, head, set, input } = slider({
    name: title, low, high, step, value: 0, format: () => '',
    moved: (value) => move(name, value), settled: () => settle(name),
  });
  input.disabled = !usable;
  row.classList.toggle('unusable', !usable);
  const unnamed = isUnnamed(axis);
  const back = make('button', { className: 'moved', title: 'Undo this change', 'aria-label': `Move ${title} back` });
  back.addEventListener('click', () => {
    move(name, 0);
    settle();
  });
  const sure = make('small', { textContent: unnamed ? '' : `R\u00b2 ${number(r2, 2)}` });
  if (!unnamed) sure.title = 'How well the measured change follows the requested one, in other nodules';
  if (!usable) sure.append(': does not work well enough');
  const foot = make('div', { className: 'foot' }, sure, back);
  row.append(foot);
  const key = make('button', { className: 'lock', 'aria-label': `Lock ${title}` });
  key.title = `Keep ${title} fixed while others change`;
  key.disabled = unnamed || !usable;
  key.addEventListener('click', () => lock(name));
  head.append(key);

  function show(state, measured) {
    const by = state.moves[name] || 0;
    const value = measured ? measured[name] : undefined;
    const moved = `${signed(by, digits)}${space}${unit}`;
    const otherwise = unnamed ? moved : '\u2013';
    set(by, typeof value === 'number' ? `${number(value, digits)}${space}${unit}` : otherwise);
    back.textContent = `${unnamed ? 'back' : moved} \u00d7`;
    back.hidden = !by;
    key.setAttribute('aria-pressed', String(state.locks.includes(name)));
  }
  return { row, show };
}
