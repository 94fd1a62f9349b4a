"""What is collected of a data set while it is written, for the page beside it."""

import collections

import numpy as np

from common.formatting import natural_order
from dataset_tools.patch_augmentation import crop
from dataset_tools.phantom import CLASSES

KEPT = 300  # patches of a class that are kept, at random, to be shown and measured
FEW = 10  # nodules of a class: below, a class is called small
# What is counted: its name in words, and the digits that numbers keep
FACTS = dict(slice_mm=('mm between slices', 2), voxel_mm=('mm between voxels', 1))
FACTS.update(kernel=('kernel', None), scanner=('scanner', None))
APART = 0.3  # difference between classes in the share of a kernel that is told

# index: of the patch in its class; pixels: uint8 [C,R,R]; mask: bool [R,R] or None
Kept = collections.namedtuple('Kept', 'index nodule pixels mask diameter_mm')


class Class:
    """What is known of the patches of one class. images: their number; names: {kind: set}; facts: {name: Counter}."""

    def __init__(self, random):
        self.random, self.images, self.kept, self.diameters = random, 0, [], []
        self.names, self.facts = collections.defaultdict(set), collections.defaultdict(collections.Counter)

    def add(self, patch, resolution):
        facts = patch.facts
        for kind, name in (('nodule', patch.nodule), ('scan', facts.get('scan')), ('patient', facts.get('patient'))):
            if name:
                self.names[kind].add(name)
        for name, (_, digits) in FACTS.items():
            value = facts.get(name)
            if value is not None:
                self.facts[name][value if digits is None else round(value, digits)] += 1
        if facts.get('diameter_mm'):
            self.diameters.append(facts['diameter_mm'])
        place = self.images if self.images < KEPT else self.random.randint(self.images + 1)
        if place < KEPT:  # any patch has the same chance to be kept: J. Vitter's algorithm R, ACM TOMS 11 (1985)
            mask = None if patch.mask is None else crop(patch.mask[None], resolution, (0, 0))[0]
            pixels = crop(patch.pixels, resolution, (0, 0)).copy()
            self.kept[place : place + 1] = [Kept(self.images, patch.nodule, pixels, mask, facts.get('diameter_mm'))]
        self.images += 1

    def shown(self, number):
        """So many of the patches that are kept, at random, of as many nodules as possible, in order of their index."""
        drawn = [self.kept[i] for i in np.random.RandomState(0).permutation(len(self.kept))]
        seen, turns = collections.Counter(), []
        for kept in drawn:
            seen[kept.nodule] += 1
            turns.append((seen[kept.nodule], len(turns)))
        return sorted((drawn[i] for _, i in sorted(turns)[:number]), key=lambda kept: kept.index)


class Overview:
    """All classes of a data set. head: what NAME.json begins with."""

    def __init__(self, head):
        self.head, self.classes = head, {}

    def sorted(self):
        """[(label, Class)], from what is least to what is most invasive, and then by name."""
        known = {label: place for place, label in enumerate(CLASSES)}
        return sorted(
            self.classes.items(), key=lambda item: (known.get(item[0], len(known)), natural_order(item[0] or ''))
        )

    def add(self, patch):
        if patch.label not in self.classes:
            self.classes[patch.label] = Class(np.random.RandomState([self.head['seed'], 4, len(self.classes)]))
        self.classes[patch.label].add(patch, self.head['resolution'])

    def doubts(self):
        """Sentences on what makes the data set weaker than it looks."""
        small = [
            '%s has %d' % (label or 'the set', len(x.names['nodule']))
            for label, x in self.sorted()
            if len(x.names['nodule']) < FEW
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
