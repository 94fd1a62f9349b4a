/* The engine that computes what the page shows: here a server. A page of one file has an engine of the same functions,
   explorer/in_page/engine.js, in place of this module.

   A state is described in store.js; images are gray levels, Uint8Array, row by row. Functions throw a Refused with its
   sentence for what is not possible. */

import { at } from './dom.js';
import { ask } from './server.js';
import { Refused } from './refused.js';
import { decode, encode, pause, showMessage } from './requests.js';

const AGAIN = 300;  // milliseconds between looks whether something has been computed
const LONG = 120000;  // milliseconds that an answer may take, such as while a walk is made
const LONGEST = 600000;  // that the first search for the nearest image may take
const VIEW = Math.random().toString(36).slice(2, 10);  // tells the server this page from others of the browser

let lost = false;  // is the server out of reach?

function gone(message) {
  if (message) throw new Refused(message);  // it is there and cannot do this: no use to ask again
  lost = true;
  showMessage('The server does not answer. Trying again; nothing is lost', Infinity);
}

/* server.ask, again and again while there is no server. */
async function request(path, body, longest) {
  const answer = await ask(path, body, gone, longest);
  if (lost) {
    lost = false;
    at('trouble').hidden = true;
  }
  return answer;
}

/* The answer to a request that takes long: it is repeated until the answer is there. */
async function computed(path) {
  for (;;) {
    const answer = await request(path);
    if (!answer.pending) return answer;
    await pause(AGAIN);
  }
}

/* The tabs that it can serve. */
export const tabs = async () => ['generate', 'walk', 'project', 'draw', 'map', 'save'];

/* What there is: weights, their axes, data. */
export const about = () => request('/api/about');

/* {pixels, measured, start, outline} of a state; rough: it may be less near to what is asked, and sooner. Of requests
   that wait only the newest is answered; later: those of another kind, which wait for each other. */
export async function image(state, { rough = false, later = false } = {}) {
  const view = later ? `${VIEW}-later` : VIEW;
  const answer = await request(`/api/image?view=${view}${rough ? '&rough=1' : ''}`, state);
  return { ...answer, pixels: decode(answer.pixels) };
}

/* [low, high]: about how far an attribute of a state gets; null if it cannot be measured. */
export const reach = async (state, axis) => (await request(`/api/reach?axis=${axis}`, state, LONG)).ends;

/* The frames of a loop {stops: states, steps}. */
export const walk = async (loop) => (await request('/api/walk', loop, LONG)).frames.map(decode);

/* A File of a loop {stops, steps, seconds}: gif, or zip of frames; scale: how many times it is enlarged. */
export const walkFile = (kind, loop, scale) => request(`/api/walk.${kind}?scale=${scale}`, loop, LONG);

/* A File of a state: png, raw or latents. */
export const saved = (kind, state, scale) => request(`/api/save/${kind}?scale=${scale}`, state);

/* The command that makes the image of saved latents again. */
export const command = async (state) => (await request('/api/command', state)).command;

/* {model, label, latents} of a file that was saved, for a model by its number. */
export const latents = (model, file) => request(`/api/latents?model=${model}`, file);

/* Patches of a mask; and a mask of a shape. */
export const draw = async (mask, samples, seed) => (
  (await request('/api/draw', { mask: encode(mask), samples, seed })).patches.map(decode));
export const stamp = async (shape, diameter, seed) => (
  decode((await request('/api/stamp', { shape, diameter, seed })).mask));

/* What only a server has: real patches, searches for the latent of a picture, and maps. */

/* {pixels, class} of a real patch. */
export async function real(index) {
  const patch = await request(`/api/real/${index}`);
  return { ...patch, pixels: decode(patch.pixels) };
}

/* A real patch with the nodule of another. */
export const insert = async (patch, mask, index, soft) => (
  decode((await request('/api/insert', { patch: encode(patch), mask: encode(mask), index, soft })).pixels));

/* The name of a search for the latent of gray levels; how far it is; and its end. */
export const project = async (model, pixels) => (await request('/api/project', { model, pixels: encode(pixels) })).job;
export async function search(name) {
  const answer = await request(`/api/project/${name}`);
  return answer.pixels ? { ...answer, pixels: decode(answer.pixels) } : answer;
}
export const stop = (name) => request(`/api/project/${name}/stop`, {});

/* A map of nodules, once it is computed; and the real image that is nearest to that of a state. */
export async function map(query) {
  const answer = await computed(`/api/map?${query}`);
  return { ...answer, sheet: decode(answer.sheet) };
}
export async function nearest(state) {
  const answer = await request('/api/nearest', state, LONGEST);
  return { ...answer, pixels: decode(answer.pixels) };
}
