/* A mask that is painted: 0 and 255, one value for each pixel of the patch. */

const STEPS = 50;  // that can be taken back
const COLOURS = [0xff131517, 0xff5ca3d9];  // of what is not nodule and what is, as the bits of a canvas

export class Painter {
  /* changed() is called with another mask; stamp(shape, width) returns a promise of a mask with a
     nodule somewhere, or of nothing. */
  constructor(canvas, size, changed, stamp) {
    Object.assign(this, { canvas, size, changed, stamp });
    Object.assign(this, { tool: 'brush', width: 6, before: [], at: null, last: null });
    this.mask = new Uint8Array(size * size);
    this.small = new OffscreenCanvas(size, size);
    new ResizeObserver(() => this.draw()).observe(canvas);
    this.listen();
  }

  /* Another mask; the one before can be taken back. */
  put(mask, kept = this.mask) {
    this.before = [...this.before, kept].slice(-STEPS);
    this.mask = mask;
    this.draw();
    this.changed();
  }

  undo() {
    if (!this.before.length) return;
    this.mask = this.before.pop();
    this.draw();
    this.changed();
  }

  clear() {
    this.put(new Uint8Array(this.mask.length));
  }

  /* The mask moved by whole pixels; what leaves it is lost. */
  moved(mask, right, down) {
    const { size } = this;
    return mask.map((_, i) => {
      const [x, y] = [(i % size) - right, Math.floor(i / size) - down];
      return x >= 0 && y >= 0 && x < size && y < size ? mask[y * size + x] : 0;
    });
  }

  /* Add a stamp with its middle at a place. */
  async place(shape, [x, y]) {
    const stamp = await this.stamp(shape, this.width);
    if (!stamp) return;  // the page shows why
    let [sumX, sumY, area] = [0, 0, 0];
    stamp.forEach((value, i) => {
      if (!value) return;
      sumX += i % this.size;
      sumY += Math.floor(i / this.size);
      area += 1;
    });
    if (!area) return;
    const added = this.moved(stamp, Math.round(x - 0.5 - sumX / area), Math.round(y - 0.5 - sumY / area));
    this.put(this.mask.map((value, i) => value | added[i]));
  }

  middle() {
    return [this.size / 2, this.size / 2];
  }

  /* Paint along a line, with a round brush. */
  stroke([fromX, fromY], [toX, toY], value) {
    const radius = Math.max(this.width / 2, 0.71);
    const steps = Math.ceil(Math.hypot(toX - fromX, toY - fromY) / Math.max(radius / 2, 0.5)) || 1;
    for (let k = 0; k <= steps; k += 1) {
      const [x, y] = [fromX + ((toX - fromX) * k) / steps, fromY + ((toY - fromY) * k) / steps];
      this.dab(x, y, radius, value);
    }
  }

  dab(x, y, radius, value) {
    const first = (middle) => Math.max(Math.floor(middle - radius), 0);
    const last = (middle) => Math.min(middle + radius, this.size - 1);
    for (let row = first(y); row <= last(y); row += 1) {
      for (let column = first(x); column <= last(x); column += 1) {
        if (Math.hypot(column + 0.5 - x, row + 0.5 - y) <= radius) this.mask[row * this.size + column] = value;
      }
    }
  }

  draw() {
    const { canvas, size, small } = this;
    const side = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1));
    if (!side) return;
    if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
    const image = new ImageData(size, size);
    const bits = new Uint32Array(image.data.buffer);
    this.mask.forEach((value, i) => { bits[i] = COLOURS[value ? 1 : 0]; });
    small.getContext('2d').putImageData(image, 0, 0);
    const context = canvas.getContext('2d');
    context.setTransform(side / size, 0, 0, side / size, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0);
    if (this.at && this.tool !== 'move') {
      context.beginPath();
      context.arc(...this.at, this.width / 2, 0, 2 * Math.PI);
      context.strokeStyle = '#cfc6b8';
      context.lineWidth = (1.5 * size) / canvas.clientWidth;
      context.stroke();
    }
  }

  listen() {
    const { canvas, size } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * size, ((event.clientY - box.top) / box.height) * size];
    };
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button) return;
      event.preventDefault();
      canvas.focus({ preventScroll: true });
      const at = place(event);
      if (this.tool === 'ellipse' || this.tool === 'spiculated') {
        this.place(this.tool, at);
        return;
      }
      canvas.setPointerCapture(event.pointerId);
      this.last = at;
      this.dragStart = { at, mask: this.mask };
      this.mask = this.mask.slice();
      this.follow(at);
    });
    canvas.addEventListener('pointermove', (event) => {
      this.at = place(event);
      if (this.last) this.follow(this.at);
      else this.draw();
    });
    ['pointerup', 'pointercancel'].forEach((kind) => canvas.addEventListener(kind, () => {
      if (!this.last) return;
      this.last = null;
      this.put(this.mask, this.dragStart.mask);
    }));
    canvas.addEventListener('pointerleave', () => {
      this.at = null;
      this.draw();
    });
    canvas.addEventListener('keydown', (event) => {
      const shape = this.tool === 'spiculated' ? 'spiculated' : 'ellipse';
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key !== 'Enter' && !step) return;
      event.preventDefault();
      if (step) this.put(this.moved(this.mask, ...step));
      else this.place(shape, this.middle());
    });
  }

  /* The hand that paints or moves is at a place. */
  follow(at) {
    if (this.tool === 'move') {
      const by = at.map((value, axis) => Math.round(value - this.dragStart.at[axis]));
      this.mask = this.moved(this.dragStart.mask, ...by);
    } else {
      this.stroke(this.last, at, this.tool === 'brush' ? 255 : 0);
    }
    this.last = at;
    this.draw();
    this.changed();
  }
}
