"""The metrics of an evaluation: keys, labels, what is wanted of each and what a difference from real images means."""

import collections
import typing

from metrics.nodules import SOLID

TOPICS = collections.OrderedDict(
    fidelity='Fidelity', variety='Variety', density='Density', size='Nodule size', shape='Nodule geometry',
    copies='Copies',
)  # fmt: skip


class Metric(typing.NamedTuple):
    """A metric; texts may contain {size}, {unit} and so on in METRICS, and `metric` fills them in.

    {real}: what the images compared with are called: real or simulated.
    """

    key: str
    topic: str  # of TOPICS
    label: str
    wanted: str  # 'low', 'high' or 'as reals'
    meaning: str  # for readers who see the metric for the first time
    higher: str = None  # what it means if the generated images have clearly more; None: it speaks for them
    lower: str = None
    absolute: object = 0  # the least difference from real images that matters; by unit where there are several
    relative: float = 0  # the same as a share of the real images' value
    size: int = None  # pixels of a level
    unit: str = None  # of the value: HU, gray levels, mm or pixels

    def least_difference(self, real):
        """The least difference from the value of real images that matters."""
        absolute = self.absolute[self.unit] if isinstance(self.absolute, dict) else self.absolute
        return absolute + self.relative * abs(real)

    def facts(self):
        """What names the metric in a JSON file."""
        facts = collections.OrderedDict(metric=self.label, key=self.key)
        facts.update((name, getattr(self, name)) for name in ('size', 'unit') if getattr(self, name) is not None)
        return facts


_FAR = 'further from the reference images than other {real} images are'
METRICS = collections.OrderedDict()


def _define(*arguments, **options):
    defined = Metric(*arguments, **options)
    METRICS[defined.key] = defined


_define(
    'swd', 'fidelity', 'SWD x1000, {size}x{size}', 'low',
    'Sliced Wasserstein distance, x1000: how much small neighbourhoods of pixels differ from those of {real} images. '
    '16x16 shows the coarse structure, the largest size the finest texture. Other {real} images do not reach 0 '
    'either: compare with theirs. (Karras et al., ICLR 2018)',
    higher=_FAR, relative=0.5,
)  # fmt: skip
_define(
    'ms_ssim', 'variety', 'MS-SSIM of pairs{scales}', 'as reals',
    'Similarity of two images drawn at random, from 0 to 1. Above that of {real} images: less variety. '
    '(Odena et al., ICML 2017)',
    higher='pairs of images are more alike than {real} ones (MS-SSIM)',
    lower='pairs of images are less alike than {real} ones (MS-SSIM)', absolute=0.05,
)  # fmt: skip
_define(
    'kid', 'fidelity', 'KID x1000', 'low',
    'Kernel inception distance, x1000: how far apart the features are that the network of --features computes. '
    '(Binkowski et al., ICLR 2018)',
    higher=_FAR, relative=0.5,
)  # fmt: skip
_define(
    'fid', 'fidelity', 'FID', 'low',
    'Frechet inception distance: how far apart mean and covariance are of the features that the network of --features '
    'computes. It falls with the number of images: compare equal numbers only. (Heusel et al., 2017)',
    higher=_FAR, relative=0.5,
)  # fmt: skip
_define(
    'precision', 'fidelity', 'precision, {space}', 'high',
    'Share of the generated images that lie among the {real} ones. Low: many look unlike any {real} image. '
    '(Kynkaanniemi et al., NeurIPS 2019)',
    lower='fewer of them look like a {real} image', absolute=0.1,
)  # fmt: skip
_define(
    'recall', 'variety', 'recall, {space}', 'high',
    'Share of the {real} images that lie among the generated ones. Low: some kinds of nodule are never made. '
    '(Kynkaanniemi et al., NeurIPS 2019)',
    lower='fewer of the {real} images lie among them (recall)', absolute=0.1,
)  # fmt: skip
_define(
    'density', 'fidelity', 'manifold density, {space}', 'high',
    'How many {real} images a generated one is as near to as their fifth-nearest {real} image is, on average, divided '
    'by five. Far below the value of other {real} images: many lie where {real} images are rare. (Naeem et al., ICML '
    '2020)',
    lower='fewer of them lie where {real} images are frequent', absolute=0.1,
)  # fmt: skip
_define(
    'coverage', 'variety', 'coverage, {space}', 'high',
    'Share of the {real} images that have a generated image as near as their fifth-nearest {real} image is. Low: some '
    'kinds of nodule are never made. (Naeem et al., ICML 2020)',
    lower='fewer {real} images have a similar generated one (coverage)', absolute=0.1,
)  # fmt: skip
_define(
    'radiomic_distance', 'fidelity', 'radiomic distance', 'low',
    'How far apart the nodules are in what can be measured of them: size, shape, density, margin, texture, noise, '
    'distance to the wall. Frechet distance of these features, each divided by its spread among {real} nodules. It '
    'falls with the number of images: compare equal numbers only.',
    higher='nodules are ' + _FAR, relative=0.5,
)  # fmt: skip
_define(
    'duplicates', 'variety', 'share of near duplicates', 'low',
    'Each image is compared with the others of its set, also mirrored, turned or shifted. The 1 % of '
    'the reference images that are nearest to another one set the limit. Many generated images below it: the '
    'generator repeats itself.',
    higher='more images than expected are nearly the same as another one', absolute=0.05,
)  # fmt: skip
_define(
    'gray_distance', 'density', 'gray histogram distance, {unit}', 'low',
    'How far the gray values of pixels, in {unit}, would have to move, on average, to make both histograms the same.',
    higher='the histogram of {unit} differs from that of {real} images', absolute={'HU': 20, 'gray levels': 2},
)  # fmt: skip
_define(
    'nodule_gray_mean', 'density', 'nodule {unit}, mean', 'as reals',
    'Mean of the nodule in the middle of the image, in {unit}, averaged over images. A small network outlines it.',
    higher='nodules are denser', lower='nodules are less dense', absolute={'HU': 20, 'gray levels': 2},
)  # fmt: skip
_define(
    'nodule_gray_sd', 'density', 'nodule {unit}, SD', 'as reals',
    'Standard deviation of the mean of a nodule, in {unit}, from nodule to nodule.',
    higher='nodules vary more', lower='nodules vary less', relative=0.25,
)  # fmt: skip
_define(
    'solid_share', 'density', 'solid part of the nodule, share', 'as reals',
    'Share of the area of the nodule that is %g HU or more, averaged over images: 0 for pure ground glass, 1 for a '
    'solid nodule.' % SOLID,
    higher='more of each nodule is solid', lower='less of each nodule is solid', absolute=0.01, relative=0.1,
)  # fmt: skip
_define(
    'diameter_mean', 'size', 'nodule diameter, {unit}, mean', 'as reals',
    'Diameter of a circle of the area of the nodule in the middle of the image, averaged over images.',
    higher='larger than those of {real} images', lower='smaller than those of {real} images', relative=0.1,
)  # fmt: skip
_define(
    'diameter_sd', 'size', 'nodule diameter, {unit}, SD', 'as reals',
    'Standard deviation of the diameter from nodule to nodule.',
    higher='varies more', lower='varies less', relative=0.25,
)  # fmt: skip
_define(
    'elongation_mean', 'shape', 'nodule elongation, mean', 'as reals',
    'Ratio of the axes of the ellipse that is spread as the nodule is, averaged over images: 1 if it is round.',
    higher='nodules are longer', lower='nodules are rounder', absolute=0.05,
)  # fmt: skip
_define(
    'wall_mean', 'shape', 'nodule to chest wall, {unit}, mean', 'as reals',
    'Distance from the outline of the nodule to the chest wall, averaged over images that show one; 0 if they touch.',
    higher='nodules are further from the wall', lower='nodules are nearer to the wall', relative=0.15,
)  # fmt: skip
_define(
    'nearest_distance', 'copies', 'nearest training image, gray levels', 'as reals',
    'Root mean square difference to the most similar training image, mirrored, turned or shifted, '
    'averaged over images. Blurred images are near to everything: look at SWD, too.',
    lower='nearer to training images than reference images are: as copies, or only smoother? See the pairs',
    relative=0.1,
)  # fmt: skip
_define(
    'nearer_share', 'copies', 'share nearer than 1st percentile', 'low',
    'The 1 % of the reference images that are nearest to a training image set the limit. A generator that copies '
    'nothing has about 1 image in 100 below it, just as {real} images have; one that copies has many.',
    higher='more images than expected are as near to a training image as copies are', absolute=0.05,
)  # fmt: skip


def wanted_text(wanted, real):
    """What is wanted of a metric, in words; real: what the images compared with are called."""
    return 'as %s images' % real if wanted == 'as reals' else wanted


def metric(key, **parameters):
    """The Metric of a key, for parameters such as size=16, unit='HU' or real='simulated'."""
    defined = METRICS[key]
    texts = {name: getattr(defined, name) for name in ('label', 'meaning', 'higher', 'lower')}
    words = dict(dict(real='real'), **parameters)
    texts = {name: text and text.format(**words) for name, text in texts.items()}
    return defined._replace(size=parameters.get('size'), unit=parameters.get('unit'), **texts)
