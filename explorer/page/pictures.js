/* Small pictures, all in the window of Hounsfield units that the large one has, or had last. */

import { make } from './dom.js';

const REST = 80;  // milliseconds

const painted = new WeakMap();  // arguments of paint, by canvas
let [level, width] = [-600, 1500];
let soon;  // a timer

/* Colours, as the 32 bits of a canvas, of gray levels 0 to 255; window: HU of gray 0 and of gray 255, null for gray
   levels as they are. */
export function colours(window) {
  const shades = Uint8ClampedArray.from({ length: 256 }, (_, gray) => {
    if (!window) return gray;
    const [least, most] = window;
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
}

/* Leave a canvas without an image. */
export function erase(canvas) {
  painted.delete(canvas);
  canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
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

function repaint() {
  document.querySelectorAll('canvas.picture').forEach((canvas) => {
    if (painted.has(canvas)) paint(canvas, ...painted.get(canvas));
  });
}

/* Draw all in another window, when the hand that drags it rests: there may be hundreds. */
export function rewindow(newLevel, newWidth) {
  if (newLevel === level && newWidth === width) return;
  [level, width] = [newLevel, newWidth];
  clearTimeout(soon);
  soon = setTimeout(repaint, REST);
}
