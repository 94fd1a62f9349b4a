/* Keys and forms. */

import { at } from './dom.js';
import { ask } from './server.js';

/* The button that Space presses, where the page waits for the reader. */
function waiting() {
  return [at('go-on'), at('next'), at('begin')].find((button) => button.offsetParent !== null);
}

/* Have keys work: a View, answer(1 to 6) and undo(). */
export function onKeys(view, answer, undo) {
  const once = { Backspace: undo, u: undo };
  const often = {
    '+': () => view.zoomBy(1.25),
    '=': () => view.zoomBy(1.25),
    '-': () => view.zoomBy(0.8),
    0: () => view.reset(),
    ArrowLeft: () => view.setWindow(view.level, view.width - 50),
    ArrowRight: () => view.setWindow(view.level, view.width + 50),
    ArrowUp: () => view.setWindow(view.level + 25, view.width),
    ArrowDown: () => view.setWindow(view.level - 25, view.width),
  };

  function doer(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const digit = /^(?:Digit|Numpad)([1-6])$/.exec(event.code);  // wherever a keyboard has its digits
    if (key === ' ' || key === 'Enter') {
      const button = event.target.closest('button') ? null : waiting();  // the browser presses the button that has the focus
      return button && (event.repeat ? () => {} : () => button.click());
    }
    if (digit || once[key]) {
      return event.repeat ? () => {} : once[key] || (() => answer(Number(digit[1])));
    }
    return at('reading').hidden ? null : often[key];
  }

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, summary')) return;
    const act = doer(event);
    if (!act) return;
    event.preventDefault();
    act();
  });
  /* A button that was clicked keeps the focus, and Space would press it again for the next case. */
  document.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (button && event.detail) button.blur();
  });
}

/* Send a form; shows a refusal beside it, and calls done(reply) on success. */
export function onSubmit(id, path, body, done) {
  const form = at(id);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const problem = form.querySelector('.problem');
    problem.textContent = '';
    try {
      const values = body(new FormData(form));
      const reply = await ask(path, values);
      localStorage.setItem('reader', values.name);
      await done(reply);
    } catch (error) {
      problem.textContent = `${error.message || 'There is no connection to the server; try again'}.`;
    }
  });
}
