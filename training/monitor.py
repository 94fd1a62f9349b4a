"""What a run shows: a bar, lines, tables, curves, pictures, and the distance of its snapshots from real images."""

import collections

import numpy as np
import tqdm

import dataset
import tfutil
from common import images, log
from metrics import sliced_wasserstein
from sampling import generator
from tfutil import tf
from training import checkpoint, run_folder, sampler

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


def figures(images_seen, phase, elapsed, sec_per_kimg, eta, memory, terms):
    """The parts of a line of the log, the most important ones first, without what is unknown. elapsed, eta: seconds.

    terms: {name: number}. memory: MB or None.
    """
    size, interval = 2**phase.level, tqdm.tqdm.format_interval
    parts = ['kimg %.1f' % (images_seen / 1000), 'lod %.2f' % phase.lod, '%dx%d' % (size, size)]
    parts += ['s/kimg %.2f' % sec_per_kimg, 'eta %s' % interval(eta)]
    first = [name for name in ('skipped', 'overfit', 'augment') if terms.get(name)]
    rest = [name for name in terms if name not in ('skipped', 'overfit', 'augment')]
    for name in first + rest:
        if np.isfinite(terms[name]):
            parts.append(('%s %d' if name == 'skipped' else '%s %.3f') % (name, terms[name]))
    parts += ['time %s' % interval(elapsed), 'minibatch %d' % phase.minibatch]
    if memory is not None:
        parts.append('memory %d MB' % memory)
    return parts


def fitted(parts, columns=run_folder.COLUMNS):
    """A line of at most so many columns: the parts, two spaces apart, as far as they fit."""
    line = ''
    for part in parts:
        longer = line + '  ' + part if line else part
        if len(longer) > columns:
            break
        line = longer
    return line


class Curves:
    """log.csv of an open run folder, with the same numbers for TensorBoard."""

    def __init__(self, run):
        self.run = run
        self.writer = None

    def add(self, row, at):
        """Add a row, {column: number, or ''}, at a number of images or steps."""
        self.run.add_row(row)
        finite = {name: value for name, value in row.items() if value != '' and np.isfinite(value)}
        points = [tf.Summary.Value(tag=name, simple_value=value) for name, value in finite.items()]
        self.summarise(tf.Summary(value=points), at)

    def summarise(self, summary, at):
        """Add a tf.Summary, or a serialised one, for TensorBoard alone."""
        if not self.writer:
            self.writer = tf.summary.FileWriter(self.run.path)
        self.writer.add_summary(summary, at)
        self.writer.flush()

    def close(self):
        if self.writer:
            self.writer.close()


def animate(run, most=None):
    """Make training.gif of the last pictures of fakes in an open run folder."""
    pictures = run.pictures()[-most if most else None :]
    if pictures:
        images.animate(run.file('training.gif'), map(images.read, pictures), durable=True)


class Monitor:
    """What the writing worker shows of a run: `begin` first, `close` at last.

    run: the open run folder. trainer: step.Trainer.
    """

    def __init__(self, run, trainer):
        self.run, self.trainer = run, trainer
        self.curves = Curves(run)
        self.bar = self.latents = self.labels = None

    def begin(self, seconds, done):
        """Write reals.png and start the bar of a run that takes so many seconds, of which some are done."""
        batches, data, seed = self.trainer.batches, self.trainer.data, self.trainer.cfg.seed
        self.latents = np.random.RandomState([seed, sampler.PICTURE_LATENTS]).randn(SAMPLES, batches.latent_size)
        chosen = np.random.RandomState([seed, sampler.PICTURE_IMAGES]).randint(data.count, size=SAMPLES)
        label_size = batches.labels.shape[1]
        self.labels = generator.taking_turns(SAMPLES, label_size)
        if label_size and not dataset.are_one_hot(batches.labels):
            self.labels = batches.labels[chosen]
        images.save(self.run.file('reals.png'), images.grid(data.images[data.top][chosen]), durable=True)
        form = '{desc}{percentage:3.0f}%|{bar}| {elapsed}<{remaining}'
        self.bar = log.progress(total=seconds, initial=done, bar_format=form)

    def advance(self, seconds, phase, overfit):
        """Move the bar; beside it stand resolution, how far it is faded in, and the running mean of r_v."""
        self.bar.update(seconds)
        text = '%dx%d' % (2**phase.level, 2**phase.level)
        if phase.lod % 1:
            text += ', faded in %.0f %%' % (100 - 100 * (phase.lod % 1))
        if np.isfinite(overfit):
            text += ', overfit %.2f' % overfit
        self.bar.set_description_str(text + ' ', refresh=False)

    def picture(self, images_seen, level):
        sheet = images.grid(self.trainer.pixels(level, self.latents, self.labels))
        images.save(self.run.picture(images_seen / 1000), sheet, durable=True)

    def tick(self, images_seen, phase, elapsed, sec_per_kimg, eta, terms):
        """A line of the log, a row of log.csv, a point of TensorBoard's curves and a picture. eta, elapsed: seconds."""
        memory = memory_in_use()
        row = collections.OrderedDict(kimg=images_seen / 1000, lod=round(phase.lod, 4), resolution=2**phase.level)
        row.update(minibatch=phase.minibatch, seconds=round(elapsed, 1), sec_per_kimg=round(sec_per_kimg, 3))
        row['memory_mb'] = '' if memory is None else round(memory)
        row.update((name, round(value, 6)) for name, value in terms.items())
        self.curves.add(row, images_seen)
        parts = figures(images_seen, phase, elapsed, sec_per_kimg, eta, memory, terms)
        self.run.log('  '.join(parts), terminal=fitted(parts))
        self.picture(images_seen, phase.level)

    def measure(self, snapshot, images_seen, level):
        """Sliced Wasserstein distances of a snapshot, in metrics.csv and in the log, unless they are there already.

        The snapshot of the least mean distance at the finest resolution so far is kept as network-best.pkl.
        """
        kimg = images_seen / 1000
        rows = [row for row in self.run.rows('metrics.csv') if int(row['resolution']) == 2**level]
        if kimg not in [float(row['kimg']) for row in rows]:
            row = self._distances(kimg, level)
            if row is None:
                return
            self.run.add_row(row, 'metrics.csv')
            rows.append(row)
        *before, last = [float(row['mean']) for row in rows]
        is_best = last < min(before, default=float('inf'))
        if is_best:
            checkpoint.copy(snapshot, checkpoint.BEST)
        widths = [name for name in rows[-1] if name.startswith('swd_') and rows[-1][name] != '']
        distances = '  '.join('%s: %.1f' % (name[len('swd_') :], float(rows[-1][name])) for name in widths)
        self.run.log('SWD x1000: %s  mean %.1f%s' % (distances, last, ', the best' if is_best else ''))

    def _distances(self, kimg, level):
        """A row of metrics.csv: of 2,000 images of Gs from real ones, at a level; None for images that do not vary."""
        trainer, data, batches = self.trainer, self.trainer.data, self.trainer.batches
        seed, scale = trainer.cfg.seed, 2 ** (data.top - level)
        random = np.random.RandomState([seed, sampler.MEASURED_IMAGES])
        chosen = random.permutation(data.count)[:MEASURED]
        reals = data.images[level][chosen]
        if trainer.cfg.mirror_augment:
            reals = images.mirrored(reals, random)
        latents = np.random.RandomState([seed, sampler.MEASURED_LATENTS]).randn(len(chosen), batches.latent_size)
        fakes = trainer.pixels(level, latents, batches.labels[chosen])[:, :, ::scale, ::scale]
        weights = np.ones([2, len(fakes)], int)
        try:
            sets = [sliced_wasserstein.descriptors(x, seed, each=64) for x in (fakes, reals)]
            swd = {}
            for width in sets[0]:
                swd[width] = sliced_wasserstein.sliced_wasserstein(sets[0], sets[1], width, seed)(*weights)
        except ValueError as error:
            self.run.log('no SWD: %s' % error)
            return None
        mean = np.mean([swd[width] for width in sets[0]])
        row = collections.OrderedDict(kimg=kimg, resolution=2**level, mean=round(mean, 3))
        for width in [2**k for k in range(4, data.top + 1)]:
            row['swd_%d' % width] = round(swd[width], 3) if width in swd else ''
        return row

    def close(self):
        if self.bar is not None:
            self.bar.close()
        self.curves.close()
        animate(self.run)
