/* The tab of files: what is saved, the command that makes it again, and what is loaded. */

import { model, windowOf } from './about.js';
import { at, make, write } from './dom.js';
import * as engine from './engine.js';
import { buildScales, dropPlace, scale } from './files.js';
import { startAnew } from './memory.js';
import { diameter } from './generate.js';
import { paint } from './pictures.js';
import { read, written } from './session.js';
import { fresh, named, store } from './store.js';
import { guarded, latest, save } from './requests.js';

const MOST = 4;  // megabytes
const ROWS = 50;  // of latents that are opened

const command = latest(async () => {
  const parts = (await engine.command(store.draft)).split(' ');
  const spans = parts.map((part) => make('span', { textContent: part }));  // lines break between words alone
  at('command').replaceChildren(...spans.flatMap((span, i) => (i ? [' ', span] : [span])));
});

/* Open the rows of latents, the first one last, so that it is on show; those of a saved picture for its weights. */
async function openLatents(file) {
  const { model: which, label, latents } = await engine.latents(store.draft.model, file);
  const rows = latents.slice(0, ROWS).reverse();
  for (const latent of rows) store.add(await store.later({ ...fresh(which), label, latent }));
  const more = latents.length > ROWS ? `, the first ${ROWS} of ${latents.length}` : '';
  return `${rows.length} ${rows.length === 1 ? 'latent is' : 'latents are'} in the history now${more}.`;
}

/* Open a file that was saved here. */
async function load(file) {
  write('load-status', 'Loading.');
  try {
    if (/\.(npy|png)$/i.test(file.name)) {
      write('load-status', await openLatents(file));
    } else {
      const count = await read(await file.text(), file.name);
      write('load-status', `The session is loaded: ${count} ${count === 1 ? 'nodule' : 'nodules'}.`);
    }
  } catch (error) {
    write('load-status', '');
    throw error;
  }
  enter();
}

async function copy() {
  getSelection().selectAllChildren(at('command'));
  const done = await navigator.clipboard.writeText(at('command').textContent).then(() => true, () => false);
  write('command-status', done ? 'Copied.' : 'The command is selected: press Ctrl C.');
}

/* Open a file that was dropped somewhere else. */
export const open = guarded(load);

export function build() {
  document.querySelectorAll('[data-save]').forEach((button) => button.addEventListener('click', guarded(async () => {
    const { save: kind } = button.dataset;
    save(await engine.saved(kind, store.draft, scale()));
  })));
  at('session-save').addEventListener('click', () => (
    save(new File([written()], 'session.json', { type: 'application/json' }))));
  at('command-copy').addEventListener('click', copy);
  at('session-clear').addEventListener('click', () => {
    if (confirm('Forget the history and everything that was kept?')) startAnew();
  });
  buildScales();
  dropPlace('load-drop', MOST, load);
}

export function enter() {
  write('command-status', '');
  if (!store.shown) return;
  paint(at('save-canvas'), store.shown.pixels, windowOf());
  write('save-caption', [model().name, named(store.shown), diameter(store.shown)].filter(Boolean).join(', '));
  command();
}
