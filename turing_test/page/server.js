/* What the page asks its server. Nothing here knows what a verdict means. */

const WAITS = [500, 1000, 2000, 4000];  // milliseconds before the next try
const LONGEST = 15000;  // milliseconds until a try counts as lost

/* The server understood and says no, in a sentence. */
export class Refused extends Error {}

async function once(path, body) {
  const ends = new AbortController();
  const timer = setTimeout(() => ends.abort(), LONGEST);
  const options = { signal: ends.signal, credentials: 'same-origin', cache: 'no-store' };
  if (body) {
    Object.assign(options, {
      method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' },
    });
  }
  try {
    const answer = await fetch(path, options);
    if (answer.ok) {
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

/* JSON, or bytes, from a path; with a body it is posted. Tries again until the server answers or refuses;
   lost(words) is told before each further try, '' where there was no answer at all. */
export async function ask(path, body, lost) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await once(path, body);
    } catch (error) {
      if (error instanceof Refused || !lost) throw error;
      lost(error.message);
      await new Promise((resolve) => { setTimeout(resolve, WAITS[Math.min(tries, WAITS.length - 1)]); });
    }
  }
}
