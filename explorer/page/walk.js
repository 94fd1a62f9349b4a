/* The tab of walks: a loop through 2 to 8 nodules. */

import { windowOf } from './about.js';
import { at, number, write } from './dom.js';
import * as engine from './engine.js';
import { scale } from './files.js';
import { paint, thumb } from './pictures.js';
import { mark, slider } from './sliders.js';
import { fresh, named, store } from './store.js';
import { guarded, latest, save } from './requests.js';

const MOST = 8;

let stops = [];
let frames = [];
let steps = 16;
let seconds = 1;  // from one stop to the next
let playing = false;
let startTime = 0;  // when the loop would have shown its first frame
let latestRequest = 0;

const body = () => ({ stops: stops.map(({ state }) => state), steps });

function place(which) {
  if (!frames.length) return;
  paint(at('walk-canvas'), frames[which], windowOf(stops[0].state));
  at('walk-at').value = which;
  mark(at('walk-at'), 0);
  write('walk-where', `${which + 1} / ${frames.length}`);
}

function tick(now) {
  if (!playing) return;
  const perFrame = (1000 * seconds) / steps;
  place(Math.floor(Math.max(now - startTime, 0) / perFrame) % frames.length);
  requestAnimationFrame(tick);
}

function play(is) {
  playing = is && frames.length > 0;
  at('walk-play').textContent = playing ? 'Pause' : 'Play';
  at('walk-play').setAttribute('aria-pressed', String(playing));
  if (!playing) return;
  startTime = performance.now() - (Number(at('walk-at').value) * 1000 * seconds) / steps;
  requestAnimationFrame(tick);
}

const makeFrames = latest(async (mine) => {
  const made = await engine.walk(body());
  if (mine !== latestRequest) return;
  frames = made;
  at('walk-at').max = frames.length - 1;
  ['walk-at', 'walk-play', 'walk-gif', 'walk-zip'].forEach((id) => { at(id).disabled = false; });
  at('panel-walk').classList.remove('busy');
  place(Math.min(Number(at('walk-at').value), frames.length - 1));
  play(!at('panel-walk').hidden && !matchMedia('(prefers-reduced-motion: reduce)').matches);
});

function remake() {
  latestRequest += 1;
  if (stops.length < 2) {
    play(false);
    frames = [];
    ['walk-at', 'walk-play', 'walk-gif', 'walk-zip'].forEach((id) => { at(id).disabled = true; });
    write('walk-where', '');
    if (stops[0]) paint(at('walk-canvas'), stops[0].pixels, windowOf(stops[0].state));
    return;
  }
  at('panel-walk').classList.add('busy');
  makeFrames(latestRequest);
}

function add(entry) {
  if (stops.length >= MOST) return;
  if (stops[0] && stops[0].state.model !== entry.state.model) stops = [];
  stops = [...stops, entry];
  draw();
  remake();
}

function draw() {
  write('walk-count', `${stops.length} of ${MOST}`);
  at('walk-stops').replaceChildren(...stops.map((entry, i) => (
    thumb(entry.pixels, windowOf(entry.state), `${named(entry)}: remove it`, () => {
      stops = stops.filter((_, other) => other !== i);
      draw();
      remake();
    }))));
  const seen = [...store.kept, ...store.entries].filter(({ state }) => state.model === store.draft.model);
  const choices = seen.filter((entry, i) => seen.indexOf(entry) === i).slice(-40);
  at('walk-choices').replaceChildren(...choices.map((entry) => {
    const button = thumb(entry.pixels, windowOf(entry.state), `${named(entry)}: add it`, () => add(entry));
    button.disabled = stops.length >= MOST;
    return button;
  }));
}

async function fetchFile(kind) {
  save(await engine.walkFile(kind, { ...body(), seconds: seconds * stops.length }, scale()));
}

export function build() {
  at('walk-play').addEventListener('click', () => play(!playing));
  at('walk-at').addEventListener('input', () => {
    play(false);
    place(Number(at('walk-at').value));
  });
  at('walk-seeds').addEventListener('submit', guarded(async (event) => {
    event.preventDefault();
    const seed = Number(at('walk-seed').value);
    at('walk-seed').value = seed + 1;
    add(await store.later(fresh(store.draft.model, seed)));
  }));
  at('walk-settings').append(
    slider({
      name: 'from one nodule to the next', low: 0.2, high: 4, step: 0.1, value: seconds,
      format: (value) => `${number(value, 1)} s`,
      moved: (value) => {
        seconds = value;
        if (playing) play(true);
      },
    }).row,
    slider({
      name: 'frames between two nodules', low: 4, high: 60, step: 1, value: steps, format: (value) => number(value),
      settled: (value) => {
        steps = value;
        remake();
      },
    }).row,
  );
  at('walk-gif').addEventListener('click', guarded(() => fetchFile('gif')));
  at('walk-zip').addEventListener('click', guarded(() => fetchFile('zip')));
  store.addEventListener('history', draw);
}

export function enter() {
  draw();
  if (!stops.length && store.shown) paint(at('walk-canvas'), store.shown.pixels, windowOf(store.shown.state));
  play(frames.length > 0);
}

export const leave = () => play(false);
