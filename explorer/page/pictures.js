/* Pictures of all tabs, in the window of Hounsfield units that they share with the view. */

import { make } from './dom.js';

const REST = 80;  // milliseconds

const painted = new WeakMap();  // arguments of paint, by canvas
let [level, width, unit] = [-600, 1500, 'HU'];
let soon;  // a timer

/* Colours, as the 32 bits of a canvas, of gray levels 0 to 255; window: HU of gray 0 and of gray 255, null for gray
   levels as they are. */
export function colours(window) {
  const limits = window || (unit === 'gray' ? [0, 255] : null);
  const shades = Uint8ClampedArray.from({ length: 256 }, (_, gray) => {
    if (!limits) return gray;
    const [least, most] = limits;
    return ((least + (gray * (most - least)) / 255 - level) / width + 0.5) * 255;
  });
  return Uint32Array.from(shades, (shade) => (0xff000000 + 0x010101 * shade) >>> 0);
}

/* Draw a square image of gray levels into a canvas. */
export function paint(canvas, pixels, window) {
  const side = Math.round(Math.sqrt(pixels.length));
  painted.set(canvas, [pixels, window]);
  if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
  const image = new ImageData(side, side);
  const palette = colours(window);
  const bits = new Uint32Array(image.data.buffer);
  pixels.forEach((gray, i) => { bits[i] = palette[gray]; });
  canvas.getContext('2d').putImageData(image, 0, 0);
  canvas.dispatchEvent(new Event('painted'));
}

/* [pixels, window] that a canvas shows, or undefined. */
export const shownOn = (canvas) => painted.get(canvas);

/* Leave a canvas without an image. */
export function erase(canvas) {
  painted.delete(canvas);
  canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
  canvas.dispatchEvent(new Event('painted'));
}

/* A new canvas with an image, and its name for those who do not see it. */
export function picture(pixels, window, label) {
  const canvas = make('canvas', { className: 'picture', role: 'img', 'aria-label': label });
  paint(canvas, pixels, window);
  return canvas;
}

/* A button with an image, with a label. */
export function thumb(pixels, window, label, press) {
  const button = make('button', { className: 'thumb', title: label, 'aria-label': label },
    picture(pixels, window, label));
  button.addEventListener('click', press);
  return button;
}

function repaint(canvases) {
  canvases.forEach((canvas) => {
    if (painted.has(canvas)) paint(canvas, ...painted.get(canvas));
  });
}

/* Draw all in another window: the large ones at once, the others when the hand that drags it rests, as there may be
   hundreds; then 'rewindow' is told to the document. newUnit: of level and width, HU or gray. */
export function rewindow(newLevel, newWidth, newUnit) {
  if (newLevel === level && newWidth === width && newUnit === unit) return;
  [level, width, unit] = [newLevel, newWidth, newUnit];
  repaint([...document.querySelectorAll('.viewer canvas')].filter((canvas) => canvas.offsetParent));
  clearTimeout(soon);
  soon = setTimeout(() => {
    repaint(document.querySelectorAll('canvas.picture'));
    document.dispatchEvent(new Event('rewindow'));
  }, REST);
}
