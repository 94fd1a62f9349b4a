"""What is collected of a data set while it is written, for the page beside it."""

import collections

import numpy as np

from dataset_tools.augmentation import cut
from dataset_tools.phantom import CLASSES

KEPT = 300  # patches of a class that are kept, at random, to be shown and measured
FEW = 10  # nodules of a class: below, a class is called small
APART = 0.3  # difference between classes in the share of a kernel that is told

Kept = collections.namedtuple(
    'Kept', 'index pixels mask diameter_mm'
)  # pixels: uint8 [C,R,R]; mask: bool [R,R] or None


class Class:
    """What is known of the patches of one class. images: their number; nodules: names; facts: {name: Counter}."""

    def __init__(self, random):
        self.random, self.images, self.kept = random, 0, []
        self.nodules, self.facts, self.diameters = set(), collections.defaultdict(collections.Counter), []

    def add(self, patch, resolution):
        facts = patch.facts
        self.nodules.add(patch.nodule)
        for name in ('kernel', 'scanner', 'slice_mm'):
            if facts.get(name) is not None:
                self.facts[name][facts[name]] += 1
        if facts.get('diameter_mm'):
            self.diameters.append(facts['diameter_mm'])
        place = self.images if self.images < KEPT else self.random.randint(self.images + 1)
        if place < KEPT:  # any patch has the same chance to be kept: J. Vitter's algorithm R, ACM TOMS 11 (1985)
            mask = None if patch.mask is None else cut(patch.mask[None], resolution, (0, 0))[0]
            pixels = cut(patch.pixels, resolution, (0, 0)).copy()
            self.kept[place : place + 1] = [Kept(self.images, pixels, mask, facts.get('diameter_mm'))]
        self.images += 1

    def patches(self):
        """The patches that are kept, uint8 [N,C,R,R], in the order in which they came."""
        self.kept.sort(key=lambda kept: kept.index)
        return np.stack([kept.pixels for kept in self.kept])


class Overview:
    """All classes of a data set. head: what NAME.json begins with."""

    def __init__(self, head):
        self.head, self.classes = head, {}

    def sorted(self):
        """[(label, Class)], from what is least to what is most invasive, and then by name."""
        known = {label: place for place, label in enumerate(CLASSES)}
        return sorted(self.classes.items(), key=lambda item: (known.get(item[0], len(known)), item[0] or ''))

    def add(self, patch):
        if patch.label not in self.classes:
            self.classes[patch.label] = Class(np.random.RandomState([self.head['seed'], 4, len(self.classes)]))
        self.classes[patch.label].add(patch, self.head['resolution'])

    def doubts(self):
        """Sentences on what makes the data set weaker than it looks."""
        small = [
            '%s has %d' % (label or 'the set', len(x.nodules)) for label, x in self.sorted() if len(x.nodules) < FEW
        ]
        if small:
            yield 'Fewer than %d nodules: %s.' % (FEW, ', '.join(small))
        shares = {label: x.facts['kernel'] for label, x in self.sorted() if sum(x.facts['kernel'].values()) >= FEW}
        for kernel in sorted(set().union(*shares.values())):
            share = sorted((counts[kernel] / float(sum(counts.values())), label) for label, counts in shares.items())
            (low, least), (high, most) = share[0], share[-1]
            if high - low > APART:
                words = 'The kernel %s has %.0f %% of %s but %.0f %% of %s: a classifier may learn the kernel.'
                yield words % (kernel, 100 * high, most, 100 * low, least)
