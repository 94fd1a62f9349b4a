/* Places where a file is dropped or chosen. */

import { at } from './dom.js';
import { Refused } from './server.js';
import { guarded } from './requests.js';

const MEGABYTE = 2 ** 20;

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
