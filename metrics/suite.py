"""All metrics of a set of generated images, each beside the same metric of real images and with an interval."""

import collections
import os
import time

import numpy as np

try:
    import scipy  # noqa: F401
except ImportError:
    raise ImportError('images are measured with SciPy: pip install scipy') from None

import tfutil
from common import capacity, talk
from metrics import feature_distances, frozen_graph, memorisation, ms_ssim, nodules, sets, sliced_wasserstein
from metrics.bootstrap import estimate
from metrics.chunks import chunks
from sampling import generate

# A line of the table. fakes: of the generated images; reals: the same of as many real ones; both bootstrap.Estimate.
# seconds: taken for both.
Row = collections.namedtuple('Row', 'metric fakes reals wanted seconds')
# Of the neighbourhoods and directions that an SWD is the mean of: of how many directions one draw is, how many draws,
# and the standard error, relative to the SWD, that needs no further one.
DIRECTIONS, LEAST_DRAWS, MOST_DRAWS, PRECISION = 128, 4, 16, 0.01


def progress_bar(words):
    """A progress bar for a list."""
    return lambda items: talk.bar(items, desc=words, leave=False)


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
    reals. about: [(name, value)], what was compared.
    """

    def __init__(self, fakes, compared, seed=0):
        self.fakes, self.sets, self.seed, self.rows, self.about = fakes, compared, seed, [], []
        self.both, self.begin = [len(fakes)] * 2, time.time()

    def add(self, metric, wanted, fakes, reals, **how):
        """A row. fakes, reals: (a function of weights, the sizes of the sets whose weights it takes, value if known).

        how: options of bootstrap.estimate.
        """
        found = []
        for statistic, counts, *value in (fakes, reals):
            found.append(estimate(statistic, counts, self.seed, value=value[0] if value else None, **how))
        self.rows.append(Row(metric, found[0], found[1], wanted, round(time.time() - self.begin, 1)))
        self.begin = time.time()

    def measure_wasserstein(self):
        """Sliced Wasserstein distance for each resolution from 16x16.

        It moves with the neighbourhoods and directions that are drawn, so it is the mean of several draws.
        """
        images, drawn = (self.fakes, self.sets.heldout_reals, self.sets.training_reals), []
        ones, error = [np.ones(count, int) for count in self.both], np.inf
        while error > PRECISION and len(drawn) < MOST_DRAWS:
            how, described = dict(track=progress_bar('SWD, draw %d' % (len(drawn) + 1))), []
            for i, x in enumerate(images):
                described.append(sliced_wasserstein.Descriptors(x, self.seed + 3 * len(drawn) + i, **how))
            fakes, heldout, training = described
            how, statistics = dict(how, seed=self.seed + len(drawn), directions=DIRECTIONS), []
            for width in fakes.levels:
                both = [sliced_wasserstein.sliced_wasserstein(x, heldout, width, **how) for x in (fakes, training)]
                statistics.append(both)
            drawn.append([[statistic(*ones) for statistic in both] for both in statistics])
            if len(drawn) >= LEAST_DRAWS:
                error = (np.std(drawn, axis=0, ddof=1) / np.mean(drawn, axis=0)).max() / np.sqrt(len(drawn))
        words = 'mean of %d draws of neighbourhoods and directions; its standard error is at most %.1f %%'
        self.about.append(('SWD', words % (len(drawn), 100 * error)))
        for width, both, values in zip(fakes.levels, statistics, np.mean(drawn, axis=0)):
            found = [(statistic, self.both, float(value)) for statistic, value in zip(both, values)]
            self.add('SWD x1000, %dx%d' % (width, width), 'low', *found, resamples=50)

    def measure_variety(self):
        """MS-SSIM of pairs."""
        found = []
        for x in (self.fakes, self.sets.heldout_reals):
            statistic, number = ms_ssim.diversity(x, self.seed, track=progress_bar('MS-SSIM'))
            found.append((statistic, [number]))
        scales = ms_ssim.scales(self.fakes.shape[-1])
        note = '' if scales == 5 else ', %d of 5 scales' % scales
        self.add('MS-SSIM of pairs' + note, 'as reals', *found)

    def measure_features(self, network=None):
        """Precision and recall on the pixel pyramid or, with KID and FID, on the features of a network."""

        def extract(images):
            if not network:
                return feature_distances.pixel_pyramid(images)
            return np.concatenate([network(images[part]) for part in chunks(len(images), progress_bar('features'), 64)])

        def kernel_distance(x):
            statistic = feature_distances.kernel_distance(x, heldout)
            return lambda *weights: 1000 * statistic(*weights)

        images = self.fakes, self.sets.heldout_reals, self.sets.training_reals
        fakes, heldout, training = [extract(x) for x in images]
        if network:
            self.add('KID x1000', 'low', *[(kernel_distance(x), self.both) for x in (fakes, training)], resamples=50)
        if network and len(fakes) > fakes.shape[1]:
            found = [(feature_distances.frechet_distance(x, heldout), self.both) for x in (fakes, training)]
            self.add('FID', 'low', *found, resamples=10)
        track, shares = progress_bar('precision, recall'), []
        for x in (fakes, training):
            shares.append(feature_distances.precision_recall(heldout, x, track=track))
        space = 'network' if network else 'pixel pyramid'
        for i, name in enumerate(('precision', 'recall')):
            self.add('%s, %s' % (name, space), 'high', *[(share[i], self.both[:1]) for share in shares])

    def measure_gray_levels(self):
        """Distance of the gray-level histograms in HU."""
        hu = (self.sets.window[1] - self.sets.window[0]) / 255.0

        def distance(x):
            statistic = nodules.gray_distance(x, self.sets.heldout_reals)
            return (lambda *weights: hu * statistic(*weights)), self.both

        self.add('gray histogram distance, HU', 'low', *map(distance, (self.fakes, self.sets.training_reals)))

    def measure_nodules(self):
        """HU and diameter of the nodule in the middle."""
        lo, hi = self.sets.window
        hu, mm, found = (hi - lo) / 255.0, self.sets.mm_per_pixel or 1.0, []
        for x in (self.fakes, self.sets.heldout_reals):
            measured = nodules.nodules(x, progress_bar('nodules'))
            found.append(nodules.Nodules(measured.gray * hu + lo, measured.diameter * mm))
        self.nodules, unit = found, 'mm' if self.sets.mm_per_pixel else 'pixels'
        grays, diameters = [x.gray for x in found], [x.diameter for x in found]
        for name, values in (('nodule HU', grays), ('nodule diameter, ' + unit, diameters)):
            self.add(name + ', mean', 'as reals', *map(_mean, values))
            self.add(name + ', SD', 'as reals', *map(_standard_deviation, values))

    def measure_copies(self, number):
        """Distance to the nearest training image, of up to `number` fakes and as many held-out reals."""
        self.nearest = []
        for x in (self.fakes, self.sets.heldout_reals):
            self.nearest.append(memorisation.nearest(x[:number], self.sets.training, progress_bar('copies')))
        fakes, reals = [x.distance for x in self.nearest]
        self.add('nearest training image, gray levels', 'as reals', *map(_mean, (fakes, reals)))
        shares = [(memorisation.copied(x, reals), [len(x), len(reals)]) for x in (fakes, reals)]
        self.add('share nearer than 1st percentile', 'low', *shares)


def evaluate(fakes, compared, network=None, audit=1000, seed=0):
    """The Evaluation of fakes, uint8 [N, C, R, R], against `compared`, sets.Sets of as many images.

    network: a function from images to features, for KID and FID, and precision and recall instead of those of the pixel
    pyramid. audit: images to look for copies of.
    """
    found = Evaluation(fakes, compared, seed)
    parts = [
        ('sliced Wasserstein distance', found.measure_wasserstein, ()),
        ('MS-SSIM', found.measure_variety, ()),
        ('features', found.measure_features, (network,)),
        ('gray levels', found.measure_gray_levels, ()),
        ('nodules', found.measure_nodules, ()),
        ('copies', found.measure_copies, (audit,)),
    ]
    for name, measure, arguments in parts[0 if fakes.shape[-1] >= 16 else 1 :]:
        with talk.timed(name):
            measure(*arguments)
    return found


def _memory(number, shape):
    """Bytes that the evaluation of so many images of a shape takes at its largest, the descriptors of three sets."""
    levels = max(shape[1].bit_length() - 4, 0)
    descriptors = min(128 * number, 2**20) * 49 * shape[0] * 4
    return (3 * levels + 3) * descriptors + 8 * number * int(np.prod(shape))


def evaluate_model(
    model, data, real_holdout=None, number=2000, audit=1000, features=None, feature_tensor=None, seed=0, minibatch=16,
    cpu=False, outdir=None
):  # fmt: skip
    """The Evaluation of the Gs of a pickle against real images.

    data: the dataset that it was trained on, or a folder of class folders. real_holdout: one that it was not trained on
    (None: half of `data` is taken for that). number: images of each kind. features, feature_tensor: a frozen graph and
    its output. outdir: a folder to make before the minutes that the metrics take. ValueError for what cannot be
    compared. The other settings are those of config.Evaluate.
    """
    if number < sets.LEAST:
        raise ValueError('--number %d: an evaluation needs at least %d images' % (number, sets.LEAST))
    compared = sets.choose(data, real_holdout, number, seed)
    training, number = compared.training, len(compared.heldout_reals)
    shape, network = list(training.shape[1:]), None
    capacity.require_memory(_memory(number, shape), '--number %d' % number)
    with tfutil.init_tf(cpu=cpu):
        if features:
            network = frozen_graph.features(features, shape[0], shape[1], feature_tensor)
        images = generate.images(generate.load_generator(model), number, seed, minibatch)
        if images.shape[1:] != shape:
            words = '%s makes images of %s, %s holds %s; name the data it was trained on'
            raise ValueError(words % (model, images.shape[1:], data, shape))
        fakes = images.pixels(progress_bar('images'))
        if (fakes == fakes[:1]).all():
            raise ValueError('%s makes the same image from every latent; there is nothing to measure' % model)
        if outdir:
            os.makedirs(outdir, exist_ok=True)
        found = evaluate(fakes, compared, network, audit, seed)
    numbers = '%d generated images with %d held-out reals; the baseline with %d others' % ((number,) * 3)
    found.about += [('model', model), ('training data', '%s (%d images)' % (data, len(training)))]
    found.about += [('held-out reals', compared.source), ('compared', numbers), ('seed', seed)]
    return found
