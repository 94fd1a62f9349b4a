"""All metrics of a set of generated images, each beside the same metric of real images and with an interval."""

import collections
import time

import numpy as np

from common import log
from metrics import draws, feature_distances, memorisation, ms_ssim, nodules, verdicts
from metrics.chunks import progress_bar
from metrics.real_reference import features_of
from stats.bootstrap import estimate

# A line of the table. fakes: of the generated images; reals: the same of as many real ones; both bootstrap.Estimate.
# seconds: taken for both, where the reals' were not known before.
Row = collections.namedtuple('Row', 'metric fakes reals wanted seconds')


def _mean(values):
    return (lambda weights: float(np.average(values, weights=weights))), [len(values)]


def _standard_deviation(values):
    def statistic(weights):
        squares = np.square(values - np.average(values, weights=weights))
        return float(np.sqrt(np.average(squares, weights=weights)))

    return statistic, [len(values)]


class Evaluation:
    """Metrics as they are computed: of fakes against held-out reals, and as a baseline of training reals against them.

    rows: of the table. nodules, nearest: nodules.Nodules in HU and mm and memorisation.Nearest of fakes and held-out
    reals. about: [(name, value)], what was compared, and notes: those values that a reader must not miss.
    learnt: whether the generator is known to have learnt from these data. doubts: sentences on what makes the
    comparison doubtful. weights: the digest of the weight file in a list, or empty.
    """

    def __init__(self, fakes, reference):
        self.fakes, self.sets, self.reference, self.seed = fakes, reference.sets, reference, reference.seed
        self.rows, self.about, self.notes, self.learnt = [], [], [], False
        self.doubts, self.weights = [], []
        self.both, self.begin = [len(fakes)] * 2, time.time()

    def add(self, metric, wanted, fakes, reals, **how):
        """A row. fakes: (a function of weights, the sizes of the sets whose weights it takes). reals: an Estimate.

        how: options of bootstrap.estimate.
        """
        self.append(metric, wanted, estimate(*fakes, self.seed, **how), reals, time.time() - self.begin)

    def append(self, metric, wanted, fakes, reals, seconds):
        """A row of two Estimates."""
        self.rows.append(Row(metric, fakes, reals, wanted, round(seconds, 1)))
        self.begin = time.time()

    def add_wasserstein(self, measured, seconds):
        """Rows of draws.Measured: sliced Wasserstein distance for each resolution from 16x16."""
        words = 'mean of %d draws of neighbourhoods and directions; its standard error is at most %.1f %%'
        self.about.append(('SWD', words % (measured.draws, 100 * measured.error)))
        for width, fakes, reals in zip(measured.widths, measured.fakes, measured.reals):
            self.append('SWD x1000, %dx%d' % (width, width), 'low', fakes, reals, seconds / len(measured.widths))

    def measure_variety(self):
        """MS-SSIM of pairs."""

        def likeness(x):
            statistic, number = ms_ssim.diversity(x, self.seed, track=progress_bar('MS-SSIM'))
            return statistic, [number]

        scales = ms_ssim.scales(self.fakes.shape[-1])
        metric = 'MS-SSIM of pairs' + ('' if scales == 5 else ', %d of 5 scales' % scales)
        reals = self.reference.row(metric, lambda: likeness(self.sets.heldout_reals))
        self.add(metric, 'as reals', likeness(self.fakes), reals)

    def measure_features(self):
        """Precision and recall on the pixel pyramid or, with KID and FID, on the features of a network."""
        reference = self.reference
        fakes, heldout = features_of(self.fakes, reference.network), reference.features('heldout_reals')

        def kernel_distance(x):
            statistic = feature_distances.kernel_distance(x, heldout)
            return (lambda *weights: 1000 * statistic(*weights)), self.both

        def frechet_distance(x):
            return feature_distances.frechet_distance(x, heldout), self.both

        def compare(metric, distance, **how):
            reals = reference.row(
                metric, lambda: distance(reference.features('training_reals')), of=reference.name, **how
            )
            self.add(metric, 'low', distance(fakes), reals, **how)

        if reference.network:
            compare('KID x1000', kernel_distance, resamples=50)
            if len(fakes) > fakes.shape[1]:
                compare('FID', frechet_distance, resamples=10)
        track = progress_bar('precision, recall')
        shares = feature_distances.precision_recall(heldout, fakes, track=track)
        for name, share, reals in zip(('precision', 'recall'), shares, reference.precision_recall()):
            self.add('%s, %s' % (name, reference.space), 'high', (share, self.both[:1]), reals)

    def measure_gray_levels(self):
        """Distance of the gray-level histograms in HU."""
        hu, metric = (self.sets.window[1] - self.sets.window[0]) / 255.0, 'gray histogram distance, ' + self.sets.unit

        def distance(x):
            statistic = nodules.gray_distance(x, self.sets.heldout_reals)
            return (lambda *weights: hu * statistic(*weights)), self.both

        reals = self.reference.row(metric, lambda: distance(self.sets.training_reals), disk=False)
        self.add(metric, 'low', distance(self.fakes), reals)

    def measure_nodules(self):
        """HU and diameter of the nodule in the middle."""
        found = [self.reference.measure_nodules(self.fakes), self.reference.nodules()]
        self.nodules, unit = found, 'mm' if self.sets.mm_per_pixel else 'pixels'
        for name, values in (('nodule ' + self.sets.unit, 'gray'), ('nodule diameter, ' + unit, 'diameter')):
            fakes, reals = [getattr(x, values) for x in found]
            for end, statistic in (('mean', _mean), ('SD', _standard_deviation)):
                known = self.reference.row('%s, %s' % (name, end), lambda s=statistic, x=reals: s(x), disk=False)
                self.add('%s, %s' % (name, end), 'as reals', statistic(fakes), known)

    def measure_copies(self, number):
        """Distance to the nearest training image, of up to `number` fakes and as many held-out reals."""
        found = memorisation.nearest(self.fakes[:number], self.sets.training, progress_bar('copies'))
        self.nearest = [found, self.reference.nearest(number)]
        fakes, reals = [x.distance for x in self.nearest]
        metric, row = 'nearest training image, gray levels', self.reference.row
        self.add(metric, 'as reals', _mean(fakes), row(metric, lambda: _mean(reals), disk=False))

        def share(x):
            return memorisation.copied(x, reals), [len(x), len(reals)]

        metric = 'share nearer than 1st percentile'
        self.add(metric, 'low', share(fakes), row(metric, lambda: share(reals), disk=False))

    def comparisons(self):
        """A verdicts.Comparison of each row."""
        return verdicts.comparisons(self.rows, len(self.fakes), len(self.nearest[0].distance))

    def note(self, name, words):
        """A fact for `about` that a reader must not miss."""
        self.about.append((name, words))
        self.notes.append('%s: %s' % (name, words))


def evaluate(several, reference, audit=1000):
    """[Evaluation] of sets of fakes, uint8 [N, C, R, R] each, against a reference.Reference of as many images.

    audit: images to look for copies of.
    """
    measured, begin = [None] * len(several), time.time()
    if several[0].shape[-1] >= 16:
        log.info('measuring the sliced Wasserstein distance')
        with log.timed('sliced Wasserstein distance'):
            measured = draws.measure(several, reference)
    seconds, evaluations = (time.time() - begin) / len(several), []
    for fakes, distances in zip(several, measured):
        found = Evaluation(fakes, reference)
        if distances:
            found.add_wasserstein(distances, seconds)
        parts = [
            ('MS-SSIM', found.measure_variety, ()),
            ('features', found.measure_features, ()),
            ('gray levels', found.measure_gray_levels, ()),
            ('nodules', found.measure_nodules, ()),
            ('copies', found.measure_copies, (audit,)),
        ]
        which = ', generator %d of %d' % (len(evaluations) + 1, len(several)) if len(several) > 1 else ''
        for name, part, arguments in parts:
            log.info('measuring %s%s' % (name, which))
            with log.timed(name):
                part(*arguments)
        evaluations.append(found)
    return evaluations
