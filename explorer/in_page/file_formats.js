/* Files that the page saves and opens: PNG, GIF, NPY, ZIP. Images are gray levels, Uint8Array, square. */

import { sideOf } from './images.js';
import { deflated, inflated } from './packed.js';
import { Refused } from './refused.js';

const bytesOf = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const textOf = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

function joined(...parts) {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => {
    result.set(part, at);
    return at + part.length;
  }, 0);
  return result;
}

/* Numbers of 2 or 4 bytes, one after the other. */
function numbers(little, ...pairs) {
  const view = new DataView(new ArrayBuffer(pairs.reduce((sum, [size]) => sum + size, 0)));
  pairs.reduce((at, [size, value]) => {
    if (size === 2) view.setUint16(at, value, little);
    else view.setUint32(at, value, little);
    return at + size;
  }, 0);
  return new Uint8Array(view.buffer);
}

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});
const crc = (bytes) => ~bytes.reduce((value, byte) => CRC[(value ^ byte) & 255] ^ (value >>> 8), -1) >>> 0;

/* Each pixel as a square of its own gray level. */
export function enlarged(pixels, factor) {
  const side = sideOf(pixels);
  const wide = side * factor;
  return Uint8Array.from({ length: wide * wide }, (_, at) => (
    pixels[Math.floor(at / wide / factor) * side + Math.floor((at % wide) / factor)]));
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

function chunk(name, content) {
  const body = joined(bytesOf(name), content);
  return joined(numbers(false, [4, content.length]), body, numbers(false, [4, crc(body)]));
}

/* A PNG; texts: {keyword: text}, which it holds compressed. */
export async function png(pixels, texts = {}) {
  const side = sideOf(pixels);
  const rows = new Uint8Array(side * (side + 1));  // each begins with its filter, 0
  for (let y = 0; y < side; y += 1) rows.set(pixels.subarray(y * side, (y + 1) * side), y * (side + 1) + 1);
  const notes = await Promise.all(Object.entries(texts).map(async ([keyword, text]) => (
    chunk('zTXt', joined(bytesOf(`${keyword}\0\0`), await deflated(bytesOf(text)))))));
  const header = joined(numbers(false, [4, side], [4, side]), Uint8Array.of(8, 0, 0, 0, 0));
  return joined(SIGNATURE, chunk('IHDR', header), ...notes, chunk('IDAT', await deflated(rows)),
    chunk('IEND', new Uint8Array(0)));
}

/* The text that a PNG holds under a keyword, or null. */
export async function pngText(bytes, keyword) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length;) {
    const [length, name] = [view.getUint32(at), textOf(bytes.subarray(at + 4, at + 8))];
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (name === 'zTXt' && textOf(content.subarray(0, keyword.length + 1)) === `${keyword}\0`) {
      return textOf(new Uint8Array(await inflated(content.subarray(keyword.length + 2))));
    }
    at += length + 12;
  }
  return null;
}

/* Gray levels of a square PNG. */
export async function pngPixels(bytes) {
  const picture = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none' });
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 === 0);
}

/* float32 numbers of a shape. */
export function npy(values, shape) {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length < 2 ? ',' : ''}), }`;
  const header = `${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`;
  return joined(Uint8Array.of(0x93), bytesOf('NUMPY\x01\x00'), numbers(true, [2, header.length]), bytesOf(header),
    new Uint8Array(Float32Array.from(values).buffer));
}

const TYPES = { '<f4': Float32Array, '<f8': Float64Array };

/* Rows of so many numbers; a Refused says why there are none. */
export function npyRows(bytes, length) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || textOf(bytes.subarray(1, 6)) !== 'NUMPY') throw new Refused('the file is no .npy file');
  const long = bytes[6] > 1;
  const begin = (long ? 12 : 10) + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = textOf(bytes.subarray(0, begin));
  const [, type] = header.match(/'descr': '([^']*)'/) || [];
  const [, shape] = header.match(/'shape': \(([^)]*)\)/) || [];
  const [count, width, ...rest] = (shape || '').split(',').filter((part) => part.trim()).map(Number);
  const Numbers = TYPES[type];
  if (!Numbers || header.includes("'fortran_order': True")) {
    throw new Refused('the file holds no float32 or float64 numbers, row by row');
  }
  if (width !== length || rest.length) {
    throw new Refused(`the file has the shape (${shape}); latents of this network are (N, ${length})`);
  }
  const content = bytes.slice(begin);
  if (content.length !== count * width * Numbers.BYTES_PER_ELEMENT) throw new Refused('the file is cut off');
  const values = new Numbers(content.buffer);
  const rows = Array.from({ length: count }, (_, i) => (
    Array.from(Float32Array.from(values.subarray(i * width, (i + 1) * width)))));
  if (!rows.length || !rows.every((row) => row.every(Number.isFinite) && row.some(Boolean))) {
    throw new Refused('the file holds no latents, or some that are zero or no numbers');
  }
  return rows;
}

/* The codes of a GIF's pixels, 8 bits each (Lempel, Ziv, Welch), in blocks. */
function compressed(pixels) {
  const [CLEAR, END, MOST] = [256, 257, 4096];
  const bytes = [];
  let [held, bits] = [0, 0];
  let [codes, size] = [new Map(), 9];
  const put = (code) => {
    held |= code << bits;
    for (bits += size; bits >= 8; bits -= 8, held >>>= 8) bytes.push(held & 255);
  };
  put(CLEAR);
  let before = pixels[0];
  for (let i = 1; i < pixels.length; i += 1) {
    const pair = before * 256 + pixels[i];
    if (codes.has(pair)) {
      before = codes.get(pair);
      continue;
    }
    put(before);
    before = pixels[i];
    const next = END + 1 + codes.size;
    if (next < MOST) {
      codes.set(pair, next);
      if (next === 1 << size) size += 1;
    } else {
      put(CLEAR);
      [codes, size] = [new Map(), 9];
    }
  }
  put(before);
  if (codes.size && END + 1 + codes.size === 1 << size && size < 12) size += 1;
  put(END);
  if (bits) bytes.push(held & 255);
  const blocks = [Uint8Array.of(8)];
  for (let at = 0; at < bytes.length; at += 255) {
    const block = bytes.slice(at, at + 255);
    blocks.push(Uint8Array.of(block.length, ...block));
  }
  return joined(...blocks, Uint8Array.of(0));
}

/* A GIF of frames that are shown for so many seconds each, again and again. */
export function gif(frames, seconds) {
  const side = sideOf(frames[0]);
  const palette = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  const delay = Math.max(Math.round(100 * seconds), 2);
  const screen = joined(numbers(true, [2, side], [2, side]), Uint8Array.of(0xf7, 0, 0), palette);
  const pictures = frames.flatMap((frame) => [
    Uint8Array.of(0x21, 0xf9, 4, 0), numbers(true, [2, delay]), Uint8Array.of(0, 0, 0x2c),
    numbers(true, [2, 0], [2, 0], [2, side], [2, side]), Uint8Array.of(0), compressed(frame),
  ]);
  const again = joined(Uint8Array.of(0x21, 0xff, 11), bytesOf('NETSCAPE2.0'), Uint8Array.of(3, 1, 0, 0, 0));
  return joined(bytesOf('GIF89a'), screen, again, ...pictures, Uint8Array.of(0x3b));
}

/* A ZIP archive, not compressed, of [[name, bytes]]. */
export function zip(files) {
  const DATE = 33;  // 1 January 1980, the first
  let at = 0;
  const parts = files.map(([name, content]) => {
    const common = joined(numbers(true, [2, 20], [2, 0], [2, 0], [2, 0], [2, DATE], [4, crc(content)], [4, content.length],
      [4, content.length], [2, name.length], [2, 0]));
    const local = joined(numbers(true, [4, 0x04034b50]), common, bytesOf(name), content);
    const entry = joined(numbers(true, [4, 0x02014b50], [2, 20]), common,
      numbers(true, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]), bytesOf(name));
    at += local.length;
    return { local, entry };
  });
  const directory = joined(...parts.map(({ entry }) => entry));
  const end = numbers(true, [4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length],
    [4, directory.length], [4, at], [2, 0]);
  return joined(...parts.map(({ local }) => local), directory, end);
}
