"""What depends on real images only and is the same for every generator that is compared with them."""

import numpy as np

from metrics import feature_distances, memorisation, nodules, sliced_wasserstein
from metrics.cache import Cache
from metrics.parallel import chunks, ordered, progress_bar
from stats.bootstrap import Estimate, estimate

DIRECTIONS = 128  # of one draw of SWD


def features_of(images, network=None):
    """Features [N, d] of images: of a network, a function of images, or the pixel pyramid."""
    if not network:
        return feature_distances.pixel_pyramid(images)
    parts = chunks(len(images), progress_bar('features'), 64)
    return np.concatenate([network(images[part]) for part in parts])


class Reference:
    """Real images, and their metrics, each computed once.

    sets: sets.Sets. seed: everything random depends on it. network: a function from images to features, and its name,
    which tells it from all others. cache: a cache.Cache of values that follow from these sets and the seed.
    """

    def __init__(self, compared, seed=0, network=None, name='', cache=None):
        self.sets, self.seed, self.network, self.cache = compared, seed, network, cache or Cache(())
        self.space = 'network' if network else 'pixel pyramid'
        self.name = name
        self._descriptors = None, None  # the latest draw, and its descriptors

    def estimate(self, metric, make, disk=True, of='', **options):
        """The bootstrap.Estimate of a Metric of real images.

        make: gives a function of weights and the sizes of the sets whose weights it takes. disk: keep it on disk. of:
        what else it depends on. options: of bootstrap.estimate.
        """

        def compute():
            result = estimate(*make(), self.seed, **options)
            return dict(value=result.value, interval=result.interval)

        values = self.cache.recall(metric.label + of, compute, disk)
        return Estimate(float(values['value']), values['interval'].tolist(), None)

    def features(self, name):
        """Features of 'heldout_reals' or 'training_reals'."""

        def compute():
            return dict(features=features_of(getattr(self.sets, name), self.network))

        return self.cache.recall('features of %s %s' % (name, self.name), compute, bool(self.network))['features']

    def precision_recall(self, metrics):
        """Estimates of the Metrics precision and recall, of training reals among held-out ones."""
        shares = []

        def share(index):
            if not shares:
                sets = self.features('heldout_reals'), self.features('training_reals')
                shares.extend(feature_distances.precision_recall(*sets, track=progress_bar('precision, recall, reals')))
            return shares[index], [len(self.sets.training_reals)]

        return [self.estimate(metric, lambda i=i: share(i), of=self.name) for i, metric in enumerate(metrics)]

    def measure_nodules(self, images):
        """nodules.Nodules of images, in the unit of the card and, if the size of a pixel is known, mm."""
        measured = nodules.nodules(images, progress_bar('nodules'))
        (low, high), mm = self.sets.card.gray_window, self.sets.card.mm_per_pixel or 1.0
        return nodules.Nodules(measured.gray * ((high - low) / 255.0) + low, measured.diameter * mm)

    def nodules(self):
        """`measure_nodules` of held-out reals."""

        def compute():
            return self.measure_nodules(self.sets.heldout_reals)._asdict()

        return nodules.Nodules(**self.cache.recall('nodules', compute, disk=False))

    def nearest(self, n):
        """memorisation.Nearest of up to n held-out reals."""

        def compute():
            images = self.sets.heldout_reals[:n]
            return memorisation.nearest(images, self.sets.training, progress_bar('copies, reals'))._asdict()

        return memorisation.Nearest(**self.cache.recall('nearest of %d' % n, compute))

    def describe(self, images, draw, index):
        """Descriptors of a draw of neighbourhoods. index: of the set: 0 generated, 1 held-out, 2 training images."""
        track = progress_bar('SWD, draw %d' % (draw + 1))
        return sliced_wasserstein.Descriptors(images, self.seed + 3 * draw + index, track=track)

    def _described(self, draw):
        """Descriptors of held-out reals, and a function that gives those of training reals; the latest draw is kept."""
        if self._descriptors[0] != draw:
            self._descriptors = draw, [self.describe(self.sets.heldout_reals, draw, 1)]
        kept = self._descriptors[1]

        def training():
            if len(kept) < 2:
                kept.append(self.describe(self.sets.training_reals, draw, 2))
            return kept[1]

        return kept[0], training

    def distances(self, described, draw):
        """SWD x 1000 of a draw: [sets, levels] of several sets' Descriptors, and [levels] of training reals."""
        heldout, training = self._described(draw)
        options = dict(seed=self.seed + draw, directions=DIRECTIONS, track=progress_bar('SWD, draw %d' % (draw + 1)))
        name = 'SWD, draw %d' % draw
        stored = self.cache.find(name)
        sets = described if stored else described + [training()]
        levels = [sliced_wasserstein.distances(sets, heldout, width, **options) for width in heldout.levels]
        values = np.array(levels).T
        stored = stored or self.cache.keep(name, dict(values=values[-1]))
        return values[: len(described)], stored['values']

    def swd_estimates(self, described, values, draw):
        """Estimates of SWD x 1000 of all levels, whose values are known, from the Descriptors of a draw."""
        heldout, _ = self._described(draw)

        def of_level(level):
            width, value = level
            options = dict(seed=self.seed + draw, directions=DIRECTIONS)
            statistic = sliced_wasserstein.sliced_wasserstein(described, heldout, width, **options)
            return estimate(statistic, [len(self.sets.heldout_reals)] * 2, self.seed, 50, value=float(value))

        return ordered(of_level, list(zip(heldout.levels, values)))

    def swd_estimates_of_training(self, values, draw):
        """`swd_estimates` of training reals."""

        def compute():
            _, training = self._described(draw)
            return dict(intervals=[result.interval for result in self.swd_estimates(training(), values, draw)])

        intervals = self.cache.recall('SWD, intervals after draw %d' % draw, compute)['intervals']
        return [Estimate(float(value), interval.tolist(), None) for value, interval in zip(values, intervals)]
