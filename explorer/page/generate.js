/* The tab where a nodule is generated: the large image, its sliders, what was before. */

import { about, model, unit, windowOf } from './about.js';
import { at, make, number, write } from './dom.js';
import { rewindow, thumb } from './pictures.js';
import { anySeed, buildSeed } from './seed.js';
import { axisSlider, isUnnamed, slider } from './sliders.js';
import { look, reachOf } from './reach.js';
import { fresh, named, store } from './store.js';
import { View } from './view.js';
import { buildViewers, read, showWindow } from './viewers.js';
import { buildTools, onChange } from './window.js';

const LEAST = [3, 2];  // times that one image, and each of two, is enlarged at least
const GRAY = [['as stored', 0, 255]];

export let view;
let setters = [];  // of the sliders: (state, entry on show or null, {axis: reach})
let outlined = true;
const thumbs = new WeakMap();  // by entry
let used = null;  // number of the model that the view and the sliders are made for
let scale = '';  // HU or gray: the unit of the view's window

const change = {
  move: (name, value) => {
    const moves = { ...store.draft.moves, [name]: value };
    if (!value) delete moves[name];
    store.change({ moves });
  },
  settle: (name) => store.settle(name),
  lock: (name) => {
    const { locks } = store.draft;
    store.change({ locks: locks.includes(name) ? locks.filter((other) => other !== name) : [...locks, name] });
    store.settle();
  },
};

/* The measured diameter, or ''. */
export function diameter({ state, measured }) {
  const axis = model(state).axes.find(({ name }) => name.startsWith('diameter'));
  const name = Object.keys(measured || {}).find((each) => each.startsWith('diameter'));
  if (!name || typeof measured[name] !== 'number') return '';
  return `\u2300 ${number(measured[name], 1)} ${axis ? axis.unit : name.split('_')[1]}`;
}

/* How far the axes of the model are. */
function drawLearning() {
  const { axes_ready: ready, learning } = model();
  if (ready) return;
  const share = learning ? learning.share : 0;
  const left = learning && share > 0.02 ? `${Math.ceil((learning.seconds * (1 - share)) / share)} s left` : '';
  write('axes-left', left || (learning ? 'just begun' : 'after those of other weights'));
  at('axes-progress').setAttribute('aria-valuenow', Math.round(100 * share));
  at('axes-progress').firstElementChild.style.width = `${100 * share}%`;
}

function buildSliders() {
  const { axes, axes_ready: ready } = model();
  const unnamed = axes.filter(isUnnamed);
  setters = [];
  const row = (axis) => {
    const made = axisSlider(axis, change);
    setters.push((state, entry, reach) => made.show(state, entry, reach[axis.name]));
    return made.row;
  };
  at('axes').replaceChildren(...axes.filter((axis) => !isUnnamed(axis)).map(row));
  at('unnamed-axes').replaceChildren(...unnamed.map(row));
  at('unnamed').hidden = !unnamed.length;
  at('axes-wait').hidden = ready;
  drawLearning();
  const truncation = slider({
    name: 'variety', low: 0, high: 1, step: 0.01, value: store.draft.truncation,
    format: (value) => `${number(100 * value)} %`,
    moved: (value) => store.change({ truncation: value }),
    settled: () => store.settle('truncation'),
  });
  truncation.row.append(make('div', { className: 'foot' },
    make('small', { textContent: 'Truncation: 0 % is the typical nodule' })));
  truncation.input.disabled = !ready;
  at('truncation-part').replaceChildren(truncation.row);
  setters.push((state) => truncation.set(state.truncation));
}

/* Have the view and the sliders fit the model. */
function fit() {
  const now = model();
  used = store.draft.model;
  view.use({ size: now.size, window: now.window || [0, 255], mm: now.mm, enlarge: 'smooth', least: LEAST });
  const presets = now.window ? about.presets : GRAY;
  at('presets').replaceChildren();
  buildTools(presets, view);
  if (unit() !== scale) {
    const [[, least, most]] = presets;
    view.standard = [(least + most) / 2, most - least];
    view.setWindow(...view.standard);
  }
  scale = unit();
  write('hu-unit', scale);
  at('labels-part').hidden = now.labels < 2;
  at('labels').replaceChildren(...now.classes.map((name, label) => {
    const button = make('button', { textContent: name });
    button.addEventListener('click', () => {
      store.change({ label });
      store.settle();
    });
    return button;
  }));
  at('models').querySelectorAll('button').forEach((button, i) => (
    button.setAttribute('aria-pressed', String(i === store.draft.model))));
  buildSliders();
}

function draw() {
  const { shown, pinned } = store;
  if (store.draft.model !== used) fit();
  const entry = shown && shown.state.model === store.draft.model ? shown : null;
  setters.forEach((set) => set(store.draft, entry, reachOf(store.draft)));
  at('labels').querySelectorAll('button').forEach((button, i) => (
    button.setAttribute('aria-pressed', String(i === store.draft.label))));
  if (!shown || shown.state.model !== store.draft.model) return;
  const beside = pinned && model(pinned.state).size === model().size ? [pinned, shown] : [shown];
  const captions = beside.map((entry, i) => {
    const what = beside.length === 2 ? `${['Before', 'Now'][i]}  ` : '';
    return what + (outlined ? diameter(entry) : '');
  });
  view.update(beside.map(({ pixels }) => pixels), captions, beside.map(({ outline }) => (outlined ? outline : '')));
}

function thumbOf(entry, press) {
  const label = [named(entry), diameter(entry)].filter(Boolean).join(', ');
  return thumb(entry.pixels, windowOf(entry.state), label, press);
}

/* The thumbnail of an entry of the history, made once. */
function past(entry) {
  if (!thumbs.has(entry)) thumbs.set(entry, thumbOf(entry, () => store.go(store.entries.indexOf(entry))));
  const button = thumbs.get(entry);
  if (entry === store.entries[store.at]) button.setAttribute('aria-current', 'true');
  else button.removeAttribute('aria-current');
  return button;
}

function drawLists() {
  at('undo').disabled = store.at < 1;
  at('redo').disabled = store.at >= store.entries.length - 1;
  at('history').replaceChildren(...store.entries.map(past));
  at('kept').replaceChildren(...store.kept.map((entry) => {
    const drop = make('button', { className: 'drop-kept', textContent: '\u00d7' });
    drop.setAttribute('aria-label', `Do not keep ${named(entry)}`);
    drop.addEventListener('click', () => store.drop(entry));
    return make('span', { className: 'holder' }, thumbOf(entry, () => store.add(entry)), drop);
  }));
  at('kept').hidden = !store.kept.length;
  const current = at('history').children[store.at];
  if (current) at('history').scrollLeft = current.offsetLeft - at('history').clientWidth / 2;
}

export const undo = () => store.go(store.at - 1);
export const redo = () => store.go(store.at + 1);

export function compare() {
  store.pinned = store.pinned ? null : store.shown;
  at('compare').setAttribute('aria-pressed', String(Boolean(store.pinned)));
  draw();
}

export function outline() {
  outlined = !outlined;
  at('outline').setAttribute('aria-pressed', String(outlined));
  draw();
}

function reset() {
  store.change({ moves: {}, locks: model().held, truncation: 1 });
  store.settle();
}

export const keys = {
  s: () => store.snap(), c: compare, o: outline, r: anySeed,
  '+': () => view.zoomBy(1.25), '=': () => view.zoomBy(1.25), '-': () => view.zoomBy(0.8), 0: () => view.reset(),
};

/* Axes of some models are being computed; ready: those of one are that were not. */
export function renew(ready) {
  if (ready) {
    buildSliders();
    draw();
    look();
  }
  drawLearning();
}

export const enter = look;

export function build() {
  view = new View(at('stand'), { size: 64, window: [0, 255], mm: null, enlarge: 'smooth', least: LEAST }, (now) => {
    onChange(now);
    showWindow(now);
    rewindow(now.level, now.width, unit());
  }, (hu, patch) => {
    write('hu', hu === null ? '\u2013' : number(hu));
    if (patch) read(patch.figure, hu, unit());
  });
  buildViewers(view);
  ['level', 'width'].forEach((id) => at(id).addEventListener('change', () => {
    const [level, width] = ['level', 'width'].map((each) => at(each).valueAsNumber);
    if (Number.isFinite(level + width)) view.setWindow(level, width);
    [at('level').value, at('width').value] = [Math.round(view.level), Math.round(view.width)];
  }));
  at('models').append(...about.models.map(({ name, file }, i) => {
    const button = make('button', { textContent: name, title: file });
    button.addEventListener('click', () => {
      if (i === store.draft.model) return;
      store.change({ ...fresh(i, store.draft.seed) });
      store.settle();
    });
    return button;
  }));
  buildSeed();
  ['zoom-in', 'zoom-out', 'zoom-all'].forEach((id, i) => at(id).addEventListener('click', (
    [() => view.zoomBy(1.25), () => view.zoomBy(0.8), () => view.reset()][i])));
  Object.entries({ undo, redo, snap: () => store.snap(), compare, outline, reset })
    .forEach(([id, act]) => at(id).addEventListener('click', act));
  fit();
  store.addEventListener('draft', draw);
  store.addEventListener('shown', draw);
  store.addEventListener('reach', draw);
  store.addEventListener('shown', look);
  store.addEventListener('history', drawLists);
}
