/* The tab of the map: many nodules at once, and the real image that is nearest to the current one. */

import { about, model, real, windowOf } from './about.js';
import { at, make, number, write } from './dom.js';
import * as engine from './engine.js';
import { paint, picture } from './pictures.js';
import { Scatter } from './scatter.js';
import { digitsOf, isUnnamed, mark, slider } from './sliders.js';
import { fresh, store } from './store.js';
import { guarded, latest } from './requests.js';

const ORDERS = { axes: 'two attributes', pca: 'similarity (PCA)', tsne: 'similarity (t-SNE)' };

const NOT_KNOWN = {
  unknown: 'it is not recorded which images these weights learned from.',
  different: 'these weights did not learn from the images of --data.',
  transferred: 'these weights did not learn from the images of --data, and it is not recorded what they began with.',
};

let scatter = null;
let drawn = '';  // the question whose answer is on the screen
let points = [];
let hidden = new Set();  // groups that are not shown
let range = { least: -Infinity, most: Infinity };  // of the attribute that is filtered by

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
  const answer = await engine.map(query);
  drawn = query;
  ({ points } = answer);
  const axisTitles = ['map-x', 'map-y'].map((id) => at(id).selectedOptions[0]?.textContent);
  const { sheet, thumb } = answer;
  scatter.put(points, sheet, thumb, window, at('map-by').value === 'axes' ? axisTitles : null);
  buildGroups();
  buildRange();
  filter();
});

/* What a point counts to: generated or real, of a class where that is known. */
const group = ({ kind, class: name }) => [kind === 'real' ? real() : kind, name].filter(Boolean).join(' ');

/* Show the points of the groups and of the range that are chosen. */
function filter() {
  const name = at('map-attribute').value;
  const { least, most } = range;
  const all = least === -Infinity && most === Infinity;
  const within = ({ values }) => all || (values[name] !== null && values[name] >= least && values[name] <= most);
  const shown = points.filter((point) => !hidden.has(group(point)) && within(point));
  scatter.filter(new Set(shown.map((point) => points.indexOf(point))));
  const count = (kind) => shown.filter((point) => point.kind === kind).length;
  const others = points.some(({ kind }) => kind === 'real') ? `, ${count('real')} ${real()} (gray edge)` : '';
  const counts = `${count('generated')} generated${others}`;
  write('map-status', `${counts}; dots where there is no room. Drag to move, scroll to zoom.`);
}

/* A button for each group. */
function buildGroups() {
  const groups = [...new Set(points.map(group))];
  hidden = new Set(groups.filter((each) => hidden.has(each)));
  at('map-filter').hidden = false;
  at('map-groups').hidden = groups.length < 2;
  at('map-groups').replaceChildren(...groups.map((name) => {
    const button = make('button', { textContent: name, 'aria-pressed': String(!hidden.has(name)) });
    button.addEventListener('click', () => {
      if (!hidden.delete(name)) hidden.add(name);
      button.setAttribute('aria-pressed', String(!hidden.has(name)));
      filter();
    });
    return button;
  }));
}

/* Two sliders: the least and the most of an attribute that is shown; at their ends everything is. */
function buildRange() {
  const axis = attributes().find(({ name }) => name === at('map-attribute').value);
  range = { least: -Infinity, most: Infinity };
  at('map-range').replaceChildren();
  if (!axis) return;
  const values = points.map((point) => point.values[axis.name]).filter((value) => value !== null);
  if (!values.length) return;
  const low = Math.floor(Math.min(...values) / axis.step) * axis.step;
  const high = Math.ceil(Math.max(...values) / axis.step) * axis.step;
  const row = (which, name, end, other) => {
    const colour = () => {
      mark(input, other);
      if (which === 'least') input.style.setProperty('--to', '100%');
    };
    const { row: made, input } = slider({
      name, low, high, step: axis.step, value: end,
      format: (value) => `${number(value, digitsOf(axis.step))} ${axis.unit}`,
      moved: (value) => {
        range[which] = Math.abs(value - end) < axis.step / 2 ? (which === 'least' ? -Infinity : Infinity) : value;
        colour();
        filter();
      },
    });
    colour();
    return made;
  };
  at('map-range').append(row('least', 'from', low, high), row('most', 'to', high, low));
}

/* Fill the menus for the current weights. */
function choices() {
  const axes = attributes();
  const orders = Object.entries(ORDERS).filter(([by]) => by !== 'axes' || axes.length > 1);
  const menus = ['map-by', 'map-x', 'map-y', 'map-attribute'];
  const before = menus.map((id) => at(id).value);
  at('map-by').replaceChildren(...orders.map(([by, title]) => option(by, title)));
  ['map-x', 'map-y', 'map-attribute'].forEach((id, i) => {
    at(id).replaceChildren(...axes.map((axis) => option(axis.name, title(axis))));
    at(id).value = axes[Math.min(i % 2, axes.length - 1)]?.name || '';
  });
  menus.forEach((id, i) => {
    if (before[i] && [...at(id).options].some(({ value }) => value === before[i])) at(id).value = before[i];
  });
  at('map-axes').hidden = at('map-by').value !== 'axes';
  at('map-attribute').previousElementSibling.hidden = !axes.length;
  at('map-attribute').hidden = !axes.length;
}

function pointed(point) {
  if (!point) return;
  write('map-caption', `${group(point)}, ${point.kind === 'real' ? 'image' : 'seed'} ${point.index}`);
  paint(at('map-hover'), point.pixels, windowOf());
}

const opened = guarded(async ({ kind, index: which, label }) => {
  if (kind === 'real') {
    const { pixels, class: name } = await engine.real(which);
    paint(at('map-hover'), pixels, windowOf());
    write('map-caption', `${real()}, image ${which}, ${name}`);
    return;
  }
  document.dispatchEvent(new CustomEvent('open-tab', { detail: 'generate' }));
  store.change({ ...fresh(store.draft.model, which), label });
  store.settle();
});

function figure(pixels, caption, window) {
  return make('figure', {}, picture(pixels, window, caption), make('figcaption', { textContent: caption }));
}

/* Whether it is a copy, by the rule of the evaluation: is it nearer than the nearest 1 % of held-out real images? */
function verdict({ relation, limit, copy }) {
  if (NOT_KNOWN[relation]) return `Whether this is a copy is not known: ${NOT_KNOWN[relation]}`;
  if (copy === null) return 'Whether this is a copy is not known: there are too few images to compare with.';
  const held = `the nearest 1 % of held-out ${real()} images (${number(limit, 1)})`;
  if (copy) return `It is nearer than ${held}: this may be a copy. Compare the pictures.`;
  const rest = relation === 'part' ? ' of these; the weights learned from others, too' : '';
  return `It is not nearer than ${held}: not a copy${rest}.`;
}

const nearest = guarded(async () => {
  const { state, pixels } = store.shown;
  const button = at('nearest-find');
  button.disabled = true;
  write('nearest-wait', 'Searching; the first time takes longer.');
  const answer = await engine.nearest(state).finally(() => {
    button.disabled = false;
    write('nearest-wait', '');
  });
  const other = answer.pixels;
  const difference = Uint8ClampedArray.from(pixels, (gray, i) => 128 + 2 * (gray - other[i]));
  at('nearest-pictures').replaceChildren(
    figure(pixels, 'current', windowOf(state)),
    figure(other, `${real()}, image ${answer.index}`, windowOf(state)),
    figure(difference, 'difference, doubled', null),
  );
  write('nearest-result', `${number(answer.error, 1)} gray levels apart. ${verdict(answer)}`);
  at('nearest-found').hidden = false;
});

export function build() {
  scatter = new Scatter(at('map'), pointed, opened);
  ['map-by', 'map-x', 'map-y'].forEach((id) => at(id).addEventListener('change', () => {
    at('map-axes').hidden = at('map-by').value !== 'axes';
    draw();
  }));
  at('map-attribute').addEventListener('change', () => {
    buildRange();
    filter();
  });
  at('map-all').addEventListener('click', () => scatter.all());
  at('map-in').addEventListener('click', () => scatter.zoomBy(1.5));
  at('map-out').addEventListener('click', () => scatter.zoomBy(1 / 1.5));
  at('nearest-none').hidden = Boolean(about.data);
  at('nearest-part').hidden = !about.data;
  at('nearest-find').addEventListener('click', nearest);
  document.addEventListener('rewindow', () => drawn && scatter.paint(windowOf()));
  store.addEventListener('shown', () => { at('nearest-found').hidden = true; });
}

export function enter() {
  choices();
  draw();
}
