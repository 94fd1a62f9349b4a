"""The life of a run of progressive growing: from the first image, or a snapshot, to the last one."""

import time

import numpy as np

from common import log
from training import optimizers, overfit, plan, schedule, signals, snapshots
from training.monitor import Monitor

SKIPPED_AT_MOST = 10  # iterations in a row with an update that was not finite


class TrainingLoop:
    """Where a run is: `number` iterations done, `shown` real images shown, in which phase.

    run: the open run folder, or None for a worker that does not write. restored: what snapshots.restore found there.
    start: (weights, a line about them) of a run that begins. stop: signals.Stop.
    """

    def __init__(self, trainer, run, restored, start, stop):
        cfg, data = trainer.cfg, trainer.data
        self.cfg, self.data, self.run, self.total = cfg, data, run, max(int(round(cfg.total_kimg * 1000)), 1)
        self.trainer, self.stop = trainer, stop
        self.saved, state = restored
        self.number, self.shown, elapsed, self.phase = 0, 0, 0.0, schedule.phase(0, cfg, data.top)
        if self.saved:
            self.number, self.shown, elapsed = int(state['number']), int(state['shown']), float(state['elapsed'])
            self.phase = schedule.Phase(int(state['level']), float(state['lod']), int(state['minibatch']))
            if self.phase.level > data.top or self.phase.minibatch != schedule.minibatch_at(self.phase.level, cfg):
                words = '%s: its state does not fit the schedule of run.json; start a new run, with --transfer %s'
                raise ValueError(words % (self.saved, self.saved))
        self.cost = self._build(state, start)
        self.work, self.pace = self._seconds(), plan.Pace()
        self.begin = time.time() - elapsed
        self.new_tick()
        self.skipped_in_a_row, self.save_is_due = 0, False
        self.saved_shown = self.shown if self.saved else None
        self.monitor = self.bar = None
        if run:
            snapshots.tidy(run.path, *restored)
            run.rewind(self.shown / 1000)
            self.monitor = Monitor(run, self.trainer)
            self.monitor.picture(self.shown, self.phase.level)
            form = '{desc}{percentage:3.0f}%|{bar}| {elapsed}<{remaining}'
            done = self.work.sum() - self.work_left()
            self.bar = log.progress(total=self.work.sum(), initial=done, bar_format=form)
            if self.saved:
                self.measure()

    def _build(self, state, start):
        """Build the steps of all levels to come and set the weights; seconds of an image, {level: seconds}."""
        write, trainer, cfg = self.run.log if self.run else (lambda line: None), self.trainer, self.cfg
        levels = {level for level in schedule.phases(cfg, self.data.top) if level > self.phase.level}
        found, levels = {}, sorted(levels | {self.phase.level})
        count = '%d resolutions' % len(levels) if levels[1:] else 'one resolution'
        write('building the steps of %s, and running each once' % count)
        for level in log.progress(levels, desc='building', unit='resolution', leave=False):
            size, minibatch = 2**level, schedule.minibatch_at(level, cfg)
            seconds, step = trainer.prepare(level, minibatch, self.stop.number)
            found[level] = step / (minibatch * cfg.D_repeats)
            if self.asked():
                write('nothing was trained yet')
                raise signals.Stopped(self.asked())
            write('%dx%d: a step of %d images fits; built and run in %.1f s' % (size, size, minibatch, seconds))
        for level in range(2, levels[0]):  # those that a resumed run has behind it
            found[level] = found[levels[0]] * self._work(level) / self._work(levels[0])
        write(plan.estimate(cfg, self.data.top, found, self.shown / 1000))
        trainer.reset_optimizers()
        if self.saved:
            trainer.load(self.saved, state)
            write('going on from %s' % self.saved)
        else:
            weights, line = start
            trainer.initialise(weights)
            write(line)
        trainer.set_lod(self.phase.lod)
        trainer.compare_weights('to start from')
        return found

    def _work(self, level):
        """Multiply-accumulates of an image."""
        return sum(schedule.multiply_accumulates(x, level) for x in (self.trainer.first.G, self.trainer.first.D))

    def _seconds(self):
        """Seconds that each of a thousand equal parts of the run takes, as measured before it."""
        kimgs = np.linspace(0, self.total, 1000, endpoint=False) / 1000
        levels = [schedule.phase(kimg, self.cfg, self.data.top).level for kimg in kimgs]
        return np.array([self.cost[level] * self.total / 1000.0 for level in levels])

    def work_left(self):
        return self.work[int(1000 * min(self.shown / self.total, 1)) :].sum()

    def new_tick(self):
        self.tick_begin, self.tick_shown, self.tick_work = time.time(), self.shown, 0.0
        self.terms, self.skipped = [], 0

    def asked(self):
        """The number of a signal that ends the run; of several workers, one that all of them know of."""
        return self.trainer.asked if self.trainer.others.peers else self.stop.number

    def finished(self):
        return self.shown >= self.total or bool(self.asked())

    def iterate(self):
        """One iteration; what is due after it is logged and saved."""
        if self.number % self.cfg.minibatch_repeats == 0:
            before, self.phase = self.phase, schedule.phase(self.shown / 1000, self.cfg, self.data.top)
            if schedule.fade_changes(before, self.phase) and not self.cfg.no_reset_optimizers:
                self.trainer.reset_optimizers()
            self.trainer.set_lod(self.phase.lod)
        steps = self.trainer.steps[self.phase.level]
        terms, skipped = self.trainer.train(steps, self.number, self.shown, asked=self.stop.number)
        self.terms.append(terms)
        self.skipped += skipped
        self.skipped_in_a_row = self.skipped_in_a_row + 1 if skipped else 0
        before, images_now = self.shown, self.phase.minibatch * self.cfg.D_repeats
        self.shown, self.number = self.shown + images_now, self.number + 1
        self.tick_work += images_now * self.cost[self.phase.level]
        if self.skipped_in_a_row == SKIPPED_AT_MOST:
            raise optimizers.Diverged('no finite loss and gradients in %d iterations in a row' % SKIPPED_AT_MOST)
        if self.trainer.held_out is not None and self.number % overfit.EVERY == 0:
            self.trainer.measure(steps, self.number, overfit.EVERY * images_now / 1000)
        if self.run:
            self.bar.update(images_now * self.cost[self.phase.level])
            self.bar.set_description_str(self.where(), refresh=False)
            if self.due(before, self.cfg.tick_kimg):
                self.tick()
        self.save_is_due |= self.due(before, self.cfg.snapshot_kimg)
        if self.save_is_due and not self.skipped_in_a_row:  # else the weights may be what makes the loss not finite
            self.save_is_due = False
            self.trainer.compare_weights('after %g kimg' % (self.shown / 1000))
            if self.run:
                self.save()

    def where(self):
        """Resolution, how far it is faded in, and the gap to held-out images, for the bar."""
        size, fading = 2**self.phase.level, self.phase.lod % 1
        overfits = self.trainer.watch.mean()
        words = ', faded in %.0f %%' % (100 - 100 * fading) if fading else ''
        return '%dx%d%s%s ' % (size, size, words, ', overfit %.2f' % overfits if np.isfinite(overfits) else '')

    def due(self, before, kimg):
        """Whether a multiple of `kimg` was passed since `before` images, or the run ends here."""
        return self.finished() or self.shown // (1000 * kimg) > before // (1000 * kimg)

    def tick(self):
        now, images_since = time.time(), self.shown - self.tick_shown
        seconds = now - self.tick_begin
        self.pace.add(seconds, self.tick_work)
        eta = self.pace.seconds(self.work_left())
        terms = {'skipped': self.skipped}
        for name in self.terms[0]:
            finite = [term[name] for term in self.terms if np.isfinite(term[name])]
            terms[name] = float(np.mean(finite)) if finite else float('nan')
        terms.update(self.trainer.watched())
        self.monitor.tick(self.shown, self.phase, now - self.begin, 1000 * seconds / images_since, eta, terms)
        self.new_tick()
        advice = self.trainer.watch.advice()
        if advice:
            self.run.log(advice, result=True)

    def save(self):
        state = dict(number=self.number, shown=self.shown, elapsed=time.time() - self.begin, **self.phase._asdict())
        state.update(self.trainer.optimizer_values(), watch=self.trainer.watch.state())
        self.saved_shown = self.shown
        self.saved = self.run.save(self.shown / 1000, self.trainer.save, state)
        self.measure()

    def measure(self):
        if self.cfg.metrics and self.phase.level >= 4 and not self.stop.number:  # a resumed run makes up for it
            self.monitor.measure(self.saved, self.shown, self.phase.level)

    def close(self):
        if self.run:
            self.bar.close()
            self.monitor.close()


def grow(trainer, path, run, restored, start, stop):
    """Train until total_kimg or a signal, in the run folder `path`; the number of the signal, or None.

    The other arguments are those of TrainingLoop.
    """
    loop = TrainingLoop(trainer, run, restored, start, stop)
    try:
        while not loop.finished():
            loop.iterate()
        if run and loop.saved_shown != loop.shown:
            loop.save()
    except optimizers.Diverged as error:
        raise ValueError(
            '%s: the training has diverged after %.1f kimg (%s); the last good snapshot is %s; start again with '
            'smaller --G-lrate and --D-lrate, from that snapshot with --transfer'
            % (path, loop.shown / 1000, error, loop.saved or 'none')
        ) from None
    finally:
        loop.close()
    if loop.shown < loop.total:
        if run:
            print('saved as %s; go on with: python 3-train.py --resume %s' % (loop.saved, path))
        return loop.asked()
    if run:
        run.complete(loop.saved)
    return None
