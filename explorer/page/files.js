/* Places where a file is dropped or chosen, and how large pictures are saved. */

import { at, make } from './dom.js';
import { Refused } from './refused.js';
import { guarded } from './requests.js';

const MEGABYTE = 2 ** 20;
const SCALES = [1, 4];

let chosen = SCALES[0];

/* How many times pictures are enlarged that are saved. */
export const scale = () => chosen;

/* Buttons for it, on every tab that saves pictures. */
export function buildScales() {
  document.querySelectorAll('.scales').forEach((holder) => {
    holder.setAttribute('role', 'group');
    holder.setAttribute('aria-label', 'Size of saved pictures');
    holder.append(...SCALES.map((value) => {
      const button = make('button', { value, textContent: `${value}\u00d7` });
      button.title = value === 1 ? 'Pixels as they are' : `Each pixel as a square of ${value}\u00d7${value}`;
      button.setAttribute('aria-pressed', String(value === chosen));
      button.addEventListener('click', () => {
        chosen = value;
        document.querySelectorAll('.scales button').forEach((each) => (
          each.setAttribute('aria-pressed', String(Number(each.value) === chosen))));
      });
      return button;
    }));
  });
}

/* id: of a label with a file input; take(file) is called for a file of at most so many megabytes. */
export function dropPlace(id, most, take) {
  const place = at(id);
  const input = place.querySelector('input');
  const load = guarded(async (file) => {
    if (!file) return;
    if (file.size > most * MEGABYTE) throw new Refused(`"${file.name}" is larger than ${most} MB`);
    await take(file);
  });
  input.addEventListener('change', async () => {
    await load(input.files[0]);
    input.value = '';
  });
  const over = (is) => (event) => {
    event.preventDefault();
    place.classList.toggle('over', is);
  };
  place.addEventListener('dragover', over(true));
  place.addEventListener('dragleave', over(false));
  place.addEventListener('drop', (event) => {
    over(false)(event);
    load(event.dataTransfer.files[0]);
  });
}
