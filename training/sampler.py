"""Which images a run learns from and in which order, which are held out, and what each step is fed."""

import collections

import numpy as np

import dataset
from common import images
from training import augmentation

# FILE FORMAT: what is drawn depends on the seed of a run and one of these, so that a resumed run draws the same.
ORDER, WEIGHTS, STEP, PICTURE_LATENTS, PICTURE_IMAGES, MEASURED_IMAGES, MEASURED_LATENTS = range(7)
AUGMENTATION, SCORES = 9, 10  # 8 is dataset.HELD_OUT

# What a run learns from. labels: of all images, [N, label_size]; sampler: a Sampler; held_out: images of other nodules,
# {level: [N,C,R,R]}, or None.
Selection = collections.namedtuple('Selection', 'labels sampler held_out')


class Sampler:
    """The order in which images are shown.

    indices: of the images to learn from. classes: [N], of all images of the data. balanced: the classes take turns.
    """

    def __init__(self, indices, classes, seed, balanced=False):
        self.indices, self.seed = indices, seed
        self.by_class = None
        if balanced:
            self.by_class = [indices[classes[indices] == label] for label in np.unique(classes[indices])]
        self._epochs = {}  # {class or None: (epoch, permutation)}

    def take(self, begin, n):
        """Indices [n] of the images that are shown as the begin-th and after: each once in an epoch, newly ordered.

        If balanced, each class has its own epochs.
        """
        places = np.arange(begin, begin + n)
        if not self.by_class:
            return self._at(places, self.indices, [])
        taken = np.empty(n, int)
        for label, members in enumerate(self.by_class):
            turn = places % len(self.by_class) == label
            taken[turn] = self._at(places[turn] // len(self.by_class), members, [label])
        return taken

    def _at(self, places, members, key):
        """Members at positions of the endless row of shuffled epochs. key: of their class, [] for all."""
        epochs, places = np.divmod(places, len(members))
        taken = np.empty(len(places), int)
        for epoch in np.unique(epochs):
            inside = epochs == epoch
            taken[inside] = members[self._permutation(epoch, len(members), key)[places[inside]]]
        return taken

    def _permutation(self, epoch, n, key):
        cached = self._epochs.get(tuple(key))
        if not cached or cached[0] != epoch:
            cached = epoch, np.random.RandomState([self.seed, ORDER, epoch] + key).permutation(n)
            self._epochs[tuple(key)] = cached
        return cached[1]

    def draw(self, random, n):
        """Indices [n] drawn from a RandomState, independently; if balanced, the classes are equally likely."""
        if not self.by_class:
            return self.indices[random.randint(len(self.indices), size=n)]
        labels = random.randint(len(self.by_class), size=n)
        shares = random.rand(n)
        members = [self.by_class[label] for label in labels]
        return np.array([each[int(share * len(each))] for each, share in zip(members, shares)], int)

    def repetition_note(self, minibatches):
        """A line about the first of the minibatches, {level: n}, that holds an image more than once, or None."""
        classes = self.by_class or [self.indices]
        fewest = min(map(len, classes))
        for level, minibatch in minibatches.items():
            if minibatch > fewest * len(classes):
                fewer = '%d images, fewer than' % fewest
                if len(classes) > 1:
                    fewer = 'the smallest of %d classes holds %s its share of' % (len(classes), fewer)
                message = '%s the minibatch of %d at %dx%d: images come more than once in a minibatch'
                return message % (fewer, minibatch, 2**level, 2**level)
        return None


def select(cfg, data):
    """The Selection of a run; ValueError if nodules cannot be held out, or for fewer labels than asked for."""
    indices, held_out = np.arange(data.count), None
    if cfg.holdout:
        indices, out = dataset.split(data, cfg.holdout, cfg.seed)
        held_out = {level: pixels[out] for level, pixels in data.images.items()}
    if cfg.validation:
        held_out = _other_nodules(cfg, data)
    order = Sampler(indices, data.labels, cfg.seed, cfg.balance_classes)
    return Selection(_label_vectors(cfg, data), order, held_out)


def _other_nodules(cfg, data):
    """Images of --validation, {level: [N,C,R,R]}; ValueError if they have another size, or some are in the data."""
    from metrics import image_sets  # here, because it needs SciPy, and training does not

    other = dataset.Pyramid(cfg.validation, cfg.resolution, colour=True)
    pixels = [each.images[each.top] for each in (other, data)]
    shapes = [list(each.shape[1:]) for each in pixels]
    if shapes[0] != shapes[1]:
        message = '%s has images of %s, %s of %s; they have to agree'
        raise ValueError(message % (cfg.validation, shapes[0], cfg.data, shapes[1]))
    names = [each.image_names() for each in (other, data)]
    shared = image_sets.in_common(pixels[0], names[0], pixels[1], names[1])
    if shared:
        raise ValueError('%s and %s have %s; name other nodules' % (cfg.validation, cfg.data, shared))
    return other.images


def _label_vectors(cfg, data):
    """Labels [N, label_size] of the images, as the networks take them; label_size is 0 without --conditional."""
    if not cfg.conditional:
        return np.zeros([data.count, 0], np.float32)
    labels = data.label_vectors()
    if cfg.max_label_size and cfg.max_label_size > labels.shape[1]:
        message = '--max-label-size %d: the labels of %s have %d numbers; ask for at most so many'
        raise ValueError(message % (cfg.max_label_size, data.labels_path or data.path, labels.shape[1]))
    return labels[:, : cfg.max_label_size]


class Batches:
    """What each step is fed, {name: array}. It depends on the seed and on the arguments of a method alone.

    latents: [n, latent_size]. labels: [n, label_size]. pixels: uint8 [n,C,R,R] of a level. With --augment-critic also
    the fields of augmentation.AugmentParams. The argument augment: the probability of each kind of augmentation.
    """

    def __init__(self, cfg, data, selection, latent_size):
        self.cfg, self.data, self.latent_size = cfg, data, latent_size
        self.labels, self.sampler, self.held_out = selection

    def _feeds(self, latents, chosen, key, level, augment):
        """Feeds of G and D without pixels; chosen: images whose labels are taken; key: of the augmentation."""
        feeds = dict(latents=latents, labels=self.labels[chosen])
        if self.cfg.augment_critic:
            random = np.random.RandomState([self.cfg.seed, AUGMENTATION] + key)
            feeds.update(augmentation.draw(random, len(latents), 2**level, augment)._asdict())
        return feeds

    def for_D(self, step, images_seen, n, level, augment):
        """The feeds of a step of D; mix: factors [n,1,1,1] of losses.wgan_gp."""
        random = np.random.RandomState([self.cfg.seed, STEP, 0, step])
        latents = random.randn(n, self.latent_size).astype(np.float32)
        chosen = self.sampler.take(images_seen, n)
        mix = random.rand(n, 1, 1, 1).astype(np.float32)
        pixels = self.data.images[level][chosen]
        if self.cfg.mirror_augment:
            pixels = images.mirrored(pixels, random)
        return dict(self._feeds(latents, chosen, [0, step], level, augment), pixels=pixels, mix=mix)

    def for_G(self, step, n, level, augment):
        """The feeds of a step of G."""
        random = np.random.RandomState([self.cfg.seed, STEP, 1, step])
        latents = random.randn(n, self.latent_size).astype(np.float32)
        return self._feeds(latents, self.sampler.draw(random, n), [1, step], level, augment)

    def for_scores(self, step, rank, n, level, augment):
        """Feeds without pixels; pixels of training images; pixels of held-out ones. rank: of the worker."""
        random = np.random.RandomState([self.cfg.seed, SCORES, rank, step])
        chosen = self.sampler.draw(random, n)
        held_out = random.randint(len(self.held_out[level]), size=n)
        latents = random.randn(n, self.latent_size)
        feeds = self._feeds(latents, chosen, [2, rank, step], level, augment)
        return feeds, self.data.images[level][chosen], self.held_out[level][held_out]
