/* How far the sliders of the nodule on show get: asked of the engine, one after the other, while nothing moves. */

import { model } from './about.js';
import { at } from './dom.js';
import * as engine from './engine.js';
import { latest, pause } from './requests.js';
import { Refused } from './refused.js';
import { isUnnamed } from './sliders.js';
import { store } from './store.js';

const REST = 400;  // milliseconds that a nodule is on show before it is asked for

let known = { of: '', ends: {} };

const keyOf = ({ moves, ...rest }) => JSON.stringify(rest);

/* {name of an axis: [low, high]} of a state, as far as it is known. */
export const reachOf = (state) => (known.of === keyOf(state) ? known.ends : {});

/* As far as it was answered; the server refuses where another window of this browser asks. */
async function search(entry) {
  if (known.of !== keyOf(entry.state)) known = { of: keyOf(entry.state), ends: {} };
  const { ends } = known;
  const axes = model(entry.state).axes.filter((axis) => axis.usable && !isUnnamed(axis) && !(axis.name in ends));
  for (const { name } of axes) {
    if (store.shown !== entry || store.draft !== entry.state || at('panel-generate').hidden) return;
    ends[name] = await engine.reach({ ...entry.state, moves: {} }, name);
    store.notify('reach');
  }
}

const ask = latest(async (entry) => {
  await pause(REST);
  await search(entry).catch((error) => {
    if (!(error instanceof Refused)) throw error;
  });
});

/* Ask for what is not known of the nodule on show. */
export function look() {
  if (store.shown && !store.shown.rough) ask(store.shown);
}
