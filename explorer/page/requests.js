/* Requests to the server, and messages when they fail. */

import { at, write } from './dom.js';
import { ask, Refused } from './server.js';

const AGAIN = 300;  // milliseconds between looks whether something has been computed

let hiding;
let lost = false;  // is the server out of reach?

/* Show a message over everything else, for some seconds. */
export function showMessage(message, seconds = 8) {
  const text = `${message[0].toUpperCase()}${message.slice(1)}`;
  write('trouble', /[.!?]$/.test(text) ? text : `${text}.`);
  at('trouble').hidden = false;
  clearTimeout(hiding);
  if (seconds < Infinity) hiding = setTimeout(() => { at('trouble').hidden = true; }, 1000 * seconds);
}

function gone(message) {
  if (message) throw new Refused(message);  // it is there and cannot do this: no use to ask again
  lost = true;
  showMessage('The server does not answer. Trying again; nothing is lost', Infinity);
}

/* server.ask, again and again while there is no server; what it refuses is thrown as a Refused with its sentence. */
export async function request(path, body, longest) {
  const answer = await ask(path, body, gone, longest);
  if (lost) {
    lost = false;
    at('trouble').hidden = true;
  }
  return answer;
}

export const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/* The answer to a request that takes long: it is repeated until the answer is there. */
export async function computed(path) {
  for (;;) {
    const answer = await request(path);
    if (!answer.pending) return answer;
    await pause(AGAIN);
  }
}

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
