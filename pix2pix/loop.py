"""The life of a pix2pix run: epochs, logs, pictures and snapshots."""

import collections
import time

import numpy as np

from common import images, log
from tfutil import tf
from training import snapshots
from training.optimizers import Diverged, check_finite, save_finite


class Loop:
    """Where a run is: `number` steps done. validation: (inputs, targets) for the pictures."""

    def __init__(self, cfg, trainer, validation, run, restored):
        self.cfg, self.trainer, self.validation, self.run = cfg, trainer, validation, run
        self.path, states, state = restored
        self.per_epoch = len(trainer.inputs) // min(cfg.minibatch, len(trainer.inputs))
        self.number, self.begin, self.total = 0, time.time(), cfg.epochs * self.per_epoch
        if self.path:
            self.number, self.begin = int(state['number']), self.begin - float(state['elapsed'])
            trainer.load(states, state)
            run.log('going on from %s' % self.path)
        else:
            trainer.initialise()
        snapshots.tidy(run.path, self.path, state)
        run.rewind(self.number / self.per_epoch, 'epoch')
        self.saved, self.terms, self.tick_begin = self.number if self.path else None, [], time.time()
        self.writer = tf.summary.FileWriter(run.path)

    @property
    def epoch(self):
        return self.number // self.per_epoch

    def networks(self):
        return self.trainer.G, self.trainer.D

    def iterate(self):
        """One step; after an epoch what is due is logged and saved."""
        found = self.trainer.train(self.number)
        self.number += 1
        self.terms.append(found)
        check_finite(found)
        if self.number % self.per_epoch == 0:
            self.tick()
            self.picture()
            if self.epoch % self.cfg.snapshot_epochs == 0:
                self.save()

    def tick(self):
        """A line of the log, a row of log.csv and a point of TensorBoard's curves."""
        now = time.time()
        row = collections.OrderedDict(epoch=self.epoch, seconds=round(now - self.begin, 1))
        row['sec_per_epoch'] = round(now - self.tick_begin, 2)
        for name in self.terms[0]:
            row[name] = round(float(np.mean([term[name] for term in self.terms])), 6)
        self.tick_begin, self.terms = now, []
        self.run.tick(row)
        points = [tf.Summary.Value(tag=name, simple_value=value) for name, value in row.items()]
        self.writer.add_summary(tf.Summary(value=points), self.number)
        self.writer.flush()
        self.run.log('  '.join('%s %g' % pair for pair in row.items()))

    def picture(self):
        """Input, target and what G makes, side by side; gray beside colour is shown as colour."""
        inputs, targets = self.validation
        shown = [inputs, targets, self.trainer.sample(inputs)]
        if 3 in [x.shape[1] for x in shown]:
            shown = [np.repeat(x, 3 // x.shape[1], axis=1) for x in shown]
        path = self.run.file('fakes%06d.png' % self.epoch)
        images.save(path, images.grid(np.concatenate(shown, axis=3), 4), durable=True)

    def save(self):
        state = dict(number=self.number, elapsed=time.time() - self.begin, **self.trainer.optimizer_values())
        self.path = self.run.save(self.epoch, lambda path: save_finite(path, self.networks()), state)
        self.saved = self.number

    def close(self):
        self.writer.close()
        if self.run.pictures():
            images.animate(self.run.file('training.gif'), map(images.read, self.run.pictures()[-100:]), durable=True)


def fit(cfg, trainer, validation, run, restored, stop):
    """Train until cfg.epochs or a signal; the number of the signal, or None.

    restored: (path of a snapshot, states, moments and counters) or Nones. stop: signals.Stop.
    """
    loop = Loop(cfg, trainer, validation, run, restored)
    try:
        with log.progress(total=loop.total, initial=loop.number, unit='step') as bar:
            while loop.number < loop.total and not stop.number:
                loop.iterate()
                bar.update(1)
        if loop.saved != loop.number:
            loop.save()
    except Diverged as error:
        raise ValueError(
            '%s: the training has diverged in epoch %d (%s); the last good snapshot is %s; start again with another '
            '--seed or a smaller --lrate' % (run.path, loop.epoch, error, loop.path or 'none')
        ) from None
    finally:
        loop.close()
    if loop.number < loop.total:
        print('saved as %s; go on with: python -m pix2pix train --resume %s' % (loop.path, run.path))
        return stop.number
    run.complete(loop.path)
    return None
