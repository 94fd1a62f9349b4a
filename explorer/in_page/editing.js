/* Latents whose nodule is larger or denser by so much, while locked attributes stay as they are: the search of
   explorer/editing.py, by the same rules. */

import { Refused } from './refused.js';
import { count } from './images.js';
import { RandomState } from './random.js';
import { dot, greatCircle, norm, scaled, sum, tangent, unit } from './sphere.js';

const CACHED = 16;  // nodules from which edits began
const DEGREE = Math.PI / 180;

const ALONE = 2;  // the step that is tried alone where gradients had to be computed before
const INHERITED = 4;  // steps of a drag until gradients are computed anew

const keyOf = (attributes) => attributes.map(({ name }) => name).join();
const known = (value) => !Number.isNaN(value);

/* A latent, its pixels, the mask and attributes of its nodule, and the gradients computed so far. */
class Nodule {
  constructor(model, label, latent, pixels, { values, mask }) {
    Object.assign(this, { model, label, latent, pixels, values, mask, computed: {}, steps: 0 });
  }

  /* Take over the gradients of the Nodule before, from which a step led here, corrected by what the step did (Broyden's
     update); now and then they are computed anew. */
  inherit(before, attributes) {
    this.steps = before.steps + 1;
    if (this.steps > INHERITED) return;
    const way = tangent(sum(unit(this.latent), unit(before.latent), -1), this.latent);
    const names = keyOf(attributes);
    this.computed[names] = before.computed[names].map((row, i) => {
      const { name, tolerance } = attributes[i];
      const change = (this.values[name] - before.values[name]) / tolerance;
      return tangent(sum(row, way, (change - dot(row, way)) / dot(way, way)), this.latent);
    });
  }

  /* Are gradients of attributes computed? */
  has(attributes) {
    return keyOf(attributes) in this.computed;
  }

  /* [K][L]: the change of attributes, in tolerances, with the unit latent, on the sphere. pause(): awaited in its middle. */
  async gradient(attributes, pause = () => {}) {
    const names = keyOf(attributes);
    if (!this.has(attributes)) {
      const { model, label, latent, pixels, mask } = this;
      const byPixels = model.measure.gradients(pixels, mask, attributes, model);
      await pause();  // not later: the gradients are those of the last image of the network
      model.output(latent, label);
      const length = norm(latent);
      this.steps = 0;
      this.computed[names] = model.network.back(byPixels).map((gradient, i) => (
        scaled(tangent(gradient, latent), (127.5 * length) / attributes[i].tolerance)));
    }
    return this.computed[names];
  }
}

/* What is asked for and held; differences are in tolerances. */
class Goal {
  constructor(attributes, values, moves, rules) {
    Object.assign(this, { attributes, rules });
    this.asked = attributes.map(({ name }) => Boolean(moves[name]));
    this.weights = this.asked.map((is) => (is ? 1 : rules.held_weight));
    this.values = attributes.map(({ name }) => values[name] + (moves[name] || 0));
  }

  missing(nodule) {
    return this.attributes.map(({ name, tolerance }, i) => (this.values[i] - nodule.values[name]) / tolerance);
  }

  /* The differences, weighted. */
  left(nodule) {
    return this.missing(nodule).map((value, i) => this.weights[i] * value);
  }

  /* The largest difference of what is held. */
  slip(nodule) {
    return Math.max(0, ...this.missing(nodule).filter((_, i) => !this.asked[i]).map(Math.abs));
  }

  reached(nodule, enough) {
    if (!this.asked.some(Boolean)) return this.slip(nodule) < 1;
    return norm(this.missing(nodule).filter((_, i) => this.asked[i])) < enough && this.slip(nodule) < this.rules.slack;
  }
}

const wallOf = ({ values }) => values.wall_mm ?? values.wall_px ?? NaN;

/* Is a nodule still there, as clear of the chest wall as at the start, and the wall as much in view? */
function isAllowed(start, nodule) {
  const [before, now] = [wallOf(start), wallOf(nodule)];
  return count(nodule.mask) > 0 && known(before) === known(now) && !(now === 0 && before > 0);
}

/* Eigenvectors of a symmetric matrix [K][K] by Jacobi's rotations: [[value, vector]]. */
function eigen(matrix) {
  const size = matrix.length;
  const a = matrix.map((row) => Array.from(row));
  const vectors = a.map((_, i) => a.map((__, j) => Number(i === j)));
  for (let round = 0; round < 50; round += 1) {
    let rest = 0;
    for (let i = 0; i < size; i += 1) {
      for (let j = i + 1; j < size; j += 1) {
        rest += a[i][j] ** 2;
        if (!a[i][j]) continue;
        const ratio = (a[j][j] - a[i][i]) / (2 * a[i][j]);
        const t = (ratio >= 0 ? 1 : -1) / (Math.abs(ratio) + Math.sqrt(ratio * ratio + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < size; k += 1) [a[k][i], a[k][j]] = [c * a[k][i] - s * a[k][j], s * a[k][i] + c * a[k][j]];
        for (let k = 0; k < size; k += 1) [a[i][k], a[j][k]] = [c * a[i][k] - s * a[j][k], s * a[i][k] + c * a[j][k]];
        vectors.forEach((row) => { [row[i], row[j]] = [c * row[i] - s * row[j], s * row[i] + c * row[j]]; });
      }
    }
    if (rest < 1e-24) break;
  }
  return a.map((row, i) => [row[i], vectors.map((vector) => vector[i])]);
}

/* A step for each damping by which gradient [K][L] leads to differences [K]: J^T (J J^T + damping)^-1 left. */
function stepsTo(gradient, left, { dampings, longest }) {
  const pairs = eigen(gradient.map((row) => gradient.map((other) => dot(row, other))));
  const largest = Math.max(...pairs.map(([value]) => value));
  return dampings.map((damping) => {
    const weights = left.map(() => 0);
    pairs.forEach(([value, vector]) => {
      const factor = dot(vector, left) / (Math.max(value, 0) + damping * damping * largest + 1e-30);
      vector.forEach((part, k) => { weights[k] += factor * part; });
    });
    const step = gradient.reduce((total, row, k) => sum(total, row, weights[k]), new Float64Array(gradient[0].length));
    return scaled(step, Math.min(1, longest / Math.max(norm(step), 1e-9)));
  });
}

/* Edits of one model: {axes {sefa}, attributes, name, network, measure, output(latent, label), pixels(latent, label)};
   rules: the numbers of the Python module. */
export class Editing {
  constructor(model, rules) {
    Object.assign(this, { model, rules, cache: new Map() });
  }

  /* rough: measured roughly, see Measure.measure. */
  nodule(latent, label, rough = false) {
    const { model } = this;
    const pixels = model.pixels(latent, label);
    return new Nodule(model, label, latent, pixels, model.measure.measure(pixels, model, rough));
  }

  /* A nodule that was measured roughly, as it is. */
  exactly({ label, latent, pixels }) {
    const { model } = this;
    return new Nodule(model, label, latent, pixels, model.measure.measure(pixels, model));
  }

  /* The same; while a slider is dragged the search begins at the same one again and again. */
  cached(latent, label) {
    const key = `${label} ${latent.join()}`;
    if (!this.cache.has(key)) {
      if (this.cache.size >= CACHED) this.cache.clear();
      this.cache.set(key, this.nodule(latent, label));
    }
    return this.cache.get(key);
  }

  /* The Nodule near a latent whose attributes differ by moves, {name: change}; those in locks stay. last: one to begin at, or
     null; rounds: steps at most; pause(): awaited now and then. */
  async edited(latent, label, moves, locks, { last = null, rough = false, rounds = this.rules.rounds, pause = () => {} } = {}) {
    const { model, rules } = this;
    const names = model.attributes.map(({ name }) => name);
    const directions = Object.keys(moves).filter((name) => !names.includes(name)).sort();
    const strange = locks.find((name) => !names.includes(name));
    if (strange) throw new Refused(`${model.name} has no axis ${strange} to lock`);
    const along = directions.reduce((total, name) => sum(total, this.direction(name), DEGREE * moves[name]),
      new Float64Array(latent.length));
    const start = greatCircle(latent, tangent(along, latent));
    const wanted = model.attributes.filter(({ name }) => moves[name] || locks.includes(name));
    if (!wanted.length) return this.cached(start, label);
    let nodule = this.cached(latent, label);
    const lost = wanted.find(({ name }) => name in moves && !known(nodule.values[name]));
    if (lost) throw new Refused(`the ${lost.title} of this nodule cannot be measured, nor changed`);
    const goal = new Goal(wanted.filter(({ name }) => known(nodule.values[name])), nodule.values, moves, rules);
    if (directions.length) nodule = this.cached(start, label);
    const options = { rounds: rough ? 1 : rounds, enough: rough ? rules.roughly : rules.enough, rough, pause };
    return this.search(nodule, directions.length ? nodule : last || nodule, label, goal, options);
  }

  /* The direction that sefa1, sefa2, ... names. */
  direction(name) {
    const { sefa } = this.model.axes;
    const which = sefa.findIndex((_, i) => name === `sefa${i + 1}`);
    const names = this.model.attributes.map((each) => each.name).join(', ');
    if (which < 0) throw new Refused(`${this.model.name} has no axis ${name}; its axes are ${names}`);
    return sefa[which];
  }

  /* The Nodule near `start` at which a goal is about reached, by steps that are all allowed, from there or `last`.
     rough: which of a few steps is best is measured roughly. */
  async search(start, last, label, goal, { rounds, enough, rough, pause }) {
    const { rules } = this;
    const slack = Math.max(rules.slack, goal.slip(start));
    const distance = (nodule) => (
      isAllowed(start, nodule) && goal.slip(nodule) <= slack ? norm(goal.left(nodule)) : Infinity);
    const nearer = (one, other) => (distance(other) < distance(one) ? other : one);
    const nearest = async (origin, steps) => {
      const isRough = rough && steps.length > 1;
      const tried = [];
      for (const step of steps) {
        tried.push(this.nodule(greatCircle(origin.latent, step), label, isRough));
        await pause();
      }
      const best = tried.reduce(nearer);
      return isRough ? this.exactly(best) : best;
    };
    const random = new RandomState(0);
    let nodule = nearer(start, last);
    let best = nodule;
    let before = null;
    let length = 1;
    for (let round = 0; round < rounds; round += 1) {
      if (goal.reached(nodule, enough)) return nodule;
      const left = goal.left(nodule);
      const isNew = rough && !nodule.has(goal.attributes);  // then one step is tried, for the sake of time
      let gradient = (await nodule.gradient(goal.attributes, pause)).map((row, k) => scaled(row, goal.weights[k]));
      if (![...left, ...gradient.map(norm)].every(Number.isFinite)) break;
      if (before) {  // Broyden's update: what the last step did corrects what the gradient leaves out
        const way = tangent(sum(unit(nodule.latent), unit(before.latent), -1), nodule.latent);
        const was = goal.left(before);
        gradient = gradient.map((row, k) => sum(row, way, (was[k] - left[k] - dot(row, way)) / dot(way, way)));
      }
      if (length < rules.shortest) {
        const around = rules.shares.map(() => random.normals(best.latent.length));
        const tried = await nearest(best, around.map((each) => scaled(unit(tangent(each, best.latent)), rules.hop)));
        if (distance(tried) < Infinity) [nodule, before, length] = [tried, null, 1];
      } else {
        const steps = stepsTo(gradient, left, rules).map((step, i) => scaled(step, length * rules.shares[i]))
          .filter((_, i) => !isNew || i === ALONE);
        const tried = await nearest(nodule, steps);
        if (distance(tried) < norm(left)) {
          if (rough) tried.inherit(nodule, goal.attributes);
          [nodule, before, length] = [tried, nodule, Math.min(2 * length, 1)];
        } else {
          if (nodule.steps) nodule.computed = {};  // what was taken over may be the reason
          [before, length] = [null, length / 3];
        }
      }
      best = nearer(best, nodule);
    }
    return goal.reached(nodule, enough) ? nodule : best;
  }

  /* The value of an attribute about as near to a change of it as `edited` gets. */
  async farthest(latent, label, name, change, locks, pause) {
    let nodule = null;
    for (const share of this.rules.reach) {
      nodule = await this.edited(latent, label, { [name]: share * change }, locks,
        { last: nodule, rounds: this.rules.reach_rounds, pause });
    }
    return nodule.values[name];
  }
}
