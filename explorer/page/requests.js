/* Work that may fail or be overtaken by newer work, and messages. */

import { at, write } from './dom.js';
import { Refused } from './refused.js';

let hiding;

/* Show a message over everything else, for some seconds. */
export function showMessage(message, seconds = 8) {
  const text = `${message[0].toUpperCase()}${message.slice(1)}`;
  write('trouble', /[.!?]$/.test(text) ? text : `${text}.`);
  at('trouble').hidden = false;
  clearTimeout(hiding);
  if (seconds < Infinity) hiding = setTimeout(() => { at('trouble').hidden = true; }, 1000 * seconds);
}

export const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/* A function that does the work and shows a message when it fails; unforeseen errors go to the console, too. */
export const guarded = (work) => async (...args) => {
  try {
    return await work(...args);
  } catch (error) {
    if (!(error instanceof Refused)) console.error(error);
    showMessage(error.message);
    return undefined;
  }
};

/* A function that does the work with its arguments; of the calls while it runs only the newest waits, the others are
   dropped. */
export function latest(work) {
  let waiting = null;
  let running = null;
  const run = guarded(work);
  async function go() {
    await null;  // calls in the same moment count, too
    while (waiting) {
      const args = waiting;
      waiting = null;
      await run(...args);
    }
    running = null;
  }
  return (...args) => {
    waiting = args;
    running = running || go();
    return running;
  };
}

/* Gray levels, uint8, from their letters in base64 and back. */
export const decode = (letters) => Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
export const encode = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

/* Have the browser save a File under its name. */
export function save(file) {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  Object.assign(link, { href: address, download: file.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
