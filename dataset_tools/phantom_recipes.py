"""The recipes of phantoms: how large, dense and ragged nodules are, their vessels and airways, and the scanners.

A recipe is never changed once data sets were made by it, so that they can be made again: `--recipe` names one.
"""

import math
from collections import namedtuple

# diameters: a function of rng and Kind.diameter, of the nodule up to half its density; halo: mm that its mask extends
# beyond that, as outlines of readers do; elongated: SD of the logarithm of the axes' ratio, None for the bulges of
# 2026-11; roughness: power of radius / 4 mm with which the waviness of edges grows; spacious: mm of extra way to the
# wall for each mm of radius beyond 5; fissures: share of patches with one; airways: most airways in a patch, and the
# share of patches that have some; twigs: a Twigs; scanners: {name: Scanner}; weights: {name: how often it is drawn}.
_FIELDS = 'kinds diameters halo elongated roughness spacious fissures airways twigs scanners weights'
Recipe = namedtuple('Recipe', _FIELDS)
# diameter: parameters of Recipe.diameters (mm); glass: mean, SD (HU); pure: share of nodules with no solid part; solid:
# least, most of solid / whole diameter; solid_hu: mean, SD (HU); the rest: shares of nodules with that sign.
Kind = namedtuple('Kind', 'diameter glass pure solid solid_hu lobulated spiculated bronchogram tag')
# density: least, most ends of vessels per cm3; end: least, most radius of those (mm); flat: least, most share of its
# depth that the tree fills; tapering: radius of a branch at its start, at its end, and at the end of a last one, as
# shares of that of Murray's law; balance: 0 for the shortest tree, 1 for the shortest ways; straight: 0 for branches
# that go on in the direction of the one before, 1 for straight ones.
Twigs = namedtuple('Twigs', 'density end flat tapering balance straight')
# kernel: its family; cutoff: where the transfer has fallen to 1/e (cycles/pixel); boost: edge enhancement; noise: SD in
# lung (HU); slab: slice thickness (mm); pairs: least, most.
Scanner = namedtuple('Scanner', 'kernel cutoff steepness boost noise slab')


def normal(rng, mean, deviation, least, most):
    """A diameter (mm) of a clipped normal distribution."""
    return min(max(rng.normal(mean, deviation), least), most)


def two_piece(rng, median, below, above, least, most):
    """A diameter (mm) of a log-normal distribution whose spread differs below and above its median.

    So are those of LIDC-IDRI's nodules: 4.1, 6.6, 10.2, 19.4 mm are their percentiles 5, 50, 75 and 95 where three
    readers or four marked them.
    """
    z = rng.normal()
    return min(max(median * math.exp(z * (below if z < 0 else above)), least), most)


_SCANNERS = dict(
    A=Scanner('sharp', (0.41, 0.47), 4, (0.3, 0.9), (42, 58), (0.9, 1.2)),
    B=Scanner('sharp', (0.45, 0.51), 4, (0.3, 0.9), (52, 70), (0.7, 1.0)),
    C=Scanner('sharp', (0.49, 0.55), 4, (0.3, 0.9), (64, 82), (0.6, 0.8)),
    D=Scanner('medium', (0.29, 0.34), 3, (0.3, 0.8), (42, 60), (0.8, 1.5)),
    E=Scanner('smooth', (0.22, 0.28), 2.5, (0.0, 0.3), (18, 30), (1.2, 2.5)),
)
RECIPES = {
    '2026-11': Recipe(
        kinds=dict(
            AIS=Kind((7.4, 2.0, 4.2, 12.0), (-742, 88), 0.76, (0.10, 0.50), (-260, 140), 0.28, 0.02, 0.12, 0.03),
            MIA=Kind((8.1, 2.0, 4.5, 12.5), (-660, 110), 0.32, (0.10, 0.62), (-230, 140), 0.38, 0.09, 0.17, 0.08),
            IA=Kind((9.1, 2.1, 4.8, 13.0), (-565, 130), 0.13, (0.20, 0.95), (-150, 140), 0.56, 0.19, 0.31, 0.28),
        ),
        diameters=normal,
        halo=0,
        elongated=None,
        roughness=0,
        spacious=0,
        fissures=0.12,
        airways=(0, 0),
        twigs=Twigs((5.0, 18.0), (0.14, 0.25), (1, 1), (1, 1, 1), 0.7, 0),
        scanners=_SCANNERS,
        weights=dict.fromkeys(_SCANNERS, 1),
    ),
    '2026-12': Recipe(
        kinds=dict(
            AIS=Kind((5.5, 0.28, 0.47, 2.2, 28.8), (-720, 80), 0.76, (0.10, 0.50), (-260, 140), 0.28, 0.02, 0.12, 0.03),
            MIA=Kind(
                (5.3, 0.38, 0.73, 2.2, 28.8), (-602, 104), 0.32, (0.10, 0.62), (-230, 140), 0.38, 0.09, 0.17, 0.08
            ),
            IA=Kind((5.8, 0.41, 0.84, 2.2, 28.8), (-400, 122), 0.13, (0.20, 0.95), (-150, 140), 0.56, 0.19, 0.31, 0.28),
        ),
        diameters=two_piece,
        halo=0.6,
        elongated=0.285,
        roughness=0.7,
        spacious=0.8,
        fissures=0.16,
        airways=(2, 0.25),
        twigs=Twigs((9.0, 30.0), (0.12, 0.21), (0.15, 1), (1.1, 0.9, 0.35), 0.5, 0.4),
        scanners=dict(
            _SCANNERS,
            F=Scanner('medium', (0.34, 0.40), 3, (0.0, 0.3), (14, 26), (0.9, 1.5)),
            G=Scanner('smooth', (0.20, 0.26), 2.5, (0.0, 0.3), (12, 24), (2.0, 3.0)),
            H=Scanner('sharp', (0.53, 0.60), 4, (0.6, 1.4), (60, 95), (0.5, 1.0)),
        ),
        weights=dict(A=3, B=3, C=3, D=2, E=2, F=2, G=1, H=1),
    ),
}
NEWEST = '2026-12'
UNNAMED = '2026-11'  # FILE FORMAT: the recipe of phantoms whose NAME.json names none
