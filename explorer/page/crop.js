/* A square of a picture that is moved and resized, and its gray levels at another size. */

const MOST = 4096;  // pixels across a picture; larger ones are scaled down first
const LEAST = 8;  // pixels across the square, if the picture has as many

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

/* Weights [size][..] of the input pixels of each output pixel: a triangle as wide as either's pixels, as in Pillow's
   BILINEAR. The same size leaves pixels as they are. */
function weights(from, size) {
  const scale = from / size;
  const reach = Math.max(scale, 1);
  return Array.from({ length: size }, (_, i) => {
    const middle = (i + 0.5) * scale;
    const first = Math.max(Math.ceil(middle - reach - 0.5), 0);
    const last = Math.min(Math.floor(middle + reach - 0.5), from - 1);
    const parts = Array.from({ length: last - first + 1 }, (__, k) => 1 - Math.abs(first + k + 0.5 - middle) / reach);
    const sum = parts.reduce((total, part) => total + part, 0);
    return [first, parts.map((part) => part / sum)];
  });
}

/* Gray levels of a square, [from * from], scaled to [size * size]. */
export function resized(gray, from, size) {
  const along = weights(from, size);
  const sum = ([first, parts], value) => parts.reduce((total, part, k) => total + part * value(first + k), 0);
  const rows = new Float64Array(from * size);
  for (let y = 0; y < from; y += 1) {
    along.forEach((each, x) => { rows[y * size + x] = sum(each, (k) => gray[y * from + k]); });
  }
  return Uint8Array.from({ length: size * size }, (_, i) => (
    Math.round(sum(along[Math.floor(i / size)], (k) => rows[k * size + (i % size)]))));
}

export class Crop {
  /* canvas: of the picture; square: a button over it; changed() is called when the square has changed. */
  constructor(canvas, square, changed) {
    Object.assign(this, { canvas, square, changed, left: 0, top: 0, side: 0 });
    this.listen();
  }

  /* Show a picture, an ImageBitmap, with the largest square in its middle. */
  open(bitmap) {
    const scale = Math.min(MOST / Math.max(bitmap.width, bitmap.height), 1);
    const [width, height] = [bitmap.width, bitmap.height].map((each) => Math.max(Math.round(each * scale), 1));
    Object.assign(this.canvas, { width, height });
    const context = this.canvas.getContext('2d', { willReadFrequently: true });
    context.fillRect(0, 0, width, height);  // black behind what is transparent
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, width, height);
    this.canvas.parentElement.style.setProperty('--shape', width / height);
    this.whole();
  }

  get most() {
    return Math.min(this.canvas.width, this.canvas.height);
  }

  whole() {
    const { width, height } = this.canvas;
    this.put((width - this.most) / 2, (height - this.most) / 2, this.most);
  }

  /* Put the square somewhere, as far as the picture has room. */
  put(left, top, side) {
    const { width, height } = this.canvas;
    this.side = clamp(Math.round(side), Math.min(LEAST, this.most), this.most);
    this.left = clamp(Math.round(left), 0, width - this.side);
    this.top = clamp(Math.round(top), 0, height - this.side);
    const share = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(this.square.style, {
      left: share(this.left, width), top: share(this.top, height),
      width: share(this.side, width), height: share(this.side, height),
    });
    this.changed();
  }

  /* Resize it about its middle. */
  resize(factor) {
    const by = Math.round(this.side * factor) - this.side || Math.sign(factor - 1);
    this.put(this.left - by / 2, this.top - by / 2, this.side + by);
  }

  /* How many gray levels the picture spans. */
  span() {
    const { width, height } = this.canvas;
    const { data } = this.canvas.getContext('2d').getImageData(0, 0, width, height);
    let [least, most] = [255, 0];
    for (let i = 0; i < data.length; i += 4) {
      least = Math.min(least, data[i]);
      most = Math.max(most, data[i]);
    }
    return most - least;
  }

  /* Gray levels of the square, [size * size]. */
  pixels(size) {
    const { left, top, side } = this;
    const { data } = this.canvas.getContext('2d').getImageData(left, top, side, side);
    const luma = (i) => Math.round(0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]);
    return resized(Uint8Array.from({ length: side * side }, (_, i) => luma(4 * i)), side, size);
  }

  listen() {
    const { canvas, square } = this;
    let begin = null;  // where the hand took hold, the square then, and whether of its corner
    square.addEventListener('pointerdown', (event) => {
      square.setPointerCapture(event.pointerId);
      const { left, top, side } = this;
      begin = { x: event.clientX, y: event.clientY, left, top, side, corner: event.target !== square };
    });
    square.addEventListener('pointermove', (event) => {
      if (!begin) return;
      const scale = canvas.width / canvas.clientWidth;
      const [right, down] = [(event.clientX - begin.x) * scale, (event.clientY - begin.y) * scale];
      if (!begin.corner) this.put(begin.left + right, begin.top + down, begin.side);
      else this.put(begin.left, begin.top, Math.min(begin.side + Math.max(right, down), this.room(begin)));
    });
    ['pointerup', 'pointercancel'].forEach((kind) => square.addEventListener(kind, () => { begin = null; }));
    square.addEventListener('keydown', (event) => {
      const step = Math.max(Math.round(this.side / (event.shiftKey ? 4 : 32)), 1);
      const { left, top, side } = this;
      const act = {
        ArrowLeft: () => this.put(left - step, top, side), ArrowRight: () => this.put(left + step, top, side),
        ArrowUp: () => this.put(left, top - step, side), ArrowDown: () => this.put(left, top + step, side),
        '+': () => this.resize(1.1), '=': () => this.resize(1.1), '-': () => this.resize(1 / 1.1),
      }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
  }

  /* The largest side of a square with this left upper corner. */
  room({ left, top }) {
    return Math.min(this.canvas.width - left, this.canvas.height - top);
  }
}
