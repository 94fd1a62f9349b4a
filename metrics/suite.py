"""All metrics of a set of generated images, each beside the same metric of real images and with an interval."""

import collections
import hashlib
import os
import time

import numpy as np

try:
    import scipy  # noqa: F401
except ImportError:
    raise ImportError('images are measured with SciPy: pip install scipy') from None

import tfutil
from common import capacity, talk
from metrics import draws, feature_distances, frozen_graph, memorisation, ms_ssim, nodules, parallel, provenance, sets
from metrics import verdicts
from metrics.bootstrap import estimate
from metrics.cache import Cache, user_folder
from metrics.chunks import progress_bar
from metrics.reference import Reference, features_of
from sampling import generate

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
    """

    def __init__(self, fakes, reference):
        self.fakes, self.sets, self.reference, self.seed = fakes, reference.sets, reference, reference.seed
        self.rows, self.about, self.notes = [], [], []
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
        hu, metric = (self.sets.window[1] - self.sets.window[0]) / 255.0, 'gray histogram distance, HU'

        def distance(x):
            statistic = nodules.gray_distance(x, self.sets.heldout_reals)
            return (lambda *weights: hu * statistic(*weights)), self.both

        reals = self.reference.row(metric, lambda: distance(self.sets.training_reals), disk=False)
        self.add(metric, 'low', distance(self.fakes), reals)

    def measure_nodules(self):
        """HU and diameter of the nodule in the middle."""
        found = [self.reference.measure_nodules(self.fakes), self.reference.nodules()]
        self.nodules, unit = found, 'mm' if self.sets.mm_per_pixel else 'pixels'
        for name, values in (('nodule HU', 'gray'), ('nodule diameter, ' + unit, 'diameter')):
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
        measured = draws.measure(several, reference)
    seconds, evaluations = (time.time() - begin) / len(several), []
    for fakes, distances in zip(several, measured):
        found = Evaluation(fakes, reference)
        if distances:
            found.add_wasserstein(distances, seconds)
        found.measure_variety()
        found.measure_features()
        found.measure_gray_levels()
        found.measure_nodules()
        found.measure_copies(audit)
        evaluations.append(found)
    return evaluations


def _memory(models, number, shape):
    """Bytes that an evaluation of so many images of a shape takes at its largest, while SWD is measured."""
    levels, together = max(shape[1].bit_length() - 4, 0), min(models, draws.TOGETHER)
    descriptors = min(128 * number, 2**20) * 49 * shape[0] * 4
    projections = 2 * parallel.threads() * min(128 * number, 2**20) * 32 * 4
    return (together + 2) * levels * descriptors + projections + (8 + models) * number * int(np.prod(shape))


def _generated(model, compared, number, seed, minibatch, cpu):
    """uint8 [number, C, R, R] of the Gs of a pickle; ValueError if they cannot be compared."""
    shape = list(compared.training.shape[1:])
    with tfutil.init_tf(cpu=cpu):
        images = generate.images(generate.load_generator(model), number, seed, minibatch)
        if images.shape[1:] != shape:
            words = '%s makes images of %s, %s holds %s; name the data it was trained on'
            raise ValueError(words % (model, images.shape[1:], compared.path, shape))
        fakes = images.pixels(progress_bar('images'))
    if (fakes == fakes[:1]).all():
        raise ValueError('%s makes the same image from every latent; there is nothing to measure' % model)
    return fakes


def _describe(found, model, known, source):
    """What was compared, and what a reader must not miss, of the Evaluation of a model."""
    compared, number = found.sets, len(found.fakes)
    kind = provenance.relation(known, compared)
    if not source:
        words = ' but not of the training' if kind == 'same' else ' but perhaps not of the training'
        source = 'half of %s, kept out of the comparison%s' % (compared.path, words)
    numbers = '%d generated images with %d held-out reals; the baseline with %d others' % ((number,) * 3)
    found.about += [('model', model), ('data', '%s (%d images)' % (compared.path, compared.count))]
    found.about += [('searched for copies', '%d of them' % len(compared.training)), ('held-out reals', source)]
    found.about += [('compared', numbers), ('seed', found.seed)]
    found.note('provenance', provenance.describe(known, kind, compared.path))
    undecided = [row.metric for row in found.rows if verdicts.compare(row, number).state == 'undecided']
    if undecided:
        found.note('too few images to decide', '%d of each cannot tell these apart: %s' % (number, '; '.join(undecided)))


def evaluate_models(
    models, data, real_holdout=None, number=2000, audit=1000, features=None, feature_tensor=None, seed=0, minibatch=16,
    cpu=False, outdir=None, cache=True
):  # fmt: skip
    """[Evaluation] of the Gs of several pickles against the same real images, with the same seed.

    data: the dataset that they were trained on, or a folder of class folders. real_holdout: one that they were not
    trained on (None: half of `data` is taken for that). number: images of each kind. features, feature_tensor: a frozen
    graph and its output. outdir: a folder to make before the minutes that the metrics take. cache: look in the user's
    cache folder for what depends on the real images only, and keep it there. ValueError for what cannot be compared.
    The other settings are those of config.Evaluate.
    """
    if number < sets.LEAST:
        raise ValueError('--number %d: an evaluation needs at least %d images' % (number, sets.LEAST))
    compared, known = sets.choose(data, real_holdout, number, seed), [provenance.facts(model) for model in models]
    number, shape, network, name = len(compared.heldout_reals), list(compared.training.shape[1:]), None, ''
    capacity.require_memory(_memory(len(models), number, shape), '--number %d' % number)
    with tfutil.init_tf(cpu=cpu):
        if features:
            network = frozen_graph.features(features, shape[0], shape[1], feature_tensor)
            with open(features, 'rb') as f:
                name = '%s %s' % (hashlib.sha256(f.read()).hexdigest(), feature_tensor)
        several = [_generated(model, compared, number, seed, minibatch, cpu) for model in models]
        if outdir:
            os.makedirs(outdir, exist_ok=True)
        depends = list(compared[:3]) + [compared.window, compared.mm_per_pixel, seed]
        kept = Cache(depends, user_folder() if cache else None)
        found = evaluate(several, Reference(compared, seed, network, name, kept), audit)
    for evaluation, model, facts in zip(found, models, known):
        _describe(evaluation, model, facts, real_holdout)
    return found


def evaluate_model(model, data, *settings, **named):
    """The Evaluation of the Gs of one pickle, as of `evaluate_models`, which has the other settings."""
    return evaluate_models([model], data, *settings, **named)[0]
