/* What the page asks its worker, and the order of the work; as explorer/explorer_service.py. */

import { enlarged, gif, npy, npyRows, png, pngPixels, pngText, zip } from './file_formats.js';
import { InPageModel } from './in_page_model.js';
import { sideOf } from './images.js';
import { Measure } from './measure.js';
import { Outlines } from './outlines.js';
import { unpacked } from './packed.js';
import { Painter } from './in_page_painter.js';
import { Refused } from './refused.js';

const KEYWORD = 'nodule';  // of the text in a PNG, as sampling/latent_png.py
const SAME = 1;  // mean difference, in gray levels, below which two images are the same on different chips
const MOST_STEPS = 60;

const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
const ofBase64 = (letters) => Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
const isPng = (bytes) => [0x89, 0x50, 0x4e, 0x47].every((byte, i) => bytes[i] === byte);
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'"'"'`)}'`);

export class Service {
  /* facts: of about(); the others are texts that hold networks, see packed.js. */
  constructor(facts, outlines, weights, pix2pix) {
    Object.assign(this, { facts, texts: { outlines, weights, pix2pix }, models: [], pause: async () => {} });
  }

  /* A model by its number, which is made when it is needed first. */
  async model(index) {
    const { facts, texts } = this;
    if (!facts.models[index]) throw new Refused(`there is no model ${index} here`);
    if (!this.measure) {
      this.measure = unpacked(texts.outlines).then((network) => new Measure(facts.rules, new Outlines(network)));
    }
    if (!this.models[index]) {
      this.models[index] = Promise.all([unpacked(texts.weights[index]), this.measure]).then(([network, measure]) => {
        texts.weights[index] = null;
        return new InPageModel(facts.models[index], network, measure, facts.rules);
      });
    }
    return this.models[index];
  }

  async image(state, { rough }) {
    return (await this.model(state.model)).answer(state, rough, this.pause);
  }

  /* Prepare what will be asked for next. */
  async prepare() {
    await Promise.all((await Promise.all(this.models.filter(Boolean))).map((model) => model.prepare()));
  }

  async reach(state, axis) {
    return (await this.model(state.model)).reach(state, axis, this.pause);
  }

  async walk({ stops, steps }) {
    if (stops.length < 2 || stops.length > 8 || stops.some(({ model }) => model !== stops[0].model) || steps > MOST_STEPS) {
      throw new Refused('a walk goes through 2 to 8 nodules of one model');
    }
    return (await this.model(stops[0].model)).walk(stops, steps, this.pause);
  }

  async walkFile(kind, { stops, steps, seconds }, scale) {
    const frames = (await this.walk({ stops, steps })).map((frame) => enlarged(frame, scale));
    const name = this.fileName(stops);
    if (kind === 'gif') {
      return { content: gif(frames, seconds / frames.length), name: `${name}.gif`, type: 'image/gif' };
    }
    const files = await Promise.all(frames.map(async (frame, i) => (
      [`frame_${String(i).padStart(3, '0')}.png`, await png(frame)])));
    return { content: zip(files), name: `${name}.zip`, type: 'application/zip' };
  }

  /* The model, its class, and the seeds of states as part of the name of a file. */
  fileName(states) {
    const { name, labels, classes } = this.facts.models[states[0].model];
    const seeds = states.map(({ latent, seed }) => (latent ? 'latent' : Number(seed.toFixed(3))));
    const words = [name, ...(labels ? [classes[states[0].label]] : []), 'seed'].join('-');
    return words.replace(/[^\w.-]/g, '_') + seeds.join('-');
  }

  /* {model, latent, nodule, name} of a state; name: of its file, without its ending. */
  async named(state) {
    const model = await this.model(state.model);
    const latent = await model.edited(state, this.pause);
    const nodule = model.editing.cached(latent, state.label);
    const { name: key, unit } = model.attributes.find(({ kind }) => kind === 'diameter');
    const diameter = nodule.values[key];
    const size = Number.isNaN(diameter) ? '' : `-${diameter.toFixed(1)}${unit}`;
    return { model, latent, nodule, name: this.fileName([state]) + size };
  }

  async saved(kind, state, scale) {
    const { model, latent, nodule, name } = await this.named(state);
    const type = 'application/octet-stream';
    if (kind === 'latents') return { content: npy(latent, [1, latent.length]), name: `${name}-latents.npy`, type };
    if (kind === 'raw') {
      return { content: npy(model.output(latent, state.label), [1, 1, model.size, model.size]), name: `${name}.npy`, type };
    }
    const origin = {
      model: model.file, latent: base64(new Uint8Array(Float32Array.from(latent).buffer)), label: state.label,
      window: model.window, mm_per_pixel: model.mm ? model.mm / scale : null,
    };
    const content = await png(enlarged(nodule.pixels, scale), { [KEYWORD]: JSON.stringify(origin) });
    return { content, name: `${name}.png`, type: 'image/png' };
  }

  async command(state) {
    const { model, name } = await this.named(state);
    const label = model.labels ? ['--label', model.classes[state.label]] : [];
    const words = ['python', '2-inference.py', '--model', model.file, '--latents', `${name}-latents.npy`, ...label];
    return words.map(quoted).join(' ');
  }

  async latents(index, bytes) {
    if (isPng(bytes)) return this.pictured(index, bytes);
    return { model: index, label: 0, latents: npyRows(bytes, this.facts.models[index].latent) };
  }

  /* The latent of a picture that was saved, for the model that makes the same image. */
  async pictured(index, bytes) {
    const text = await pngText(bytes, KEYWORD).catch(() => null);
    if (text === null) throw new Refused('the picture holds no latent; only PNG files that the explorer saved do');
    let origin;
    let latent;
    try {
      origin = JSON.parse(text);
      latent = Float64Array.from(new Float32Array(ofBase64(origin.latent).buffer));
    } catch (error) {
      throw new Refused('the picture holds a latent that is damaged; save it again in the explorer');
    }
    const pixels = await pngPixels(bytes);
    const { models } = this.facts;
    const candidates = models.map((_, i) => i).filter((i) => models[i].file === origin.model)
      .sort((a, b) => (b === index) - (a === index));
    for (const i of candidates) {
      const model = await this.model(i);
      if (latent.length === model.latentSize && latent.some(Boolean) && isImage(model, latent, origin.label, pixels)) {
        return { model: i, label: origin.label, latents: [Array.from(latent)] };
      }
    }
    throw new Refused(`the picture was made with other weights, ${origin.model}`);
  }

  async painter() {
    const { facts, texts } = this;
    if (!facts.pix2pix) throw new Refused('no network draws here');
    this.drawing = this.drawing || unpacked(texts.pix2pix).then((network) => new Painter(network));
    return this.drawing;
  }

  async draw(mask, samples, seed) {
    return (await this.painter()).draw(mask, samples, seed, this.pause);
  }

  async stamp(shape, diameter, seed) {
    return (await this.painter()).stamp(shape, diameter, seed);
  }
}

/* Is a picture, which may be enlarged, the image of a latent? */
function isImage(model, latent, label, pixels) {
  if (label >= Math.max(model.labels, 1)) return false;
  const times = Math.max(Math.round(sideOf(pixels) / model.size), 1);
  const image = enlarged(model.pixels(latent, label), times);
  if (image.length !== pixels.length) return false;
  return image.reduce((sum, gray, i) => sum + Math.abs(gray - pixels[i]), 0) / image.length < SAME;
}
