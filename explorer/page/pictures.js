/* Small pictures, all in the window of Hounsfield units that the large one has. */

import { make } from './dom.js';

const shown = new WeakMap();  // what paint was given, by canvas
let [level, width] = [-600, 1500];

/* Colours, as the 32 bits of a canvas, of gray levels 0 to 255; middle: the HU that is half bright. */
export function colours([least, most], middle = level) {
  const shades = Uint8ClampedArray.from({ length: 256 }, (_, gray) => (
    ((least + (gray * (most - least)) / 255 - middle) / width + 0.5) * 255
  ));
  return Uint32Array.from(shades, (shade) => (0xff000000 + 0x010101 * shade) >>> 0);
}

/* Draw a square image of gray levels into a canvas; window: HU of gray 0 and of gray 255. */
export function paint(canvas, pixels, window, middle) {
  const side = Math.round(Math.sqrt(pixels.length));
  shown.set(canvas, [pixels, window, middle]);
  if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
  const image = new ImageData(side, side);
  const palette = colours(window, middle);
  const bits = new Uint32Array(image.data.buffer);
  pixels.forEach((gray, i) => { bits[i] = palette[gray]; });
  canvas.getContext('2d').putImageData(image, 0, 0);
}

/* A new canvas with an image. */
export function picture(pixels, window, middle) {
  const canvas = make('canvas', { className: 'picture', role: 'img' });
  paint(canvas, pixels, window, middle);
  return canvas;
}

/* A button with an image, which words describe. */
export function thumb(pixels, window, words, press) {
  const button = make('button', { className: 'thumb', title: words, 'aria-label': words }, picture(pixels, window));
  button.addEventListener('click', press);
  return button;
}

/* Draw all in another window. */
export function rewindow(newLevel, newWidth) {
  if (newLevel === level && newWidth === width) return;
  [level, width] = [newLevel, newWidth];
  document.querySelectorAll('canvas.picture').forEach((canvas) => {
    if (shown.has(canvas)) paint(canvas, ...shown.get(canvas));
  });
}
