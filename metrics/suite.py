"""All metrics of a set of generated images, each beside the same metric of real images and with an interval."""
import collections
import time

import numpy as np
import tqdm

import features
import memorisation
import metrics

# A line of the table. fakes: of the generated images; reals: the same of as many real ones; both metrics.Estimate. seconds: taken for both.
Row = collections.namedtuple('Row', 'metric fakes reals wanted seconds')
# fakes, reals: [N]. The audit's distances, and the nodules as memorisation.Nearest and metrics.Nodules.
Found = collections.namedtuple('Found', 'rows nearest nodules')


def bar(words):
    """A progress bar for a list."""
    return lambda items: tqdm.tqdm(items, desc=words, leave=False, disable=None)


class Table:
    """Rows as they are computed; every metric is given as two (statistic, sizes of the sets it takes weights of)."""

    def __init__(self, seed):
        self.rows, self.seed, self.begin = [], seed, time.time()

    def add(self, metric, wanted, fakes, reals, resamples=50):
        values = [metrics.estimate(statistic, counts, self.seed, resamples) for statistic, counts in (fakes, reals)]
        self.rows.append(Row(metric, values[0], values[1], wanted, round(time.time() - self.begin, 1)))
        self.begin = time.time()


def mean(values):
    return (lambda weights: float(np.average(values, weights=weights))), [len(values)]


def deviation(values):
    return (lambda weights: float(np.sqrt(np.average(np.square(values - np.average(values, weights=weights)), weights=weights)))), [len(values)]


def evaluate(fakes, reals, others, training, window, mm_per_pixel, network=None, audit=1000, seed=0):
    """Compare fakes with reals that the generator has not seen, and `others`, as many, with the same reals; all uint8 [N, C, R, R].

    training: what copies are looked for in. window: HU at gray 0 and 255. mm_per_pixel: None if not known, for pixels. network: a function from
    images to features, for KID and FID, and precision and recall instead of those of the pixel pyramid. audit: images to look for copies of.
    """
    table, count, resolution = Table(seed), len(fakes), fakes.shape[-1]
    both = [count, count]
    hu, mm = (window[1] - window[0]) / 255., mm_per_pixel or 1.
    if resolution >= 16:
        descriptors = [metrics.Descriptors(x, seed + i, track=bar('descriptors')) for i, x in enumerate((fakes, reals, others))]
        for width in descriptors[0].levels:
            table.add('SWD x1000, %dx%d' % (width, width), 'low', *[
                (metrics.sliced_wasserstein(x, descriptors[1], width, seed, track=bar('SWD')), both) for x in (descriptors[0], descriptors[2])])
        del descriptors
    pairs = [metrics.diversity(x, seed, track=bar('MS-SSIM')) for x in (fakes, reals)]
    table.add('MS-SSIM of pairs', 'as reals', *[(statistic, [number]) for statistic, number in pairs])

    def extract(x):
        return np.concatenate([network(x[part]) for part in metrics.chunks(len(x), bar('features'), 64)]) if network else features.pixel_pyramid(x)
    points = [extract(x) for x in (fakes, reals, others)]
    if network:
        table.add('KID x1000', 'low', *[(lambda a, b, s=features.kernel_distance(x, points[1]): 1000 * s(a, b), both) for x in (points[0], points[2])])
        if count > points[0].shape[1]:
            table.add('FID', 'low', *[(features.frechet_distance(x, points[1]), both) for x in (points[0], points[2])], resamples=10)
    shares = [features.precision_recall(points[1], x, track=bar('precision, recall')) for x in (points[0], points[2])]
    for name, index in ('precision', 0), ('recall', 1):
        table.add('%s, %s' % (name, 'network' if network else 'pixel pyramid'), 'high', *[(share[index], [count]) for share in shares])
    table.add('gray histogram distance, HU', 'low', *[(lambda a, b, s=metrics.gray_distance(x, reals): hu * s(a, b), both) for x in (fakes, others)])
    nodules = [metrics.nodules(x, bar('nodules')) for x in (fakes, reals)]
    nodules = [metrics.Nodules(x.gray * hu + window[0], x.diameter * mm) for x in nodules]
    for name, values in (('nodule HU', [x.gray for x in nodules]), ('nodule diameter, %s' % ('mm' if mm_per_pixel else 'pixels'), [x.diameter for x in nodules])):
        table.add(name + ', mean', 'as reals', *map(mean, values))
        table.add(name + ', SD', 'as reals', *map(deviation, values))
    nearest = [memorisation.nearest(x[:audit], training, bar('copies')) for x in (fakes, reals)]
    distances = [x.distance for x in nearest]
    table.add('nearest training image, gray levels', 'as reals', *map(mean, distances))
    table.add('share nearer than 1st percentile', 'low', *[(memorisation.copied(x, distances[1]), [len(x), len(distances[1])]) for x in distances])
    return Found(table.rows, nearest, nodules)
