/* The seed: a number with a fraction, as seeds that are neighbours blend into each other. */

import { at } from './dom.js';
import { store } from './store.js';

const MOST = 999999;
const PER_SEED = 120;  // pixels of a drag from one seed to the next
const NUDGE = 0.05;  // of a stroke of an arrow key

const round = (value) => Math.min(Math.max(Math.round(value * 1000) / 1000, 0), MOST);

function move(seed) {
  store.change({ seed: round(seed), latent: null });
}

function jump(seed) {
  move(seed);
  store.settle();
}

export const anySeed = () => jump(Math.floor(Math.random() * 10000));
export const nextSeed = (by) => jump(by > 0 ? Math.floor(store.draft.seed) + 1 : Math.ceil(store.draft.seed) - 1);

export function buildSeed() {
  const [field, strip] = [at('seed'), at('seed-strip')];
  let begin = null;  // [where the drag began, its seed]
  field.addEventListener('change', () => {
    if (field.value !== '' && field.validity.valid) jump(Number(field.value));
    else field.value = store.draft.seed;
  });
  at('seed-less').addEventListener('click', () => nextSeed(-1));
  at('seed-more').addEventListener('click', () => nextSeed(1));
  at('seed-any').addEventListener('click', anySeed);
  at('found-end').addEventListener('click', () => jump(store.draft.seed));
  strip.addEventListener('pointerdown', (event) => {
    strip.setPointerCapture(event.pointerId);
    begin = [event.clientX, store.draft.seed];
  });
  strip.addEventListener('pointermove', (event) => {
    if (begin) move(begin[1] - (event.clientX - begin[0]) / PER_SEED);
  });
  ['pointerup', 'pointercancel'].forEach((kind) => strip.addEventListener(kind, () => {
    if (begin) store.settle();
    begin = null;
  }));
  strip.addEventListener('keydown', (event) => {
    const by = {
      ArrowLeft: -NUDGE, ArrowDown: -NUDGE, ArrowRight: NUDGE, ArrowUp: NUDGE, PageUp: 1, PageDown: -1,
    }[event.key];
    if (!by) return;
    event.preventDefault();
    move(store.draft.seed + by);
    store.settle('seed');
  });
  store.addEventListener('draft', () => {
    const { seed, latent } = store.draft;
    if (document.activeElement !== field || Number(field.value) !== seed) field.value = seed;
    strip.style.backgroundPositionX = `calc(50% - ${seed * PER_SEED}px)`;
    strip.setAttribute('aria-valuemin', 0);
    strip.setAttribute('aria-valuemax', MOST);
    strip.setAttribute('aria-valuenow', seed);
    at('found').hidden = !latent;
  });
}
