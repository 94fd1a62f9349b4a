/* Buttons for the window and the zoom of a View. */

import { at, number, write } from './dom.js';

/* Windows [name, least HU, most HU] to choose from, and zoom. */
export function buildTools(presets, view) {
  at('presets').append(...presets.map(([name, least, most]) => {
    const [level, width] = [(least + most) / 2, most - least];
    const button = document.createElement('button');
    const limits = document.createElement('small');
    limits.textContent = `${number(least)} to ${number(most)}`;
    button.append(name[0].toUpperCase() + name.slice(1), limits);
    Object.assign(button.dataset, { level, width });
    button.addEventListener('click', () => {
      view.setWindow(level, width);
      view.settle();
    });
    return button;
  }));
  at('zoom-in').addEventListener('click', () => view.zoomBy(1.25));
  at('zoom-out').addEventListener('click', () => view.zoomBy(0.8));
  at('zoom-all').addEventListener('click', () => view.reset());
}

/* Show a number in a field, unless somebody is typing there, or as text. */
function showNumber(id, value) {
  const place = at(id);
  if (place.type !== 'number') write(id, number(value));
  else if (document.activeElement !== place) place.value = Math.round(value);
}

/* What a View tells of its window and zoom. */
export function onChange({ level, width, zoom }) {
  showNumber('level', level);
  showNumber('width', width);
  write('zoom', `${zoom.toFixed(1)}\u00d7`);
  at('presets').querySelectorAll('button').forEach((button) => {
    const same = Number(button.dataset.level) === level && Number(button.dataset.width) === width;
    button.setAttribute('aria-pressed', String(same));
  });
}
