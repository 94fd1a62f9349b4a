"""What a run shows of itself: lines, tables, curves, pictures, and the distance of its snapshots from reals."""

import collections

import numpy as np
import tqdm

import dataset
import tfutil
from common import images
from metrics import sliced_wasserstein
from sampling import generate
from tfutil import tf
from training import run_folder, snapshots

SAMPLES = 64  # images of a picture of fakes
MEASURED = 2000  # images that a snapshot is measured by


def memory_in_use():
    """MB: the peak of the first GPU where TensorFlow tells it, else what this process has now; None without psutil."""
    if tfutil.native_layout() == 'NCHW' and hasattr(tf, 'config'):
        try:
            return tf.config.experimental.get_memory_info('GPU:0')['peak'] / 2**20
        except (ValueError, RuntimeError, tf.errors.OpError):  # a figure for the log must not end a run
            pass
    try:
        import psutil
    except ImportError:
        return None
    return psutil.Process().memory_info().rss / 2**20


def figures(shown, phase, elapsed, sec_per_kimg, eta, memory, terms):
    """The parts of a line of the log, the most important ones first, without what is unknown. elapsed, eta: seconds.

    terms: {name: number}; of those of the losses the terminal may show only the first. memory: MB or None.
    """
    size, interval = 2**phase.level, tqdm.tqdm.format_interval
    words = ['kimg %.1f' % (shown / 1000), 'lod %.2f' % phase.lod, '%dx%d' % (size, size)]
    words += ['s/kimg %.2f' % sec_per_kimg, 'eta %s' % interval(eta)]
    first = [name for name in ('skipped', 'overfit', 'augment') if terms.get(name)]
    rest = [name for name in terms if name not in ('skipped', 'overfit', 'augment')]
    for name in first + rest:
        if np.isfinite(terms[name]):
            words.append(('%s %d' if name == 'skipped' else '%s %.3f') % (name, terms[name]))
    words += ['time %s' % interval(elapsed), 'minibatch %d' % phase.minibatch]
    return words + (['memory %d MB' % memory] if memory is not None else [])


def fitted(words, columns=run_folder.COLUMNS):
    """A line of at most so many columns: of the words, two spaces apart, those from the first on that fit."""
    line = ''
    for word in words:
        longer = line + '  ' + word if line else word
        if len(longer) > columns:
            break
        line = longer
    return line


class Monitor:
    """Writes into an open run folder; measures with cfg.metrics only."""

    def __init__(self, run, trainer):
        cfg, data = trainer.cfg, trainer.data
        self.run, self.trainer = run, trainer
        self.writer = tf.summary.FileWriter(run.path)
        self.latents = np.random.RandomState([cfg.seed, 3]).randn(SAMPLES, trainer.latent_size)
        chosen = np.random.RandomState([cfg.seed, 4]).randint(data.count, size=SAMPLES)
        self.labels = generate.taking_turns(SAMPLES, trainer.label_size)
        if trainer.label_size and not dataset.are_one_hot(trainer.labels):
            self.labels = trainer.labels_of(chosen)
        images.save(run.file('reals.png'), images.grid(data.images[data.top][chosen]), durable=True)

    def picture(self, shown, level):
        sheet = images.grid(self.trainer.sample(level, self.latents, self.labels))
        images.save(self.run.file('fakes%06d.png' % (shown // 1000)), sheet, durable=True)

    def tick(self, shown, phase, elapsed, sec_per_kimg, eta, terms):
        """A line of the log, a row of log.csv, a point of TensorBoard's curves and a picture. eta, elapsed: seconds."""
        size, memory = 2**phase.level, memory_in_use()
        row = collections.OrderedDict(kimg=shown / 1000, lod=round(phase.lod, 4), resolution=size)
        row.update(minibatch=phase.minibatch, seconds=round(elapsed, 1), sec_per_kimg=round(sec_per_kimg, 3))
        row['memory_mb'] = '' if memory is None else round(memory)
        row.update((name, round(value, 6)) for name, value in terms.items())
        self.run.tick(row)
        there = {name: value for name, value in row.items() if value != '' and np.isfinite(value)}
        points = [tf.Summary.Value(tag=name, simple_value=value) for name, value in there.items()]
        self.writer.add_summary(tf.Summary(value=points), shown)
        self.writer.flush()
        words = figures(shown, phase, elapsed, sec_per_kimg, eta, memory, terms)
        self.run.log('  '.join(words), terminal=fitted(words))
        self.picture(shown, phase.level)

    def measure(self, snapshot, shown, level):
        """Sliced Wasserstein distances of a snapshot, in metrics.csv and in the log, unless they are there already.

        The snapshot of the least mean distance at the finest resolution so far is kept as network-best.pkl.
        """
        rows = [row for row in self.run.rows('metrics.csv') if int(row['resolution']) == 2**level]
        if shown / 1000 not in [float(row['kimg']) for row in rows]:
            row = self._distances(shown, level)
            if row is None:
                return
            self.run.tick(row, 'metrics.csv')
            rows.append(row)
        best = float(rows[-1]['mean']) < min([float(row['mean']) for row in rows[:-1]], default=float('inf'))
        if best:
            snapshots.copy(snapshot, self.run.file('network-best.pkl'))
        widths = [name for name in rows[-1] if name.startswith('swd_') and rows[-1][name] != '']
        figures = '  '.join('%s: %.1f' % (name[len('swd_') :], float(rows[-1][name])) for name in widths)
        self.run.log('SWD x1000: %s  mean %.1f%s' % (figures, float(rows[-1]['mean']), ', the best' if best else ''))

    def _distances(self, shown, level):
        """A row of metrics.csv: of 2,000 images of Gs from reals, at a level; None for images that do not vary."""
        trainer, seed = self.trainer, self.trainer.cfg.seed
        data = trainer.data
        number, scale = min(MEASURED, data.count), 2 ** (data.top - level)
        chosen = np.random.RandomState([seed, 5]).permutation(data.count)[:number]
        latents = np.random.RandomState([seed, 6]).randn(number, trainer.latent_size)
        fakes = trainer.sample(level, latents, trainer.labels_of(chosen))[:, :, ::scale, ::scale]
        weights = np.ones([2, len(fakes)], int)
        try:
            sets = [sliced_wasserstein.Descriptors(x, seed, each=64) for x in (fakes, data.images[level][chosen])]
            swd = collections.OrderedDict()
            for width in sets[0].levels:
                swd[width] = sliced_wasserstein.sliced_wasserstein(sets[0], sets[1], width, seed)(*weights)
        except ValueError as error:
            self.run.log('no SWD: %s' % error)
            return None
        mean = round(np.mean(list(swd.values())), 3)
        row = collections.OrderedDict(kimg=shown / 1000, resolution=2**level, mean=mean)
        for width in [2**k for k in range(4, data.top + 1)]:
            row['swd_%d' % width] = round(swd[width], 3) if width in swd else ''
        return row

    def close(self):
        self.writer.close()
        if self.run.pictures():
            images.animate(self.run.file('training.gif'), map(images.read, self.run.pictures()), durable=True)
