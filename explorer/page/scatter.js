/* Thumbnails on a plane that is moved and zoomed. */

import { number } from './dom.js';
import { colours } from './pictures.js';

const ACROSS = 32;  // thumbnails in a row of the sheet
const DOT = 2.5;  // pixels of the screen, its radius
const SIDE = 26;  // pixels of the screen for a thumbnail
const EDGE = { generated: '#d9a35c', real: '#6b6358' };
const WHOLE = { zoom: 1, left: 0, top: 0 };  // everything is in sight

/* The part of the way between two limits. */
const part = (value, [least, most]) => (value - least) / (most - least || 1);

/* Round values between limits, about six on a screen. */
function ticks([least, most], zoom) {
  const rough = (most - least || 1) / zoom / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((by) => by * power).find((each) => each >= rough);
  const first = Math.ceil(least / step);
  return Array.from({ length: Math.floor(most / step) - first + 1 }, (_, i) => (first + i) * step);
}

const digits = (value) => (Math.abs(value - Math.round(value)) < 1e-6 ? 0 : Math.abs(value) < 1 ? 2 : 1);

export class Scatter {
  /* pointed(point or null), opened(point); axisTitles: [across, upwards], for the axes, or null. */
  constructor(canvas, pointed, opened) {
    Object.assign(this, { canvas, pointed, opened, points: [], shown: [], axisTitles: null, near: null });
    this.sheet = new OffscreenCanvas(1, 1);
    new ResizeObserver(() => this.draw()).observe(canvas);
    this.all();
    this.listen();
  }

  /* points: {x, y, kind}; sheet: gray levels of their square thumbnails, one below the other. */
  put(points, sheet, side, window, axisTitles) {
    Object.assign(this, { side, axisTitles });
    const ends = (values) => [Math.min(...values), Math.max(...values)];
    this.limits = [ends(points.map(({ x }) => x)), ends(points.map(({ y }) => y))];
    this.points = points.map((point, i) => {
      const pixels = sheet.subarray(i * side * side, (i + 1) * side * side);
      return { ...point, i, pixels, right: part(point.x, this.limits[0]), up: part(point.y, this.limits[1]) };
    });
    Object.assign(this, WHOLE, { near: null });
    this.shown = this.points;
    this.paint(window);
  }

  /* Show points of some indices alone, the generated ones above the real ones. */
  filter(indices) {
    const chosen = this.points.filter(({ i }) => indices.has(i));
    const of = (real) => chosen.filter(({ kind }) => (kind === 'real') === real);
    this.shown = [...of(true), ...of(false)];
    if (!this.shown.includes(this.near)) this.near = null;
    this.draw();
  }

  /* Colour the thumbnails for the window of Hounsfield units that the pictures of the page have now. */
  paint(window) {
    const { side, points } = this;
    const palette = colours(window);
    this.sheet = new OffscreenCanvas(ACROSS * side, Math.max(Math.ceil(points.length / ACROSS), 1) * side);
    const context = this.sheet.getContext('2d');
    points.forEach(({ i, pixels }) => {
      const image = new ImageData(side, side);
      const bits = new Uint32Array(image.data.buffer);
      pixels.forEach((gray, k) => { bits[k] = palette[gray]; });
      context.putImageData(image, (i % ACROSS) * side, Math.floor(i / ACROSS) * side);
    });
    this.draw();
  }

  all() {
    Object.assign(this, WHOLE);
    this.draw();
  }

  /* Where a point lies on the screen. */
  where({ right, up }) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const place = (of, size) => SIDE + 22 + of * (size - 2 * SIDE - 44);
    return [(20 + place(right, width - 20) - this.left) * this.zoom, (place(1 - up, height) - this.top) * this.zoom];
  }

  /* Points whose thumbnails have room, in the order in which they are drawn; generated ones come by a place first.
     Others are dots until one zooms in. */
  pictured(size) {
    const taken = [];
    const kept = [...this.shown].reverse().filter((point) => {
      const [x, y] = this.where(point);
      const free = taken.every(([otherX, otherY]) => Math.max(Math.abs(x - otherX), Math.abs(y - otherY)) > 0.8 * size);
      if (free) taken.push([x, y]);
      return free;
    });
    return kept.reverse();
  }

  draw() {
    const { canvas, sheet, side } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    canvas.style.touchAction = this.zoom > 1 ? 'none' : 'pan-y';  // where all is in sight, a swipe scrolls the page
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const context = canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const size = SIDE * Math.sqrt(this.zoom);
    const one = (point, across) => {
      const [x, y] = this.where(point);
      if (x < -across || y < -across || x > width + across || y > height + across) return;
      const from = [(point.i % ACROSS) * side, Math.floor(point.i / ACROSS) * side];
      context.drawImage(sheet, ...from, side, side, x - across / 2, y - across / 2, across, across);
      context.strokeStyle = EDGE[point.kind];
      context.lineWidth = point === this.near ? 3 : 1.5;
      context.strokeRect(x - across / 2, y - across / 2, across, across);
    };
    this.shown.forEach((point) => {
      context.beginPath();
      context.arc(...this.where(point), DOT, 0, 2 * Math.PI);
      context.fillStyle = EDGE[point.kind];
      context.fill();
    });
    this.pictured(size).forEach((point) => one(point, size));
    if (this.near) one(this.near, Math.max(2.6 * size, 72));
    if (this.axisTitles) this.label(context, width, height);
  }

  label(context, width, height) {
    const style = getComputedStyle(this.canvas);
    context.font = `600 13px ${style.fontFamily}`;
    const say = (text, x, y, align) => {
      context.textAlign = align;
      context.lineWidth = 4;
      context.strokeStyle = '#0c0b0a';
      context.strokeText(text, x, y);
      context.fillStyle = style.color;
      context.fillText(text, x, y);
    };
    const [across, upwards] = this.axisTitles;
    say(`${across} \u2192`, width - 10, height - 30, 'right');
    say(`\u2191 ${upwards}`, 10, 20, 'left');
    context.font = `12px ${style.fontFamily}`;
    ticks(this.limits[0], this.zoom).forEach((value) => {
      const [x] = this.where({ right: part(value, this.limits[0]), up: 0 });
      if (x > 40) say(number(value, digits(value)), x, height - 8, 'center');
    });
    ticks(this.limits[1], this.zoom).forEach((value) => {
      const [, y] = this.where({ right: 0, up: part(value, this.limits[1]) });
      if (y > 34 && y < height - 40) say(number(value, digits(value)), 8, y + 4, 'left');
    });
  }

  /* The point nearest to a place of the screen, if it is near. */
  find(x, y, far = SIDE * Math.sqrt(this.zoom)) {
    let best = null;
    this.shown.forEach((point) => {
      const [pointX, pointY] = this.where(point);
      const distance = Math.hypot(pointX - x, pointY - y);
      if (distance <= (best ? best.distance : far)) best = { point, distance };
    });
    return best && best.point;
  }

  zoomBy(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const before = this.zoom;
    this.zoom = Math.min(Math.max(before * factor, 1), 40);
    this.move(x / before - x / this.zoom, y / before - y / this.zoom);
  }

  move(right, down) {
    const keep = (value, size) => Math.min(Math.max(value, 0), size - size / this.zoom);
    this.left = keep(this.left + right, this.canvas.clientWidth);
    this.top = keep(this.top + down, this.canvas.clientHeight);
    this.draw();
  }

  point(point) {
    if (point === this.near) return;
    this.near = point;
    this.draw();
    this.pointed(point);
  }

  listen() {
    const { canvas } = this;
    let last = null;
    let far = 0;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      last = place(event);
      far = 0;
    });
    canvas.addEventListener('pointermove', (event) => {
      const [x, y] = place(event);
      if (last) {
        far += Math.hypot(x - last[0], y - last[1]);
        this.move((last[0] - x) / this.zoom, (last[1] - y) / this.zoom);
        last = [x, y];
      } else {
        this.point(this.find(x, y));
      }
    });
    canvas.addEventListener('pointerup', (event) => {
      last = null;
      const point = this.find(...place(event));
      if (far < 5 && point) this.opened(point);
    });
    canvas.addEventListener('pointercancel', () => { last = null; });
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.zoomBy(1.0015 ** -event.deltaY, ...place(event));
    }, { passive: false });
    canvas.addEventListener('keydown', (event) => {
      const step = 40 / this.zoom;
      const act = {
        ArrowLeft: () => this.move(-step, 0), ArrowRight: () => this.move(step, 0), ArrowUp: () => this.move(0, -step),
        ArrowDown: () => this.move(0, step), '+': () => this.zoomBy(1.25), '=': () => this.zoomBy(1.25),
        '-': () => this.zoomBy(0.8), 0: () => this.all(), Enter: () => this.near && this.opened(this.near),
      }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
      if (event.key !== 'Enter') this.point(this.find(canvas.clientWidth / 2, canvas.clientHeight / 2, Infinity));
    });
  }
}
