/* The tab of projection: the latent whose image is nearest to a picture. */

import { about, model, windowOf } from './about.js';
import { Crop } from './crop.js';
import { at, number, write } from './dom.js';
import * as engine from './engine.js';
import { dropPlace } from './files.js';
import { paint, thumb } from './pictures.js';
import { Refused } from './refused.js';
import { fresh, store } from './store.js';
import { guarded, latest, pause } from './requests.js';

const MOST = 256;  // megabytes
const LEAST_SPAN = 32;  // gray levels of a picture of 16 bits; fewer would be noise after the lower 8 bits are lost
const AT_ONCE = 12;  // real patches on show
const AGAIN = 150;  // milliseconds between looks how far the search is

let job = null;  // the name of the search that is watched
let result = null;  // the state that is searched for
let errors = [];
let crop = null;
let first = 0;  // of the real patches on show

/* What a gray level is worth in the unit of the errors that are shown. */
function perGray() {
  const window = windowOf(result);
  return window ? (window[1] - window[0]) / 255 : 1;
}

const inUnit = (error) => number(error * perGray(), windowOf(result) ? 0 : 1);
const unitName = () => (windowOf(result) ? 'HU' : 'gray levels');
const time = (seconds) => (seconds < 90 ? `${number(seconds)} s` : `${number(seconds / 60)} min`);

function curve() {
  const canvas = at('project-curve');
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio].map(Math.round);
  if (!width) return;
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  const style = getComputedStyle(canvas);
  const most = Math.max(...errors.map(([, error]) => error), 1);
  const room = 14 * ratio;
  const high = height - room - 2 * ratio;
  const line = ([step, error]) => [(step / errors.steps) * width, room + (1 - error / most) * high];
  context.fillStyle = style.color;
  context.font = `${12 * ratio}px ${style.fontFamily}`;
  context.fillText(`${inUnit(most)} ${unitName()}`, 0, 11 * ratio);
  context.strokeStyle = style.accentColor;
  context.lineWidth = 2 * ratio;
  context.lineJoin = 'round';
  context.beginPath();
  errors.forEach((each) => context.lineTo(...line(each)));
  context.stroke();
}

function end(message) {
  job = null;
  at('project-stop').disabled = true;
  write('project-status', message);
}

function progress({ step, steps, error, pixels, seconds, left }) {
  if (errors.length && errors[errors.length - 1][0] === step) return;
  errors.steps = steps;
  errors.push([step, error]);
  paint(at('project-live'), pixels, windowOf(result));
  write('project-error', inUnit(error));
  const rest = left === null ? '' : `, about ${time(left)} left`;
  write('project-status', `Step ${step} of ${steps}: ${time(seconds)}${rest}.`);
  at('project-progress').setAttribute('aria-valuemax', steps);
  at('project-progress').setAttribute('aria-valuenow', step);
  at('project-progress').firstElementChild.style.width = `${(100 * step) / steps}%`;
  curve();
}

function done({ latent, label, error, pixels, seconds }) {
  result = { ...result, latent, label };
  paint(at('project-live'), pixels, windowOf(result));
  write('project-error', inUnit(error));
  at('project-progress').firstElementChild.style.width = '100%';
  at('project-edit').disabled = false;
  end(`Found in ${time(seconds)}: the difference from your picture is ${inUnit(error)} ${unitName()}.`);
}

/* Show the best image of a search until it ends, or until another one, or none, is watched. */
async function watch(name) {
  const began = performance.now();
  while (job === name) {
    const answer = await engine.search(name).catch((error) => {
      if (!(error instanceof Refused)) throw error;
      return { failed: 'The server has ended the search; drop the picture again.' };
    });
    if (job !== name) return;
    if (answer.failed) end(answer.failed);
    else if (answer.done) done(answer);
    else if (!answer.pending) progress(answer);
    else write('project-status', `The search is being prepared: ${time((performance.now() - began) / 1000)}.`);
    await pause(AGAIN);
  }
}

/* Begin a search for gray levels of the size that the model has. */
const begin = guarded(async (target, cropped) => {
  const sought = fresh(store.draft.model);
  const name = await engine.project(sought.model, target);
  end('Search started.');
  errors = [];
  result = sought;
  write('project-unit', unitName());
  write('project-error', '\u2013');
  at('project-edit').disabled = true;
  at('project-stop').disabled = false;
  at('project-crop').hidden = true;
  at('project-pair').hidden = false;
  at('project-again').hidden = !cropped;
  paint(at('project-target'), target, windowOf(result));
  paint(at('project-live'), new Uint8Array(target.length), windowOf(result));
  job = name;
  guarded(watch)(name);
});

const search = () => begin(crop.pixels(model().size), true);

function editSquare() {
  at('project-crop').hidden = false;
  at('project-pair').hidden = true;
  at('project-again').hidden = true;
  at('crop-square').focus();
}

/* Whether a file is a PNG of 16 bits, of which the browser reads the upper 8. */
async function hasSixteenBits(file) {
  const bytes = new Uint8Array(await file.slice(0, 25).arrayBuffer());
  return String.fromCharCode(...bytes.slice(1, 4)) === 'PNG' && bytes[24] === 16;
}

/* A picture whose size fits is searched for at once; of others a square is chosen. */
async function take(file) {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none' }).catch(() => {
    throw new Refused(`"${file.name}" cannot be read as a picture; save it as PNG or JPEG`);
  });
  crop.open(bitmap);
  if (crop.span() < LEAST_SPAN && await hasSixteenBits(file)) {
    const remedy = 'scale it to 8 bits, or use 2-inference.py --project, which takes --range';
    at('project-crop').hidden = true;
    throw new Refused(`"${file.name}" has 16 bits and uses few of them; ${remedy}`);
  }
  at('project-drop').classList.add('active');
  const { size } = model();
  if (bitmap.width === size && bitmap.height === size) await search();
  else editSquare();
}

function placed() {
  const { canvas, side } = crop;
  const { size, mm } = model();
  const window = windowOf();
  const wide = mm ? `, ${number(size * mm, 1)} mm wide` : '';
  const tones = window ? ` Black counts as ${number(window[0])} HU, white as ${number(window[1])} HU.` : '';
  const by = (...sides) => sides.join('\u00d7');
  const used = `${by(side, side)} of ${by(canvas.width, canvas.height)} pixels`;
  write('crop-place', `${used} become ${by(size, size)}${wide}.${tones}`);
}

/* Show some real patches, from `first` on. */
const showReal = latest(async (by) => {
  const { count } = about.data;
  first = (first + by + count) % count;
  const indices = Array.from({ length: Math.min(AT_ONCE, count) }, (_, i) => (first + i) % count);
  const patches = await Promise.all(indices.map((index) => engine.real(index)));
  at('real-patches').replaceChildren(...patches.map(({ pixels, class: name }, i) => (
    thumb(pixels, windowOf(), `${name}, image ${indices[i]}`, () => begin(pixels, false)))));
});

const stop = guarded(async () => {
  const name = job;
  end('Stopped; drop a picture to start again.');
  if (name) await engine.stop(name);
});

export function build() {
  crop = new Crop(at('crop-picture'), at('crop-square'), placed);
  dropPlace('project-drop', MOST, take);
  at('crop-search').addEventListener('click', search);
  at('crop-square').addEventListener('keydown', (event) => {
    if (event.key === 'Enter') search();
  });
  at('crop-less').addEventListener('click', () => crop.resize(1 / 1.1));
  at('crop-more').addEventListener('click', () => crop.resize(1.1));
  at('crop-whole').addEventListener('click', () => crop.whole());
  at('project-again').addEventListener('click', editSquare);
  at('project-real').hidden = !about.data;
  at('real-before').addEventListener('click', () => showReal(-AT_ONCE));
  at('real-after').addEventListener('click', () => showReal(AT_ONCE));
  at('project-stop').addEventListener('click', stop);
  at('project-edit').addEventListener('click', () => {
    document.dispatchEvent(new CustomEvent('open-tab', { detail: 'generate' }));
    store.change(result);
    store.settle();
  });
}

export function enter() {
  if (crop.side) placed();
  if (about.data && !at('real-patches').children.length) showReal(0);
  if (errors.length) curve();
  else write('project-unit', windowOf() ? 'HU' : 'gray levels');
}
