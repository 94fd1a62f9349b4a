/* The tab of the map: many nodules at once, and the real image that is nearest to the current one. */

import { about, model, windowOf } from './about.js';
import { at, make, number, write } from './dom.js';
import { paint, picture } from './pictures.js';
import { Scatter } from './scatter.js';
import { isUnnamed } from './sliders.js';
import { fresh, store } from './store.js';
import { computed, decode, guarded, latest, request } from './talk.js';

const LONG = 600000;  // milliseconds that a search may take
const ORDERS = { axes: 'two attributes', pca: 'likeness (PCA)', tsne: 'likeness (t-SNE)' };

let scatter = null;
let drawn = '';  // the question whose answer is on the screen

const option = (value, text) => make('option', { value, textContent: text });
const attributes = () => model().axes.filter((axis) => !isUnnamed(axis));
const title = ({ title: words, unit }) => (unit ? `${words}, ${unit}` : words);

function question() {
  const by = at('map-by').value;
  const given = { model: store.draft.model, by };
  if (by === 'axes') Object.assign(given, { x: at('map-x').value, y: at('map-y').value });
  return String(new URLSearchParams(given));
}

const draw = latest(async () => {
  const asked = question();
  if (asked === drawn) {
    scatter.paint(windowOf());
    return;
  }
  write('map-status', 'The map is being computed; the first one takes a while.');
  const window = windowOf();
  const { points, sheet, thumb } = await computed(`/api/map?${asked}`);
  drawn = asked;
  const words = ['map-x', 'map-y'].map((id) => at(id).selectedOptions[0]?.textContent);
  scatter.put(points, decode(sheet), thumb, window, at('map-by').value === 'axes' ? words : null);
  const real = points.filter(({ kind }) => kind === 'real').length;
  const also = real ? `, ${real} real (bright edge)` : '';
  write('map-status', `${points.length - real} generated${also}. Drag moves, wheel zooms.`);
});

/* What can be chosen, for the weights that are shown. */
function choices() {
  const known = attributes();
  const orders = Object.entries(ORDERS).filter(([by]) => by !== 'axes' || known.length > 1);
  const before = ['map-by', 'map-x', 'map-y'].map((id) => at(id).value);
  at('map-by').replaceChildren(...orders.map(([by, words]) => option(by, words)));
  ['map-x', 'map-y'].forEach((id, i) => {
    at(id).replaceChildren(...known.map((axis) => option(axis.name, title(axis))));
    at(id).value = known[Math.min(i, known.length - 1)]?.name || '';
  });
  ['map-by', 'map-x', 'map-y'].forEach((id, i) => {
    if (before[i] && [...at(id).options].some(({ value }) => value === before[i])) at(id).value = before[i];
  });
  at('map-axes').hidden = at('map-by').value !== 'axes';
}

function pointed(point) {
  if (!point) return;
  write('map-caption', `${point.kind}, ${point.kind === 'real' ? 'image' : 'seed'} ${point.index}`);
  paint(at('map-hover'), point.pixels, windowOf());
}

const opened = guarded(async ({ kind, index: which }) => {
  if (kind === 'real') {
    const { pixels, class: name } = await request(`/api/real/${which}`);
    paint(at('map-hover'), decode(pixels), windowOf());
    write('map-caption', `real, image ${which}, ${name}`);
    return;
  }
  document.dispatchEvent(new CustomEvent('open-tab', { detail: 'generate' }));
  store.change(fresh(store.draft.model, which));
  store.settle();
});

function figure(pixels, words, window) {
  const canvas = picture(pixels, window);
  canvas.setAttribute('aria-label', words);
  return make('figure', {}, canvas, make('figcaption', { textContent: words }));
}

const nearest = guarded(async () => {
  const { state, pixels } = store.shown;
  const found = await request('/api/nearest', state, LONG);
  const real = decode(found.pixels);
  const difference = Uint8ClampedArray.from(pixels, (gray, i) => 128 + 2 * (gray - real[i]));
  at('nearest-pictures').replaceChildren(
    figure(pixels, 'current', windowOf(state)),
    figure(real, `real, image ${found.index}`, windowOf(state)),
    figure(difference, 'difference, twice', null),
  );
  const { error, typical } = found;
  const verdict = error < typical / 2 ? 'That is close enough to be a copy.' : 'That is no copy.';
  const others = `; real images are ${number(typical || 0, 1)} from their nearest other one. ${verdict}`;
  write('nearest-words', `${number(error, 1)} gray levels apart${typical === null ? '.' : others}`);
  at('nearest-found').hidden = false;
});

export function build() {
  scatter = new Scatter(at('map'), pointed, opened);
  ['map-by', 'map-x', 'map-y'].forEach((id) => at(id).addEventListener('change', () => {
    at('map-axes').hidden = at('map-by').value !== 'axes';
    draw();
  }));
  at('map-all').addEventListener('click', () => scatter.all());
  at('nearest-none').hidden = Boolean(about.data);
  at('nearest-part').hidden = !about.data;
  at('nearest-find').addEventListener('click', nearest);
  store.addEventListener('shown', () => { at('nearest-found').hidden = true; });
}

export function enter() {
  choices();
  draw();
}
