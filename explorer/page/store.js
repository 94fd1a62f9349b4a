/* What is generated now, and the way there.

   A state is what the engine makes an image of; an entry is {state, pixels, measured, start, outline, rough}. measured,
   start: attributes, also those of the nodule without moves. rough: an answer
   for a hand that still moves, which comes sooner and is less near to what the sliders ask for. Events: 'draft' when
   the state changes, 'shown' when another entry is on show, 'history' when the lists of entries change. */

import * as engine from './engine.js';
import { about } from './facts.js';
import { latest } from './requests.js';

const MOST = 300;  // entries that are kept; their pixels are in memory
const SOON = 800;  // milliseconds in which moves of one slider count as one

const BLANK = { model: 0, seed: 0, label: 0, latent: null, moves: {}, locks: [], truncation: 1 };

export const fresh = (model, seed = 0) => ({ ...BLANK, model, seed, locks: about.models[model].held });

const isMoved = ({ moves }) => Object.values(moves).some(Boolean);
const sameAs = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/* Words for an entry. */
export const named = ({ state }) => (state.latent ? 'found latent' : `seed ${Number(state.seed.toFixed(2))}`);

class Store extends EventTarget {
  constructor() {
    super();
    Object.assign(this, { draft: BLANK, shown: null, entries: [], at: -1, kept: [], pinned: null });
    this.last = ['', 0];  // the slider that moved last, and when
    this.make = latest((state, rough) => this.fetch(state, rough));
    this.queue = Promise.resolve();
  }

  notify(kind) {
    this.dispatchEvent(new Event(kind));
  }

  async answer(state, options) {
    const { pixels, measured, start, outline } = await engine.image(state, options);
    return { state, pixels, measured, start, outline, rough: Boolean(options.rough) };
  }

  /* The entry of a state that is not to be shown at once; such requests go one after the other. */
  later(state) {
    const entry = this.queue.then(() => this.answer(state, { later: true }));
    this.queue = entry.catch(() => {});
    return entry;
  }

  async fetch(state, rough) {
    try {
      const entry = await this.answer(state, { rough });
      if (this.settled === state && !rough) this.enter(entry);
      if (!this.left || this.draft === state) this.show(entry);
    } catch (error) {
      if (this.draft === state && this.shown) this.go(this.at);
      throw error;
    }
  }

  show(entry) {
    this.shown = entry;
    this.notify('shown');
  }

  /* Change some of the state; the image follows as fast as the engine can. */
  change(parts) {
    this.draft = { ...this.draft, ...parts };
    this.left = false;
    this.notify('draft');
    this.make(this.draft, isMoved(this.draft));
  }

  /* The hand has let go of what moved: the state becomes an entry of the history. */
  settle(mover = '') {
    this.settled = this.draft;
    this.mover = mover;
    if (this.shown && this.shown.state === this.draft && !this.shown.rough) this.enter(this.shown);
    else if (isMoved(this.draft)) this.make(this.draft, false);
  }

  enter(entry) {
    this.settled = null;
    const before = this.entries[this.at];
    if (before && sameAs(before.state, entry.state)) return;
    const now = performance.now();
    const goesOn = this.mover && this.mover === this.last[0] && now - this.last[1] < SOON && this.at > 0;
    this.last = [this.mover, now];
    this.entries = [...this.entries.slice(0, goesOn ? this.at : this.at + 1), entry].slice(-MOST);
    this.at = this.entries.length - 1;
    this.notify('history');
  }

  /* Open an entry of the history; its pixels are in memory. */
  go(at) {
    if (!this.entries[at]) return;
    this.at = at;
    this.open(this.entries[at]);
    this.notify('history');
  }

  open(entry) {
    this.draft = entry.state;
    this.left = true;  // what the engine still answers is not wanted
    this.settled = null;
    this.last = ['', 0];
    this.notify('draft');
    this.show(entry);
  }

  /* Go on from an entry as the newest of the history. */
  add(entry) {
    this.open(entry);
    this.mover = '';
    this.enter(entry);
  }

  /* Add an older entry before the history, or a newer one behind it, which is on show no more than before. */
  prepend(entry) {
    this.entries = [entry, ...this.entries];
    this.at += 1;
    this.notify('history');
  }

  append(entry) {
    this.entries = [...this.entries, entry];
    this.notify('history');
    return entry;
  }

  /* Keep an entry before the others. */
  keep(entry) {
    this.kept = [entry, ...this.kept];
    this.notify('history');
  }

  snap() {
    if (!this.shown || this.kept.includes(this.shown)) return;
    if (this.shown.rough) {
      this.addEventListener('shown', () => this.snap(), { once: true });
      return;
    }
    this.kept = [...this.kept, this.shown];
    this.notify('history');
  }

  drop(entry) {
    this.kept = this.kept.filter((other) => other !== entry);
    this.notify('history');
  }
}

export const store = new Store();
