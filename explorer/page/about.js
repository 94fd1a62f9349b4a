/* What the server has: weights, their axes, data. */

import { store } from './store.js';
import { guarded, request } from './requests.js';

const AGAIN = 2000;  // milliseconds between looks whether the axes are ready

export const about = {};

/* The weights that are shown, or those of a state. */
export const model = (state = store.draft) => about.models[state.model];

/* HU of gray 0 and of gray 255, or null where that is not known. */
export const windowOf = (state) => model(state).window;
export const unit = () => (model().window ? 'HU' : 'gray');

/* Learn it; changed() is called when axes are ready that were not. */
export async function learn(changed) {
  const before = about.models || [];
  Object.assign(about, await request('/api/about'));
  if (about.models.some((each, i) => before[i] && each.axes_ready && !before[i].axes_ready)) changed();
  if (!about.models.every((each) => each.axes_ready)) setTimeout(guarded(() => learn(changed)), AGAIN);
}
