/* Regions, distances and filters of square images as SciPy has them; masks are Uint8Array of 0 and 1, row by row. */

export const sideOf = (image) => Math.round(Math.sqrt(image.length));
export const count = (mask) => mask.reduce((sum, value) => sum + value, 0);

/* Regions of a mask whose pixels hang together, along edges or also along diagonals: {regions: Int32Array of their
   numbers from 1, 0 outside; sizes: by number}. */
export function label(mask, diagonal = false) {
  const side = sideOf(mask);
  const regions = new Int32Array(mask.length);
  const sizes = [0];
  const stack = [];
  for (let begin = 0; begin < mask.length; begin += 1) {
    if (!mask[begin] || regions[begin]) continue;
    const number = sizes.push(0) - 1;
    regions[begin] = number;
    stack.push(begin);
    while (stack.length) {
      const at = stack.pop();
      sizes[number] += 1;
      const [y, x] = [Math.floor(at / side), at % side];
      for (let i = 0; i < 9; i += 1) {
        const [down, right] = [Math.floor(i / 3) - 1, (i % 3) - 1];
        if (!diagonal && down && right) continue;
        const inside = y + down >= 0 && y + down < side && x + right >= 0 && x + right < side;
        const other = at + down * side + right;
        if (inside && mask[other] && !regions[other]) {
          regions[other] = number;
          stack.push(other);
        }
      }
    }
  }
  return { regions, sizes };
}

/* What is within so many steps of a mask, along edges or also along diagonals. */
export function dilated(mask, steps, diagonal = false) {
  const side = sideOf(mask);
  let now = mask;
  for (let step = 0; step < steps; step += 1) {
    const before = now;
    now = before.slice();
    for (let at = 0; at < mask.length; at += 1) {
      if (!before[at]) continue;
      const [y, x] = [Math.floor(at / side), at % side];
      for (let i = 0; i < 9; i += 1) {
        const [down, right] = [Math.floor(i / 3) - 1, (i % 3) - 1];
        if (!diagonal && down && right) continue;
        if (y + down >= 0 && y + down < side && x + right >= 0 && x + right < side) now[at + down * side + right] = 1;
      }
    }
  }
  return now;
}

/* Pixels of a mask with a neighbor along an edge that is not in it, or outside of the image. */
export function outlineOf(mask) {
  const side = sideOf(mask);
  return mask.map((value, at) => {
    const [y, x] = [Math.floor(at / side), at % side];
    const inner = y > 0 && y < side - 1 && x > 0 && x < side - 1
      && mask[at - side] && mask[at + side] && mask[at - 1] && mask[at + 1];
    return value && !inner ? 1 : 0;
  });
}

/* {distance, nearest}: how far a pixel is from the nearest one of a mask that is not empty, and the place of that one;
   for each of the places. */
export function distancesTo(mask, places) {
  const side = sideOf(mask);
  const there = [];
  mask.forEach((inside, at) => {
    if (inside) there.push([Math.floor(at / side), at % side, at]);
  });
  return places.map((place) => {
    const [y, x] = [Math.floor(place / side), place % side];
    let [least, nearest] = [Infinity, -1];
    for (const [row, column, at] of there) {
      const square = (row - y) * (row - y) + (column - x) * (column - x);
      if (square < least) [least, nearest] = [square, at];
    }
    return { distance: Math.sqrt(least), nearest };
  });
}

/* A Gaussian filter, borders mirrored, cut off at 4 standard deviations. */
export function blurred(image, deviation) {
  const side = sideOf(image);
  const radius = Math.floor(4 * deviation + 0.5);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / deviation) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const places = Int32Array.from({ length: side + 2 * radius }, (_, i) => {
    const place = (((i - radius) % (2 * side)) + 2 * side) % (2 * side);
    return place < side ? place : 2 * side - 1 - place;
  });
  const filtered = (from, across, along) => {
    const result = new Float64Array(from.length);
    for (let line = 0; line < side; line += 1) {
      for (let at = 0; at < side; at += 1) {
        let total = 0;
        for (let i = 0; i < weights.length; i += 1) total += weights[i] * from[line * across + places[at + i] * along];
        result[line * across + at * along] = total / sum;
      }
    }
    return result;
  };
  return filtered(filtered(image, 1, side), side, 1);
}

/* The border of a mask along the pixels' edges, as the path of an SVG. */
export function outlinePath(mask) {
  const side = sideOf(mask);
  const inside = (y, x) => (y >= 0 && y < side && x >= 0 && x < side ? mask[y * side + x] : 0);
  const parts = [];
  ['h', 'v'].forEach((letter) => {
    const edge = (line, at) => (letter === 'h' ? inside(line, at) !== inside(line - 1, at)
      : inside(at, line) !== inside(at, line - 1));
    for (let line = 0; line <= side; line += 1) {
      for (let at = 0; at < side; at += 1) {
        if (!edge(line, at)) continue;
        const begin = at;
        while (at < side && edge(line, at)) at += 1;
        parts.push(`M${letter === 'h' ? `${begin} ${line}` : `${line} ${begin}`}${letter}${at - begin}`);
      }
    }
  });
  return parts.join('');
}
