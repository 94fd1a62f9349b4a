"""The life of a run of progressive growing: from the first image, or a snapshot, to the last one."""
import collections
import resource
import shutil
import time

import numpy as np
import tqdm

import files
import images
import metrics
import snapshot
import tfutil
import training
from tfutil import tf


def transferred(path, trainer):
    """Variables of a published pickle that fit this run's networks by name and shape, {'G': {local: array}, ...}, and a line that says so.

    To-RGB and from-RGB layers count from the full resolution, so they are matched by their resolution.
    """
    found, taken, left = {}, 0, []
    for role, state in zip(('G', 'D', 'Gs'), snapshot.read(path)):
        network = getattr(trainer.first, role)
        top = int(network.static_kwargs['resolution']).bit_length() - 1
        other = int(state['static_kwargs'].get('resolution', 32)).bit_length() - 1
        found[role] = {}
        for local, array in state['variables']:
            if 'RGB_lod' in local:
                head, _, tail = local.partition('_lod')
                lod, _, tail = tail.partition('/')
                local = '%s_lod%d/%s' % (head, int(lod) + top - other, tail)
            if local in network.trainables and tuple(network.trainables[local].shape.as_list()) == array.shape:
                found[role][local] = array
        taken += len(found[role])
        left += ['%s/%s' % (role, local) for local in network.trainables if local not in found[role]]
    if not taken:
        raise ValueError('%s has no variable that fits a network of this resolution and --fmap-base, --fmap-max' % path)
    return found, 'transfer from %s: took %d variables, new are %d%s' % (path, taken, len(left), ': ' + ' '.join(left) if left else '')


def device_memory():
    """Peak memory so far in MB: the first GPU's where TensorFlow tells it, otherwise this process's."""
    if tfutil.native_layout() == 'NCHW' and hasattr(tf, 'config'):
        try:
            return tf.config.experimental.get_memory_info('GPU:0')['peak'] / 2 ** 20
        except (ValueError, RuntimeError, tf.errors.OpError):       # a figure for the log must not end a run
            pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2 ** 10


def duration(seconds):
    """Seconds as 1h 02m or 3m 04s."""
    minutes, seconds = divmod(int(seconds), 60)
    return '%dh %02dm' % divmod(minutes, 60) if minutes >= 60 else '%dm %02ds' % (minutes, seconds)


class Watch:
    """What a run shows of itself: a progress bar, lines, curves and pictures."""

    SAMPLES = 64

    def __init__(self, run, trainer):
        cfg, data = trainer.cfg, trainer.data
        self.run, self.trainer = run, trainer
        self.writer = tf.summary.FileWriter(run.path)
        latent_size, label_size = (int(tensor.shape[1]) for tensor in trainer.first.G.inputs)
        self.latents = np.random.RandomState([cfg.seed, 3]).randn(self.SAMPLES, latent_size)
        self.labels = np.eye(label_size)[np.arange(self.SAMPLES) % label_size] if label_size else np.zeros([self.SAMPLES, 0])
        chosen = np.random.RandomState([cfg.seed, 4]).randint(data.count, size=self.SAMPLES)
        images.save(run.file('reals.png'), images.grid(data.images[data.top][chosen]))

    def log(self, line):
        with tqdm.tqdm.external_write_mode():
            self.run.log(line)

    def picture(self, shown, level):
        images.save(self.run.file('fakes%06d.png' % (shown // 1000)), images.grid(self.trainer.sample(level, self.latents, self.labels)))

    def tick(self, shown, phase, elapsed, sec_per_kimg, eta, terms):
        """A line of the log, a row of log.csv, a point of TensorBoard's curves and a picture. eta, elapsed: seconds."""
        row = dict(kimg=shown / 1000, lod=round(phase.lod, 4), resolution=2 ** phase.level, minibatch=phase.minibatch, seconds=round(elapsed, 1),
                   sec_per_kimg=round(sec_per_kimg, 3), memory_mb=round(device_memory()))
        row.update((name, round(value, 6)) for name, value in terms.items())
        self.run.tick(row)
        self.writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag=name, simple_value=value) for name, value in row.items()]), shown)
        self.writer.flush()
        self.log('kimg %-8.1f lod %.2f  %dx%d  minibatch %d  time %s  s/kimg %.2f  eta %s  memory %d MB  %s' % (
            row['kimg'], phase.lod, 2 ** phase.level, 2 ** phase.level, phase.minibatch, duration(elapsed), sec_per_kimg, duration(eta),
            row['memory_mb'], '  '.join('%s %.3f' % (name, value) for name, value in terms.items())))
        self.picture(shown, phase.level)

    def close(self):
        self.writer.close()
        if self.run.pictures():
            images.animate(self.run.file('training.gif'), map(images.read, self.run.pictures()))


class Growth:
    """Where a run is: `number` iterations done, `shown` real images shown, in which phase. run: the open run folder, or None for a worker
    that does not write."""

    def __init__(self, cfg, data, run, restored):
        self.cfg, self.data, self.run, self.total = cfg, data, run, max(int(round(cfg.total_kimg * 1000)), 1)
        log = run.log if run else (lambda line: None)
        self.trainer = trainer = training.Trainer(cfg, data)
        self.saved, state = restored
        if self.saved:
            self.number, self.shown, elapsed = int(state['number']), int(state['shown']), float(state['elapsed'])
            self.phase = training.Phase(int(state['level']), float(state['lod']), int(state['minibatch']))
        else:
            self.number, self.shown, elapsed, self.phase = 0, 0, 0.0, training.phase(0, cfg, data.top)
        for level, minibatch in training.phases(cfg, data.top).items():
            if level >= self.phase.level:
                log('%dx%d: a step of %d images fits; built and run in %.1f s' % (2 ** level, 2 ** level, minibatch, trainer.prepare(level, minibatch)))
        trainer.reset_optimisers()
        if self.saved:
            trainer.load(self.saved, state)
            log('going on from %s' % self.saved)
        else:
            weights, line = transferred(cfg.transfer, trainer) if cfg.transfer else (None, 'new networks from seed %d' % cfg.seed)
            trainer.initialise(weights)
            log(line)
        trainer.set_lod(self.phase.lod)
        # Work of the whole schedule, in a thousand equal parts of total_kimg, for the bar and the ETA.
        self.cost = {level: training.work(trainer.first.G, level) + training.work(trainer.first.D, level) for level in range(2, data.top + 1)}
        self.works = np.array([self.cost[training.phase(shown / 1000., cfg, data.top).level] * self.total / 1000.
                               for shown in np.linspace(0, self.total, 1000, endpoint=False)])
        self.begin = time.time() - elapsed
        self.new_tick()
        self.saved_shown = self.shown if self.saved else None
        self.watch = self.bar = None
        if run:
            run.rewind(self.shown / 1000)
            self.watch = Watch(run, trainer)
            self.watch.picture(self.shown, self.phase.level)
            self.bar = tqdm.tqdm(total=self.works.sum(), initial=self.works.sum() - self.work_left(), disable=None,
                                 bar_format='{percentage:3.0f}%|{bar}| {elapsed}<{remaining}')

    def work_left(self):
        return self.works[int(1000 * min(self.shown / self.total, 1)):].sum()

    def new_tick(self):
        self.tick_begin, self.tick_shown, self.terms = time.time(), self.shown, []

    def finished(self):
        return self.shown >= self.total or bool(self.run and self.run.stopped)

    def iterate(self):
        """One iteration; what is due after it is logged and saved."""
        if self.number % self.cfg.minibatch_repeats == 0:
            level, self.phase = self.phase.level, training.phase(self.shown / 1000, self.cfg, self.data.top)
            if level != self.phase.level:
                self.trainer.reset_optimisers()
            self.trainer.set_lod(self.phase.lod)
        terms = self.trainer.train(self.trainer.steps[self.phase.level], self.number, self.shown)
        self.terms.append(terms)
        before, images_now = self.shown, self.phase.minibatch * self.cfg.D_repeats
        self.shown, self.number = self.shown + images_now, self.number + 1
        bad = [name for name, value in terms.items() if not np.isfinite(value)]
        if bad:
            raise training.Diverged('%s is not finite' % bad[0])
        if self.run:
            self.bar.update(images_now * self.cost[self.phase.level])
            if self.due(before, self.cfg.tick_kimg):
                self.tick()
            if self.due(before, self.cfg.snapshot_kimg):
                self.save()

    def due(self, before, kimg):
        """Whether a multiple of `kimg` was passed since `before` images, or the run ends here."""
        return self.finished() or self.shown // (1000 * kimg) > before // (1000 * kimg)

    def tick(self):
        seconds, images_since = time.time() - self.tick_begin, self.shown - self.tick_shown
        eta = self.work_left() / (images_since * self.cost[self.phase.level] / seconds)
        self.watch.tick(self.shown, self.phase, time.time() - self.begin, 1000 * seconds / images_since, eta,
                        {name: float(np.mean([term[name] for term in self.terms])) for name in self.terms[0]})
        self.new_tick()

    def save(self):
        state = dict(number=self.number, shown=self.shown, elapsed=time.time() - self.begin, **self.phase._asdict())
        state.update(self.trainer.slot_values())
        self.saved_shown = self.shown
        self.saved = self.run.save(self.shown / 1000, self.trainer.save, state)
        if self.cfg.metrics and self.phase.level >= 4:
            self.measure()

    def measure(self):
        """Sliced Wasserstein distances of 2,000 images of Gs from reals, at the resolution in training, in metrics.csv and in the log.

        The snapshot of the least mean distance at the finest resolution so far is kept as network-best.pkl.
        """
        level, trainer, cfg = self.phase.level, self.trainer, self.cfg
        number, scale = min(2000, trainer.data.count), 2 ** (trainer.data.top - level)
        latent_size, label_size = (int(tensor.shape[1]) for tensor in trainer.first.Gs.inputs)
        chosen = np.random.RandomState([cfg.seed, 5]).permutation(trainer.data.count)[:number]
        labels = np.eye(label_size)[trainer.data.labels[chosen]] if label_size else np.zeros([number, 0])
        fakes = trainer.sample(level, np.random.RandomState([cfg.seed, 6]).randn(number, latent_size), labels)[:, :, ::scale, ::scale]
        try:
            sets = [metrics.Descriptors(x, cfg.seed, each=64) for x in (fakes, trainer.data.images[level][chosen])]
            swd = {width: metrics.sliced_wasserstein(sets[0], sets[1], width, cfg.seed)(*metrics.ones(fakes, fakes)) for width in sets[0].levels}
        except ValueError as error:                             # images that do not vary
            self.watch.log('no SWD: %s' % error)
            return
        row = collections.OrderedDict(kimg=self.shown / 1000, resolution=2 ** level, mean=round(np.mean(list(swd.values())), 3))
        row.update(('swd_%d' % (2 ** k), round(swd[2 ** k], 3) if 2 ** k in swd else '') for k in range(4, trainer.data.top + 1))
        before = [float(other['mean']) for other in self.run.rows('metrics.csv') if int(other['resolution']) == 2 ** level]
        best = row['mean'] < min(before, default=float('inf'))
        if best:
            with open(self.saved, 'rb') as source, files.atomic(self.run.file('network-best.pkl'), durable=True) as target:
                shutil.copyfileobj(source, target)
        self.run.tick(row, 'metrics.csv')
        self.watch.log('SWD x1000: %s  mean %.1f%s' % ('  '.join('%d: %.1f' % pair for pair in swd.items()), row['mean'], ', the best' if best else ''))

    def close(self):
        if self.run:
            self.bar.close()
            self.watch.close()


def grow(cfg, data, path, run, restored):
    """Train until total_kimg or a signal, in the run folder `path`; run: the open folder, or None for a worker that does not write.

    restored: what runfolder.restore found there.
    """
    growth = Growth(cfg, data, run, restored)
    try:
        while growth.shown < growth.total:
            growth.iterate()
            if growth.finished():
                break
        if run and growth.saved_shown != growth.shown:
            growth.save()
        if run and growth.shown >= growth.total:
            growth.trainer.save(run.file('network-final.pkl'))
            growth.watch.log('done: %s' % run.file('network-final.pkl'))
    except training.Diverged as error:
        raise ValueError('%s: the training has diverged after %.1f kimg (%s); the last good snapshot is %s; start again with another --seed or smaller '
                         '--G-lrate and --D-lrate' % (path, growth.shown / 1000, error, growth.saved or 'none'))
    finally:
        growth.close()
