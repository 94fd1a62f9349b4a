/* What the page asks its server, and what it says when that goes wrong. */

import { at, write } from './dom.js';
import { ask, Refused } from './server.js';

const AGAIN = 300;  // milliseconds between looks whether something has been computed

let hiding;
let lost = false;  // is the server out of reach?

/* Say a sentence over everything else, for some seconds. */
export function say(words, seconds = 8) {
  const text = `${words[0].toUpperCase()}${words.slice(1)}`;
  write('trouble', /[.!?]$/.test(text) ? text : `${text}.`);
  at('trouble').hidden = false;
  clearTimeout(hiding);
  if (seconds < Infinity) hiding = setTimeout(() => { at('trouble').hidden = true; }, 1000 * seconds);
}

function gone(words) {
  if (words) throw new Refused(words);  // it is there and cannot do this: no use to ask again
  lost = true;
  say('The server does not answer. Trying again; nothing is lost', Infinity);
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

/* What takes the server long, asked for again and again until it is there. */
export async function computed(path) {
  for (;;) {
    const answer = await request(path);
    if (!answer.pending) return answer;
    await pause(AGAIN);
  }
}

/* A function that does the work and says what went wrong; what nobody foresaw goes to the console, too. */
export const guarded = (work) => async (...given) => {
  try {
    return await work(...given);
  } catch (error) {
    if (!(error instanceof Refused)) console.error(error);
    say(error.message);
    return undefined;
  }
};

/* A function that does the work with what it is given; while that runs, the newest that is given waits, and what came
   between is dropped. */
export function latest(work) {
  let waiting = null;
  let running = null;
  const run = guarded(work);
  async function go() {
    await null;  // what is given in the same moment counts as between, too
    while (waiting) {
      const given = waiting;
      waiting = null;
      await run(...given);
    }
    running = null;
  }
  return (...given) => {
    waiting = given;
    running = running || go();
    return running;
  };
}

/* Gray levels, uint8, from their letters in base64 and back. */
export const decode = (letters) => Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
export const encode = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

/* Have the browser save bytes as a file. */
export function save(bytes, name, type) {
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  const link = document.createElement('a');
  Object.assign(link, { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
