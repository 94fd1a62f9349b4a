"""The ways to train a classifier, called arms, that an experiment compares, and how they change images and labels."""

import collections

import numpy as np
from scipy import ndimage

from dataset_tools.patches import VARIANTS

MAX_SHIFT = 4  # pixels of 64 by which an image is moved at most; what comes in at an edge is mirrored there

# phases: [(share of the steps, names of the sources of images)], one after another; augment: symmetric variants and
# shifts; mix: CutMix; shuffle: labels, by nodule; tested_on: the source of the test images.
Arm = collections.namedtuple('Arm', 'meaning phases augment mix shuffle tested_on')


def _arm(meaning, *phases, augment=True, mix=False, shuffle=False, tested_on='real'):
    share = 1.0 / len(phases)
    phases = [(share, sources.split()) for sources in phases]
    return Arm(meaning, phases, augment, mix, shuffle, tested_on)


ARMS = dict(
    raw=_arm('the real images as they are', 'real', augment=False),
    common=_arm('mirrored, turned and shifted, as the paper\'s "common augmentation"', 'real'),
    cutmix=_arm('common, and rectangles and labels mixed between images (Yun et al. 2019)', 'real', mix=True),
    duplicates=_arm(
        'common, and as many copies of real images, each turned by an angle, as gan adds: its control',
        'real duplicates',
    ),
    gan=_arm('common, and images of generators that learned from the training split only', 'real gan'),
    pix2pix=_arm('common, and patches that pix2pix drew from masks', 'real pix2pix'),
    phantom=_arm('common, and computed phantoms', 'real phantom'),
    pretrain=_arm('generated images first, then real ones', 'gan', 'real'),
    tstr=_arm('generated images only, tested on real ones', 'gan'),
    trts=_arm('real images, tested on generated ones', 'real', tested_on='gan'),
    shuffled=_arm('common with the labels of nodules shuffled: has to be chance', 'real', shuffle=True),
)


def has_ratio(name):
    """Whether an arm adds images to the real ones, so that it is run once for each ratio of added to real images."""
    return any(len(sources) > 1 for _, sources in ARMS[name].phases)


def added_sources(name):
    """Names of what an arm learns from or is tested on besides the real images: gan, pix2pix, phantom."""
    sources = {source for _, sources in ARMS[name].phases for source in sources}
    return (sources | {ARMS[name].tested_on}) - {'real', 'duplicates'}


class Pool:
    """Images from which minibatches are drawn, with equally many of each class.

    images: uint8 [N, C, R, R]; labels: [N]; classes: how many there are. ValueError for a class without images.
    """

    def __init__(self, images, labels, classes):
        self.images = images
        self.classes = classes
        self.members = [np.flatnonzero(labels == label) for label in range(classes)]
        for label, members in enumerate(self.members):
            if not len(members):
                raise ValueError('no image of class %d to learn from' % label)

    def draw(self, random, count, step):
        """(uint8 images, labels) of a minibatch; classes take turns, from step to step, at what is left over."""
        labels = (np.arange(count) + step) % self.classes
        chosen = [self.members[label][random.randint(len(self.members[label]))] for label in labels]
        return self.images[chosen], labels


def perturbed(real, ratio, random):
    """(images, labels): for each class, `ratio` times as many copies of real images, each turned by an angle.

    All real images are copied equally often. Size and gray levels stay, as they indicate the class; what comes in at an
    edge is mirrored there. real: (uint8 images [N, C, R, R], labels [N]); ratio: None for 1.
    """
    pixels, labels = real
    chosen = []
    for label, count in enumerate(np.bincount(labels)):
        members = random.permutation(np.flatnonzero(labels == label))
        chosen.append(members[np.arange(added_count(ratio, count)) % len(members)])
    chosen = np.concatenate(chosen)
    turned = np.empty_like(pixels[chosen])
    for i, angle in enumerate(random.uniform(0, 360, len(chosen))):
        image = ndimage.rotate(pixels[chosen[i]].astype(np.float32), angle, (1, 2), reshape=False, mode='mirror')
        turned[i] = np.clip(np.rint(image), 0, 255)
    return turned, labels[chosen]


def added_count(ratio, count):
    """How many images are added to so many real ones of a class."""
    return max(int(round((ratio or 1.0) * count)), 1)


def build_pool(sources, real, added, ratio, classes):
    """The Pool of a phase. real: (images, labels); added: {source: (images, labels)}, enough of each class.

    ratio: images that are added for each real one of a class, or None for 1.
    """
    counts = np.bincount(real[1], minlength=classes)
    images, labels = [], []
    for source in sources:
        source_images, source_labels = real if source == 'real' else added[source]
        if source != 'real':
            chosen = []
            for label, count in enumerate(counts):
                members = np.flatnonzero(source_labels == label)
                chosen.append(members[np.arange(added_count(ratio, count)) % len(members)])
            chosen = np.concatenate(chosen)
            source_images, source_labels = source_images[chosen], source_labels[chosen]
        images.append(source_images)
        labels.append(source_labels)
    return Pool(np.concatenate(images), np.concatenate(labels), classes)


def augment(images, random):
    """Images [N, C, R, R], each as one of the five symmetric VARIANTS of the paper's data, shifted."""
    size = images.shape[-1]
    limit = max(MAX_SHIFT * size // 64, 1)
    padded = np.pad(images, [(0, 0), (0, 0), (limit, limit), (limit, limit)], 'reflect')
    variants = random.randint(len(VARIANTS), size=len(images))
    rows, columns = random.randint(2 * limit + 1, size=[2, len(images)])
    augmented = np.empty_like(images)
    for i in range(len(images)):
        image = padded[i, :, rows[i] : rows[i] + size, columns[i] : columns[i] + size]
        augmented[i] = VARIANTS[variants[i]][1](image)
    return augmented


def cutmix(images, labels, random):
    """CutMix (Yun et al. 2019) of images [N, C, R, R] and labels [N, K] with a permutation of them; copies of both.

    The area of the rectangle is drawn uniformly from 0..1, its centre uniformly from the image; it is cut at the edges.
    """
    count, _, size, _ = images.shape
    order = random.permutation(count)
    mixed_images, mixed_labels = images.copy(), labels.copy()
    for i in range(count):
        side = size * np.sqrt(random.rand())
        row, column = random.randint(size, size=2)
        top, left = [max(int(round(centre - side / 2)), 0) for centre in (row, column)]
        bottom, right = [min(int(round(centre + side / 2)), size) for centre in (row, column)]
        mixed_images[i, :, top:bottom, left:right] = images[order[i], :, top:bottom, left:right]
        share = (bottom - top) * (right - left) / float(size * size)
        mixed_labels[i] = (1 - share) * labels[i] + share * labels[order[i]]
    return mixed_images, mixed_labels


def shuffle_labels(labels, nodules, random):
    """Labels [N] of images after the labels of their nodules were shuffled."""
    label_of = dict(zip(nodules, labels))
    shuffled = random.permutation(list(label_of.values()))
    label_of = dict(zip(label_of, shuffled))
    return np.array([label_of[nodule] for nodule in nodules])
