/* The generator of progressive growing (Karras et al. 2018), and its vector-Jacobian product. */

import { Memory } from './kernel.js';
import { Layer } from './layers.js';
import { Convolution, Planes, UpConvolution } from './planes.js';


/* The fully connected layer, as far as a Layer needs to know. */
class Dense {
  constructor(memory, outputs, slope) {
    Object.assign(this, { memory, outputs, slope });
  }

  planes() {
    return new Planes(this.memory, 4 * Math.ceil(this.outputs / 4), 4);
  }
}

/* description: latent, labels: sizes; size: of the image; slope: of the rectifier; normalized, normalizesLatents: is there
   pixel normalization, with epsilon; dense: {weights [latent + labels, maps * 16], bias}; layers:
   [{outputs, inputs, side, up, weights, bias}], first that of 4x4 pixels and then two for each size; images: [{weights, bias, share}] by size, the layers that make
   an image, and how much each counts. Arrays are Float32Array. */
export class GeneratorNetwork {
  constructor(description) {
    Object.assign(this, description);
    this.memory = new Memory();
    const maps = this.dense.bias.length;
    this.begin = new Layer(new Dense(this.memory, maps, this.slope), this);
    let size = 4;
    this.stack = this.layers.map((layer) => {
      if (layer.up) size *= 2;
      const Type = layer.up ? UpConvolution : Convolution;
      return new Layer(new Type(this.memory, layer, size, this.slope), this);
    });
    /* The last layer of each size, which an image is made of. */
    this.ends = this.images.map((_, i) => this.stack[2 * i]);
  }

  /* The image, Float32Array [size * size], about -1 to 1, of a latent and its label, a number for each class. */
  run(latent, label = []) {
    const { dense, latent: length, labels } = this;
    const input = new Float64Array(length + labels);
    input.set(latent);
    input.set(label, length);
    this.length = this.normalizesLatents
      ? Math.sqrt(input.reduce((sum, value) => sum + value * value, 0) / input.length + this.epsilon) : 1;
    this.input = input.map((value) => value / this.length);
    const sums = Float64Array.from({ length: 16 * dense.bias.length }, (_, j) => dense.bias[j >> 4]);
    this.input.forEach((value, i) => {
      const row = i * sums.length;
      for (let j = 0; value && j < sums.length; j += 1) sums[j] += value * dense.weights[row + j];
    });
    this.begin.output.set(Float32Array.from(sums, (sum) => Math.max(sum, this.slope * sum)), 0, dense.bias.length);
    this.begin.finish();
    let { output } = this.begin;
    this.stack.forEach((layer) => { output = layer.run(output); });
    return this.image();
  }

  image() {
    const { size } = this;
    const result = new Float32Array(size * size);
    this.images.forEach(({ weights, bias, share }, i) => {
      if (!share) return;
      const { output } = this.ends[i];
      const sums = new Float32Array(output.height * output.row).fill(bias[0]);
      weights.forEach((weight, c) => {
        const plane = output.view(c);
        for (let j = 0; j < sums.length; j += 1) sums[j] += weight * plane[output.first + j];
      });
      const times = size / output.height;
      for (let y = 0; y < size; y += 1) {
        const row = Math.floor(y / times) * output.row;
        for (let x = 0; x < size; x += 1) result[y * size + x] += share * sums[row + Math.floor(x / times)];
      }
    });
    return result;
  }

  /* Gradients by the latent that `run` was called with last, [K][latent], of numbers whose gradients by the image are
     upstream [K][size * size]. */
  back(upstream) {
    return upstream.map((gradient) => this.backOne(gradient));
  }

  backOne(gradient) {
    if (!this.gradients) {
      this.gradients = [this.begin, ...this.stack].map((layer) => layer.like());
    }
    const { stack, gradients } = this;
    gradients[stack.length].view(0, gradients[stack.length].channels).fill(0);
    for (let i = stack.length; i > 0; i -= 1) {
      if (i % 2) this.addImage(gradient, (i - 1) / 2, gradients[i]);
      stack[i - 1].back(gradients[i], gradients[i - 1]);
    }
    this.begin.unfinish(gradients[0]);
    return this.backDense(gradients[0].values(0, this.dense.bias.length));
  }

  /* Add to the gradients by the planes that an image is made of. */
  addImage(gradient, which, planes) {
    const { weights, share } = this.images[which];
    if (!share) return;
    const { size } = this;
    const { height, row, first } = planes;
    const times = size / height;
    const sums = new Float32Array(height * row);
    for (let y = 0; y < size; y += 1) {
      for (let x = 0; x < size; x += 1) {
        sums[Math.floor(y / times) * row + Math.floor(x / times)] += share * gradient[y * size + x];
      }
    }
    weights.forEach((weight, c) => {
      const plane = planes.view(c);
      for (let j = 0; j < sums.length; j += 1) plane[first + j] += weight * sums[j];
    });
  }

  backDense(sums) {
    const { dense, input, length, latent } = this;
    const result = new Float64Array(input.length);
    for (let i = 0; i < result.length; i += 1) {
      const row = i * sums.length;
      let sum = 0;
      for (let j = 0; j < sums.length; j += 1) sum += sums[j] * dense.weights[row + j];
      result[i] = sum;
    }
    if (this.normalizesLatents) {
      const mean = result.reduce((sum, value, i) => sum + value * input[i], 0) / input.length;
      for (let i = 0; i < result.length; i += 1) result[i] = (result[i] - mean * input[i]) / length;
    }
    return result.subarray(0, latent);
  }
}
