/* The session as a file: what was kept and the history, as states that the server makes images of again. */

import { about, model } from './about.js';
import { Refused } from './server.js';
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
const isState = (value) => fits(value, STATE);
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

export function written() {
  const { entries, kept, at } = store;
  const session = {
    program: PROGRAM, version: 1, models: about.models.map(({ file }) => file),
    states: entries.map(({ state }) => state), kept: kept.map(({ state }) => state), at,
  };
  return JSON.stringify(session, null, 1);
}

/* Make a session's images again and go on from it; a Refused says why a text is none. */
export async function read(text, name) {
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
  const entries = [];
  const kept = [];
  for (const state of session.states) entries.push(await store.later(state));
  for (const state of session.kept) kept.push(await store.later(state));
  Object.assign(store, { entries, kept });
  store.go(Math.min(session.at, entries.length - 1));
  return entries.length;
}
