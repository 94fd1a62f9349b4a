/* How probably each pixel of a patch belongs to the nodule in its middle; as metrics/outlines.py. */

import { OutlineNetwork } from './outline_network.js';

/* [size][source]: see metrics/outlines.resampling. */
function resampling(size, source) {
  const step = source / size;
  return Array.from({ length: size }, (_, i) => {
    const place = Math.min(Math.max((i - (size - 1) / 2) * step + (source - 1) / 2, 0), source - 1);
    const weights = Float64Array.from({ length: source }, (__, j) => Math.max(1 - Math.abs(j - place) / Math.max(step, 1), 0));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return weights.map((weight) => weight / sum);
  });
}

const transposed = (matrix) => Array.from(matrix[0], (_, j) => Float64Array.from(matrix, (row) => row[j]));

/* matrix x transposed matrix: the rows and columns of a square image, each resampled. */
function resampled(image, matrix) {
  const source = matrix[0].length;
  if (matrix.length === source) return image;
  const across = matrix.map((weights) => Float64Array.from({ length: source }, (_, x) => (
    weights.reduce((sum, weight, y) => sum + weight * image[y * source + x], 0))));
  return Float32Array.from({ length: matrix.length ** 2 }, (_, i) => {
    const row = across[Math.floor(i / matrix.length)];
    return matrix[i % matrix.length].reduce((sum, weight, x) => sum + weight * row[x], 0);
  });
}

function mirrored(image, size, down, right) {
  if (down && right) return image.slice().reverse();
  const result = new Float32Array(image.length);
  for (let y = 0; y < size; y += 1) {
    const row = image.slice(y * size, (y + 1) * size);
    result.set(right ? row.reverse() : row, (down ? size - 1 - y : y) * size);
  }
  return result;
}

const MIRRORS = [[false, false], [true, false], [false, true], [true, true]];
const sigmoid = (value) => 1 / (1 + Math.exp(-value));

export class Outlines {
  /* description: of the network, with hu: the range that it sees, and window: that of images without one. */
  constructor(description) {
    this.network = new OutlineNetwork(description);
    this.hu = description.hu;
    this.window = description.window;
  }

  /* HU, [size * size], of gray levels [R * R]. */
  densities(pixels, window) {
    const [low, high] = window || this.window;
    return Float32Array.from(resampled(pixels, resampling(this.network.size, Math.sqrt(pixels.length))), (gray) => (
      Math.fround(gray * Math.fround((high - low) / 255)) + low));
  }

  /* What the network takes. */
  scaled(densities) {
    const [least, most] = this.hu;
    return densities.map((hu) => (Math.min(Math.max(hu, least), most) - (least + most) / 2) * (2 / (most - least)));
  }

  /* Float32Array [R * R], 0..1, of gray levels [R * R]: the mean over an image and its mirror images; rough: of the image
     alone, which takes a quarter of the time. */
  probabilities(pixels, window, rough = false) {
    const { network } = this;
    const { size } = network;
    const scaled = this.scaled(this.densities(pixels, window));
    const mean = new Float32Array(size * size);
    const mirrors = rough ? MIRRORS.slice(0, 1) : MIRRORS;
    mirrors.forEach(([down, right]) => {
      const logits = network.run(mirrored(scaled, size, down, right));
      const back = mirrored(logits, size, down, right);
      for (let i = 0; i < mean.length; i += 1) mean[i] += back[i] / mirrors.length;
    });
    return resampled(mean.map(sigmoid), resampling(Math.sqrt(pixels.length), size));
  }

  /* [K][R * R]: the derivatives of sums of cotangents [K][R * R] * probabilities, of the image alone without its mirror
     images, with respect to gray levels. */
  gradients(pixels, cotangents, window) {
    const { network } = this;
    const { size } = network;
    const side = Math.sqrt(pixels.length);
    const [low, high] = window || this.window;
    const [least, most] = this.hu;
    const densities = this.densities(pixels, window);
    const inside = densities.map((hu) => (hu >= least && hu <= most ? 1 : 0));
    const slopes = network.run(this.scaled(densities)).map((logit) => sigmoid(logit) * (1 - sigmoid(logit)));
    const factor = (2 / (most - least)) * ((high - low) / 255);
    return cotangents.map((cotangent) => {
      const there = resampled(cotangent, transposed(resampling(side, size)));
      const gradient = network.back(slopes.map((slope, i) => slope * there[i]));
      const back = gradient.map((value, i) => factor * value * inside[i]);
      return resampled(back, transposed(resampling(size, side)));
    });
  }
}
