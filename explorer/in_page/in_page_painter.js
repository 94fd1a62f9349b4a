/* Patches of masks by the U-Net of pix2pix (Isola et al. 2017); as pix2pix/unet.py, and masks to stamp. */

import { Memory } from './kernel.js';
import { Planes, StridedConvolution, TransposedConvolution, UpConvolution } from './planes.js';
import { RandomState } from './random.js';

const SLOPE = 0.2;
const EPSILON = 1e-5;
const WAVES = [5, 6, 7, 8, 9, 10, 11];  // of a spiculated outline

/* Each map of several stacks of planes to mean 0 and variance 1 over all of them, then scaled and moved. */
function normalize(stacks, { scale, offset }) {
  const { first, row, height, width } = stacks[0];
  const count = stacks.length * height * width;
  const each = (channel, change) => stacks.forEach((planes) => {
    const plane = planes.view(channel);
    for (let y = 0; y < height; y += 1) {
      for (let at = first + y * row; at < first + y * row + width; at += 1) plane[at] = change(plane[at]);
    }
  });
  for (let c = 0; c < scale.length; c += 1) {
    let [sum, squares] = [0, 0];
    each(c, (value) => {
      sum += value;
      return value;
    });
    const mean = sum / count;
    each(c, (value) => {
      squares += (value - mean) ** 2;
      return value;
    });
    const factor = scale[c] / Math.sqrt(squares / count + EPSILON);
    each(c, (value) => (value - mean) * factor + offset[c]);
  }
}

/* Copy planes with their borders behind `channel` of others, with what is below 0 times a slope. */
function copyRectified(from, channels, to, channel, slope) {
  const target = to.view(channel, channels);
  from.view(0, channels).forEach((value, i) => { target[i] = value > 0 ? value : slope * value; });
}

export class Painter {
  /* description: size, of masks and patches; minibatch: images that features are normalized over; dropout: part of the
     seed; dropped: layers with dropout; mirror: whether borders are mirrored; down, up: [{outputs, inputs, side, weights,
     bias, scale, offset, noise}] in their order, noise: [maps of noise, outputs]. */
  constructor(description) {
    Object.assign(this, description);
    const memory = new Memory();
    const layers = this.down.length;
    const planes = (channels, size) => new Planes(memory, 4 * Math.ceil(channels / 4), size);
    this.input = new Planes(memory, 1, this.size);
    this.encoder = this.down.map((layer, i) => {
      const size = this.size >> (i + 1);
      const [output, active] = [planes(layer.outputs, size), planes(layer.outputs, size)];
      return { ...layer, convolution: new StridedConvolution(memory, layer, size, 1), output, active };
    });
    this.decoder = this.up.map((layer, i) => {
      const size = this.size >> (layers - 1 - i);
      const Type = layer.side === 4 ? TransposedConvolution : UpConvolution;
      const several = (channels, side) => Array.from({ length: this.minibatch }, () => planes(channels, side));
      return {
        ...layer, convolution: new Type(memory, layer, size, 1), maps: layer.outputs,
        inputs: several(layer.inputs, size / 2), outputs: several(layer.outputs, size),
      };
    });
  }

  /* Patches, Uint8Array [R * R] each, of a mask [R * R] that is not blank. */
  async draw(mask, samples, seed, pause) {
    const { encoder, decoder, minibatch } = this;
    const border = (planes, channel) => (this.mirror ? planes.mirrorBorder(channel) : planes.clearBorder(channel));
    this.input.set(Float32Array.from(mask, (inside) => (inside ? 1 : -1)));
    border(this.input, 0);
    encoder.forEach((layer, i) => {
      const { convolution, output, active, outputs } = layer;
      convolution.run(i ? encoder[i - 1].active : this.input, output);
      if (layer.scale) normalize([output], layer);  // that of a minibatch of the same masks
      for (let c = 0; c < outputs; c += 1) border(output, c);
      copyRectified(output, outputs, active, 0, SLOPE);
    });
    const random = Array.from({ length: minibatch }, (_, i) => new RandomState([seed, this.dropout, i]));
    const inner = encoder[encoder.length - 1];
    decoder[0].inputs.forEach((input) => copyRectified(inner.output, inner.outputs, input, 0, 0));
    for (let i = 0; i < decoder.length; i += 1) {
      const { convolution, inputs, outputs, maps, scale, noise } = decoder[i];
      inputs.forEach((input, image) => convolution.run(input, outputs[image]));
      if (scale) normalize(outputs, decoder[i]);
      if (i < this.dropped) outputs.forEach((output, image) => drop(output, maps, random[image]));
      if (noise) outputs.forEach((output, image) => addNoise(output, maps, noise, random[image]));
      await pause();
      if (i + 1 === decoder.length) break;
      outputs.forEach((output) => {
        for (let c = 0; c < maps; c += 1) border(output, c);
      });
      const skip = encoder[encoder.length - 2 - i];
      decoder[i + 1].inputs.forEach((input, image) => {
        copyRectified(outputs[image], maps, input, 0, 0);
        copyRectified(skip.output, skip.outputs, input, maps, 0);
      });
    }
    return decoder[decoder.length - 1].outputs.slice(0, samples).map((output) => (
      Uint8Array.from(output.values(0, 1), (value) => Math.round((Math.tanh(value) + 1) * 127.5))));
  }

  /* A mask of an ellipse or a spiculated blob near the middle, with the area of a circle `diameter` wide. */
  async stamp(shape, diameter, seed) {
    const { size } = this;
    const random = new RandomState([seed, 8]);
    const between = (low, high) => low + (high - low) * random.uniform();
    const [row, column] = [0, 1].map(() => (size - 1) / 2 + between(-size / 8, size / 8));
    const [ratio, turn] = [between(0.65, 1), between(0, Math.PI)];
    const waves = WAVES.map((wave) => [random.uniform(), wave, between(0, 2 * Math.PI)]).sort().slice(0, 3);
    return Uint8Array.from({ length: size * size }, (_, i) => {
      const [y, x] = [Math.floor(i / size) - row, (i % size) - column];
      const angle = Math.atan2(y, x);
      const along = Math.cos(angle - turn) ** 2 * ratio * ratio + Math.sin(angle - turn) ** 2;
      let edge = (diameter / 2) * Math.sqrt(ratio / along);
      if (shape === 'spiculated') waves.forEach(([, wave, begin]) => { edge *= 1 + 0.12 * Math.cos(wave * angle + begin); });
      return Math.hypot(y, x) <= edge ? 255 : 0;
    });
  }
}

/* Every pixel of planes, in the order of rows and columns: change(planes' numbers, place of the pixel in the first). */
function eachPixel(planes, maps, change) {
  const { height, width, row, first } = planes;
  const all = planes.view(0, maps);
  for (let y = 0; y < height; y += 1) {
    for (let at = first + y * row; at < first + y * row + width; at += 1) change(all, at);
  }
}

/* Dropout with probability 1/2: features are 0 or twice as large, in the order of rows, columns and maps. */
function drop(planes, maps, random) {
  eachPixel(planes, maps, (all, at) => {
    for (let c = 0; c < maps; c += 1) all[at + c * planes.size] *= 2 * (random.integer() & 1);
  });
}

/* Add weighted sums of normal numbers, weights: [numbers of a pixel, maps]. */
function addNoise(planes, maps, weights, random) {
  eachPixel(planes, maps, (all, at) => {
    for (let i = 0; i < weights.length; i += maps) {
      const normal = random.normal();
      for (let c = 0; c < maps; c += 1) all[at + c * planes.size] += normal * weights[i + c];
    }
  });
}
