/* The tab of the map: many nodules at once, and the real image that is nearest to the current one. */

import { about, model, windowOf } from './about.js';
import { at, make, number, write } from './dom.js';
import { paint, picture } from './pictures.js';
import { Scatter } from './scatter.js';
import { isUnnamed } from './sliders.js';
import { fresh, store } from './store.js';
import { computed, decode, guarded, latest, request } from './requests.js';

const LONG = 600000;  // milliseconds that a search may take
const ORDERS = { axes: 'two attributes', pca: 'similarity (PCA)', tsne: 'similarity (t-SNE)' };

let scatter = null;
let drawn = '';  // the question whose answer is on the screen

const option = (value, text) => make('option', { value, textContent: text });
const attributes = () => model().axes.filter((axis) => !isUnnamed(axis));
const title = ({ title: text, unit }) => (unit ? `${text}, ${unit}` : text);

function question() {
  const by = at('map-by').value;
  const query = { model: store.draft.model, by };
  if (by === 'axes') Object.assign(query, { x: at('map-x').value, y: at('map-y').value });
  return String(new URLSearchParams(query));
}

const draw = latest(async () => {
  const query = question();
  if (query === drawn) {
    scatter.paint(windowOf());
    return;
  }
  write('map-status', 'The map is being computed; the first one takes a while.');
  const window = windowOf();
  const { points, sheet, thumb } = await computed(`/api/map?${query}`);
  drawn = query;
  const axisTitles = ['map-x', 'map-y'].map((id) => at(id).selectedOptions[0]?.textContent);
  scatter.put(points, decode(sheet), thumb, window, at('map-by').value === 'axes' ? axisTitles : null);
  const real = points.filter(({ kind }) => kind === 'real').length;
  const also = real ? `, ${real} real (bright edge)` : '';
  write('map-status', `${points.length - real} generated${also}. Drag to move, scroll to zoom.`);
});

/* Fill the menus for the current weights. */
function choices() {
  const axes = attributes();
  const orders = Object.entries(ORDERS).filter(([by]) => by !== 'axes' || axes.length > 1);
  const before = ['map-by', 'map-x', 'map-y'].map((id) => at(id).value);
  at('map-by').replaceChildren(...orders.map(([by, title]) => option(by, title)));
  ['map-x', 'map-y'].forEach((id, i) => {
    at(id).replaceChildren(...axes.map((axis) => option(axis.name, title(axis))));
    at(id).value = axes[Math.min(i, axes.length - 1)]?.name || '';
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

function figure(pixels, caption, window) {
  const canvas = picture(pixels, window);
  canvas.setAttribute('aria-label', caption);
  return make('figure', {}, canvas, make('figcaption', { textContent: caption }));
}

const nearest = guarded(async () => {
  const { state, pixels } = store.shown;
  const answer = await request('/api/nearest', state, LONG);
  const real = decode(answer.pixels);
  const difference = Uint8ClampedArray.from(pixels, (gray, i) => 128 + 2 * (gray - real[i]));
  at('nearest-pictures').replaceChildren(
    figure(pixels, 'current', windowOf(state)),
    figure(real, `real, image ${answer.index}`, windowOf(state)),
    figure(difference, 'difference, doubled', null),
  );
  const { error, typical } = answer;
  const verdict = error < typical / 2 ? 'This is close enough to be a copy.' : 'This is not a copy.';
  const others = `; real images are typically ${number(typical || 0, 1)} from the nearest other real image. ${verdict}`;
  write('nearest-result', `${number(error, 1)} gray levels apart${typical === null ? '.' : others}`);
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
