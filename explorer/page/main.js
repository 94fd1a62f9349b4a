/* The tabs of the explorer, and its keys. */

import { about, learn, real } from './about.js';
import { at, make } from './dom.js';
import * as draw from './draw.js';
import * as engine from './engine.js';
import * as generate from './generate.js';
import { buildKeys, showKeys } from './keys.js';
import * as map from './map.js';
import * as memory from './memory.js';
import * as project from './project.js';
import * as save from './save.js';
import { store } from './store.js';
import { guarded } from './requests.js';
import { windowKeys } from './viewers.js';
import * as walk from './walk.js';

const TABS = { generate, walk, project, draw, map, save };
let names = [];  // of those that the engine serves, in their order
const EVERYWHERE = { '?': showKeys, ...windowKeys };
let open = '';

/* Open a tab; its module is entered, and the one before is left. */
export function show(name) {
  if (open === name) return;
  const before = TABS[open];
  open = name;
  names.forEach((each) => {
    at(`panel-${each}`).hidden = each !== name;
    at(`tab-${each}`).setAttribute('aria-selected', String(each === name));
    at(`tab-${each}`).tabIndex = each === name ? 0 : -1;
  });
  document.body.dataset.tab = name;
  at('models').hidden = name === 'draw' || about.models.length < 2;  // where they would change nothing
  memory.remember();
  scrollTo(0, 0);
  if (before && before.leave) before.leave();
  if (TABS[name].enter) TABS[name].enter();
}

function buildTabs() {
  at('tabs').append(...names.map((name, i) => {
    const button = make('button', { id: `tab-${name}`, role: 'tab', 'aria-controls': `panel-${name}` },
      make('kbd', { textContent: i + 1 }), ` ${name[0].toUpperCase()}${name.slice(1)}`);
    button.addEventListener('click', () => show(name));
    return button;
  }));
  at('tabs').addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    const next = names[(names.indexOf(open) + by + names.length) % names.length];
    show(next);
    at(`tab-${next}`).focus();
  });
}

function listen() {
  document.addEventListener('keydown', (event) => {
    const written = event.target.closest('input:not([type=range]), select, textarea, pre, dialog');
    const key = event.key.toLowerCase();
    const third = event.getModifierState('AltGraph');  // as for brackets on many keyboards
    if (written || (event.altKey && !third)) return;
    let act;
    if (!third && (event.ctrlKey || event.metaKey)) {
      if (key === 'z') act = event.shiftKey ? generate.redo : generate.undo;
      if (key === 'y') act = generate.redo;
    } else {
      act = names[key - 1] ? () => show(names[key - 1]) : EVERYWHERE[key] || (open === 'generate' && generate.keys[key]);
    }
    if (!act) return;
    event.preventDefault();
    act();
  });
  /* A file that misses its place would otherwise replace the page; one that was saved here opens. */
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    const [file] = event.defaultPrevented ? [] : event.dataTransfer.files;
    event.preventDefault();
    if (file) save.open(file);
  });
  let { model } = store.draft;
  store.addEventListener('draft', () => {
    if (model === store.draft.model) return;
    model = store.draft.model;
    if (TABS[open].enter) TABS[open].enter();
  });
  document.addEventListener('open-tab', (event) => show(event.detail));
}

guarded(async () => {
  await learn(generate.renew);
  document.querySelectorAll('.adjective').forEach((word) => { word.textContent = real(); });
  names = await engine.tabs();
  buildTabs();
  names.forEach((name) => TABS[name].build());
  buildKeys(names.length);
  listen();
  memory.begin((name) => show(names.includes(name) ? name : 'generate'), () => open);
})();
