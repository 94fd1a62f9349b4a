/* Shows once what the slider of the size does: the nodule grows and is itself again. Any input ends it. */

import { axesReady, model } from './about.js';
import { pause } from './requests.js';
import { store } from './store.js';

const SECONDS = 5;
const PART = 0.35;  // of the way to the end of the slider
const INPUTS = ['pointerdown', 'keydown', 'click', 'change', 'wheel', 'drop', 'hashchange'];

let playing = false;
let stopped = false;

function sizeSlider() {
  const axis = model().axes.find(({ name, usable }) => usable && name.startsWith('diameter'));
  const slider = axis && document.querySelector(`#axes input[aria-label="${axis.title}"]`);
  return slider && slider.offsetParent ? slider : null;
}

function end() {
  stopped = true;
  if (!playing) return;
  playing = false;
  store.go(store.at);
}

function play(slider) {
  const from = Number(slider.value);
  const far = PART * (Number(slider.max) - from);
  const begin = performance.now();
  const step = (now) => {
    const part = (now - begin) / (1000 * SECONDS);
    const current = sizeSlider();  // it is made anew when other axes are ready
    if (!playing) return;
    if (part >= 1 || !current) {
      end();
      return;
    }
    current.value = from + far * Math.sin(Math.PI * part) ** 2;
    current.dispatchEvent(new Event('input'));
    requestAnimationFrame(step);
  };
  playing = true;
  requestAnimationFrame(step);
}

/* Play when the nodule is on show and its slider is there, if nobody does anything before. */
export async function playSize() {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  stopped = false;
  INPUTS.forEach((kind) => addEventListener(kind, end, { capture: true, passive: true }));
  await axesReady(store.draft.model);
  while (!stopped && store.at < 0) await pause(100);
  await pause(700);
  const slider = stopped ? null : sizeSlider();
  if (slider) play(slider);
}
