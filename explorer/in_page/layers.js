/* What follows a convolution. */

import { Planes } from './planes.js';

/* A convolution, and what its sums become: bias, rectifier, pixel normalization; and the way back. slope: of the rectifier
   for numbers below 0, 1 for none. */
export class Layer {
  constructor(convolution, bias, { slope, normalized, epsilon }) {
    Object.assign(this, { convolution, bias, slope, normalized, epsilon });
    this.output = convolution ? convolution.planes() : null;
    this.factors = null;  // of pixel normalization, by pixel
  }

  run(input) {
    this.convolution.run(input, this.output);
    this.finish();
    return this.output;
  }

  /* Gradients by the input, in planes like it, of those by the output, which change; their borders hold anything. */
  back(gradients, input) {
    this.unfinish(gradients);
    this.convolution.back(gradients, input);
  }

  /* Planes like the output. */
  like() {
    const { memory, channels, height } = this.output;
    return new Planes(memory, channels, height);
  }

  /* Finish the sums in the output. */
  finish() {
    const { output, bias, slope, normalized } = this;
    const { height, width, row, first } = output;
    const squares = new Float32Array(height * row);
    for (let c = 0; c < bias.length; c += 1) {
      const plane = output.view(c);
      output.clearBorder(c);
      for (let y = 0; y < height; y += 1) {
        for (let x = y * row; x < y * row + width; x += 1) {
          const sum = plane[first + x] + bias[c];
          const value = sum > 0 ? sum : slope * sum;
          plane[first + x] = value;
          squares[x] += value * value;
        }
      }
    }
    if (!normalized) return;
    this.factors = squares.map((sum) => 1 / Math.sqrt(sum / bias.length + this.epsilon));
    for (let c = 0; c < bias.length; c += 1) {
      const plane = output.view(c);
      for (let i = 0; i < squares.length; i += 1) plane[first + i] *= this.factors[i];
    }
  }

  /* Gradients by the output, in planes like it, become those by the sums. */
  unfinish(gradients) {
    const { output, bias, slope, normalized, factors } = this;
    const { height, width, row, first } = output;
    const means = new Float32Array(height * row);
    if (normalized) {
      for (let c = 0; c < bias.length; c += 1) {
        const [plane, values] = [gradients.view(c), output.view(c)];
        for (let i = 0; i < means.length; i += 1) means[i] += plane[first + i] * values[first + i];
      }
    }
    for (let c = 0; c < bias.length; c += 1) {
      const [plane, values] = [gradients.view(c), output.view(c)];
      gradients.clearBorder(c);
      for (let y = 0; y < height; y += 1) {
        for (let x = y * row; x < y * row + width; x += 1) {
          const value = values[first + x];
          let gradient = plane[first + x];
          if (normalized) gradient = factors[x] * (gradient - (value * means[x]) / bias.length);
          plane[first + x] = value > 0 ? gradient : slope * gradient;
        }
      }
    }
  }
}
