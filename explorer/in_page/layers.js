/* What follows a convolution. */

import { Planes } from './planes.js';

/* A convolution, perhaps with pixel normalization (epsilon: added to the mean square), and the way back. */
export class Layer {
  constructor(convolution, { normalized = false, epsilon = 0 } = {}) {
    Object.assign(this, { convolution, normalized, epsilon, channels: convolution.outputs, slope: convolution.slope });
    this.output = convolution.planes();
    this.factors = new Float32Array(this.output.height * this.output.row);  // of pixel normalization
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

  /* Finish what the convolution wrote into the output. */
  finish() {
    const { output, channels, factors } = this;
    const { first } = output;
    factors.fill(0);
    for (let c = 0; c < channels; c += 1) {
      output.clearBorder(c);
      if (!this.normalized) continue;
      const plane = output.view(c);
      for (let i = 0; i < factors.length; i += 1) factors[i] += plane[first + i] * plane[first + i];
    }
    if (!this.normalized) return;
    for (let i = 0; i < factors.length; i += 1) factors[i] = 1 / Math.sqrt(factors[i] / channels + this.epsilon);
    for (let c = 0; c < channels; c += 1) {
      const plane = output.view(c);
      for (let i = 0; i < factors.length; i += 1) plane[first + i] *= factors[i];
    }
  }

  /* Gradients by the output become those by the sums of the convolution. */
  unfinish(gradients) {
    const { output, channels, slope, factors } = this;
    const { first } = output;
    const means = new Float32Array(factors.length);
    for (let c = 0; this.normalized && c < channels; c += 1) {
      const plane = gradients.view(c);
      const values = output.view(c);
      for (let i = 0; i < means.length; i += 1) means[i] += (plane[first + i] * values[first + i]) / channels;
    }
    for (let c = 0; c < channels; c += 1) {
      const plane = gradients.view(c);
      const values = output.view(c);
      for (let i = 0; i < means.length; i += 1) {
        const value = values[first + i];
        let gradient = plane[first + i];
        if (this.normalized) gradient = factors[i] * (gradient - value * means[i]);
        plane[first + i] = value > 0 ? gradient : slope * gradient;
      }
      gradients.clearBorder(c);
    }
  }
}
