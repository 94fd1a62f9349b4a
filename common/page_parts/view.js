/* Patches on canvases: one window of Hounsfield units (HU) and one zoom for all that are on show.

   onChange(view) is told of a new window or zoom, onPoint(hu or null, patch) of what is under the pointer. */

const MOST_ZOOM = 12;
const MIDDLE = 4;  // the bit of the middle button in event.buttons
const WIDTHS = [20, 4000];  // HU
const LEVELS = [-2000, 2000];
const OUTLINE = 'rgba(217, 163, 92, 0.85)';
const WIDEST = 3000;  // HU of a stored window from which drags grow no faster
const PER_PIXEL = { width: 4, level: 2 };  // HU for a drag of one pixel of the screen, of the widest

const clamp = (value, [least, most]) => Math.min(Math.max(value, least), most);

/* Show a length of at most half of what is seen: in mm, or in pixels where mm, of a pixel, is null. perPixel: pixels
   of the screen for one of the patch; side: of what is seen, on the screen. */
export function drawScale(element, perPixel, mm, side) {
  const per = mm ? perPixel / mm : perPixel;
  const length = (mm ? [10, 5, 2, 1, 0.5] : [32, 16, 8, 4, 2, 1]).find((each) => each * per < side / 2) || 0.5;
  element.textContent = `${length} ${mm ? 'mm' : 'px'}`;
  element.style.width = `${length * per}px`;
}

export class View {
  /* holder: the element that patches are put into. study: size in pixels, window [HU of gray 0, of gray 255], mm per
     pixel or null, enlarge 'smooth' or 'nearest', least: how many times a patch is enlarged where the screen is wide
     enough, and for two beside each other. */
  constructor(holder, study, onChange, onPoint) {
    Object.assign(this, { holder, study, onChange, onPoint });
    this.patches = [];
    this.pointers = new Map();
    this.level = -600;
    this.width = 1500;
    this.standard = [this.level, this.width];  // of a double click
    this.used = [];
    this.reset();
    new ResizeObserver(() => this.layOut()).observe(holder);
    addEventListener('resize', () => this.layOut());
  }

  /* Show the gray levels of a case, with a caption for each patch or ''. */
  show(pixels, captions) {
    if (this.patches.length !== pixels.length) {
      this.holder.textContent = '';
      this.patches = pixels.map(() => this.place());
    }
    this.patches.forEach((patch, which) => {
      patch.gray = pixels[which];
      patch.caption.textContent = captions[which];
      patch.caption.hidden = !captions[which];
      patch.canvas.setAttribute('aria-label', `CT patch${captions[which] ? `, ${captions[which]}` : ''}`);
    });
    this.used = [[Math.round(this.level), Math.round(this.width)]];
    this.pointers.clear();
    this.reset();
    this.greatest = 1;
    this.layOut();
    this.onPoint(null);
  }

  place() {
    const figure = document.createElement('figure');
    const canvas = document.createElement('canvas');
    const caption = document.createElement('figcaption');
    const scale = document.createElement('div');
    figure.className = 'patch';
    scale.className = 'scale';
    canvas.setAttribute('role', 'img');
    figure.append(canvas, caption, scale);
    this.holder.append(figure);
    const small = document.createElement('canvas');
    small.width = this.study.size;
    small.height = this.study.size;
    const patch = { figure, canvas, caption, scale, small };
    this.listen(patch);
    return patch;
  }

  /* Show patches of another study. */
  use(study) {
    this.study = study;
    this.holder.textContent = '';
    this.patches = [];
  }

  /* Other gray levels in the same places, in the same window and zoom, each with an outline (the path of an SVG in
     pixels of the patch) or ''. */
  update(pixels, captions, outlines) {
    if (this.patches.length !== pixels.length) this.show(pixels, captions);
    this.patches.forEach((patch, which) => {
      patch.gray = pixels[which];
      patch.outline = outlines[which];
      patch.caption.textContent = captions[which];
      patch.caption.hidden = !captions[which];
    });
    this.draw();
  }

  /* As large as there is room for, and at least as large as the study says, so that two are seen together. */
  layOut() {
    if (!this.patches.length || !this.holder.clientWidth) return;
    const { clientWidth: width, clientHeight: height } = this.holder;
    const two = this.patches.length === 2;
    const beside = two ? Math.min((width - 20) / 2, height) : Math.min(width, height);
    const below = two ? Math.min(width, (height - 12) / 2) : 0;
    const least = Math.min(this.study.least[two ? 1 : 0] * this.study.size, width);
    const stacked = two && ((width - 20) / 2 < least || below > beside);
    this.side = Math.floor(Math.max(stacked ? below : beside, least));
    this.holder.classList.toggle('stacked', stacked);
    const pixels = Math.round(this.side * (window.devicePixelRatio || 1));
    this.patches.forEach(({ figure, canvas }) => {
      figure.style.width = `${this.side}px`;
      figure.style.height = `${this.side}px`;
      if (canvas.width !== pixels) Object.assign(canvas, { width: pixels, height: pixels });
    });
    this.draw();
  }

  hu(gray) {
    const [least, most] = this.study.window;
    return least + (gray * (most - least)) / 255;
  }

  draw() {
    const shades = Uint8ClampedArray.from({ length: 256 }, (_, gray) => (
      ((this.hu(gray) - this.level) / this.width + 0.5) * 255
    ));
    if (this.side) this.patches.forEach((patch) => this.paint(patch, shades));
    this.onChange(this);
  }

  paint({ canvas, small, gray, scale, outline }, shades) {
    const image = new ImageData(small.width, small.height);
    const colours = new Uint32Array(image.data.buffer);
    gray.forEach((value, i) => { colours[i] = 0xff000000 + 0x010101 * shades[value]; });
    small.getContext('2d').putImageData(image, 0, 0);
    const context = canvas.getContext('2d');
    const factor = (canvas.width / this.study.size) * this.zoom;
    context.imageSmoothingEnabled = this.study.enlarge === 'smooth';
    context.imageSmoothingQuality = 'high';
    context.setTransform(factor, 0, 0, factor, -this.left * factor, -this.top * factor);
    context.drawImage(small, 0, 0);
    if (outline) {
      context.lineWidth = (1.5 * (window.devicePixelRatio || 1)) / factor;
      context.strokeStyle = OUTLINE;
      context.stroke(new Path2D(outline));
    }
    drawScale(scale, (this.side / this.study.size) * this.zoom, this.study.mm, this.side);
  }

  setWindow(level, width) {
    this.level = clamp(level, LEVELS);
    this.width = clamp(width, WIDTHS);
    this.draw();
  }

  /* The window after a drag by pixels of the screen: to the right it is wider, downwards its level is lower. */
  dragWindow(right, down) {
    const [least, most] = this.study.window;
    const part = Math.min(most - least, WIDEST) / WIDEST;
    this.setWindow(this.level - PER_PIXEL.level * part * down, this.width + PER_PIXEL.width * part * right);
  }

  /* Note the window as one that was looked through; a drag counts once, when it ends. */
  settle() {
    const now = [Math.round(this.level), Math.round(this.width)];
    if (String(this.used[this.used.length - 1]) !== String(now)) this.used = [...this.used, now].slice(-50);
  }

  reset() {
    Object.assign(this, { zoom: 1, left: 0, top: 0 });
    this.draw();
  }

  /* Zoom by a factor about a place of the canvas, from 0 to 1 each way. */
  zoomBy(factor, x = 0.5, y = 0.5) {
    const before = this.study.size / this.zoom;
    this.zoom = clamp(this.zoom * factor, [1, MOST_ZOOM]);
    const after = this.study.size / this.zoom;
    this.greatest = Math.max(this.greatest || 1, this.zoom);
    this.move((before - after) * x, (before - after) * y);
  }

  /* Move what is seen, by pixels of the patch. */
  move(right, down) {
    const room = [0, this.study.size - this.study.size / this.zoom];
    this.left = clamp(this.left + right, room);
    this.top = clamp(this.top + down, room);
    this.draw();
  }

  listen(patch) {
    const { canvas } = patch;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    const point = (event) => {
      const seen = this.study.size / this.zoom;
      const [x, y] = place(event).map((part, axis) => Math.floor((axis ? this.top : this.left) + part * seen));
      const inside = Math.min(x, y) >= 0 && Math.max(x, y) < this.study.size;
      this.onPoint(inside ? this.hu(patch.gray[y * this.study.size + x]) : null, patch);
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, event);
      this.began = [this.level, this.width];
      point(event);
      event.preventDefault();
    });
    canvas.addEventListener('pointermove', (event) => {
      point(event);
      const before = this.pointers.get(event.pointerId);
      if (!before) return;
      const others = [...this.pointers.values()].filter((other) => other.pointerId !== event.pointerId);
      this.pointers.set(event.pointerId, event);
      this.drag(before, event, others[0], place);
    });
    canvas.addEventListener('pointercancel', () => this.setWindow(...this.began));  // the swipe scrolls the page
    ['pointerup', 'pointercancel'].forEach((kind) => canvas.addEventListener(kind, (event) => {
      if (this.pointers.delete(event.pointerId) && !this.pointers.size) this.settle();
    }));
    canvas.addEventListener('pointerleave', (event) => {
      if (event.pointerType === 'mouse') this.onPoint(null, patch);
    });
    canvas.addEventListener('dblclick', () => {
      this.setWindow(...this.standard);
      this.settle();
    });
    canvas.addEventListener('wheel', (event) => {
      this.zoomBy(1.0015 ** -event.deltaY, ...place(event));
      event.preventDefault();
    }, { passive: false });
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  /* One pointer has moved; other: a second finger, or undefined. */
  drag(before, now, other, place) {
    const right = now.clientX - before.clientX;
    const down = now.clientY - before.clientY;
    const each = this.study.size / this.zoom / this.side;  // pixels of the patch for one of the screen
    if (other) {
      const far = (event) => Math.hypot(event.clientX - other.clientX, event.clientY - other.clientY) || 1;
      this.move((-right * each) / 2, (-down * each) / 2);
      const middle = place(now).map((part, axis) => (part + place(other)[axis]) / 2);
      this.zoomBy(far(now) / far(before), ...middle);
    } else if (now.shiftKey || now.buttons & MIDDLE) {
      this.move(-right * each, -down * each);
    } else {
      this.dragWindow(right, down);
    }
  }
}
