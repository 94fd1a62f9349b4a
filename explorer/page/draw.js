/* The tab of drawing: a mask, the patches that a network makes of it, and one of them in a real patch. */

import { about, real, windowOf } from './about.js';
import { at, make, number, write } from './dom.js';
import * as engine from './engine.js';
import { erase, paint, thumb } from './pictures.js';
import { Painter } from './painter.js';
import { slider } from './sliders.js';
import { guarded, latest } from './requests.js';

const TOOLS = { brush: 'Brush', eraser: 'Eraser', move: 'Move', ellipse: 'Ellipse', spiculated: 'Spiculated' };
const FIRST = 20;  // pixels across of the first nodule

let painter = null;
let patches = [];
let chosen = 0;
const settings = { samples: 4, seed: 0, index: 0, soft: 2 };

/* Where the network does not say, it is that of the current weights. */
const stored = () => about.pix2pix.window || windowOf();

const isBlank = () => !painter.mask.some(Boolean);

/* The real patch, and the chosen nodule in it; without a nodule it is the real patch alone. */
const insert = latest(async () => {
  if (!about.data) return;
  const { index, soft } = settings;
  const nodule = patches.length && !isBlank();
  const [patch, result] = await Promise.all([
    engine.real(index),
    nodule && engine.insert(patches[chosen], painter.mask, index, soft),
  ]);
  paint(at('insert-real'), patch.pixels, stored());
  write('insert-caption', `${real()}, ${patch.class}`);
  if (isBlank()) erase(at('insert-result'));
  else if (result) paint(at('insert-result'), result, stored());
});

/* Nothing is drawn: no patch of it is left. */
function wipe() {
  patches = [];
  at('patches').replaceChildren();
  erase(at('patch'));
  write('patch-caption', 'No patch: nothing is drawn');
  if (about.data) erase(at('insert-result'));
  insert();
}

function choose(which) {
  chosen = which;
  [...at('patches').children].forEach((button, i) => button.setAttribute('aria-pressed', String(i === which)));
  paint(at('patch'), patches[which], stored());
  write('patch-caption', `Patch ${which + 1}`);
  insert();
}

function showPatches() {
  const places = [...at('patches').children];
  if (places.length !== patches.length) {
    at('patches').replaceChildren(...patches.map((pixels, i) => (
      thumb(pixels, stored(), `Patch ${i + 1}`, () => choose(i)))));
  } else {
    places.forEach((button, i) => paint(button.firstChild, patches[i], stored()));
  }
  choose(Math.min(chosen, patches.length - 1));
}

const update = latest(async () => {
  const { samples, seed } = settings;
  if (isBlank()) return;
  const drawn = await engine.draw(painter.mask, samples, seed);
  if (isBlank()) return;  // it was cleared meanwhile
  patches = drawn;
  showPatches();
});

function changed() {
  at('mask-undo').disabled = !painter.before.length;
  if (isBlank()) wipe();
  else update();
}

const stamp = (shape, diameter) => engine.stamp(shape, diameter, Math.floor(Math.random() * 1e6));

function tool(name) {
  painter.tool = name;
  at('draw-tools').querySelectorAll('button').forEach((button) => (
    button.setAttribute('aria-pressed', String(button.value === name))));
  if (name === 'ellipse' || name === 'spiculated') painter.resize(Math.max(painter.width, 12));
  painter.draw();
}

const setting = (name, title, low, high, step, format, then) => slider({
  name: title, low, high, step, format, value: settings[name],
  moved: (value) => {
    settings[name] = value;
    then();
  },
}).row;

export function build() {
  if (!about.pix2pix) at('draw-none').hidden = false;
  at('draw-stage').hidden = !about.pix2pix;
  at('draw-side').hidden = !about.pix2pix;
  if (!about.pix2pix) return;
  const { size } = about.pix2pix;
  painter = new Painter(at('mask'), size, changed, guarded(stamp));
  const width = slider({
    name: 'size', low: 1, high: Math.round(size / 2), step: 1, value: painter.width,
    format: (value) => `${number(value)} pixels`,
    moved: (value) => { painter.width = value; },
  });
  painter.resize = (value) => {
    painter.width = value;
    width.set(value);
  };
  at('draw-size').append(width.row);
  at('draw-tools').append(...Object.entries(TOOLS).map(([name, title]) => {
    const button = make('button', { value: name, textContent: title });
    button.addEventListener('click', () => tool(name));
    return button;
  }));
  at('mask-undo').addEventListener('click', () => painter.undo());
  at('mask-clear').addEventListener('click', () => painter.clear());
  at('draw-settings').append(
    setting('samples', 'samples', 1, 8, 1, (value) => number(value), update),
    setting('seed', 'seed', 0, 50, 1, (value) => number(value), update),
  );
  if (about.data) {
    at('insert-none').hidden = true;
    at('insert-part').hidden = false;
    at('insert-settings').append(
      setting('index', `${real()} patch`, 0, about.data.count - 1, 1, (value) => number(value), insert),
      setting('soft', 'soft edge', 0, 8, 0.5, (value) => `${number(value, 1)} pixels`, insert),
    );
  }
  tool('brush');
}

export const enter = guarded(async () => {
  if (!painter || painter.before.length) return;
  const width = painter.width;
  painter.width = FIRST;
  await painter.place('ellipse', painter.middle());
  painter.width = width;
});
