"""What is collected of a data set while it is written, for the page beside it."""

import collections

import numpy as np

from common.formatting import natural_order
from dataset_tools.patches import crop
from dataset_tools.phantom import CLASSES

SAMPLES = 300  # patches of a class, drawn at random, that are shown and measured
FEW = 10  # nodules of a class: below, a class is called small
KERNEL_DIFFERENCE = 0.3  # between classes in the share of a kernel, above which the page warns
# What is counted: {fact of a patch: (heading, digits to which numbers are rounded)}
FACTS = dict(
    slice_mm=('mm between slices', 2),
    voxel_mm=('mm between voxels', 1),
    kernel=('kernel', None),
    scanner=('scanner', None),
)

# index: of the patch in its class; pixels: uint8 [C,R,R]; mask: bool [R,R] or None
Sample = collections.namedtuple('Sample', 'index nodule pixels mask diameter_mm')


class ClassSummary:
    """The patches of one class.

    images: how many; nodules, scans, patients: sets of names; fact_counts: {fact: Counter}; diameters: as annotated;
    samples: some of the patches.
    """

    def __init__(self, random):
        self.random = random
        self.images = 0
        self.nodules, self.scans, self.patients = set(), set(), set()
        self.fact_counts = collections.defaultdict(collections.Counter)
        self.diameters = []
        self.samples = []

    def add(self, patch, resolution):
        facts = patch.facts
        self.nodules.add(patch.nodule)
        for names, name in ((self.scans, facts.get('scan')), (self.patients, facts.get('patient'))):
            if name:
                names.add(name)
        for name, (_, digits) in FACTS.items():
            value = facts.get(name)
            if value is not None:
                self.fact_counts[name][value if digits is None else round(value, digits)] += 1
        if facts.get('diameter_mm'):
            self.diameters.append(facts['diameter_mm'])
        self._sample(patch, resolution)
        self.images += 1

    def _sample(self, patch, resolution):
        """Keep a patch with the same chance as any other: J. Vitter's algorithm R, ACM TOMS 11 (1985)."""
        slot = self.images if self.images < SAMPLES else self.random.randint(self.images + 1)
        if slot >= SAMPLES:
            return
        pixels = crop(patch.pixels, resolution, (0, 0)).copy()
        mask = None if patch.mask is None else crop(patch.mask[None], resolution, (0, 0))[0]
        sample = Sample(self.images, patch.nodule, pixels, mask, patch.facts.get('diameter_mm'))
        self.samples[slot : slot + 1] = [sample]

    def draw(self, count):
        """So many of the samples, at random, of as many nodules as possible, in order of their index."""
        order = np.random.RandomState(0).permutation(len(self.samples))
        drawn = [self.samples[i] for i in order]
        earlier = collections.Counter()  # {nodule: how many were drawn before}
        ranks = []
        for sample in drawn:
            ranks.append(earlier[sample.nodule])
            earlier[sample.nodule] += 1
        first = np.argsort(ranks, kind='mergesort')[:count]  # a first one of each nodule, then a second one, ...
        return sorted((drawn[i] for i in first), key=lambda sample: sample.index)

    def pixels(self):
        """The samples, uint8 [N,C,R,R]."""
        return np.stack([sample.pixels for sample in self.samples])


class Overview:
    """All classes of a data set. head: what NAME.json begins with."""

    def __init__(self, head):
        self.head = head
        self.classes = {}  # {label: ClassSummary}

    def sorted(self):
        """[(label, ClassSummary)], from the least to the most invasive class, and then by name."""
        rank = {label: i for i, label in enumerate(CLASSES)}
        labels = sorted(self.classes, key=lambda label: (rank.get(label, len(rank)), natural_order(label or '')))
        return [(label, self.classes[label]) for label in labels]

    def add(self, patch):
        if patch.label not in self.classes:
            random = np.random.RandomState([self.head['seed'], 4, len(self.classes)])
            self.classes[patch.label] = ClassSummary(random)
        self.classes[patch.label].add(patch, self.head['resolution'])

    def warnings(self):
        """Sentences on what makes the data set weaker than it looks."""
        lines = []
        small = []
        for label, summary in self.sorted():
            if len(summary.nodules) < FEW:
                small.append(f'{label or "the set"} has {len(summary.nodules)}')
        if small:
            lines.append(f'Fewer than {FEW} nodules: {", ".join(small)}.')
        kernels = {label: summary.fact_counts['kernel'] for label, summary in self.sorted()}
        kernels = {label: counts for label, counts in kernels.items() if sum(counts.values()) >= FEW}
        for kernel in sorted(set().union(*kernels.values())):
            shares = sorted((counts[kernel] / sum(counts.values()), label) for label, counts in kernels.items())
            (low, low_label), (high, high_label) = shares[0], shares[-1]
            if high - low > KERNEL_DIFFERENCE:
                share = f'{100 * high:.0f} % of {high_label} but {100 * low:.0f} % of {low_label}'
                lines.append(f'The kernel {kernel} has {share}: a classifier may learn the kernel.')
        return lines
