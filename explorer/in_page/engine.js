/* The engine of a page of one file: a worker of the browser computes; the functions are those of explorer/page/engine.js. */

import { Refused } from './refused.js';

const waiting = new Map();  // [resolve, reject] by the number of the question
let worker = null;
let asked = 0;
let facts = null;

function receive({ data: { number, answer, refused, failed } }) {
  const [resolve, reject] = waiting.get(number);
  waiting.delete(number);
  if (refused) reject(new Refused(refused));
  else if (failed) reject(new Error(failed));
  else resolve(answer);
}

/* What the worker's function of that name answers. */
function ask(name, ...values) {
  asked += 1;
  const number = asked;
  worker.postMessage({ number, name, values });
  return new Promise((resolve, reject) => { waiting.set(number, [resolve, reject]); });
}

/* The text of an element that holds a part of the page. */
const held = (id) => document.getElementById(id).textContent;

function start() {
  facts = JSON.parse(held('facts'));
  worker = globalThis.startWorker('in_page_worker.js');
  worker.addEventListener('message', receive);
  worker.addEventListener('error', (event) => {
    waiting.forEach(([, reject]) => reject(new Error(event.message || 'this browser cannot run the page; use a newer one')));
    waiting.clear();
  });
  ask('open', facts, held('outlines'), facts.models.map((_, i) => held(`weights-${i}`)), facts.pix2pix && held('pix2pix'));
}

export async function about() {
  if (!worker) start();
  return facts;
}

export const tabs = async () => ['generate', 'walk', ...(facts.pix2pix ? ['draw'] : []), 'save'];
export const image = (state, options = {}) => ask('image', state, options);
export const reach = (state, axis) => ask('reach', state, axis);
export const walk = (loop) => ask('walk', loop);
export const command = (state) => ask('command', state);
export const draw = (mask, samples, seed) => ask('draw', mask, samples, seed);
export const stamp = (shape, diameter, seed) => ask('stamp', shape, diameter, seed);
export const latents = async (model, file) => ask('latents', model, new Uint8Array(await file.arrayBuffer()));

const file = ({ content, name, type }) => new File([content], name, { type });
export const walkFile = async (kind, loop, scale) => file(await ask('walkFile', kind, loop, scale));
export const saved = async (kind, state, scale) => file(await ask('saved', kind, state, scale));

/* What a page without a server does not have. */
const absent = async () => { throw new Refused('this page has no server; start 7-explore.py serve'); };
export {
  absent as insert, absent as map, absent as nearest, absent as project, absent as real, absent as search, absent as stop,
};
