"""The life of a run of progressive growing, from the top: check, build the steps, restore, loop."""

import os
import time

import numpy as np

import config
import dataset
import tfutil
from common import card, log
from training import (
    checkpoint,
    checks,
    optimizers,
    overfit,
    plan,
    run_folder,
    sampler,
    schedule,
    signals,
    training_video,
    transfer,
)
from training.monitor import Monitor
from training.step import Trainer
from training.workers import WorkerGroup, cluster

SKIPPED_AT_MOST = 10  # iterations in a row with an update that was not finite
TIMEOUT = 45  # seconds, and four times the slowest step, until a worker that does not answer is taken for dead
MEASURING = 180  # more of it where the first worker measures its snapshots


def train(start, weights, stop):
    """Train from a run_folder.Start; signals.Stopped if a signal ended the run early.

    weights: the states of the pickle of --transfer, or None.
    """
    cfg, snapshot, data = start.cfg, start.snapshot, dataset.Pyramid(start.cfg.data, start.cfg.resolution, True)
    if cfg.lod_initial_resolution is None:
        first = schedule.LOWEST
        if weights and not cfg.resume_kimg:
            first = min(transfer.resolution(weights), 2**data.top)
        cfg = cfg._replace(lod_initial_resolution=first)
    checks.check_settings(cfg, data)
    selection = sampler.select(cfg, data)
    if start.digest and start.digest != data.digest:
        message = '%s is not the dataset that the run in %s was trained on; name that one with --data'
        raise ValueError(message % (cfg.data, cfg.resume))
    group = WorkerGroup(*cluster(), stop)
    if cfg.dry_run and group.size > 1:
        raise ValueError('--dry-run measures one machine; unset TF_CONFIG')
    group.check_port()
    options = dict(cpu=cfg.cpu, gpus=cfg.gpus, precision=cfg.precision, xla=cfg.xla)
    with tfutil.init_tf(worker=group.rank, addresses=group.addresses, **options):
        devices = tfutil.devices(group.rank)
        limited = schedule.limited(cfg, len(devices) * group.size)
        checks.check_devices(limited, data, devices, group.size)
        group.wait_for_all(cfg.wait)
        facts = checks.worker_facts(cfg, data, selection.labels, devices, snapshot, tfutil.tf.__version__)
        group.check_equal(facts, 'give all the same')
        trainer = Trainer(limited, data, selection, group)
        if cfg.dry_run:
            plan.dry_run(trainer, stop)
            return
        if group.rank > 0:
            log.info('worker %d of %d works; %s writes' % (group.rank, group.size, group.addresses[0]))
            TrainingLoop(trainer).loop(snapshot, weights)
            return
        folder = start.folder or run_folder.create(cfg.outdir, os.path.basename(os.path.abspath(cfg.data)))
        with run_folder.Run(folder) as run:
            if start.folder and snapshot and checkpoint.last(folder).path != snapshot.path:
                raise ValueError('%s: another process has gone on with this run; start again, with --resume' % folder)
            if snapshot:
                learned_from = card.of_weights(snapshot.path)
            else:
                learned_from = card.of_training(
                    data.card, checks.class_names(cfg, data, selection.labels), cfg.transfer
                )
            for network in trainer.first.networks.values():
                network.card = learned_from.text()
            facts = dict(learned_from.data(), images=data.count, resolution=2**data.top)
            if snapshot and not start.folder:
                snapshot = checkpoint.copy_to(folder, snapshot)
            run.write_json(cfg, facts, devices, tfutil.tf.__version__)
            _log_start(run, trainer, devices, snapshot)
            TrainingLoop(trainer, run).loop(snapshot, weights)


def _log_start(run, trainer, devices, snapshot):
    cfg, data = trainer.cfg, trainer.data
    level = int(snapshot.state['level']) if snapshot else schedule.phase(cfg.resume_kimg or 0, cfg, data.top).level
    size = 2**level
    begins = '%s %s at %dx%d' % (run.path, 'goes on' if snapshot else 'begins', size, size)
    images = '%d images of %dx%d, %s' % (data.count, 2**data.top, 2**data.top, ' '.join(data.classes))
    names = ' '.join(device.split('/device:')[-1] for device in devices)
    run.log('%s; %s; TensorFlow %s on %s' % (begins, images, tfutil.tf.__version__, names))
    if cfg.lrate_decay:
        run.log('the learning rates fall to a tenth from %g to %g kimg' % schedule.decay_span(cfg, data.top))
    note = trainer.batches.sampler.repetition_note(schedule.phases(cfg, data.top))
    if note:
        run.log(note)


class TrainingLoop:
    """A run: `step` iterations are done, `images_seen` real images were shown, in a `phase` of the schedule.

    run: the open run folder, or None for a worker that does not write.
    """

    def __init__(self, trainer, run=None):
        self.trainer, self.run = trainer, run
        self.cfg, self.data, self.group = trainer.cfg, trainer.data, trainer.group
        self.monitor = Monitor(run, trainer) if run else None
        self.overfit = overfit.OverfitMonitor(self.cfg.augment_critic)
        self.pace = plan.Pace()
        self.total = max(int(round(self.cfg.total_kimg * 1000)), 1)
        self.step = 0
        self.images_seen = int((self.cfg.resume_kimg or 0) * 1000)
        self.phase = schedule.phase(self.images_seen / 1000, self.cfg, self.data.top)
        self.begin = time.time()  # of the run, less the time between its parts
        self.seconds = {}  # {level: seconds that an image takes}
        self.saved_path = self.saved_images = None  # the last snapshot, and images_seen there
        self.save_is_due, self.skipped_in_a_row = False, 0
        self.terms, self.skipped = [], 0  # since the last line of the log

    def loop(self, snapshot=None, weights=None):
        """Train until total_kimg or a signal: from a snapshot, or with weights of --transfer, or anew."""
        if snapshot:
            self._find_place(snapshot)
        self.build()
        self._set_weights(snapshot, weights)
        try:
            if self.run:
                self._begin_log(snapshot)
            while not self.is_over():
                self.iterate()
            if self.run and self.saved_images != self.images_seen:
                self._save()
        except optimizers.Diverged as error:
            raise ValueError(
                '%s: the training has diverged after %.1f kimg (%s); start again with smaller --G-lrate and --D-lrate%s'
                % (self.run.path if self.run else 'this run', self.images_seen / 1000, error, self._last_good())
            ) from None
        finally:
            if self.run:
                self.monitor.close()
        if self.images_seen < self.total:
            if self.run:
                print('saved as %s; go on with: python 3-train.py --resume %s' % (self.saved_path, self.run.path))
            raise signals.Stopped(self.group.stop_signal())
        if self.run:
            self.run.log('done: %s' % checkpoint.copy(self.saved_path, checkpoint.FINAL), result=True)
            if self.cfg.video:
                training_video.write(self.run, self.cfg)

    def _last_good(self):
        return ', with --transfer %s, the last good snapshot' % self.saved_path if self.saved_path else ''

    def is_over(self):
        return self.images_seen >= self.total or self.group.stop_signal() > 0

    def _log(self, line):
        if self.run:
            self.run.log(line)

    def _find_place(self, snapshot):
        """Where the run was: counters, phase and what was known of overfitting."""
        state = snapshot.state
        self.step, self.images_seen = int(state[checkpoint.STEP]), int(state[checkpoint.IMAGES_SEEN])
        self.begin -= float(state[checkpoint.ELAPSED])
        self.phase = schedule.Phase(int(state['level']), float(state['lod']), int(state['minibatch']))
        fits = self.phase.level in self.data.images
        if fits and self.cfg.max_minibatch_per_gpu:  # there may be fewer devices now
            self.phase = self.phase._replace(minibatch=schedule.minibatch_at(self.phase.level, self.cfg))
        self.overfit = overfit.OverfitMonitor(self.cfg.augment_critic, state.get(checkpoint.OVERFIT))
        self.saved_path, self.saved_images = snapshot.path, self.images_seen
        if not fits or self.phase.minibatch != schedule.minibatch_at(self.phase.level, self.cfg):
            message = '%s: its state does not fit the schedule of run.json; start a new run, with --transfer %s'
            raise ValueError(message % (snapshot.path, snapshot.path))

    def build(self):
        """Build the steps of all levels to come, and run each once."""
        cfg, first = self.cfg, self.phase.level
        levels = [first] + [level for level in schedule.phases(cfg, self.data.top) if level > first]
        resolutions = '%d resolutions' % len(levels) if len(levels) > 1 else 'one resolution'
        self._log('building the steps of %s, and running each once' % resolutions)
        slowest = 0
        for level in log.progress(levels, desc='building', unit='resolution', leave=False):
            size, minibatch = 2**level, schedule.minibatch_at(level, cfg)
            seconds, step_seconds = self.trainer.prepare(level, minibatch)
            self.seconds[level] = step_seconds / (minibatch * cfg.D_repeats)
            slowest = max(slowest, step_seconds)
            if self.group.stop_signal():
                self._log('nothing was trained yet')
                raise signals.Stopped(self.group.stop_signal())
            self._log('%dx%d: a step of %d images fits; built and run in %.1f s' % (size, size, minibatch, seconds))
        self.group.timeout = TIMEOUT + 4 * slowest + (MEASURING if cfg.metrics else 0)
        for level in range(2, first):  # those that a resumed run has behind it
            self.seconds[level] = self.seconds[first] * self._work(level) / self._work(first)
        self._log(plan.estimate(cfg, self.data.top, self.seconds, self.images_seen / 1000))
        self._new_tick()

    def _work(self, level):
        """Multiply-accumulates of an image."""
        return sum(plan.multiply_accumulates(x, level) for x in (self.trainer.first.G, self.trainer.first.D))

    def _set_weights(self, snapshot, weights):
        trainer, cfg = self.trainer, self.cfg
        trainer.reset_optimizers()
        if snapshot:
            for replica in trainer.replicas:
                tfutil.set_vars(checkpoint.values(snapshot, replica.networks, replica.moments()))
            self._log('going on from %s' % snapshot.path)
        elif weights:
            matching, line = transfer.matching_variables(cfg.transfer, weights, trainer.first.networks)
            trainer.initialise(matching)
            self._log(line)
        else:
            trainer.initialise()
            self._log('new networks from seed %d' % cfg.seed)
        trainer.set_lod(self.phase.lod)
        self._compare_weights('to start from')

    def _compare_weights(self, when):
        """ValueError if the workers' networks are not the same."""
        if self.group.size > 1:
            facts = {'the CRC of the weights %s' % when: '%08x' % self.trainer.crc()}
            self.group.check_equal(facts, 'go on from the last snapshot, with --resume')

    def _begin_log(self, snapshot):
        checkpoint.tidy(self.run.path, snapshot, self.images_seen / 1000)
        self.run.rewind(self.images_seen / 1000)
        total = plan.total_seconds(self.cfg, self.data.top, self.seconds)
        self.monitor.begin(total, total - self._seconds_left())
        self.monitor.picture(self.images_seen, self.phase.level)
        if snapshot:
            self._measure()

    def _seconds_left(self):
        return plan.total_seconds(self.cfg, self.data.top, self.seconds, self.images_seen / 1000)

    def iterate(self):
        """One iteration; what is due after it is logged and saved. Gives its terms, as of step.Trainer.train_step."""
        trainer, cfg = self.trainer, self.cfg
        if self.step % cfg.minibatch_repeats == 0:
            before, self.phase = self.phase, schedule.phase(self.images_seen / 1000, cfg, self.data.top)
            if schedule.fade_changes(before, self.phase) and not cfg.no_reset_optimizers:
                trainer.reset_optimizers()
            trainer.set_lod(self.phase.lod)
        level, images_before, n = self.phase.level, self.images_seen, self.phase.minibatch * cfg.D_repeats
        terms, skipped = trainer.train_step(level, self.step, self.images_seen, self.overfit.probability)
        self.step += 1
        self.images_seen += n
        self.terms.append(terms)
        self.skipped += skipped
        self.skipped_in_a_row = self.skipped_in_a_row + 1 if skipped else 0
        if self.skipped_in_a_row == SKIPPED_AT_MOST:
            raise optimizers.Diverged('no finite loss and gradients in %d iterations in a row' % SKIPPED_AT_MOST)
        if trainer.batches.held_out and self.step % overfit.EVERY == 0:
            scores = trainer.critic_scores(level, self.step, self.overfit.probability)
            self.overfit.add(scores, overfit.EVERY * n / 1000)
        if self.run:
            self.monitor.advance(n * self.seconds[level], self.phase, self.overfit.mean())
        if self._is_due(images_before, config.table(cfg.tick_kimg)[2**level]):
            if self.run:
                self._log_tick()
            self._new_tick()
        if self._is_due(images_before, cfg.snapshot_kimg):
            self.save_is_due = True
        if self.save_is_due and not self.skipped_in_a_row:  # else the weights may be what makes the loss not finite
            self.save_is_due = False
            self._compare_weights('after %g kimg' % (self.images_seen / 1000))
            if self.run:
                self._save()
                self._measure()
        return terms

    def _is_due(self, images_before, kimg):
        """Whether a multiple of `kimg` was passed since images_before, or the run ends here."""
        return self.is_over() or self.images_seen // (1000 * kimg) > images_before // (1000 * kimg)

    def _new_tick(self):
        self.tick_begin, self.tick_images, self.tick_left = time.time(), self.images_seen, self._seconds_left()
        self.terms, self.skipped = [], 0

    def _log_tick(self):
        now, images = time.time(), self.images_seen - self.tick_images
        seconds, left = now - self.tick_begin, self._seconds_left()
        self.pace.add(seconds, self.tick_left - left)
        eta = self.pace.seconds(left)
        terms = {'skipped': self.skipped}
        for name in self.terms[0]:
            finite = [each[name] for each in self.terms if np.isfinite(each[name])]
            terms[name] = float(np.mean(finite)) if finite else float('nan')
        if self.trainer.batches.held_out:
            terms.update(self.overfit.terms())
        if self.cfg.augment_critic:
            terms['augment'] = self.overfit.probability
        self.monitor.tick(self.images_seen, self.phase, now - self.begin, 1000 * seconds / images, eta, terms)
        advice = self.overfit.advice()
        if advice:
            self.run.log(advice, result=True)

    def _save(self):
        state = {checkpoint.STEP: self.step, checkpoint.IMAGES_SEEN: self.images_seen}
        state[checkpoint.ELAPSED] = time.time() - self.begin
        state[checkpoint.OVERFIT] = self.overfit.state()
        state.update(self.phase._asdict())
        state.update(optimizers.values(self.trainer.first.moments()))

        def write_networks(path):
            optimizers.save_finite(path, self.trainer.first.networks.values())

        kimg = self.images_seen / 1000
        self.saved_path = checkpoint.write(self.run.path, kimg, write_networks, state, self.cfg.keep)
        self.saved_images = self.images_seen
        if self.cfg.weight_histograms:
            self.monitor.curves.summarise(self.trainer.weight_histograms(), self.images_seen)

    def _measure(self):
        """Measure the last snapshot, with --metrics; a run that is ending leaves that to the one that resumes it."""
        if self.cfg.metrics and self.phase.level >= 4 and not self.group.stop.signal:
            self.monitor.measure(self.saved_path, self.images_seen, self.phase.level)
