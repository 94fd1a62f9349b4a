/* Attributes of the nodule in the middle of an image, and how they change with its pixels; as metrics/nodules.py and
   explorer/measure.py. Lengths are in mm where a model says how large a pixel is, else in pixels; densities in HU or
   gray levels. NaN: there is none. */

import { blurred, count, dilated, distancesTo, label, outlineOf, sideOf } from './images.js';

export class Measure {
  /* rules: the thresholds of the Python modules by name; outlines: an Outlines. */
  constructor(rules, outlines) {
    Object.assign(this, { rules, outlines });
  }

  /* {values: {attribute: number}, mask} of gray levels, of a model {window, mm, attributes}; rough: as of
     Outlines.probabilities. */
  measure(pixels, { window, mm, attributes }, rough = false) {
    const { rules } = this;
    const side = sideOf(pixels);
    const mask = this.outline(pixels, window, rough);
    const area = count(mask);
    const values = Object.fromEntries(attributes.map(({ name }) => [name, NaN]));
    if (!area) return { values, mask };
    const scale = mm || 1;
    let [row, column, sum] = [0, 0, 0];
    mask.forEach((inside, at) => {
      if (!inside) return;
      row += Math.floor(at / side);
      column += at % side;
      sum += pixels[at];
    });
    const found = {
      diameter: () => 2 * Math.sqrt(area / Math.PI) * scale,
      mean: () => (window ? toDensity(sum / area, window) : sum / area),
      x: () => (column / area - (side - 1) / 2) * scale,
      y: () => (row / area - (side - 1) / 2) * scale,
      wall: () => this.wallDistance(pixels, mask, window) * scale,
      solid: () => {
        const smooth = blurred(pixels, rules.smoothing);
        return count(mask.map((inside, at) => (inside && smooth[at] >= toGray(rules.solid, window) ? 1 : 0))) / area;
      },
    };
    attributes.forEach(({ kind, name }) => { values[name] = found[kind](); });
    return { values, mask };
  }

  /* The mask of the nodule, empty where there is none. */
  outline(pixels, window, rough) {
    const { rules } = this;
    const probabilities = this.outlines.probabilities(pixels, window, rough);
    const mask = partInMiddle(Uint8Array.from(probabilities, (share) => (share > 0.5 ? 1 : 0)), rules.near);
    const hu = Float32Array.from(pixels, (gray) => toDensity(gray, window || this.outlines.window));
    return contrast(hu, mask, rules) < rules.contrast ? new Uint8Array(mask.length) : mask;
  }

  /* The chest wall beside a nodule. */
  wall(pixels, mask, window) {
    const threshold = toGray(this.rules.soft, window);
    const soft = mask.map((inside, at) => (pixels[at] > threshold && !inside ? 1 : 0));
    const side = sideOf(mask);
    const { regions, sizes } = label(soft);
    const border = new Set();
    for (let i = 0; i < side; i += 1) {
      [i, (side - 1) * side + i, i * side, i * side + side - 1].forEach((at) => border.add(regions[at]));
    }
    return soft.map((_, at) => (
      regions[at] && border.has(regions[at]) && sizes[regions[at]] >= this.rules.wall * mask.length ? 1 : 0));
  }

  /* Pixels from the mask to the wall. */
  wallDistance(pixels, mask, window) {
    const wall = this.wall(pixels, mask, window);
    if (!count(wall)) return NaN;
    const nearest = Math.min(...distancesTo(wall, placesOf(outlineOf(mask))).map(({ distance }) => distance));
    return nearest > 1.5 ? nearest - 1 : 0;
  }

  /* [K][R * R]: change of attributes per gray level of each pixel. */
  gradients(pixels, mask, attributes, { window, mm }) {
    const { rules } = this;
    const area = count(mask);
    if (!area) return attributes.map(() => new Float32Array(pixels.length));
    const side = sideOf(pixels);
    const scale = mm || 1;
    const near = dilated(mask, rules.near_outline);
    const density = window ? perGray(window) : 1;
    const mean = pixels.reduce((sum, gray, at) => sum + mask[at] * gray, 0) / area;
    const place = (at) => ({ x: (at % side) * scale, y: Math.floor(at / side) * scale });
    const centre = (axis) => mask.reduce((sum, inside, at) => sum + inside * place(at)[axis], 0) / area;
    const moved = (axis) => {
      const middle = centre(axis);
      return (at) => ((place(at)[axis] - middle) / area) * near[at];
    };
    const kinds = attributes.map(({ kind }) => kind);
    const places = kinds.includes('wall') ? this.nearestPlaces(pixels, mask, window) : null;
    const weights = {
      diameter: () => (at) => (scale / Math.sqrt(Math.PI * area)) * near[at],
      x: () => moved('x'),
      y: () => moved('y'),
      mean: () => (at) => (((pixels[at] - mean) * density) / area) * near[at],
      wall: () => (at) => -scale * places.outline[at],
    };
    const fill = (value) => Float32Array.from(pixels, (_, at) => value(at));
    const byOutline = kinds.filter((kind) => kind in weights);
    const gradients = this.outlines.gradients(pixels, byOutline.map((kind) => fill(weights[kind]())), window);
    const crossing = (level) => (at) => Math.exp(-0.5 * ((pixels[at] - level) / rules.softness) ** 2)
      / (rules.softness * Math.sqrt(2 * Math.PI));
    return kinds.map((kind) => {
      const by = byOutline.indexOf(kind);
      const result = by < 0 ? new Float32Array(pixels.length) : gradients[by];
      if (kind === 'mean') return result.map((value, at) => value + (mask[at] / area) * density);
      if (kind === 'solid') {
        const more = crossing(toGray(rules.solid, window));
        return fill((at) => (more(at) * mask[at]) / area);
      }
      if (kind === 'wall') {
        const more = crossing(toGray(rules.soft, window));
        return result.map((value, at) => value - scale * more(at) * places.wall[at] * (1 - mask[at]));
      }
      return result;
    });
  }

  /* {wall, outline}: by how many pixels the distance to the wall falls per pixel that these gain. */
  nearestPlaces(pixels, mask, window) {
    const { close, spread } = this.rules;
    const result = { wall: new Float32Array(mask.length), outline: new Float32Array(mask.length) };
    const wall = this.wall(pixels, mask, window);
    if (!count(wall)) return result;
    const outline = placesOf(outlineOf(mask));
    const nearest = distancesTo(wall, outline);
    const least = Math.min(...nearest.map(({ distance }) => distance));
    const shares = nearest.map(({ distance }) => Math.exp((least - distance) / close));
    const sum = shares.reduce((total, share) => total + share, 0);
    outline.forEach((at, i) => {
      result.wall[nearest[i].nearest] += shares[i] / sum;
      result.outline[at] += shares[i] / sum;
    });
    const along = spread * Math.sqrt(2 * Math.PI);
    Object.keys(result).forEach((name) => { result[name] = blurred(result[name], spread).map((value) => along * value); });
    return result;
  }
}

const placesOf = (mask) => Array.from(mask, (inside, at) => (inside ? at : -1)).filter((at) => at >= 0);
const perGray = ([low, high]) => (high - low) / 255;
const toGray = (hu, [low, high]) => ((hu - low) * 255) / (high - low);
const toDensity = (gray, window) => gray * perGray(window) + window[0];

/* The region of a mask that lies nearest to the middle; none that is farther than a share of the width. */
function partInMiddle(mask, near) {
  const side = sideOf(mask);
  const middle = (side - 1) / 2;
  let [nearest, least] = [-1, Infinity];
  mask.forEach((inside, at) => {
    const distance = Math.hypot(Math.floor(at / side) - middle, (at % side) - middle);
    if (inside && distance < least) [nearest, least] = [at, distance];
  });
  if (least > near * side) return new Uint8Array(mask.length);
  const { regions } = label(mask);
  return mask.map((_, at) => (regions[at] === regions[nearest] ? 1 : 0));
}

/* Mean HU in a mask minus the median of the aerated lung round it; infinite where there is none. */
function contrast(hu, mask, { round, aerated }) {
  const [inner, outer] = round.map((steps) => dilated(mask, steps, true));
  const lung = hu.filter((value, at) => outer[at] && !inner[at] && value < aerated).sort();
  if (!lung.length) return Infinity;
  const half = lung.length >> 1;
  const median = lung.length % 2 ? lung[half] : (lung[half - 1] + lung[half]) / 2;
  return hu.reduce((sum, value, at) => sum + mask[at] * value, 0) / count(mask) - median;
}
