/* The session, in a file or in the browser's storage: what was kept and the history, as states that the server makes
   images of again. */

import { about, axesReady, model } from './about.js';
import { Refused } from './refused.js';
import { store } from './store.js';

const PROGRAM = '7-explore';
const MOST = 300;  // states in a list

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);
const isWhole = (value) => Number.isInteger(value) && value >= 0;
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isName = (value) => typeof value === 'string' && value.length <= 40;

/* What each part of a state has to be. */
const STATE = {
  model: (value) => isWhole(value) && value < about.models.length,
  seed: (value) => isNumber(value) && value >= 0 && value <= 999999,
  label: isWhole,
  latent: (value) => value === null || (Array.isArray(value) && value.length <= 4096 && value.every(isNumber)),
  moves: (value) => isObject(value) && Object.keys(value).every(isName) && Object.values(value).every(isNumber),
  locks: (value) => Array.isArray(value) && value.length <= 40 && value.every(isName),
  truncation: (value) => isNumber(value) && value >= 0 && value <= 1,
};
export const isState = (value) => fits(value, STATE);
const isList = (value) => Array.isArray(value) && value.length <= MOST && value.every(isState);
const SESSION = {
  program: (value) => value === PROGRAM,
  version: (value) => value === 1,
  models: (value) => Array.isArray(value) && value.every((file) => typeof file === 'string'),
  states: (value) => isList(value) && value.length > 0,
  kept: isList,
  at: isWhole,
};

function problem(value, wanted) {
  if (!isObject(value)) return 'it is not an object';
  const unknown = Object.keys(value).find((name) => !(name in wanted));
  if (unknown) return `"${unknown}" is unknown`;
  const wrong = Object.keys(wanted).find((name) => !wanted[name](value[name]));
  return wrong ? `"${wrong}" is ${wrong in value ? 'not valid' : 'missing'}` : '';
}

function fits(value, wanted) {
  return !problem(value, wanted);
}

const NOTHING = { before: [], after: [], kept: [] };

let waiting = NOTHING;  // states of the session whose images are still to be made
let opening = false;  // is that on show one of them?

export const isOpening = () => opening;

/* The session as text, with what was loaded and has no image yet. */
export function written() {
  const { before, after } = waiting;
  const states = [...before, ...store.entries.map(({ state }) => state), ...after];
  const first = Math.max(states.length - MOST, 0);
  const session = {
    program: PROGRAM, version: 1, models: about.models.map(({ file }) => file),
    states: states.slice(first), kept: [...waiting.kept, ...store.kept.map(({ state }) => state)].slice(-MOST),
    at: Math.max(before.length + store.at - first, 0),
  };
  return JSON.stringify(session, null, 1);
}

/* A session of a text; a Refused says why it is none. */
export function parsed(text, name) {
  let session;
  try {
    session = JSON.parse(text);
  } catch (error) {
    throw new Refused(`"${name}" is not JSON; choose a session that was saved here`);
  }
  const wrong = problem(session, SESSION);
  if (wrong) throw new Refused(`"${name}" is not a session of this program: ${wrong.slice(0, 80)}`);
  const states = [...session.states, ...session.kept];
  const foreign = states.some((state) => session.models[state.model] !== model(state).file);
  const models = session.models.join(' ');
  if (foreign) throw new Refused(`"${name}" was made with --model ${models}; start the explorer with these`);
  return session;
}

const needsAxes = ({ moves, truncation }) => Object.keys(moves).length > 0 || truncation < 1;

/* While axes are computed that a state needs: show it without them. The draft then, or null. */
function preview(state) {
  if (!needsAxes(state) || model(state).axes_ready) return null;
  store.change({ ...state, moves: {}, truncation: 1 });
  store.settle();
  return store.draft;
}

/* The entry of a state, or null where the server refuses it and refused(error) does not throw. */
async function made(state, refused) {
  if (needsAxes(state)) await axesReady(state.model);
  return store.later(state).catch((error) => {
    if (!(error instanceof Refused)) throw error;
    refused(error);
    return null;
  });
}

/* Make a session's images again, first that on show, and go on from it. What the server refuses is left out if
   refused(error) does not throw. Returns whether no other session was opened meanwhile. */
export async function resume({ states, kept, at }, refused) {
  const current = Math.min(at, states.length - 1);
  const mine = { before: states.slice(0, current + 1), after: states.slice(current + 1), kept };
  waiting = mine;
  Object.assign(store, { entries: [], kept: [], at: -1 });
  const next = async (list, take) => {
    const entry = await made(list[take === 'pop' ? list.length - 1 : 0], refused);
    if (waiting === mine) list[take]();
    return waiting === mine ? entry : null;
  };
  opening = true;
  const shown = preview(states[current]);
  let first = null;
  while (!first && waiting === mine && mine.before.length) first = await next(mine.before, 'pop');
  opening = opening && waiting !== mine;
  if (first && store.entries.length && store.draft !== shown) {
    store.prepend(first);
  } else if (first) {
    store.entries = [];
    store.add(first);
  }
  let newest = store.entries[store.entries.length - 1];
  while (waiting === mine && mine.kept.length) {
    const entry = await next(mine.kept, 'pop');
    if (entry) store.keep(entry);
  }
  while (waiting === mine && mine.before.length) {
    const entry = await next(mine.before, 'pop');
    if (entry) store.prepend(entry);
  }
  while (waiting === mine && mine.after.length) {
    const entry = await next(mine.after, 'shift');
    if (newest !== store.entries[store.entries.length - 1]) mine.after = [];  // the history has gone another way
    else if (entry) newest = store.append(entry);
  }
  return waiting === mine;
}

/* Open a state as the newest of the history. */
export async function openState(state, refused) {
  const shown = preview(state);
  const entry = await made(state, refused);
  if (entry && (!shown || store.draft === shown)) store.add(entry);
}

/* Forget everything. */
export function clear() {
  waiting = NOTHING;
  opening = false;
  Object.assign(store, { entries: [], kept: [], at: -1, shown: null, pinned: null });
  store.notify('history');
}

/* Go on from the session in a text; the number of nodules in its history. */
export async function read(text, name) {
  const session = parsed(text, name);
  const { entries, kept, at } = store;
  try {
    await resume(session, (error) => { throw error; });
  } catch (error) {
    clear();
    Object.assign(store, { entries, kept });
    store.go(at);
    throw error;
  }
  return session.states.length;
}
