"""What depends on real images only and is the same for every generator that is compared with them."""

import collections

import numpy as np

from metrics import feature_distances, memorisation, nodules, radiomics, sliced_wasserstein
from metrics.cache import Cache
from metrics.parallel import chunks, ordered, progress_bar
from stats.bootstrap import Estimate, Statistic, estimate

DIRECTIONS = 128  # of one draw of SWD
OFFSETS = {'heldout_reals': 1, 'training_reals': 2}  # of seeds in a draw of SWD; that of generated images is 0


def features_of(images, network=None):
    """Features [N, d] of images: of a network, a function of images, or the pixel pyramid."""
    if not network:
        return feature_distances.pixel_pyramid(images)
    parts = chunks(len(images), progress_bar('features'), 64)
    return np.concatenate([network(images[part]) for part in parts])


class Reference:
    """Real images, and their metrics, each computed once.

    sets: image_sets.Sets. seed: everything random depends on it. network: a function from images to features, and its
    name, which tells it from all others. cache: a cache.Cache of values that follow from these sets and the seed.
    """

    def __init__(self, compared, seed=0, network=None, name='', cache=None):
        self.sets, self.seed, self.network, self.cache = compared, seed, network, cache or Cache(())
        self.space = 'network' if network else 'pixel pyramid'
        self.name = name
        self._draw, self._descriptors = None, {}  # the latest draw, and descriptors of it by the name of their set

    def _estimates(self, name, compute, disk=True):
        """[bootstrap.Estimate] that compute() returns, or has returned, without resampled values."""

        def arrays():
            found = compute()
            return dict(values=[x.value for x in found], intervals=[x.interval for x in found])

        kept = self.cache.recall(name, arrays, disk)
        return [Estimate(float(x), interval.tolist(), None) for x, interval in zip(kept['values'], kept['intervals'])]

    def estimate(self, metric, make, disk=True, of='', **options):
        """The bootstrap.Estimate of a Metric of real images.

        make: returns its bootstrap.Statistic. disk: keep it on disk. of: what else it depends on. options: of
        bootstrap.estimate.
        """
        name = ' '.join(map(str, (metric.key, metric.size, of)))
        return self._estimates(name, lambda: [estimate(make(), self.seed, **options)], disk)[0]

    def features(self, name):
        """Features of 'heldout_reals' or 'training_reals'."""

        def compute():
            return dict(features=features_of(getattr(self.sets, name), self.network))

        return self.cache.recall('features of %s %s' % (name, self.name), compute, bool(self.network))['features']

    def shares(self):
        """Estimates of feature_distances.shares, of training reals among held-out ones."""

        def compute():
            sets = self.features('heldout_reals'), self.features('training_reals')
            functions = feature_distances.shares(*sets, track=progress_bar('precision, recall, reals'))
            count = [len(self.sets.training_reals)]
            return [estimate(Statistic(share, count), self.seed) for _, share in functions]

        return self._estimates('shares %s' % self.name, compute)

    def measure_nodules(self, images):
        """nodules.Nodules of images, in the unit of the card and, if the size of a pixel is known, mm."""
        data = self.sets.card
        window = data.gray_window if data.unit == 'HU' else None
        return nodules.measure(images, window, data.mm_per_pixel, track=progress_bar('nodules'))

    def nodules(self):
        """`measure_nodules` of held-out reals."""

        def compute():
            return self.measure_nodules(self.sets.heldout_reals)._asdict()

        return nodules.Nodules(**self.cache.recall('nodules', compute, disk=False))

    def radiomics(self, name):
        """radiomics.features [n, features] of 'heldout_reals' or 'training_reals'."""

        def compute():
            images = getattr(self.sets, name)
            measured = self.nodules() if name == 'heldout_reals' else self.measure_nodules(images)
            return dict(features=radiomics.features(images, measured))

        return self.cache.recall('radiomics of ' + name, compute)['features']

    def nearest(self, n):
        """memorisation.Nearest of up to n held-out reals."""

        def compute():
            images = self.sets.heldout_reals[:n]
            return memorisation.nearest(images, self.sets.training, progress_bar('copies, reals'))._asdict()

        return memorisation.Nearest(**self.cache.recall('nearest of %d' % n, compute))

    def detected(self, n):
        """{kind of planted copies: (found, planted)}: how many are as near as `nearest` of n says that copies are."""

        def compute():
            limit = memorisation.limit(self.nearest(n).distance)
            found = {}
            for kind, images in memorisation.planted(self.sets.training, n, self.seed).items():
                distances = memorisation.nearest(images, self.sets.training, progress_bar('planted copies')).distance
                found[kind] = [(distances <= limit).sum(), len(distances)]
            return found

        kept = self.cache.recall('detected of %d' % n, compute)
        return collections.OrderedDict((kind, tuple(kept[kind].tolist())) for kind in memorisation.KINDS)

    def nearest_others(self, name, n):
        """memorisation.nearest_others of up to n of 'heldout_reals' or 'training_reals'."""

        def compute():
            images = getattr(self.sets, name)[:n]
            return memorisation.nearest_others(images, progress_bar('duplicates, reals'))._asdict()

        return memorisation.Nearest(**self.cache.recall('nearest others of %d %s' % (n, name), compute))

    def describe(self, images, draw, offset=0):
        """Descriptors of images in a draw of neighbourhoods."""
        track = progress_bar('SWD, draw %d' % (draw + 1))
        return sliced_wasserstein.descriptors(images, self.seed + 3 * draw + offset, track=track)

    def _described(self, name, draw):
        """Descriptors of 'heldout_reals' or 'training_reals' in a draw; those of the latest draw are kept."""
        if draw != self._draw:
            self._draw, self._descriptors = draw, {}
        if name not in self._descriptors:
            self._descriptors[name] = self.describe(getattr(self.sets, name), draw, OFFSETS[name])
        return self._descriptors[name]

    def distances(self, described, draw):
        """SWD x 1000 in a draw, [levels] each: of several sets, from their descriptors, and of training reals.

        Those of training reals are measured along with the first sets, which saves projections, and then kept.
        """
        heldout, name = self._described('heldout_reals', draw), 'SWD, draw %d' % draw
        options = dict(seed=self.seed + draw, directions=DIRECTIONS, track=progress_bar('SWD, draw %d' % (draw + 1)))

        def measure(sets):
            levels = [sliced_wasserstein.distances(sets, heldout, width, **options) for width in heldout]
            return np.transpose(levels)

        kept = self.cache.find(name)
        if kept:
            return measure(described), kept['values']
        *distances, training = measure(described + [self._described('training_reals', draw)])
        self.cache.keep(name, dict(values=training))
        return distances, training

    def swd_estimates(self, described, values, draw):
        """Estimates of SWD x 1000 of all levels, whose values are known, from the descriptors of a draw."""
        heldout = self._described('heldout_reals', draw)

        def of_level(level):
            width, value = level
            options = dict(seed=self.seed + draw, directions=DIRECTIONS)
            function = sliced_wasserstein.sliced_wasserstein(described, heldout, width, **options)
            statistic = Statistic(function, [len(self.sets.heldout_reals)] * 2)
            return estimate(statistic, self.seed, 50, value=float(value))

        return ordered(of_level, list(zip(heldout, values)))

    def swd_estimates_of_training(self, values, draw):
        """`swd_estimates` of training reals."""

        def compute():
            return self.swd_estimates(self._described('training_reals', draw), values, draw)

        return self._estimates('SWD, intervals after draw %d' % draw, compute)
