/* What every large image does, on every tab: a drag changes the window of Hounsfield units, as in PACS viewers, a
   double click brings the first one back, and the image says the HU under the pointer, the window and its scale. */

import { about, model, unit } from './about.js';
import { make, number } from './dom.js';
import { shownOn } from './pictures.js';
import { drawScale } from './view.js';

const LARGE = '.panel canvas.picture';
const RIGHT_ONLY = 'canvas.scatter, #mask, [data-left]';  // where the left button does something else
const STEP = { level: 25, width: 50 };  // of a key

let view;
let last = null;  // the event of the drag before
const readings = new WeakMap();  // by the element that holds an image

/* The texts on an image in a holder: {hu, window}. */
function readingOf(holder) {
  if (!readings.has(holder)) {
    const reading = { hu: make('output', { className: 'pointed' }), window: make('output', { className: 'windowed' }) };
    holder.append(make('div', { className: 'reading', 'aria-hidden': 'true' }, reading.hu, reading.window));
    readings.set(holder, reading);
  }
  return readings.get(holder);
}

/* Show a value under the pointer, or none, null. */
export function read(holder, value, of) {
  readingOf(holder).hu.textContent = value === null ? '' : `${number(value)} ${of}`;
}

const windowText = ({ level, width }) => `L ${number(level)}  W ${number(width)}`;

/* Show the window of the view on all images. */
export function showWindow(now) {
  const holders = [...now.patches.map(({ figure }) => figure), ...document.querySelectorAll('.viewer')];
  holders.forEach((holder) => { readingOf(holder).window.textContent = windowText(now); });
}

/* The millimeters of a pixel on a canvas, or null. */
function scaleOf(canvas) {
  const drawn = canvas.closest('#panel-draw') && about.pix2pix;
  return (drawn && drawn.mm) || model().mm;
}

function wrap(canvas) {
  const holder = make('div', { className: 'viewer' });
  const scale = make('div', { className: 'scale', hidden: true });
  canvas.replaceWith(holder);
  if (canvas.classList.contains('large')) {
    canvas.classList.remove('large');
    holder.classList.add('large');
  }
  holder.append(canvas, scale);
  const update = () => {
    const shown = shownOn(canvas);
    scale.hidden = !shown;
    if (shown && canvas.clientWidth) {
      drawScale(scale, canvas.clientWidth / Math.sqrt(shown[0].length), scaleOf(canvas), canvas.clientWidth);
    }
  };
  canvas.addEventListener('painted', update);
  new ResizeObserver(update).observe(canvas);
  canvas.addEventListener('pointermove', (event) => {
    if (!shownOn(canvas)) return;
    const [pixels, window] = shownOn(canvas);
    const side = Math.sqrt(pixels.length);
    const box = canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map((part) => Math.min(Math.max(Math.floor(part * side), 0), side - 1));
    const [least, most] = window || [0, 255];
    read(holder, least + (pixels[y * side + x] * (most - least)) / 255, window ? 'HU' : 'gray');
  });
  canvas.addEventListener('pointerleave', () => read(holder, null));
}

/* The image whose window a press of a button of the mouse begins to drag, or null; fingers scroll the page. */
function dragged(event) {
  const canvas = event.target.closest(`.viewer canvas, ${RIGHT_ONLY}`);
  if (!canvas || event.pointerType === 'touch') return null;
  const left = event.button === 0 && !canvas.matches(RIGHT_ONLY);
  return left || event.button === 2 ? canvas : null;
}

function listen() {
  document.addEventListener('pointerdown', (event) => {
    const canvas = dragged(event);
    if (!canvas) return;
    event.stopPropagation();
    canvas.setPointerCapture(event.pointerId);
    last = event;
  }, true);
  document.addEventListener('pointermove', (event) => {
    if (!last) return;
    event.stopPropagation();
    view.dragWindow(event.clientX - last.clientX, event.clientY - last.clientY);
    last = event;
  }, true);
  ['pointerup', 'pointercancel'].forEach((kind) => document.addEventListener(kind, (event) => {
    if (!last) return;
    event.stopPropagation();
    last = null;
  }, true));
  document.addEventListener('dblclick', (event) => {
    if (event.target.closest('.viewer canvas:not([data-left])')) view.setWindow(...view.standard);
  });
  document.addEventListener('contextmenu', (event) => {
    if (event.target.closest(`.viewer canvas, ${RIGHT_ONLY}`)) event.preventDefault();
  });
}

const stepped = (which, by) => () => {
  const [level, width] = [view.level, view.width];
  const part = unit() === 'HU' ? 1 : 0.1;
  const change = by * part * STEP[which];
  view.setWindow(which === 'level' ? level + change : level, which === 'width' ? width + change : width);
};

/* Keys that change the window on every tab. */
export const windowKeys = {
  '[': stepped('width', -1), ']': stepped('width', 1), ',': stepped('level', -1), '.': stepped('level', 1),
  w: () => view.setWindow(...view.standard),
};

/* theView: the View whose window all images share. */
export function buildViewers(theView) {
  view = theView;
  [...document.querySelectorAll(LARGE)].filter((canvas) => !canvas.closest('button')).forEach(wrap);
  listen();
}
