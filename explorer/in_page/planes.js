/* Stacks of planes in the kernel's memory, and convolutions of them. Each plane has a border, one pixel wide, of zeros or
   of the pixels next to it, so that a neighbor of a pixel is at the same distance in memory everywhere. */

const SPARE = 16;  // numbers behind a plane: the kernel computes 8 pixels at a time

/* channels planes of height x width numbers. */
export class Planes {
  constructor(memory, channels, height, width = height) {
    Object.assign(this, { memory, channels, height, width, row: width + 2 });
    this.size = 8 * Math.ceil(((height + 2) * this.row + SPARE) / 8);
    this.first = this.row + 1;  // the place of the first pixel in a plane
    this.blocks = Math.ceil(((height - 1) * this.row + width) / 8);
    this.address = memory.allocate(channels * this.size + SPARE);
  }

  /* The numbers of a plane, or of all from there on; valid until memory is allocated. */
  view(channel = 0, channels = 1) {
    const begin = this.address / 4 + channel * this.size;
    return this.memory.floats.subarray(begin, begin + channels * this.size);
  }

  /* Set from or add to numbers without borders, [channels, height, width]. */
  set(values, channel = 0, channels = this.channels) {
    const { height, width, row } = this;
    for (let c = 0; c < channels; c += 1) {
      const plane = this.view(channel + c);
      for (let y = 0; y < height; y += 1) {
        plane.set(values.subarray((c * height + y) * width, (c * height + y + 1) * width), this.first + y * row);
      }
    }
  }

  /* A copy without borders. */
  values(channel = 0, channels = this.channels) {
    const { height, width, row } = this;
    const result = new Float32Array(channels * height * width);
    for (let c = 0; c < channels; c += 1) {
      const plane = this.view(channel + c);
      for (let y = 0; y < height; y += 1) {
        const begin = this.first + y * row;
        result.set(plane.subarray(begin, begin + width), (c * height + y) * width);
      }
    }
    return result;
  }

  /* Have the border be zeros again after the kernel wrote into it. */
  clearBorder(channel) {
    const { height, width, row } = this;
    const plane = this.view(channel);
    for (let y = 0; y < height; y += 1) {
      plane[this.first + y * row - 1] = 0;
      plane[this.first + y * row + width] = 0;
    }
    plane.fill(0, (height + 1) * row);
  }

  /* Have the border be as the pixels next to it. */
  mirrorBorder(channel) {
    const { height, width, row, first } = this;
    const plane = this.view(channel);
    for (let at = first; at < first + height * row; at += row) {
      plane[at - 1] = plane[at];
      plane[at + width] = plane[at + width - 1];
    }
    plane.copyWithin(0, row, 2 * row);
    plane.copyWithin((height + 1) * row, height * row, (height + 1) * row);
  }
}

/* Weights in the order in which the kernel reads them, from some channels of planes like `input`. taps(i): the pixels
   that input i is read at, [[down, right], ...], from where the output is. weights(o, i): as many numbers. bias: of each
   output, or none; slope: of what is below 0. */
class Gather {
  constructor(memory, outputs, inputs, input, taps, weights, bias = [], slope = 1) {
    const each = taps(0).length;
    Object.assign(this, { memory, slope, count: inputs * each, groups: Math.ceil(outputs / 4) });
    this.biases = memory.allocate(4 * this.groups);
    this.weights = memory.allocate(4 * this.groups * this.count);
    this.offsets = memory.allocate(this.count);
    const { floats, integers } = memory;
    floats.set(bias, this.biases / 4);
    for (let i = 0; i < inputs; i += 1) {
      taps(i).forEach(([down, right], tap) => {
        integers[this.offsets / 4 + i * each + tap] = 4 * (i * input.size + down * input.row + right);
      });
      for (let o = 0; o < outputs; o += 1) {
        const kernel = weights(o, i);
        const begin = this.weights / 4 + ((o >> 2) * this.count + i * each) * 4 + (o & 3);
        for (let tap = 0; tap < each; tap += 1) floats[begin + 4 * tap] = kernel[tap];
      }
    }
  }

  run(input, output) {
    const { memory, weights, offsets, count, biases, groups, slope } = this;
    const first = 4 * input.first;
    memory.gather(input.address + first, output.address + first, weights, offsets, count, biases, groups,
      output.blocks, 4 * output.size, slope);
  }
}

const square = (side) => Array.from({ length: side * side }, (_, i) => (
  [Math.floor(i / side) - (side >> 1), (i % side) - (side >> 1)]));
const fours = (channels) => 4 * Math.ceil(channels / 4);

/* A convolution whose output is as large as its input, with a bias and a rectifier of this slope below 0; and the
   transposed convolution, without them. weights: [outputs, inputs, side, side]; size: of the output. */
export class Convolution {
  constructor(memory, { outputs, inputs, side, weights, bias }, size, slope) {
    Object.assign(this, { memory, outputs, inputs, side, weights, bias, size, slope });
  }

  /* The kernel of weights from input i to output o. */
  kernel(o, i) {
    const area = this.side * this.side;
    return this.weights.subarray((o * this.inputs + i) * area, (o * this.inputs + i + 1) * area);
  }

  /* Planes for what it makes. */
  planes() {
    return new Planes(this.memory, fours(this.outputs), this.size);
  }

  /* output = convolution of input; the output's border holds anything. */
  run(input, output) {
    const taps = () => square(this.side);
    this.forward = this.forward
      || new Gather(this.memory, this.outputs, this.inputs, input, taps, (o, i) => this.kernel(o, i),
        this.bias, this.slope);
    this.forward.run(input, output);
  }

  /* Gradients by the input of those by the output, whose border is zeros; the input's border holds anything. */
  back(output, input) {
    const taps = () => square(this.side);
    this.backward = this.backward
      || new Gather(this.memory, this.inputs, this.outputs, output, taps, (i, o) => this.kernel(o, i).slice().reverse());
    this.backward.run(output, input);
  }
}

const PHASES = [[0, 0], [0, 1], [1, 0], [1, 1]];  // of a pixel in the enlarged image: down, right

/* The pixels of the small image that a 3x3 kernel reads in a phase of the enlarged one. */
const phaseTaps = ([down, right]) => PHASES.map(([y, x]) => [y + down - 1, x + right - 1]);

/* An image enlarged by two, by repeating its pixels, and then a 3x3 convolution, in one. */
export class UpConvolution extends Convolution {
  /* The weights at these taps: sums of those at neighbors that are the same pixel. */
  fold(kernel, [down, right]) {
    const result = [0, 0, 0, 0];
    for (let y = 0; y < 3; y += 1) {
      for (let x = 0; x < 3; x += 1) result[2 * ((y + 1 - down) >> 1) + ((x + 1 - right) >> 1)] += kernel[3 * y + x];
    }
    return result;
  }

  run(input, output) {
    const { memory, outputs, inputs } = this;
    this.small = this.small || new Planes(memory, fours(outputs), this.size / 2);
    this.forward = this.forward || PHASES.map((phase) => new Gather(memory, outputs, inputs, input,
      () => phaseTaps(phase), (o, i) => this.fold(this.kernel(o, i), phase), this.bias, this.slope));
    PHASES.forEach((phase, i) => {
      this.forward[i].run(input, this.small);
      for (let o = 0; o < outputs; o += 1) copyPhase(this.small, o, output, o, phase, true);
    });
  }

  back(output, input) {
    const { memory, outputs, inputs } = this;
    this.phases = this.phases || new Planes(memory, 4 * outputs, this.size / 2);
    this.backward = this.backward || new Gather(memory, inputs, 4 * outputs, this.phases,
      (plane) => phaseTaps(PHASES[plane & 3]).map(([y, x]) => [-y, -x]),
      (i, plane) => this.fold(this.kernel(plane >> 2, i), PHASES[plane & 3]));
    PHASES.forEach((phase, i) => {
      for (let o = 0; o < outputs; o += 1) copyPhase(this.phases, 4 * o + i, output, o, phase, false);
    });
    this.backward.run(this.phases, input);
  }
}

/* A transposed convolution with 4x4 kernels that enlarges by two. */
export class TransposedConvolution extends UpConvolution {
  fold(kernel, [down, right]) {
    return phaseTaps([down, right]).map(([y, x]) => kernel[4 * (down + 1 - 2 * y) + right + 1 - 2 * x]);
  }
}

/* A convolution with 4x4 kernels that takes every other pixel, and the border of its input. */
export class StridedConvolution extends Convolution {
  run(input, output) {
    const { memory, outputs, inputs, size } = this;
    this.phases = this.phases || new Planes(memory, 4 * inputs, size);
    const phaseOf = (plane) => PHASES[plane & 3];
    const taps = (plane) => PHASES.map(([y, x]) => [y - phaseOf(plane)[0], x - phaseOf(plane)[1]]);
    this.forward = this.forward || new Gather(memory, outputs, 4 * inputs, this.phases, taps, (o, plane) => {
      const kernel = this.kernel(o, plane >> 2);
      const [down, right] = phaseOf(plane);
      return taps(plane).map(([y, x]) => kernel[4 * (2 * y + down + 1) + 2 * x + right + 1]);
    }, this.bias, this.slope);
    PHASES.forEach((phase, i) => {
      for (let c = 0; c < inputs; c += 1) copyPhase(this.phases, 4 * c + i, input, c, phase, false, 1);
    });
    this.forward.run(this.phases, output);
  }
}

/* Copy a small plane to the pixels of a phase of a large one, or back; `border`: pixels of its border, too. */
function copyPhase(small, channel, large, other, [down, right], there, border = 0) {
  const { height, width, row, first } = small;
  const [from, to] = [small.view(channel), large.view(other)];
  for (let y = -border * down; y < height + border * (1 - down); y += 1) {
    let a = first + y * row - border * right;
    let b = large.first + (2 * y + down) * large.row + right - 2 * border * right;
    for (const end = first + y * row + width + border * (1 - right); a < end; a += 1, b += 2) {
      if (there) to[b] = from[a];
      else from[a] = to[b];
    }
  }
}
