/* What a page asks its server. */

import { Refused } from './refused.js';

const WAITS = [500, 1000, 2000, 4000];  // milliseconds before the next try
const LONGEST = 15000;  // milliseconds until a try counts as lost, where nothing else is said

async function once(path, body, longest) {
  const ends = new AbortController();
  const timer = setTimeout(() => ends.abort(), longest);
  const options = { signal: ends.signal, credentials: 'same-origin', cache: 'no-store' };
  if (body) {
    const file = body instanceof Blob;
    const type = file ? 'application/octet-stream' : 'application/json';
    Object.assign(options, {
      method: 'POST', body: file ? body : JSON.stringify(body), headers: { 'Content-Type': type },
    });
  }
  try {
    const answer = await fetch(path, options);
    if (answer.ok) {
      const [, name] = (answer.headers.get('Content-Disposition') || '').match(/filename="([^"]*)"/) || [];
      if (name) return new File([await answer.blob()], name);
      return (answer.headers.get('Content-Type') || '').includes('json') ? await answer.json()
        : new Uint8Array(await answer.arrayBuffer());
    }
    const words = (await answer.json().catch(() => ({}))).error || `the server answers ${answer.status}`;
    throw answer.status < 500 ? new Refused(words) : new Error(words);
  } catch (error) {
    if (error instanceof TypeError || error.name === 'AbortError') throw new Error('');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/* JSON, bytes, or a File that the server names, from a path; with a body, an object or a file, it is posted. Tries again until the server answers
   or refuses; lost(words) is told before each further try, '' where there was no answer at all. longest: milliseconds
   until a try counts as lost. */
export async function ask(path, body, lost, longest = LONGEST) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await once(path, body, longest);
    } catch (error) {
      if (error instanceof Refused || !lost) throw error;
      lost(error.message);
      await new Promise((resolve) => { setTimeout(resolve, WAITS[Math.min(tries, WAITS.length - 1)]); });
    }
  }
}
