/* numpy.random.RandomState: the Mersenne twister (Matsumoto and Nishimura 1998) and normal numbers by Marsaglia's polar
   method, so that seeds mean the same latents as in Python. */

const [N, M] = [624, 397];

export class RandomState {
  /* seed: a whole number, or a list of them. */
  constructor(seed) {
    this.state = new Uint32Array(N);
    this.spare = null;
    if (Array.isArray(seed)) this.seedByList(seed);
    else this.seedByNumber(seed);
  }

  seedByNumber(seed) {
    const { state } = this;
    state[0] = seed;
    for (let i = 1; i < N; i += 1) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    this.at = N;
  }

  seedByList(list) {
    this.seedByNumber(19650218);
    const { state } = this;
    const mixed = (i, factor) => state[i] ^ Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), factor);
    let [i, j] = [1, 0];
    const next = () => {
      i += 1;
      if (i < N) return;
      [state[0], i] = [state[N - 1], 1];
    };
    for (let k = Math.max(N, list.length); k; k -= 1) {
      state[i] = mixed(i, 1664525) + list[j] + j;
      j = (j + 1) % list.length;
      next();
    }
    for (let k = N - 1; k; k -= 1) {
      state[i] = mixed(i, 1566083941) - i;
      next();
    }
    state[0] = 0x80000000;
  }

  twist() {
    const { state } = this;
    for (let i = 0; i < N; i += 1) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
      state[i] = state[(i + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.at = 0;
  }

  integer() {
    if (this.at >= N) this.twist();
    let y = this.state[this.at];
    this.at += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /* A number from 0 to below 1. */
  uniform() {
    const [high, low] = [this.integer() >>> 5, this.integer() >>> 6];
    return (high * 67108864 + low) / 9007199254740992;
  }

  normal() {
    if (this.spare !== null) {
      const value = this.spare;
      this.spare = null;
      return value;
    }
    for (;;) {
      const [a, b] = [2 * this.uniform() - 1, 2 * this.uniform() - 1];
      const square = a * a + b * b;
      if (square < 1 && square) {
        const factor = Math.sqrt((-2 * Math.log(square)) / square);
        this.spare = factor * a;
        return factor * b;
      }
    }
  }

  normals(count) {
    return Float64Array.from({ length: count }, () => this.normal());
  }
}

/* Row `index` of the latents of seed 0 of 2-inference.py, as float32. */
export const randomLatent = (index, length) => (
  Float64Array.from(Float32Array.from(new RandomState([0, index]).normals(length))));
