"""The ways to train that an experiment compares, as pools of images and how they are changed."""

import collections

import numpy as np

from dataset_tools.patch_augmentation import VARIANTS

SHIFT = 4  # pixels of 64 by which an image is moved at most; what comes in at an edge is mirrored there

# phases: [(share of the steps, names of the sources of images)], one after another; the first source is 'real' or
# what takes its place. changed: symmetric variants and shifts; mixed: CutMix; shuffled: labels, by nodule; tested: on
# which images.
Arm = collections.namedtuple('Arm', 'phases changed mixed shuffled tested')


def _arm(*sources, changed=True, mixed=False, shuffled=False, tested='real'):
    phases = [(1.0 / len(sources), names.split()) for names in sources]
    return Arm(phases, changed, mixed, shuffled, tested)


ARMS = collections.OrderedDict(
    raw=_arm('real', changed=False),
    common=_arm('real'),
    cutmix=_arm('real', mixed=True),
    duplicates=_arm('real duplicates'),
    gan=_arm('real gan'),
    pix2pix=_arm('real pix2pix'),
    phantom=_arm('real phantom'),
    pretrain=_arm('gan', 'real'),
    tstr=_arm('gan'),
    trts=_arm('real', tested='gan'),
    shuffled=_arm('real', shuffled=True),
)
MEANING = dict(
    raw='the real images as they are',
    common='mirrored, turned and shifted, as the paper\'s "common augmentation"',
    cutmix='common, and rectangles exchanged between images, with their share of the label (Yun et al. 2019)',
    duplicates='common, and as many repeated real images as the GAN arm has generated ones: the control',
    gan='common, and images of generators that saw the training side only',
    pix2pix='common, and patches that pix2pix drew from masks',
    phantom='common, and computed phantoms',
    pretrain='generated images first, then real ones',
    tstr='generated images only, tested on real ones',
    trts='real images, tested on generated ones',
    shuffled='common with the labels of nodules shuffled: has to be chance',
)
RATIOS = 'duplicates', 'gan', 'pix2pix', 'phantom'  # arms that are run once for each ratio of added to real images


class Pool:
    """Images of which minibatches are drawn, as many of each class. images: uint8 [N, C, R, R]; labels: [N]."""

    def __init__(self, images, labels, classes):
        self.images, self.classes = images, classes
        self.members = [np.flatnonzero(labels == label) for label in range(classes)]
        for label, members in enumerate(self.members):
            if not len(members):
                raise ValueError('no image of class %d to learn from' % label)

    def draw(self, random, number, turn):
        """(uint8 images, labels) of a minibatch; turn: which class gets what is left over."""
        labels = (np.arange(number) + turn) % self.classes
        chosen = [self.members[label][random.randint(len(self.members[label]))] for label in labels]
        return self.images[chosen], labels


def joined(parts, classes):
    """One Pool of several (images, labels)."""
    images, labels = zip(*parts)
    return Pool(np.concatenate(images), np.concatenate(labels), classes)


def changed(images, random):
    """Images [N, C, R, R], each one of the five symmetric VARIANTS of the paper's data, shifted."""
    size, out = images.shape[-1], np.empty_like(images)
    most = max(SHIFT * size // 64, 1)
    padded = np.pad(images, [(0, 0), (0, 0), (most, most), (most, most)], 'reflect')
    for i, (kind, row, column) in enumerate(
        zip(random.randint(len(VARIANTS), size=len(images)), *random.randint(2 * most + 1, size=[2, len(images)]))
    ):
        image = padded[i, :, row : row + size, column : column + size]
        out[i] = VARIANTS[kind][1](image)
    return out


def cutmix(images, labels, random):
    """CutMix (Yun et al. 2019) of images [N, C, R, R] and labels [N, K] with a permutation of them; a copy of both.

    The share of the rectangle is drawn evenly from 0..1, its middle evenly from the image; at the edges it is cut.
    """
    count, _, size, _ = images.shape
    images, mixed, order = images.copy(), labels.copy(), random.permutation(count)
    other = images[order]
    for i in range(count):
        side = size * np.sqrt(random.rand())
        row, column = random.randint(size, size=2)
        top, left = [max(int(round(at - side / 2)), 0) for at in (row, column)]
        bottom, right = [min(int(round(at + side / 2)), size) for at in (row, column)]
        images[i, :, top:bottom, left:right] = other[i, :, top:bottom, left:right]
        share = (bottom - top) * (right - left) / float(size * size)
        mixed[i] = (1 - share) * labels[i] + share * labels[order[i]]
    return images, mixed


def shuffled(labels, nodules, random):
    """Labels [N] of images after those of their nodules were shuffled."""
    names = list(collections.OrderedDict.fromkeys(nodules))
    own = {nodule: label for nodule, label in zip(nodules, labels)}
    given = dict(zip(names, random.permutation([own[name] for name in names])))
    return np.array([given[nodule] for nodule in nodules])
