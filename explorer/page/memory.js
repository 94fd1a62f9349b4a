/* What outlives a reload: session, window and tab in the browser's storage, the nodule on show in the address. */

import { about, model } from './about.js';
import { view } from './generate.js';
import { decode, encode, guarded, showMessage } from './requests.js';
import * as session from './session.js';
import { playSize } from './showing.js';
import { fresh, store } from './store.js';

const REST = 250;  // milliseconds without a change before it is written
const WINDOW = /^(-?\d{1,5}),(\d{1,5})$/;

let soon;  // a timer
let openTab = () => '';
let ready = false;  // is what was stored loaded?

/* Of these weights: a server with others has another session. */
const key = () => `nodule explorer ${about.models.map(({ file }) => file).join(' ')}`;

const names = () => about.models.map(({ name }) => name);

/* Latents, float32, as letters that may stand in an address, and back. */
const letters = (latent) => encode(new Uint8Array(new Float32Array(latent).buffer))
  .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const numbers = (text) => (
  Array.from(new Float32Array(decode(text.replace(/-/g, '+').replace(/_/g, '/')).buffer)));

/* The part of the address behind # for a state. */
function fragment(state) {
  const { name, classes, labels, held } = model(state);
  const unique = names().filter((each) => each === name).length === 1;
  const parts = [['model', unique ? encodeURIComponent(name) : state.model], ['seed', state.seed]];
  if (labels) parts.push(['class', encodeURIComponent(classes[state.label])]);
  if (state.latent) parts.push(['latent', letters(state.latent)]);
  const moves = Object.entries(state.moves).map(([axis, by]) => `${axis}:${by}`).sort();
  if (moves.length) parts.push(['moves', moves.join(',')]);
  const locks = state.locks.join(',');
  if (locks !== held.join(',')) parts.push(['locks', locks]);
  if (state.truncation < 1) parts.push(['variety', state.truncation]);
  return parts.map((part) => part.join('=')).join('&');
}

/* {state, window} that an address says; state null where it says none, undefined where it makes no sense here. */
function linked() {
  const values = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const [, level, width] = (values.window || '').match(WINDOW) || [];
  const seen = width ? [Number(level), Number(width)] : null;
  if (!('model' in values || 'seed' in values)) return { state: null, window: seen };
  const which = names().indexOf(values.model);
  const index = which >= 0 ? which : Number(values.model || 0);
  try {
    const state = fresh(index, Number(values.seed || 0));
    if ('locks' in values) state.locks = values.locks ? values.locks.split(',') : [];
    if (values.class) state.label = about.models[index].classes.indexOf(values.class);
    if (values.latent) state.latent = numbers(values.latent);
    if (values.moves) {
      state.moves = Object.fromEntries(values.moves.split(',').map((move) => move.split(':')).map(([axis, by]) => (
        [axis, by ? Number(by) : NaN])));
    }
    if (values.variety) state.truncation = Number(values.variety);
    return { state: session.isState(state) ? state : undefined, window: seen };
  } catch (error) {
    return { state: undefined, window: seen };  // such as letters that are no latent
  }
}

/* What is in the browser's storage, {session, window, tab, hash}, or null; hash: of the address at that time. */
function stored() {
  try {
    const { session: text, window, tab, hash } = JSON.parse(localStorage.getItem(key()));
    return { session: session.parsed(text, 'session'), window: String(window), tab, hash };
  } catch (error) {
    return null;  // nothing, something of another version, or no storage at all
  }
}

/* leaving: what is written to the address now does not reach the next page. */
function write(leaving = false) {
  clearTimeout(soon);
  if (!ready) return;
  const seen = [view.level, view.width].map(Math.round).join(',');
  if (!leaving && !session.isOpening()) history.replaceState(null, '', `#${fragment(store.draft)}&window=${seen}`);
  const { hash } = location;
  const text = JSON.stringify({ session: session.written(), window: seen, tab: openTab(), hash });
  try {
    localStorage.setItem(key(), text);
  } catch (error) {
    console.warn(error);  // it is full or forbidden: the address still has the nodule
  }
}

/* Write soon what has changed. */
export function remember() {
  clearTimeout(soon);
  soon = setTimeout(() => write(), REST);
}

function setWindow(window) {
  if (window && window.every(Number.isFinite)) view.setWindow(...window);
}

/* Show the nodule that the server chose, and its size. */
function first() {
  const { model: which, seed, label } = about.opening;
  store.change({ ...fresh(which, seed), label });
  store.settle();
  playSize();
}

export function startAnew() {
  session.clear();
  first();
}

/* The state of the address, null if there is none or it makes no sense; its window is shown, too. */
function fromAddress() {
  const { state, window } = linked();
  setWindow(window);
  if (state === undefined) {
    showMessage('That address is damaged or of other weights; it is left out');
    remember();
  }
  return state || null;
}

const refused = ({ message }) => showMessage(message);
const same = (one, other) => fragment(one) === fragment(other);

const follow = guarded(async () => {
  const state = fromAddress();
  if (state && !same(state, store.draft)) await session.openState(state, refused);
});

/* Open a session, with the state of the address or null as the next of its history if it is not on show there. */
const open = guarded(async ({ states, kept, at }, state) => {
  const now = Math.min(at, states.length - 1);
  const other = state && !(states[now] && same(states[now], state));
  const all = other ? [...states.slice(0, now + 1), state, ...states.slice(now + 1)] : states;
  const whole = !all.length || await session.resume({ states: all, kept, at: other ? now + 1 : now }, refused);
  if (whole && !store.entries.length) first();
});

/* Go on where this browser was, or with the nodule of the address. show(tab) opens a tab, tab() is the one that is. */
export function begin(show, tab) {
  const before = stored();
  openTab = tab;
  show(before ? before.tab : 'generate');
  if (before) setWindow(before.window.split(',').map(Number));
  const state = before && before.hash === location.hash ? null : fromAddress();  // the same: it may be older
  open(before ? before.session : { states: [], kept: [], at: -1 }, state);
  ready = true;
  ['draft', 'shown', 'history'].forEach((kind) => store.addEventListener(kind, remember));
  document.addEventListener('rewindow', remember);
  addEventListener('pagehide', () => write(true));
  addEventListener('hashchange', follow);
}
