"""Which images of a data set a run learns from, in which order, and which are held out."""

import numpy as np

import dataset


class Sampler:
    """The order in which images are shown. indices: those to learn from; labels: of all images of the data set."""

    def __init__(self, indices, labels, seed, balanced=False):
        self.indices, self.seed = indices, seed
        classes = [indices[labels[indices] == label] for label in np.unique(labels[indices])]
        self.classes = classes if balanced else None
        self._epochs = {}

    def take(self, begin, number):
        """Indices of the images shown as numbers begin, begin + 1, ...: each once an epoch, in an order of its own.

        balanced: the classes take turns, each with epochs of its own.
        """
        shown = np.arange(begin, begin + number)
        if not self.classes:
            return self._of(None, self.indices, shown)
        several, found = len(self.classes), np.empty(number, int)
        for label, members in enumerate(self.classes):
            mine = shown % several == label
            found[mine] = self._of(label, members, shown[mine] // several)
        return found

    def repeated(self, minibatches):
        """A line about the first of the minibatches, {level: number}, with an image more than once, or None."""
        several = len(self.classes) if self.classes else 1
        fewest = min(map(len, self.classes)) if self.classes else len(self.indices)
        for level, minibatch in minibatches.items():
            if minibatch > fewest * several:
                whose = '%d images, fewer than' % fewest
                if several > 1:
                    whose = 'the smallest of %d classes holds %s its share of' % (several, whose)
                words = '%s the minibatch of %d at %dx%d: images come more than once in a minibatch'
                return words % (whose, minibatch, 2**level, 2**level)
        return None

    def _of(self, label, members, shown):
        epochs, places = np.divmod(shown, len(members))
        found = np.empty(len(shown), int)
        for epoch in np.unique(epochs):
            found[epochs == epoch] = members[self._permutation(label, len(members), epoch)[places[epochs == epoch]]]
        return found

    def _permutation(self, label, number, epoch):
        if self._epochs.get(label, (None,))[0] != epoch:
            key = [self.seed, 0, epoch] + ([] if label is None else [label])
            self._epochs[label] = epoch, np.random.RandomState(key).permutation(number)
        return self._epochs[label][1]

    def any(self, random, number):
        """Indices drawn from a RandomState, each for itself."""
        if not self.classes:
            return self.indices[random.randint(len(self.indices), size=number)]
        labels = random.randint(len(self.classes), size=number)
        places = random.rand(number)
        return np.array([self.classes[k][int(p * len(self.classes[k]))] for k, p in zip(labels, places)], int)


def select(cfg, data):
    """(Order, held-out images {level: [N,C,R,R]} or None) that the settings of a run ask for; ValueError if in vain."""
    indices, held_out = np.arange(data.count), None
    if cfg.holdout and cfg.validation:
        raise ValueError('--holdout and --validation: one of them is enough; leave out the other')
    if cfg.augment_critic == 'adaptive' and not (cfg.holdout or cfg.validation):
        raise ValueError('--augment-critic adaptive needs held-out nodules to adapt to; add --holdout 0.1')
    if cfg.holdout:
        indices, out = split(data, cfg.holdout, cfg.seed)
        held_out = {level: pixels[out] for level, pixels in data.images.items()}
    if cfg.validation:
        other = dataset.Pyramid(cfg.validation)
        if other.top != data.top:
            sizes = cfg.validation, 2**other.top, cfg.data, 2**data.top
            raise ValueError('%s has images of %d pixels, %s of %d; they have to agree' % sizes)
        from metrics import sets  # here, because it needs SciPy, and training does not

        images, names = [x.images[x.top] for x in (other, data)], [x.image_names() for x in (other, data)]
        shared = sets.in_common(images[0], names[0], images[1], names[1])
        if shared:
            raise ValueError('%s and %s have %s; name other nodules' % (cfg.validation, cfg.data, shared))
        held_out = other.images
    return Sampler(indices, data.labels, cfg.seed, cfg.balance_classes), held_out


def nodules(data):
    """The nodule of each image of a dataset.Pyramid, as numbers [N]; ValueError where NAME.json does not tell."""
    found = data.card.members()
    if found is None:
        words = '%s has no NAME.json that tells which image is of which nodule; name other nodules with --validation'
        raise ValueError(words % data.path)
    numbers = {}
    members = [(label, nodule) for label, (nodule, _, _) in zip(data.labels, found)]
    return np.array([numbers.setdefault(member, len(numbers)) for member in members])


def split(data, share, seed):
    """(training, held-out) indices: of each class this share of the nodules is held out, at least one."""
    members, out = nodules(data), []
    for label in range(len(data.classes)):
        known = np.unique(members[data.labels == label])
        number = int(np.ceil(share * len(known)))
        if number >= len(known):
            raise ValueError('--holdout %g of %d nodules of %s leaves none' % (share, len(known), data.classes[label]))
        out += np.random.RandomState([seed, 8, label]).permutation(known)[:number].tolist()
    held = np.isin(members, out)
    return np.flatnonzero(~held), np.flatnonzero(held)
