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

/* {distances, nearest}: how far each pixel is from the nearest one of a mask that is not empty, and the place of that
   one: the distance transform of Felzenszwalb and Huttenlocher (2012), columns and then rows. */
export function distanceTo(mask) {
  const side = sideOf(mask);
  const above = new Int32Array(mask.length).fill(-1);  // row of the nearest one in this column, or -1
  for (let x = 0; x < side; x += 1) {
    for (let y = 0; y < side; y += 1) {
      for (let gap = 0; gap < side && above[y * side + x] < 0; gap += 1) {
        if (y - gap >= 0 && mask[(y - gap) * side + x]) above[y * side + x] = y - gap;
        else if (y + gap < side && mask[(y + gap) * side + x]) above[y * side + x] = y + gap;
      }
    }
  }
  const nearest = new Int32Array(mask.length);
  const distances = Float64Array.from(mask, (_, at) => {
    const [y, x] = [Math.floor(at / side), at % side];
    let least = Infinity;
    for (let gap = 0; gap < side && gap * gap < least; gap += 1) {
      for (const other of gap ? [x - gap, x + gap] : [x]) {
        const row = other >= 0 && other < side ? above[y * side + other] : -1;
        const square = (row - y) ** 2 + gap * gap;
        if (row >= 0 && square < least) {
          least = square;
          nearest[at] = row * side + other;
        }
      }
    }
    return Math.sqrt(least);
  });
  return { distances, nearest };
}

/* A Gaussian filter, borders mirrored, cut off at 4 standard deviations; along rows and columns. */
export function blurred(image, deviation) {
  const side = sideOf(image);
  const radius = Math.floor(4 * deviation + 0.5);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / deviation) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const mirror = (at) => {
    const place = ((at % (2 * side)) + 2 * side) % (2 * side);
    return place < side ? place : 2 * side - 1 - place;
  };
  const along = (from, place) => Float64Array.from(from, (_, at) => (
    weights.reduce((total, weight, i) => total + (weight / sum) * from[place(at, i - radius)], 0)));
  const down = along(image, (at, by) => mirror(Math.floor(at / side) + by) * side + (at % side));
  return along(down, (at, by) => Math.floor(at / side) * side + mirror((at % side) + by));
}

/* The border of a mask along the pixels' edges, as the path of an SVG. */
export function outlinePath(mask) {
  const side = sideOf(mask);
  const inside = (y, x) => (y >= 0 && y < side && x >= 0 && x < side ? mask[y * side + x] : 0);
  const parts = [];
  ['h', 'v'].forEach((letter) => {
    const edge = (line, at) => (letter === 'h' ? inside(line, at) !== inside(line - 1, at) : inside(at, line) !== inside(at, line - 1));
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
