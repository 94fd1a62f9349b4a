/* The one loop in which the page spends its time, as a WebAssembly program that is written here, byte by byte, so that
   the page needs no library. For 4 output planes and 8 neighboring pixels at a time:

     output[o][p] = f(biases[o] + sum over k of weights[o][k] * input[p + offsets[k]]),  f(x) = max(x, slope * x)

   which is a convolution of any shape if offsets hold the places of input planes and the taps of a kernel. */

const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;
const EMPTY = 0x40;

/* LEB128, the numbers of WebAssembly. */
function unsigned(value) {
  const bytes = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>>= 7;
  } while (value);
  return bytes;
}
const sized = (bytes) => [...unsigned(bytes.length), ...bytes];
const list = (items) => [...unsigned(items.length), ...items.flat()];
const section = (id, bytes) => [id, ...sized(bytes)];
const text = (letters) => list([...letters].map((letter) => letter.charCodeAt(0)));

const get = (local) => [0x20, local];
const set = (local) => [0x21, local];
const constant = (value) => [0x41, value];  // up to 63
const add = (...parts) => [...parts[0], ...parts[1], 0x6a];
const less = (local, by) => [...get(local), ...constant(by), 0x6b, 0x22, local];  // its new value stays on the stack
const advance = (local, by) => [...add(get(local), by), ...set(local)];
const loop = (body, condition) => [0x03, EMPTY, ...body, ...condition, 0x0d, 0, 0x0b];
const loadVector = (offset) => [0xfd, 0x00, 0, offset];
const loadSplat = (offset) => [0xfd, 0x09, 2, offset];
const storeVector = (offset) => [0xfd, 0x0b, 0, offset];
const VECTOR_ADD = [0xfd, 0xe4, 0x01];
const VECTOR_MULTIPLY = [0xfd, 0xe6, 0x01];
const VECTOR_MAXIMUM = [0xfd, 0xe9, 0x01];
const SPLAT = [0xfd, 0x13];

const [INPUT, OUTPUT, WEIGHTS, OFFSETS, COUNT, BIASES, GROUPS, BLOCKS, PLANE, SLOPE] = Array(10).keys();  // parameters
const [BLOCK, X, Y, W, OFFSET, END, ADDRESS] = Array.from({ length: 7 }, (_, i) => 10 + i);
const SUMS = 17;  // 8 vectors: 4 planes of 2
const [LEFT, RIGHT, FACTOR, SLOPES] = [25, 26, 27, 28];
const PLANES = [0, 1, 2, 3];

function multiply() {
  const plane = (j) => [
    ...get(W), ...loadSplat(4 * j), ...set(FACTOR),
    ...[LEFT, RIGHT].flatMap((side, i) => [
      ...get(SUMS + 2 * j + i), ...get(side), ...get(FACTOR), ...VECTOR_MULTIPLY, ...VECTOR_ADD, ...set(SUMS + 2 * j + i),
    ]),
  ];
  return [
    ...add(get(X), [...get(OFFSET), 0x28, 2, 0]), ...set(ADDRESS),
    ...get(ADDRESS), ...loadVector(0), ...set(LEFT), ...get(ADDRESS), ...loadVector(16), ...set(RIGHT),
    ...PLANES.flatMap(plane),
    ...advance(W, constant(16)), ...advance(OFFSET, constant(4)),
  ];
}

const rectified = (sums) => [...get(sums), ...get(sums), ...get(SLOPES), ...VECTOR_MULTIPLY, ...VECTOR_MAXIMUM];

function block() {
  return [
    ...PLANES.flatMap((j) => [...get(BIASES), ...loadSplat(4 * j), 0x22, SUMS + 2 * j, ...set(SUMS + 2 * j + 1)]),
    ...get(WEIGHTS), ...set(W), ...get(OFFSETS), ...set(OFFSET),
    ...loop(multiply(), [...get(OFFSET), ...get(END), 0x47]),
    ...get(Y), ...set(ADDRESS),
    ...PLANES.flatMap((j) => [
      ...get(ADDRESS), ...rectified(SUMS + 2 * j), ...storeVector(0),
      ...get(ADDRESS), ...rectified(SUMS + 2 * j + 1), ...storeVector(16), ...advance(ADDRESS, get(PLANE)),
    ]),
    ...advance(X, constant(32)), ...advance(Y, constant(32)),
  ];
}

function program() {
  const quadruple = (local) => [...get(local), ...constant(2), 0x74];
  const group = [
    ...get(INPUT), ...set(X), ...get(OUTPUT), ...set(Y), ...get(BLOCKS), ...set(BLOCK),
    ...loop(block(), less(BLOCK, 1)),
    ...advance(OUTPUT, quadruple(PLANE)), ...advance(BIASES, constant(16)),
    ...advance(WEIGHTS, [...quadruple(COUNT), ...constant(2), 0x74]),
  ];
  const body = [
    ...add(get(OFFSETS), quadruple(COUNT)), ...set(END), ...get(SLOPE), ...SPLAT, ...set(SLOPES),
    ...loop(group, less(GROUPS, 1)), 0x0b,
  ];
  const locals = list([[7, I32], [12, V128]]);
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, list([[0x60, ...list([...new Array(9).fill([I32]), [F32]]), 0]])),
    ...section(2, list([[...text('page'), ...text('memory'), 0x02, 0, 1]])),
    ...section(3, list([[0]])),
    ...section(7, list([[...text('gather'), 0, 0]])),
    ...section(10, list([sized([...locals, ...body])])),
  ]);
}

/* Memory of the kernel: numbers at addresses, in bytes, which are handed out once and never come back. */
export class Memory {
  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 16 });
    this.end = 16;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(program()), { page: { memory: this.memory } });
    this.gather = exports.gather;  // (input, output, weights, offsets, count, biases, groups, blocks, bytes of a plane, slope)
    this.view();
  }

  view() {
    this.floats = new Float32Array(this.memory.buffer);
    this.integers = new Int32Array(this.memory.buffer);
  }

  /* The address of so many numbers, which are 0. */
  allocate(count) {
    const address = this.end;
    this.end += 16 * Math.ceil(count / 4);
    const missing = this.end + 64 - this.memory.buffer.byteLength;
    if (missing > 0) {
      this.memory.grow(Math.ceil(missing / 65536));
      this.view();
    }
    return address;
  }
}
