/* Sliders with a name, a value and a unit. */

import { make, number } from './dom.js';

export const digitsOf = (step) => (step >= 1 ? 0 : step >= 0.1 ? 1 : 2);

/* Colour the track of a slider between a value and where it stands, with a tick at `from` if it is a number that was
   measured there, and fainter beyond the ends of `reach`; the thumb keeps its half width from the ends. */
export function mark(input, from, { tick = false, reach = null } = {}) {
  const { min, max, value } = input;
  const place = (of) => `calc(10px + (100% - 20px) * ${(of - min) / (max - min || 1)})`;
  const [least, most] = [Math.min(from, value), Math.max(from, value)];
  const places = {
    from: from > min ? place(least) : '0%', to: place(most), tick: tick ? place(from) : null,
    least: reach ? place(Math.max(reach[0], min)) : null, most: reach ? place(Math.min(reach[1], max)) : null,
  };
  Object.entries(places).forEach(([name, at]) => (
    at ? input.style.setProperty(`--${name}`, at) : input.style.removeProperty(`--${name}`)));
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

/* The row of an axis. Of an attribute: its value, where it began, how far it gets, how well it follows, a lock, and by
   how much it was asked to change (press to undo); of a direction: how far it was moved.
   Returns {row, show(state, entry, reach)}; entry: what is on show, or null; reach: [low, high] or null. */
export function axisSlider(axis, { move, settle, lock }) {
  const { name, title, unit, r2, usable, low, high, step, tolerance } = axis;
  const unnamed = isUnnamed(axis);
  const digits = digitsOf(step);
  const space = unit && unit !== '\u00b0' ? ' ' : '';
  const text = (value) => number(value, digits);
  const whole = (value) => `${text(value)}${space}${unit}`;
  let start = unnamed ? 0 : null;  // its value without the move
  let dragged = false;
  const { row, head, input } = slider({
    name: title, low, high, step, value: unnamed ? 0 : low, format: whole,
    moved: (value) => {
      dragged = true;
      if (start !== null) move(name, Number((value - start).toFixed(3)));
    },
    settled: () => settle(name),
  });
  row.classList.toggle('unusable', !usable);
  const back = make('button', { className: 'moved', title: 'Undo this change' });
  back.addEventListener('click', () => {
    move(name, 0);
    settle();
  });
  const sure = make('small', { className: 'sure', textContent: unnamed ? '' : `R\u00b2 ${number(r2, 2)}` });
  if (!unnamed) sure.title = 'How well the measured change follows the requested one, in other nodules';
  if (!usable) sure.append(': does not work well enough');
  const range = make('small', { className: 'reach' });
  row.append(make('div', { className: 'foot' }, sure, range, back));
  const key = make('button', { className: 'lock', 'aria-label': `Lock ${title}` });
  key.disabled = unnamed;
  key.addEventListener('click', () => lock(name));
  head.append(key);

  /* Where the slider stands, its value, and a remark: what is asked while it is dragged, then what is measured. */
  function reading(by, value, settled) {
    const asked = start + by;
    if (unnamed || dragged) return [asked, asked, ''];
    const reached = !by || Math.abs(value - asked) <= tolerance;
    if (settled && !reached) return [value, value, `reached ${text(value)}, asked ${whole(asked)}`];
    return [by && reached ? asked : value, value, ''];
  }

  /* The remark, or else how far the nodule gets. */
  function writeRange(remark, ends) {
    range.textContent = remark || (ends ? `reaches ${text(ends[0])} to ${whole(ends[1])}` : '');
    range.title = remark ? '' : 'About how far this nodule gets while what is locked stays';
    row.classList.toggle('missed', Boolean(remark));
  }

  function show(state, entry, reach = null) {
    const by = state.moves[name] || 0;
    const settled = Boolean(entry) && entry.state === state && !entry.rough;
    if (settled) dragged = false;
    if (!unnamed && entry) start = typeof entry.start[name] === 'number' ? entry.start[name] : null;
    const value = entry ? entry.measured[name] : null;
    const known = unnamed || (start !== null && typeof value === 'number');
    input.disabled = !usable || !known;
    const [at, now, remark] = known ? reading(by, value, settled) : [start === null ? low : start, null, ''];
    const words = now === null ? '\u2013' : whole(now);
    const begin = start === null ? at : start;
    const [least, most] = unnamed ? [low, high] : [Math.min(low, at, begin), Math.max(high, at, begin)];
    input.min = Math.floor(least / step + 1e-6) * step;
    input.max = Math.ceil(most / step - 1e-6) * step;
    input.value = at;
    input.setAttribute('aria-valuetext', remark || words);
    head.querySelector('.value').textContent = words;
    row.classList.toggle('asked', dragged && !unnamed);
    const ends = known && reach ? [Math.min(reach[0], value), Math.max(reach[1], value)] : null;
    mark(input, known ? start : at, { tick: known && !unnamed, reach: ends });
    writeRange(remark, ends);
    back.textContent = `${unnamed ? 'back' : `${signed(by, digits)}${space}${unit}`} \u00d7`;
    back.setAttribute('aria-label', `${back.textContent}, move ${title} back`);
    back.hidden = !by;
    const locked = state.locks.includes(name);
    key.setAttribute('aria-pressed', String(locked));
    key.title = locked ? `${title} stays while others change; press to let it go` : `Keep ${title} while others change`;
  }
  return { row, show };
}
