/* The tab of projection: the latent whose image is nearest to a picture. */

import { model, windowOf } from './about.js';
import { at, number, write } from './dom.js';
import { dropPlace } from './files.js';
import { paint } from './pictures.js';
import { Refused } from './server.js';
import { fresh, store } from './store.js';
import { decode, guarded, pause, request } from './requests.js';

const MOST = 4;  // megabytes
const AGAIN = 150;  // milliseconds between looks how far the search is

let job = null;  // the name of the search that is watched
let result = null;  // the state that is searched for
let errors = [];

/* The gray levels of a picture as the page shows it; the server reads the file itself. */
async function gray(file, size) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Refused(`"${file.name}" cannot be read as a picture; choose a PNG`);
  });
  const canvas = new OffscreenCanvas(size, size);
  canvas.getContext('2d').drawImage(bitmap, 0, 0, size, size);
  const { data } = canvas.getContext('2d').getImageData(0, 0, size, size);
  return Uint8Array.from({ length: size * size }, (_, i) => data[4 * i]);
}

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
  context.fillText(number(most, 1), 0, 11 * ratio);
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

function progress({ step, steps, error, pixels }) {
  if (errors.length && errors[errors.length - 1][0] === step) return;
  errors.steps = steps;
  errors.push([step, error]);
  paint(at('project-live'), decode(pixels), windowOf(result));
  write('project-error', number(error, 1));
  write('project-status', `Step ${step} of ${steps}.`);
  at('project-progress').setAttribute('aria-valuemax', steps);
  at('project-progress').setAttribute('aria-valuenow', step);
  at('project-progress').firstElementChild.style.width = `${(100 * step) / steps}%`;
  curve();
}

function done({ latent, label, error, pixels }) {
  result = { ...result, latent, label };
  paint(at('project-live'), decode(pixels), windowOf(result));
  write('project-error', number(error, 1));
  at('project-progress').firstElementChild.style.width = '100%';
  at('project-edit').disabled = false;
  end(`Found: the difference from your picture is ${number(error, 1)} of 255 gray levels.`);
}

/* Show the best image of a search until it ends, or until another one, or none, is watched. */
async function watch(name) {
  while (job === name) {
    const answer = await request(`/api/project/${name}`).catch((error) => {
      if (!(error instanceof Refused)) throw error;
      return { failed: 'The server has ended the search; drop the picture again.' };
    });
    if (job !== name) return;
    if (answer.failed) end(answer.failed);
    else if (answer.done) done(answer);
    else if (!answer.pending) progress(answer);
    await pause(AGAIN);
  }
}

async function begin(file) {
  const sought = fresh(store.draft.model);
  const target = await gray(file, model().size);
  const { job: name } = await request(`/api/project?model=${sought.model}`, file);
  end('Search started.');
  errors = [];
  result = sought;
  at('project-edit').disabled = true;
  at('project-stop').disabled = false;
  at('project-pair').hidden = false;
  at('project-drop').classList.add('active');
  paint(at('project-target'), target, windowOf(result));
  paint(at('project-live'), new Uint8Array(target.length), windowOf(result));
  job = name;
  guarded(watch)(name);
}

const stop = guarded(async () => {
  const name = job;
  end('Stopped; drop a picture to start again.');
  if (name) await request(`/api/project/${name}/stop`, {});
});

export function build() {
  dropPlace('project-drop', MOST, begin);
  at('project-stop').addEventListener('click', stop);
  at('project-edit').addEventListener('click', () => {
    document.dispatchEvent(new CustomEvent('open-tab', { detail: 'generate' }));
    store.change(result);
    store.settle();
  });
}

export function enter() {
  write('project-size', `PNG, ${model().size}\u00d7${model().size} pixels, for ${model().name}`);
  if (errors.length) curve();
}
