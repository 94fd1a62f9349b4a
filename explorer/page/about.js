/* The weights and data that the engine has, in the words of the page. */

import * as engine from './engine.js';
import { about } from './facts.js';
import { store } from './store.js';
import { guarded, pause } from './requests.js';

const AGAIN = 1000;  // milliseconds between looks how far the axes are

export { about };

/* What the patches of the data are called: real or simulated. */
export const real = () => about.data?.adjective || 'real';

/* The weights that are shown, or those of a state. */
export const model = (state = store.draft) => about.models[state.model];

/* HU of gray 0 and of gray 255, or null where that is not known. */
export const windowOf = (state) => model(state).window;
export const unit = () => (model().window ? 'HU' : 'gray');

/* Ends when the axes of a model are ready. */
export async function axesReady(which) {
  while (!about.models[which].axes_ready) await pause(AGAIN);
}

/* Learn it; changed(ready) is called while axes are computed; ready: whether some are that were not. */
export async function learn(changed) {
  const before = about.models;
  Object.assign(about, await engine.about());
  if (before) changed(about.models.some((each, i) => each.axes_ready && !before[i].axes_ready));
  if (!about.models.every((each) => each.axes_ready)) setTimeout(guarded(() => learn(changed)), AGAIN);
}
