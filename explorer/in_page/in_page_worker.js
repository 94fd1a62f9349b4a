/* The worker of the page: answers one question after the other, images first, also in the middle of what takes long. */

import { Service } from './in_page_service.js';
import { Refused } from './refused.js';

const URGENT = ['image', 'draw'];  // others let them go first

const questions = [];
let service = null;
let working = false;

const isUrgent = ({ name }) => URGENT.includes(name);
const breath = () => new Promise((resolve) => {  // so that messages come in
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    resolve();
  };
  port2.postMessage(null);
});

async function answer({ number, name, values }) {
  try {
    postMessage({ number, answer: await service[name](...values) });
  } catch (error) {
    postMessage({ number, [error instanceof Refused ? 'refused' : 'failed']: error.message });
  }
}

/* Called by what takes long, now and then. */
async function pause() {
  await breath();
  for (;;) {
    const next = questions.findIndex(isUrgent);
    if (next < 0) return;
    const { pause: outer } = service;
    service.pause = breath;  // what is urgent is not interrupted
    await answer(...questions.splice(next, 1));
    service.pause = outer;
  }
}

async function work() {
  if (working) return;
  working = true;
  while (questions.length) {
    const next = Math.max(questions.findIndex(isUrgent), 0);
    const [question] = questions.splice(next, 1);
    service.pause = isUrgent(question) ? breath : pause;
    await answer(question);
    if (!questions.length) await breath();
    if (!questions.length) await service.prepare();
  }
  working = false;
}

addEventListener('message', ({ data }) => {
  if (data.name === 'open') {
    service = new Service(...data.values);
    postMessage({ number: data.number });
    return;
  }
  questions.push(data);
  work();
});
