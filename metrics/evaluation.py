"""All metrics of a set of generated images, each beside the same metric of real images and with an interval."""

import collections
import functools
import time

import numpy as np

from common import log, page
from metrics import feature_distances, memorisation, ms_ssim, nodules, verdicts
from metrics.metric import metric
from metrics.parallel import progress_bar
from metrics.real_reference import features_of
from stats.bootstrap import estimate

# Draws of neighbourhoods and directions for SWD, and the relative standard error that needs no further one.
LEAST_DRAWS, MOST_DRAWS, PRECISION = 4, 16, 0.01
TOGETHER = 4  # sets of generated images whose descriptors are in memory at a time

# A line of the table. metric: a Metric. fakes: of the generated images; reals: the same of as many real ones; both
# bootstrap.Estimate. seconds: taken for both, where those of the real images were not known before.
Row = collections.namedtuple('Row', 'metric fakes reals seconds')
# draws: their number; error: their relative standard error; widths, fakes, reals: of the levels, and the SWD x 1000 of
# generated and training reals there, as bootstrap.Estimates.
Drawn = collections.namedtuple('Drawn', 'draws error widths fakes reals')


def _mean(values):
    return (lambda weights: float(np.average(values, weights=weights))), [len(values)]


def _standard_deviation(values):
    def statistic(weights):
        squares = np.square(values - np.average(values, weights=weights))
        return float(np.sqrt(np.average(squares, weights=weights)))

    return statistic, [len(values)]


def aligned(lines):
    """Lines of cells as text: the first and last column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    texts = []
    for first, *others, last in lines:
        cells = [first.ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(others, widths[1:])]
        texts.append('  '.join(cells + [last]).rstrip())
    return '\n'.join(texts)


class Evaluation:
    """Metrics of fakes against held-out reals and, as a baseline, of training reals against them.

    rows: of the table. nodules, nearest: nodules.Nodules and memorisation.Nearest of fakes and held-out reals.
    facts: {name: value}, what was compared, and notes: those that a reader must not miss. trained_on: whether the
    weights are known to have learnt from these data. warnings: sentences on what makes the comparison doubtful.
    weights: the digest of the weight file in a list, or empty.
    """

    def __init__(self, fakes, reference):
        self.fakes, self.sets, self.reference, self.seed = fakes, reference.sets, reference, reference.seed
        self.rows, self.facts, self.notes, self.warnings = [], collections.OrderedDict(), [], []
        self.weights, self.trained_on = [], False
        self.both, self._begin = [len(fakes)] * 2, time.time()

    def __str__(self):
        """The rows as a table."""
        lines = [('', 'generated', '95 %', 'reals', '95 %', '')]
        for row in self.rows:
            cells = [row.metric.label]
            for side in (row.fakes, row.reals):
                cells += [page.number(side.value), '%s .. %s' % tuple(map(page.number, side.interval))]
            lines.append(cells + ['wanted: ' + row.metric.wanted])
        return aligned(lines)

    def row(self, key, size=None):
        """The Row of a metric's key and, for SWD, the size of its level; KeyError if there is none."""
        for row in self.rows:
            if row.metric.key == key and row.metric.size == size:
                return row
        raise KeyError(key)

    def _add(self, measured, fakes, reals, **options):
        """A row. fakes: (a function of weights, the sizes of the sets whose weights it takes). reals: an Estimate.

        options: of bootstrap.estimate.
        """
        self._append(measured, estimate(*fakes, self.seed, **options), reals, time.time() - self._begin)

    def _append(self, measured, fakes, reals, seconds):
        self.rows.append(Row(measured, fakes, reals, round(seconds, 1)))
        self._begin = time.time()

    def add_wasserstein(self, drawn, seconds):
        """Rows of a Drawn: sliced Wasserstein distance for each resolution from 16x16."""
        message = 'mean of %d draws of neighbourhoods and directions; its standard error is at most %.1f %%'
        self.facts['SWD'] = message % (drawn.draws, 100 * drawn.error)
        for width, fakes, reals in zip(drawn.widths, drawn.fakes, drawn.reals):
            self._append(metric('swd', size=width), fakes, reals, seconds / len(drawn.widths))

    def measure_variety(self):
        """MS-SSIM of pairs."""

        def similarity(images):
            statistic, n = ms_ssim.diversity(images, self.seed, track=progress_bar('MS-SSIM'))
            return statistic, [n]

        n = ms_ssim.scales(self.fakes.shape[-1])
        measured = metric('ms_ssim', scales='' if n == 5 else ', %d of 5 scales' % n)
        reals = self.reference.estimate(measured, lambda: similarity(self.sets.heldout_reals))
        self._add(measured, similarity(self.fakes), reals)

    def measure_features(self):
        """Precision and recall on the pixel pyramid or, with KID and FID, on the features of a network."""
        reference = self.reference
        fakes, heldout = features_of(self.fakes, reference.network), reference.features('heldout_reals')

        def kernel_distance(x):
            statistic = feature_distances.kernel_distance(x, heldout)
            return (lambda *weights: 1000 * statistic(*weights)), self.both

        def frechet_distance(x):
            return feature_distances.frechet_distance(x, heldout), self.both

        def compare(measured, distance, **options):
            def of_training():
                return distance(reference.features('training_reals'))

            reals = reference.estimate(measured, of_training, of=reference.name, **options)
            self._add(measured, distance(fakes), reals, **options)

        if reference.network:
            compare(metric('kid'), kernel_distance, resamples=50)
            if len(fakes) > fakes.shape[1]:
                compare(metric('fid'), frechet_distance, resamples=10)
        shares = feature_distances.precision_recall(heldout, fakes, track=progress_bar('precision, recall'))
        both = [metric(key, space=reference.space) for key in ('precision', 'recall')]
        for measured, share, reals in zip(both, shares, reference.precision_recall(both)):
            self._add(measured, (share, self.both[:1]), reals)

    def measure_gray_levels(self):
        """Distance of the gray-level histograms in the unit of the card."""
        low, high = self.sets.card.gray_window
        measured, step = metric('gray_distance', unit=self.sets.card.unit), (high - low) / 255.0

        def distance(images):
            statistic = nodules.gray_distance(images, self.sets.heldout_reals)
            return (lambda *weights: step * statistic(*weights)), self.both

        reals = self.reference.estimate(measured, lambda: distance(self.sets.training_reals), disk=False)
        self._add(measured, distance(self.fakes), reals)

    def measure_nodules(self):
        """Gray value and diameter of the nodule in the middle."""
        fakes, reals = self.nodules = [self.reference.measure_nodules(self.fakes), self.reference.nodules()]
        gray, length = self.sets.card.unit, 'mm' if self.sets.card.mm_per_pixel else 'pixels'
        for key, statistic, values, unit in (
            ('nodule_gray_mean', _mean, 'gray', gray),
            ('nodule_gray_sd', _standard_deviation, 'gray', gray),
            ('diameter_mean', _mean, 'diameter', length),
            ('diameter_sd', _standard_deviation, 'diameter', length),
        ):
            measured, of_reals = metric(key, unit=unit), statistic(getattr(reals, values))
            baseline = self.reference.estimate(measured, lambda s=of_reals: s, disk=False)
            self._add(measured, statistic(getattr(fakes, values)), baseline)

    def measure_copies(self, n):
        """Distance to the nearest training image, of up to n fakes and as many held-out reals."""
        nearest = memorisation.nearest(self.fakes[:n], self.sets.training, progress_bar('copies'))
        self.nearest = [nearest, self.reference.nearest(n)]
        fakes, reals = [nearest.distance for nearest in self.nearest]

        def share(distances):
            return memorisation.copied(distances, reals), [len(distances), len(reals)]

        for key, statistic in (('nearest_distance', _mean), ('nearer_share', share)):
            measured = metric(key)
            baseline = self.reference.estimate(measured, lambda s=statistic: s(reals), disk=False)
            self._add(measured, statistic(fakes), baseline)

    def comparisons(self):
        """A verdicts.Comparison of each row."""
        return verdicts.comparisons(self.rows, len(self.fakes), len(self.nearest[0].distance))

    def note(self, name, text):
        """Add a fact that a reader must not miss."""
        self.facts[name] = text
        self.notes.append('%s: %s' % (name, text))


def _draw_wasserstein(image_sets, reference):
    """[Drawn] of sets of generated images against the held-out reals of a Reference.

    SWD is the mean of as many draws of neighbourhoods and directions as each set needs until its error is small; it
    depends on that set alone.
    """
    drawn, done, draw = [[] for _ in image_sets], {}, 0
    while len(done) < len(image_sets):
        left = [i for i in range(len(image_sets)) if i not in done]
        for begin in range(0, len(left), TOGETHER):
            group = left[begin : begin + TOGETHER]
            described = [reference.describe(image_sets[i], draw, 0) for i in group]
            distances, reals = reference.distances(described, draw)
            for i, fakes, descriptors in zip(group, distances, described):
                drawn[i].append(np.stack([fakes, reals], axis=1))  # [levels, 2]
                if draw + 1 < LEAST_DRAWS:
                    continue
                means = np.mean(drawn[i], axis=0)
                error = (np.std(drawn[i], axis=0, ddof=1) / means).max() / np.sqrt(draw + 1)
                if error <= PRECISION or draw + 1 == MOST_DRAWS:
                    estimates = reference.swd_estimates(descriptors, means[:, 0], draw)
                    baseline = reference.swd_estimates_of_training(means[:, 1], draw)
                    done[i] = Drawn(draw + 1, error, list(descriptors.levels), estimates, baseline)
        draw += 1
    return [done[i] for i in range(len(image_sets))]


def measure(image_sets, reference, audit=1000):
    """[Evaluation] of sets of fakes, uint8 [N, C, R, R] each, against a Reference of as many images.

    audit: images to search for copies.
    """
    drawn, begin = [None] * len(image_sets), time.time()
    if image_sets[0].shape[-1] >= 16:
        log.info('measuring the sliced Wasserstein distance')
        with log.timed('sliced Wasserstein distance'):
            drawn = _draw_wasserstein(image_sets, reference)
    seconds, evaluations = (time.time() - begin) / len(image_sets), []
    for fakes, distances in zip(image_sets, drawn):
        evaluation = Evaluation(fakes, reference)
        if distances:
            evaluation.add_wasserstein(distances, seconds)
        which = ', generator %d of %d' % (len(evaluations) + 1, len(image_sets)) if len(image_sets) > 1 else ''
        parts = [
            ('MS-SSIM', evaluation.measure_variety),
            ('features', evaluation.measure_features),
            ('gray levels', evaluation.measure_gray_levels),
            ('nodules', evaluation.measure_nodules),
            ('copies', functools.partial(evaluation.measure_copies, audit)),
        ]
        for name, part in parts:
            log.info('measuring %s%s' % (name, which))
            with log.timed(name):
                part()
        evaluations.append(evaluation)
    return evaluations
