/* A generator as the page plays with it: the images and attributes of states; as explorer/models.py. */

import { Editing } from './editing.js';
import { GeneratorNetwork } from './generator_network.js';
import { outlinePath } from './images.js';
import { Refused } from './refused.js';
import { randomLatent } from './random.js';
import { norm, scaled, spherical } from './sphere.js';

/* Rounded to the nearest, halves to the even one, as NumPy does. */
function rounded(value) {
  const result = Math.round(value);
  return result - value === 0.5 && result % 2 ? result - 1 : result;
}

const grayLevels = (image) => Uint8ClampedArray.from(image, (value) => rounded(Math.fround(Math.fround(value + 1) * 127.5)));
const brief = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => (
  [name, Number.isNaN(value) ? null : Number(value.toFixed(3))])));
const nonzero = (moves) => Object.fromEntries(Object.entries(moves).filter(([, value]) => value));
const originOf = ({ moves, ...rest }) => JSON.stringify(rest);

export class InPageModel {
  /* facts: what about() says of it, with attributes, centre and sefa; network: of a GeneratorNetwork. */
  constructor(facts, network, measure, rules) {
    Object.assign(this, facts, { measure, sliders: facts.axes });
    this.axes = { sefa: facts.sefa.map((row) => Float64Array.from(row)), centre: Float64Array.from(facts.centre) };
    this.latentSize = facts.latent;
    this.network = new GeneratorNetwork(network);
    this.editing = new Editing(this, rules);
    this.dragged = { origin: '', nodule: null };
  }

  oneHot(label) {
    return Array.from({ length: this.labels }, (_, i) => Number(i === label));
  }

  /* The network's output, Float32Array [R * R]. */
  output(latent, label) {
    return this.network.run(Float32Array.from(latent), this.oneHot(label));
  }

  pixels(latent, label) {
    return Uint8Array.from(grayLevels(this.output(latent, label)));
  }

  /* The latent that a state begins from. */
  base({ latent, seed, label, truncation }) {
    if (label >= Math.max(this.labels, 1)) throw new Refused(`${this.name} has no class ${label}`);
    if (latent && latent.length !== this.latentSize) {
      throw new Refused(`that latent has ${latent.length} numbers; those of ${this.name} have ${this.latentSize}`);
    }
    let result = latent ? Float64Array.from(Float32Array.from(latent)) : this.seeded(seed);
    if (truncation < 1) result = spherical(scaled(this.axes.centre, norm(result)), result, truncation);
    return result;
  }

  /* Seeds that are neighbors blend into each other. */
  seeded(seed) {
    const whole = Math.floor(seed);
    const latent = randomLatent(whole, this.latentSize);
    return seed > whole ? spherical(latent, randomLatent(whole + 1, this.latentSize), seed - whole) : latent;
  }

  /* The latent of a state, with its moves; pause(): awaited now and then. */
  async edited(state, pause) {
    const [latent, moves] = [this.base(state), nonzero(state.moves)];
    if (!Object.keys(moves).length) return latent;
    return (await this.editing.edited(latent, state.label, moves, state.locks, { pause })).latent;
  }

  /* What the page shows of a state; see models.Model.answer. */
  async answer(state, rough, pause) {
    const { label, locks } = state;
    const [latent, moves] = [this.base(state), nonzero(state.moves)];
    const start = this.editing.cached(latent, label);
    let nodule = start;
    if (Object.keys(moves).length) {
      const origin = originOf(state);
      const last = rough && this.dragged.origin === origin ? this.dragged.nodule : null;
      nodule = await this.editing.edited(latent, label, moves, locks, { last, rough, pause });
      if (rough) this.dragged = { origin, nodule };
    }
    const { pixels, values, mask } = nodule;
    return { pixels, measured: brief(values), start: brief(start.values), outline: outlinePath(mask) };
  }

  /* Have the first move of a slider take no longer than others; called when there is nothing else to do. */
  async prepare() {
    if (this.prepared) return;
    this.prepared = true;
    const [nodule] = this.editing.cache.values();
    if (nodule) await nodule.gradient(this.attributes.filter(({ name }) => !Number.isNaN(nodule.values[name])));
  }

  /* [low, high], about how far an attribute gets within the limits of its slider; null if it cannot be measured. */
  async reach(state, name, pause) {
    const axis = this.sliders.find((each) => each.name === name);
    const latent = this.base(state);
    const start = this.editing.cached(latent, state.label).values[name];
    if (Number.isNaN(start)) return null;
    const ends = [start];
    for (const limit of [axis.low, axis.high]) {
      ends.push(await this.editing.farthest(latent, state.label, name, limit - start, state.locks, pause));
    }
    const measured = ends.filter((end) => !Number.isNaN(end));
    return [Math.min(...measured), Math.max(...measured)].map((end) => Number(end.toFixed(3)));
  }

  /* Frames of a closed loop through states. */
  async walk(states, steps, pause) {
    const latents = [];
    for (const state of states) latents.push(await this.edited(state, pause));
    const frames = [];
    for (let i = 0; i < states.length; i += 1) {
      const next = (i + 1) % states.length;
      const [from, to] = [this.oneHot(states[i].label), this.oneHot(states[next].label)];
      for (let step = 0; step < steps; step += 1) {
        const share = step / steps;
        const latent = spherical(latents[i], latents[next], share);
        const label = from.map((value, j) => value + share * (to[j] - value));
        frames.push(Uint8Array.from(grayLevels(this.network.run(Float32Array.from(latent), label))));
        await pause();
      }
    }
    return frames;
  }
}
