"""All metrics of a set of generated images, each beside the same metric of real images and with an interval."""

import collections
import functools
import time
import typing

import numpy as np

from common import card, hounsfield, log, page
from metrics import feature_distances, memorisation, ms_ssim, radiomics, topic_verdicts
from metrics.gray_levels import gray_distance
from metrics.metric import Metric, metric, wanted_text
from metrics.nodules import known
from metrics.parallel import progress_bar
from metrics.real_reference import features_of
from stats import standard_deviation
from stats.bootstrap import Estimate, Statistic, estimate

# Draws of neighbourhoods and directions for SWD, and the relative standard error that needs no further one.
LEAST_DRAWS, MOST_DRAWS, PRECISION = 4, 16, 0.01
TOGETHER = 4  # sets of generated images whose descriptors are in memory at a time

_NOTHING = 'the search for copies says nothing about memorisation'
# What a dataset may be to weights, and how that is said.
RELATIONS = {
    'same': '%s is the data it was trained on',
    'part': '%s is a part of the data it was trained on: copies of the rest are not looked for',
    'more': '%s is the data it was trained on, and others',
    'different': '%s is not the data it was trained on: ' + _NOTHING,
    'transferred': '%s is not the data it was trained on, and those of the weights that it began with are not known: '
    + _NOTHING,
    'unknown': 'not known whether %s is the data it was trained on (no run.json beside it tells): if it is not, '
    + _NOTHING,
}
TRAINED_ON = 'same', 'part', 'more'  # those of which a search for copies tells something

LEAST_NODULES = 10  # of each kind, that a row is about

# draws: their number; error: their relative standard error; widths, fakes, reals: of the levels, and the SWD x 1000 of
# generated and training reals there, as bootstrap.Estimates.
Drawn = collections.namedtuple('Drawn', 'draws error widths fakes reals')
# What was compared. swd: how it was measured, or None; model: a path; data, searched, reference: which images;
# compared: how many of each kind; these are texts; seed: a number.
Facts = collections.namedtuple('Facts', 'swd model data searched reference compared seed')
# FILE FORMAT: what evaluation.json, comparison.json and pages call those fields of Facts that have other names there.
TITLES = {'swd': 'SWD', 'searched': 'searched for copies', 'reference': 'reference images'}
# How far the mean of a radiomic feature of generated images and of training reals lies from that of the reference, in
# spreads of training reals. feature: a key of radiomics.FEATURES.
Shift = collections.namedtuple('Shift', 'feature fakes reals')


class Row(typing.NamedTuple):
    """A line of the table."""

    metric: Metric
    fakes: Estimate  # of the generated images
    reals: Estimate  # the same of real images
    count: int  # of images of each kind that it is about, the smaller number where they differ
    seconds: float = 0.0  # what its part of the evaluation took, shared equally by the rows of that part


class Note(typing.NamedTuple):
    """What a reader of an evaluation must not miss."""

    key: str  # provenance, too_few, not_found, classes, window, mm_per_pixel, mirrored or colour
    title: str
    text: str  # a sentence without its end

    def __str__(self):
        return '%s: %s' % (self.title, self.text)


def _mean(values):
    """The Statistic of the mean of values."""
    return Statistic(lambda weights: float(np.average(values, weights=weights)), [len(values)])


def _standard_deviation(values):
    """The Statistic of the standard deviation of values."""

    def deviation(weights):
        squares = np.square(values - np.average(values, weights=weights))
        return float(np.sqrt(weights.dot(squares) / (weights.sum() - 1)))

    return Statistic(deviation, [len(values)], standard_deviation.interval(values))


def aligned(lines):
    """Lines of cells as text: the first and last column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    texts = []
    for first, *others, last in lines:
        cells = [first.ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(others, widths[1:])]
        texts.append('  '.join(cells + [last]).rstrip())
    return '\n'.join(texts)


class Evaluation:
    """Metrics of generated images against reference images and, as a baseline, of training images against them.

    images: the generated ones, uint8 [N, C, R, R]. drawn: their Drawn, None for images that are too small for SWD.
    rows: of the table. nodules, nearest, nearest_others: nodules.Nodules and memorisation.Nearest, to training images
    and to others of their set, of generated and reference images; nodules is None of colour images. detected:
    Reference.detected. shifts: a Shift of each radiomic feature. facts: Facts. notes: [Note]; warnings: those of them
    that make the comparison doubtful.
    relation: what the data are to the weights, a key of RELATIONS. weights: the digest of the weight file in a list, or
    empty. learned: the card.Card of the weights.
    """

    def __init__(self, images, reference, drawn=None):
        self.images, self.sets, self.reference, self.seed = images, reference.sets, reference, reference.seed
        self.drawn, self.rows, self.nodules, self.nearest = drawn, [], None, None
        self.nearest_others, self.shifts, self.detected = None, [], collections.OrderedDict()
        self.facts, self.notes, self.warnings, self.weights, self.relation = None, [], [], [], 'unknown'
        self.learned = card.Card()

    def __str__(self):
        """The rows as a table."""
        real = self.sets.card.adjective
        lines = [('', 'generated', '95 %', real, '95 %', '')]
        for row in self.rows:
            cells = [row.metric.label]
            for side in (row.fakes, row.reals):
                cells += [page.number(side.value), '%s .. %s' % tuple(map(page.number, side.interval))]
            lines.append(cells + ['wanted: ' + wanted_text(row.metric.wanted, real)])
        return aligned(lines)

    def row(self, key, size=None):
        """The Row of a metric's key and, for SWD, the size of its level; KeyError if there is none."""
        for row in self.rows:
            if row.metric.key == key and row.metric.size == size:
                return row
        raise KeyError(key)

    def __getitem__(self, name):
        """What evaluation.json holds under a name."""
        return self.record()[name]

    def titled_facts(self, fields=Facts._fields):
        """{title: value} of fields of its Facts, those that are known."""
        values = [(TITLES.get(field, field), getattr(self.facts, field)) for field in fields]
        return collections.OrderedDict((title, value) for title, value in values if value is not None)

    def record(self):
        """FILE FORMAT: what evaluation.json holds."""
        data = self.titled_facts()
        data.update((note.key, note.text) for note in self.notes)
        data.update(weights=self.weights, relation=self.relation, digest=self.sets.card.digest)
        data.update(verdicts=self.verdicts, rows=[])
        for row, state, p, _ in self.comparisons():
            values = row.metric.facts()
            values.update(wanted=row.metric.wanted, state=state, p=p, seconds=row.seconds)
            values.update(fakes=row.fakes.value, fakes_interval=row.fakes.interval)
            values.update(reals=row.reals.value, reals_interval=row.reals.interval)
            data['rows'].append(values)
        counts = self.detected.items()
        data['planted_copies'] = [dict(kind=kind, found=found, planted=n) for kind, (found, n) in counts]
        if self.shifts:
            data['radiomics'] = [shift._asdict() for shift in self.shifts]
        return data

    def add(self, rows, seconds):
        """Add Rows. seconds: of all together."""
        self.rows += [row._replace(seconds=round(seconds / len(rows), 1)) for row in rows]

    def _metric(self, key, **parameters):
        return metric(key, real=self.sets.card.adjective, **parameters)

    def _estimate(self, statistic, **options):
        return estimate(statistic, self.seed, **options)

    def _measure(self, measured, statistic, generated, real, count=None, disk=True, of='', **options):
        """The Row of a Metric: of statistic(generated) and, unless it is in the cache, of statistic(real).

        statistic: a function to a bootstrap.Statistic. count: of images, if not all are used. disk, of, options: as of
        Reference.estimate.
        """
        reals = self.reference.estimate(measured, lambda: statistic(real), disk, of, **options)
        return Row(measured, self._estimate(statistic(generated), **options), reals, count or len(self.images))

    def measure_wasserstein(self):
        """Sliced Wasserstein distance for each resolution from 16x16, of images that are not smaller."""
        levels = zip(self.drawn.widths, self.drawn.fakes, self.drawn.reals)
        return [Row(self._metric('swd', size=width), fakes, reals, len(self.images)) for width, fakes, reals in levels]

    def measure_variety(self):
        """MS-SSIM of pairs."""

        def similarity(images):
            return Statistic(ms_ssim.diversity(images, self.seed, track=progress_bar('MS-SSIM')), [len(images)])

        n = ms_ssim.scales(self.images.shape[-1])
        measured = self._metric('ms_ssim', scales='' if n == 5 else ', %d of 5 scales' % n)
        return [self._measure(measured, similarity, self.images, self.sets.heldout_reals)]

    def measure_features(self):
        """Precision, recall, density and coverage on the pixel pyramid or, with KID and FID, on network features."""
        reference, n = self.reference, len(self.images)
        generated, heldout = features_of(self.images, reference.network), reference.features('heldout_reals')

        def kernel_distance(x):
            distance = feature_distances.kernel_distance(x, heldout)
            return Statistic(lambda *weights: 1000 * distance(*weights), [n, n])

        def frechet_distance(x):
            return Statistic(feature_distances.frechet_distance(x, heldout), [n, n])

        measured = []
        if reference.network:
            both = generated, reference.features('training_reals')
            measured.append(self._measure(self._metric('kid'), kernel_distance, *both, of=reference.name, resamples=50))
            if n > generated.shape[1]:
                measured.append(
                    self._measure(self._metric('fid'), frechet_distance, *both, of=reference.name, resamples=10)
                )
        shares = feature_distances.shares(heldout, generated, track=progress_bar('precision, recall'))
        for (key, share), reals in zip(shares, reference.shares()):
            measured.append(
                Row(self._metric(key, space=reference.space), self._estimate(Statistic(share, [n])), reals, n)
            )
        return measured

    def measure_gray_levels(self):
        """Distance of the gray-level histograms in the unit of the card."""
        n, step = len(self.images), hounsfield.per_gray_level(self.sets.card.gray_window)
        measured = self._metric('gray_distance', unit=self.sets.card.unit)

        def of_histograms(images):
            distance = gray_distance(images, self.sets.heldout_reals)
            return Statistic(lambda *weights: step * distance(*weights), [n, n])

        return [self._measure(measured, of_histograms, self.images, self.sets.training_reals, disk=False)]

    def measure_nodules(self):
        """Density, size, shape and place of the nodule in the middle, where it is found and the measure is known."""
        self.nodules = [self.reference.measure_nodules(self.images), self.reference.nodules()]
        gray, length = self.sets.card.unit, 'mm' if self.sets.card.mm_per_pixel else 'pixels'
        rows = []
        for key, statistic, field, unit in (
            ('nodule_gray_mean', _mean, 'mean_hu', gray),
            ('nodule_gray_sd', _standard_deviation, 'mean_hu', gray),
            ('solid_share', _mean, 'solid_share', None),
            ('diameter_mean', _mean, 'diameter_mm', length),
            ('diameter_sd', _standard_deviation, 'diameter_mm', length),
            ('elongation_mean', _mean, 'elongation', None),
            ('wall_mean', _mean, 'wall_mm', length),
        ):
            values = [known(getattr(measured, field)) for measured in self.nodules]
            count = min(map(len, values))
            if count >= LEAST_NODULES:
                rows.append(self._measure(self._metric(key, unit=unit), statistic, *values, count=count, disk=False))
        return rows

    def measure_radiomics(self):
        """Frechet distance of radiomic features, where more nodules than features were found; after measure_nodules."""
        of_training, of_heldout = [self.reference.radiomics(name) for name in ('training_reals', 'heldout_reals')]
        standard = radiomics.standard(of_training)
        of_sets = radiomics.features(self.images, self.nodules[0]), of_heldout, of_training
        generated, heldout, training = [radiomics.points(values, standard) for values in of_sets]
        count = min(len(generated), len(heldout), len(training))
        if count <= heldout.shape[1]:
            return []
        shifts = [x.mean(axis=0) - heldout.mean(axis=0) for x in (generated, training)]
        self.shifts = [Shift(*values) for values in zip(radiomics.useful(standard), *np.array(shifts).tolist())]

        def distance(x):
            return Statistic(feature_distances.frechet_distance(x, heldout), [len(x), len(heldout)])

        return [self._measure(self._metric('radiomic_distance'), distance, generated, training, count=count)]

    def measure_duplicates(self, n):
        """Share of up to n generated images that nearly are another one, and the same of training reals."""
        generated = memorisation.nearest_others(self.images[:n], progress_bar('duplicates'))
        heldout, training = [self.reference.nearest_others(name, n) for name in ('heldout_reals', 'training_reals')]
        self.nearest_others = [generated, heldout]

        def share(nearest):
            counts = [len(nearest.distance), len(heldout.distance)]
            return Statistic(memorisation.copied(nearest.distance, heldout.distance), counts)

        count = len(generated.distance)
        return [self._measure(self._metric('duplicates'), share, generated, training, count=count, of='%d' % n)]

    def measure_copies(self, n):
        """Distance to the nearest training image, of up to n generated images and as many reference images."""
        nearest = memorisation.nearest(self.images[:n], self.sets.training, progress_bar('copies'))
        self.nearest = [nearest, self.reference.nearest(n)]
        self.detected = self.reference.detected(n)
        generated, reals = [nearest.distance for nearest in self.nearest]

        def share(distances):
            return Statistic(memorisation.copied(distances, reals), [len(distances), len(reals)])

        return [
            self._measure(self._metric(key), statistic, generated, reals, count=len(generated), disk=False)
            for key, statistic in (('nearest_distance', _mean), ('nearer_share', share))
        ]

    @property
    def trained_on(self):
        """Whether the weights are known to have learned from these data."""
        return self.relation in TRAINED_ON

    def comparisons(self):
        """A verdicts.Comparison of each row."""
        return topic_verdicts.compare(self.rows)

    @property
    def verdicts(self):
        """[{topic, state}]; topic: a key of metric.TOPICS; state: alike, differs, undecided or unknown."""
        judged = topic_verdicts.verdicts(self.comparisons(), self.trained_on, self.sets.card.adjective)
        return [collections.OrderedDict(topic=verdict.topic, state=verdict.state) for verdict in judged]


def _draw_wasserstein(image_sets, reference):
    """[Drawn] of sets of generated images against the reference images of a Reference.

    SWD is the mean of as many draws of neighbourhoods and directions as each set needs until its error is small; it
    depends on that set alone.
    """
    drawn, done, draw = [[] for _ in image_sets], {}, 0
    while len(done) < len(image_sets):
        left = [i for i in range(len(image_sets)) if i not in done]
        for begin in range(0, len(left), TOGETHER):
            group = left[begin : begin + TOGETHER]
            described = [reference.describe(image_sets[i], draw) for i in group]
            distances, reals = reference.distances(described, draw)
            for i, of_set, descriptors in zip(group, distances, described):
                drawn[i].append(np.stack([of_set, reals], axis=1))  # [levels, 2]
                if draw + 1 < LEAST_DRAWS:
                    continue
                means = np.mean(drawn[i], axis=0)
                error = (np.std(drawn[i], axis=0, ddof=1) / means).max() / np.sqrt(draw + 1)
                if error <= PRECISION or draw + 1 == MOST_DRAWS:
                    estimates = reference.swd_estimates(descriptors, means[:, 0], draw)
                    baseline = reference.swd_estimates_of_training(means[:, 1], draw)
                    done[i] = Drawn(draw + 1, error, list(descriptors), estimates, baseline)
        draw += 1
    return [done[i] for i in range(len(image_sets))]


def measure(image_sets, reference, audit=1000):
    """[Evaluation] of sets of generated images, uint8 [N, C, R, R] each, against a Reference of as many images.

    audit: images to search for copies and duplicates.
    """
    drawn, begin = [None] * len(image_sets), time.time()
    if image_sets[0].shape[-1] >= 16:
        log.info('measuring the sliced Wasserstein distance')
        with log.timed('sliced Wasserstein distance'):
            drawn = _draw_wasserstein(image_sets, reference)
    seconds, evaluations = (time.time() - begin) / len(image_sets), []
    for images, of_set in zip(image_sets, drawn):
        evaluation = Evaluation(images, reference, of_set)
        if of_set:
            evaluation.add(evaluation.measure_wasserstein(), seconds)
        which = ', generator %d of %d' % (len(evaluations) + 1, len(image_sets)) if len(image_sets) > 1 else ''
        parts = [('MS-SSIM', evaluation.measure_variety), ('features', evaluation.measure_features)]
        if images.shape[1] == 1:
            parts += [
                ('gray levels', evaluation.measure_gray_levels),
                ('nodules', evaluation.measure_nodules),
                ('radiomics', evaluation.measure_radiomics),
            ]
        parts += [
            ('duplicates', functools.partial(evaluation.measure_duplicates, audit)),
            ('copies', functools.partial(evaluation.measure_copies, audit)),
        ]
        for name, part in parts:
            log.info('measuring %s%s' % (name, which))
            with log.timed(name):
                begin = time.time()
                evaluation.add(part(), time.time() - begin)
        evaluations.append(evaluation)
    return evaluations
