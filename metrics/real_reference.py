"""What depends on real images only and is the same for every generator that is compared with them."""

import numpy as np

from metrics import feature_distances, memorisation, nodules, parallel, sliced_wasserstein
from metrics.cache import Cache
from metrics.chunks import chunks, progress_bar
from stats.bootstrap import Estimate, estimate

DIRECTIONS = 128  # of one draw of SWD


def features_of(images, network=None):
    """Features [N, d] of images: of a network, a function of images, or the pixel pyramid."""
    if not network:
        return feature_distances.pixel_pyramid(images)
    parts = chunks(len(images), progress_bar('features'), 64)
    return np.concatenate([network(images[part]) for part in parts])


class Reference:
    """Real images, and their figures, each computed once.

    sets: sets.Sets. seed: everything random depends on it. network: a function from images to features, and its name,
    which tells it from all others. cache: a cache.Cache of values that follow from these sets and the seed.
    """

    def __init__(self, compared, seed=0, network=None, name='', cache=None):
        self.sets, self.seed, self.network, self.cache = compared, seed, network, cache or Cache(())
        self.space = 'network' if network else 'pixel pyramid'
        self.name = name
        self._described = None, None  # the latest draw, and its descriptors

    def row(self, metric, make, disk=True, of='', **how):
        """The bootstrap.Estimate of a metric of real images.

        make: gives a function of weights and the sizes of the sets whose weights it takes. disk: it is worth keeping
        there. of: what else it depends on. how: options of bootstrap.estimate.
        """

        def compute():
            found = estimate(*make(), self.seed, **how)
            return dict(value=found.value, interval=found.interval)

        found = self.cache.recall(metric + of, compute, disk, dict(value=(), interval=(2,)))
        return Estimate(float(found['value']), found['interval'].tolist(), None)

    def features(self, name):
        """Features of 'heldout_reals' or 'training_reals'."""

        def compute():
            return dict(features=features_of(getattr(self.sets, name), self.network))

        key, shapes = 'features of %s %s' % (name, self.name), dict(features=(len(getattr(self.sets, name)), None))
        return self.cache.recall(key, compute, bool(self.network), shapes)['features']

    def precision_recall(self):
        """Estimates of precision and recall, of training reals among held-out ones."""
        shares = []

        def share(which):
            if not shares:
                sets = self.features('heldout_reals'), self.features('training_reals')
                shares.extend(feature_distances.precision_recall(*sets, track=progress_bar('precision, recall, reals')))
            return shares[which], [len(self.sets.training_reals)]

        names = ['%s, %s' % (name, self.space) for name in ('precision', 'recall')]
        return [self.row(name, lambda i=i: share(i), of=self.name) for i, name in enumerate(names)]

    def measure_nodules(self, images):
        """nodules.Nodules of images, in HU and, if it is known how large a pixel is, mm."""
        (lo, hi), mm = self.sets.window, self.sets.mm_per_pixel or 1.0
        measured = nodules.nodules(images, progress_bar('nodules'))
        return nodules.Nodules(measured.gray * ((hi - lo) / 255.0) + lo, measured.diameter * mm)

    def nodules(self):
        """`measure_nodules` of held-out reals."""

        def compute():
            return self.measure_nodules(self.sets.heldout_reals)._asdict()

        return nodules.Nodules(**self.cache.recall('nodules', compute, disk=False))

    def nearest(self, number):
        """memorisation.Nearest of up to `number` held-out reals."""

        images = self.sets.heldout_reals[:number]

        def compute():
            return memorisation.nearest(images, self.sets.training, progress_bar('copies, reals'))._asdict()

        shapes = dict.fromkeys(memorisation.Nearest._fields, (len(images),))
        return memorisation.Nearest(**self.cache.recall('nearest of %d' % number, compute, shapes=shapes))

    def describe(self, images, draw, number):
        """Descriptors of a draw of neighbourhoods, of the number-th of the sets that are compared."""
        track = progress_bar('SWD, draw %d' % (draw + 1))
        return sliced_wasserstein.Descriptors(images, self.seed + 3 * draw + number, track=track)

    def descriptors(self, draw):
        """Descriptors of held-out and training reals, the latter as a function; only the latest draw is kept."""
        if self._described[0] != draw:
            found = [self.describe(self.sets.heldout_reals, draw, 1)]
            self._described = draw, found

        def training():
            if len(self._described[1]) < 2:
                self._described[1].append(self.describe(self.sets.training_reals, draw, 2))
            return self._described[1][1]

        return self._described[1][0], training

    def distances(self, several, draw):
        """SWD x 1000 of a draw: [sets of `several`, levels] of Descriptors, and [levels] of training reals."""
        heldout, training = self.descriptors(draw)
        how = dict(seed=self.seed + draw, directions=DIRECTIONS, track=progress_bar('SWD, draw %d' % (draw + 1)))
        name = 'SWD, draw %d' % draw
        known = self.cache.find(name, dict(values=(len(heldout.levels),)))
        sets = several if known else several + [training()]
        found = np.array([sliced_wasserstein.distances(sets, heldout, width, **how) for width in heldout.levels]).T
        known = known or self.cache.keep(name, dict(values=found[-1]))
        return found[: len(several)], known['values']

    def spread(self, described, values, draw):
        """Estimates of SWD x 1000 of all levels, whose values are known, from the Descriptors of a draw."""
        heldout, _ = self.descriptors(draw)

        def one(level):
            width, value = level
            how = dict(seed=self.seed + draw, directions=DIRECTIONS)
            statistic = sliced_wasserstein.sliced_wasserstein(described, heldout, width, **how)
            return estimate(statistic, [len(self.sets.heldout_reals)] * 2, self.seed, 50, value=float(value))

        return parallel.ordered(one, list(zip(heldout.levels, values)))

    def wasserstein(self, values, draw):
        """`spread` of training reals."""

        def compute():
            return dict(intervals=[found.interval for found in self.spread(self.descriptors(draw)[1](), values, draw)])

        shapes = dict(intervals=(len(values), 2))
        intervals = self.cache.recall('SWD, intervals after draw %d' % draw, compute, shapes=shapes)['intervals']
        return [Estimate(float(value), interval.tolist(), None) for value, interval in zip(values, intervals)]
