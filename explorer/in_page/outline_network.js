/* The U-Net that outlines nodules, and its gradients; metrics/outline_network.py describes it. */

import { Memory } from './kernel.js';
import { Layer } from './layers.js';
import { Convolution, Planes } from './planes.js';

const SLOPE = 0.2;

/* Half as high and wide, by a factor times the sum of 2x2 boxes, in planes that are half as large and may be fewer. */
function shrink(from, to, factor = 0.25) {
  for (let c = 0; c < to.channels; c += 1) {
    const [large, small] = [from.view(c), to.view(c)];
    for (let y = 0; y < to.height; y += 1) {
      let a = to.first + y * to.row;
      let b = from.first + 2 * y * from.row;
      for (const end = a + to.width; a < end; a += 1, b += 2) {
        small[a] = factor * (large[b] + large[b + 1] + large[b + from.row] + large[b + from.row + 1]);
      }
    }
  }
}

/* Each pixel of small planes four times in the first of large ones; add: to what is there, times a factor. */
function enlarge(from, to, add = false, factor = 1) {
  for (let c = 0; c < from.channels; c += 1) {
    const [small, large] = [from.view(c), to.view(c)];
    for (let y = 0; y < to.height; y += 1) {
      const a = from.first + (y >> 1) * from.row;
      const b = to.first + y * to.row;
      for (let x = 0; x < to.width; x += 1) {
        const value = factor * small[a + (x >> 1)];
        large[b + x] = add ? large[b + x] + value : value;
      }
    }
  }
}

/* A stack of layers of one size, and the planes of their gradients. */
class Stack {
  constructor(layers) {
    this.layers = layers;
    this.output = layers[layers.length - 1].output;
  }

  run(input) {
    return this.layers.reduce((planes, layer) => layer.run(planes), input);
  }

  get gradients() {
    this.made = this.made || this.layers.map((layer) => layer.like());
    return this.made;
  }

  /* The planes into which gradients by the output are written. */
  get last() {
    return this.gradients[this.layers.length - 1];
  }

  back(input) {
    for (let i = this.layers.length - 1; i >= 0; i -= 1) {
      this.layers[i].back(this.gradients[i], i ? this.gradients[i - 1] : input);
    }
  }
}

/* description: size, of what it sees; near: pixels over which the map of the point falls to 1/e; maps: of each level;
   layers: {name: {outputs, inputs, side, weights, bias}}. */
export class OutlineNetwork {
  constructor({ size, near, maps, layers }) {
    const memory = new Memory();
    const stack = (level, name, slope, ...names) => new Stack(names.map((each) => {
      const layer = layers[name + each];
      return new Layer(new Convolution(memory, layer, size >> level, slope));
    }));
    const convolutions = (name) => ['/Conv0', '/Conv1'].filter((each) => layers[name + each]);
    const planes = (channels, level) => new Planes(memory, channels, size >> level);
    this.size = size;
    this.input = planes(2, 0);
    this.input.set(pointMap(size, near), 1, 1);
    this.down = maps.map((_, level) => stack(level, `Down${level}`, SLOPE, ...convolutions(`Down${level}`)));
    this.up = maps.slice(0, -1).map((_, level) => stack(level, `Up${level}`, SLOPE, ...convolutions(`Up${level}`)));
    this.narrow = maps.slice(0, -1).map((_, level) => stack(level + 1, `Up${level}`, 1, '/Narrow'));
    this.out = stack(0, 'Out', 1, '');
    this.shrunk = maps.slice(0, -1).map((width, level) => planes(width, level + 1));
    this.joined = maps.slice(0, -1).map((width, level) => planes(2 * width, level));
    const like = ({ channels, height }) => new Planes(memory, 4 * Math.ceil(channels / 4), height);
    this.gradients = { input: like(this.input), shrunk: this.shrunk.map(like), joined: this.joined.map(like) };
  }

  /* Logits, Float32Array [size * size], of densities scaled to -1..1. */
  run(scaled) {
    const { input, down, up, narrow, shrunk, joined } = this;
    input.set(scaled, 0, 1);
    down.forEach((stack, level) => {
      if (level) shrink(down[level - 1].output, shrunk[level - 1]);
      stack.run(level ? shrunk[level - 1] : input);
    });
    let { output } = down[down.length - 1];
    for (let level = up.length - 1; level >= 0; level -= 1) {
      enlarge(narrow[level].run(output), joined[level]);
      const { channels } = down[level].output;
      joined[level].view(channels, channels).set(down[level].output.view(0, channels));
      output = up[level].run(joined[level]);
    }
    return this.out.run(output).values(0, 1);
  }

  /* Gradients by what `run` was called with last, of those by its logits; both Float32Array [size * size]. */
  back(gradient) {
    const { down, up, narrow, out, gradients } = this;
    out.last.set(gradient, 0, 1);
    out.back(up[0].last);
    up.forEach((stack, level) => {
      stack.back(gradients.joined[level]);
      shrink(gradients.joined[level], narrow[level].last, 1);
      narrow[level].back(level + 1 < up.length ? up[level + 1].last : down[level + 1].last);
    });
    for (let level = down.length - 1; level >= 0; level -= 1) {
      if (level < up.length) {
        const { channels } = down[level].output;
        down[level].last.view(0, channels).set(gradients.joined[level].view(channels, channels));
        enlarge(gradients.shrunk[level], down[level].last, true, 0.25);
      }
      down[level].back(level ? gradients.shrunk[level - 1] : gradients.input);
    }
    return gradients.input.values(0, 1);
  }
}

/* exp(-distance / near) from the middle. */
function pointMap(size, near) {
  const middle = (size - 1) / 2;
  return Float32Array.from({ length: size * size }, (_, i) => (
    Math.exp(-Math.hypot(Math.floor(i / size) - middle, (i % size) - middle) / near)));
}
