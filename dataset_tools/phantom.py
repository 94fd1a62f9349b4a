"""Procedural lung-CT patches with an AIS, MIA or IA nodule, for trying the programs without patients' data.

A patch comes about as on a scanner: a slice in Hounsfield units (HU) is put together from lung, nodule, vessels,
fissure, chest wall and bone, blurred by a reconstruction kernel's transfer function and covered with noise of that
kernel's colour. Lengths are in mm with the nodule near (0, 0).  Tissue values are textbook ones (fat -100, muscle +50,
blood +40, cortical bone above +700 HU).  How large, dense and ragged each class is follows the order in H. Wang et al.,
Iran J Radiol 2018;15(1):e61846; sizes are those of nodules of LIDC-IDRI. The classes overlap on purpose.
"""

from collections import namedtuple

import numpy as np

from dataset_tools.phantom_anatomy import MARGIN, TURN, Canvas, blend, cover, rotated, surroundings, turn, wave
from dataset_tools.phantom_recipes import NEWEST, RECIPES
from dataset_tools.phantom_vessels import airways, vessels

CLASSES = ('AIS', 'MIA', 'IA')
FLOOR, CEILING = -1024, 3071  # HU, what a 12-bit scanner can store

Phantom = namedtuple('Phantom', 'hu mask solid covered facts')
WALLS = ['none'] * 4 + ['chest'] * 70 + ['vertebra'] * 14 + ['mediastinum'] * 7 + ['diaphragm'] * 5  # in 100 patches
NEAREST, SPREAD, POWER = (3.2, 17.5, 1.25)  # to the wall: NEAREST + SPREAD * u**POWER mm, u from 0 to 1
TAG_REACH = 10.5  # mm, the longest way from the nodule's middle to a pleura that it pulls at
TAG_NEAR = 0.70 * ((TAG_REACH - NEAREST) / SPREAD) ** (1 / POWER)  # share of patches with the chest wall so near
SLICE_MM, MOST = 1.0, 5  # distance of the slices, and how many at most


def _outline(rng, ragged, cycles, elongated=None):
    """Distance of a closed outline from its centre over one turn; encloses the area of the unit circle.

    elongated: SD of the logarithm of the ratio of the axes of an ellipse, or None for a weak bulge.
    """
    angle = np.arange(TURN) * (2 * np.pi / TURN)
    if elongated is None:
        oval = rng.uniform(0, 0.16) * np.cos(2 * angle + rng.uniform(0, 6.3))
    else:
        ratio, way = np.exp(abs(rng.normal(0, elongated))), rng.uniform(0, 6.3)
        oval = -0.5 * np.log(np.cos(angle - way) ** 2 / ratio + np.sin(angle - way) ** 2 * ratio)
    r = np.exp(oval + ragged * wave(rng, cycles))
    return r / np.sqrt(np.mean(r * r))


def _nodule(c, rng, recipe, kind, radius, hu, blood, tag_to):
    """Draws a nodule into hu, its strands and a tag to point tag_to (mm, or None) into blood.

    Returns mm inside it, mm inside its solid part, facts.
    """
    k, lung = recipe.kinds[kind], np.median(hu)
    lobulated, spiculated, bronchogram = rng.rand(3) < (k.lobulated, k.spiculated, k.bronchogram)
    ox, oy = rng.uniform(-1.7, 1.7, 2)
    rho, phi = c.polar(ox, oy)
    ragged, cycles = (rng.uniform(0.10, 0.16), 7) if lobulated else (rng.uniform(0.02, 0.07), 5)
    outline = radius * _outline(rng, ragged, cycles, recipe.elongated)
    depth, edge = outline[turn(phi)] - np.hypot(rho, c.z), rng.uniform(0.8, 2.6)
    glass = max(rng.normal(*k.glass), lung + 70)
    grainy = glass + rng.uniform(0.15, 0.5) * (glass - lung) * c.clouds(rng.uniform(0.8, 1.5))
    rough = max(radius / 4, 1) ** recipe.roughness
    blend(hu, grainy, cover(depth + rough * rng.uniform(0.1, 0.6) * c.clouds(0.9 * rough), edge))
    share = 0.0 if rng.rand() < k.pure else rng.uniform(*k.solid)
    core = np.full_like(hu, -np.inf)
    if share:
        way, off = rng.uniform(0, 6.3), rng.uniform(0, 0.8) * (1 - share) * radius
        far, around = c.polar(ox + off * np.cos(way), oy + off * np.sin(way))
        core = share * radius * _outline(rng, 0.1, 7)[turn(around)] - np.hypot(far, c.z)
        core += rough * rng.uniform(0.1, 0.5) * c.clouds(0.8 * rough)
        blend(hu, max(rng.normal(*k.solid_hu), glass + 100) + 50 * c.clouds(0.9), cover(core, 1.0))
    if bronchogram:  # an airway that stays open inside it
        air, way = np.zeros_like(hu), rng.uniform(0, 6.3) + np.cumsum(rng.normal(0, 0.35, 5))
        step = radius * np.append(rng.uniform(-0.9, -0.1), rng.uniform(0.1, 0.4, 4))
        x = ox + rng.uniform(-0.4, 0.4) * radius + np.cumsum(step * np.cos(way))
        y = oy + rng.uniform(-0.4, 0.4) * radius + np.cumsum(step * np.sin(way))
        z, wide = rng.normal(0, 0.3) * np.cumsum(step), rng.uniform(0.35, 0.65) * np.linspace(1, 0.6, 5)
        airway, strength = np.array([x, y, z]), rng.uniform(0.8, 1)
        c.tubes(air, airway[:, :-1], airway[:, 1:], (wide[:-1], wide[1:]), (strength, strength))
        blend(hu, -960, air * cover(depth, edge))
    if spiculated:
        n = rng.randint(5, 11)
        way = rng.uniform(0, 6.3) + np.cumsum(rng.uniform(0.3, 1.1, n))
        root, bent, lift = outline[turn(way)], way + rng.normal(0, 0.12, n), rng.normal(0, 0.2, n)
        tip = root + rng.uniform(1.5, 5, n)
        start = ox + 0.8 * root * np.cos(way), oy + 0.8 * root * np.sin(way), 0.8 * root * lift
        end = ox + tip * np.cos(bent), oy + tip * np.sin(bent), tip * lift
        c.tubes(blood, start, end, (rng.uniform(0.3, 0.6, n), np.full(n, 0.12)), (rng.uniform(0.4, 0.9, n), 0.25))
    if tag_to is not None:
        end, radius = np.append(tag_to, 0) + rng.normal(0, 0.8, 3), rng.uniform(0.3, 0.6)
        c.tubes(blood, (ox, oy, 0), end, (0.5, radius), (0.35, rng.uniform(0.6, 1)))
    facts = dict(
        solid_mm=float(2 * share * radius),
        solid_fraction=float(share),
        lobulation=bool(lobulated),
        spicules=bool(spiculated),
        bronchogram=bool(bronchogram),
        pleural_tag=tag_to is not None,
    )
    return depth + recipe.halo, core, facts


def phantom_slices(kind, rng, size, spacing, number, recipe=NEWEST):
    """[Phantom]: slices with a nodule of that kind in their centre, SLICE_MM apart, from feet to head.

    The same state of rng gives the same nodule; the middle one of an odd number of slices is the one of number=1.
    rng: np.random.RandomState; size: pixels (16..256); spacing: mm per pixel; number: of slices, 1..MOST.
    recipe: one of RECIPES. ValueError for an unknown class or recipe.
    A Phantom is (hu, mask, solid, covered, facts): hu float32 [size,size], -1024 or more, before any window; bool
    [size,size]: mask, the nodule, solid, its solid part, and covered, what lies beyond the lung; facts: diameter_mm
    (of the circle with the mask's area), mean_hu (in the mask, None if that is empty), solid_mm and solid_fraction (of
    diameters), lobulation, spicules, bronchogram, pleural_tag (bool), wall (one of WALLS), scanner (one of the
    recipe's), kernel (its family), slab_mm (thickness of the slice).
    """
    if recipe not in RECIPES:
        raise ValueError('no recipe {!r}; choose from {}'.format(recipe, ', '.join(sorted(RECIPES))))
    if kind not in CLASSES:
        raise ValueError('no nodule class {!r}; choose from {}'.format(kind, ', '.join(CLASSES)))
    key, slices = rng.randint(2**31, size=4), []
    for half in range(1 - number, number, 2):  # steps of half a slice above the middle
        noise = np.random.RandomState(np.append(key, half + MOST))
        shared = np.random.RandomState(key)
        slices.append(_slice(RECIPES[recipe], kind, shared, noise, size, spacing, half / 2.0 * SLICE_MM))
    return slices


def _slice(recipe, kind, rng, noise, size, spacing, z):
    """The slice at height z (mm). rng: of what all slices share; noise: of what is in this one alone."""
    names = [name for name in sorted(recipe.weights) for _ in range(recipe.weights[name])]
    k, name = recipe.kinds[kind], names[rng.randint(len(names))]
    scan = recipe.scanners[name]
    c = Canvas(rng, size, spacing, rng.uniform(*scan.slab), z)
    radius = recipe.diameters(rng, *k.diameter) / 2
    wall, near = WALLS[rng.randint(len(WALLS))], NEAREST + SPREAD * rng.rand() ** POWER
    # Where the wall is says nothing of the class, but for the few nodules that would touch it.
    room = recipe.spacious * max(radius - 5, 0)
    gap = max(0.95 * radius, (rng.uniform(24, 54) if wall == 'none' else near) + room)
    tag = rng.rand() < k.tag / TAG_NEAR and wall == 'chest' and near < TAG_REACH
    flat, rise, outside, towards = surroundings(c, rng, wall, gap, rng.uniform(0.5, 2) * tag)
    depth = np.minimum(flat + rise, np.hypot(np.hypot(c.x, c.y), z) - 0.85 * radius)  # nothing may cover the nodule

    hu = rng.normal(-896, 20) + 15 * c.clouds(5) + 27 * c.clouds(1.1)
    hu = hu + rng.normal(0, 0.4) * c.x + rng.normal(0, 0.4) * c.y
    blood, tag_to = np.zeros_like(hu), gap * np.array([np.cos(towards), np.sin(towards)]) if tag else None
    inside, core, facts = _nodule(c, rng, recipe, kind, radius, hu, blood, tag_to)
    if rng.rand() < recipe.fissures:  # a fissure: a thin bent sheet
        rho, phi = c.polar(*(rng.choice((-1, 1), 2) * rng.uniform(20, 60, 2)))
        bent = rho - rho.flat[rng.randint(rho.size)] + 0.5 * wave(rng, 40)[turn(phi)] + rng.normal(0, 0.5) * z
        hu += rng.uniform(60, 200) * cover(rng.uniform(0.2, 0.6) - abs(bent), rng.uniform(0.6, 1.5))
    specks = noise.randint(0, c.n, (2, int(rng.uniform(0.006, 0.024) * c.n**2)))  # vessels too small to be followed
    blood[specks[0], specks[1]] = noise.uniform(0.05, 0.25, specks.shape[1])
    branches = vessels(c, rng, recipe.twigs, blood, flat, towards)
    blend(hu, rng.normal(35, 12), blood)
    most, share = recipe.airways
    if share and rng.rand() < share:
        wall_share, lumen = airways(c, rng, most, *branches, clear=radius + 4)
        blend(hu, rng.normal(-80, 60), wall_share)
        blend(hu, -980, lumen)
    covered = cover(depth, spacing + abs(rng.normal(0, 0.5 * c.slab)))
    blend(hu, outside, covered)
    cutoff, boost = rng.uniform(*scan.cutoff), rng.uniform(*scan.boost)
    way, stretch = rng.uniform(0, 3.2), rng.uniform(1, 1.45)
    across, along = rotated(c.fx, c.fy, way)
    f = np.hypot(across * stretch, along / stretch)  # a body wider than deep gives noise a direction
    blur, colour = [np.exp(-((g / cutoff) ** scan.steepness)) * (1 + boost * (g / 0.3) ** 2) for g in (c.f, f)]
    white = np.fft.rfft2(noise.randn(c.n, c.n))
    grain = rng.uniform(*scan.noise) * c.texture(white, np.sqrt(f + 0.08) * colour) * (1 + 0.35 * covered)
    hu = np.fft.irfft2(np.fft.rfft2(hu) * blur, s=hu.shape) + grain
    inner = slice(MARGIN, MARGIN + size)
    hu = hu[inner, inner].clip(FLOOR, CEILING).astype('float32')
    mask = ((inside > 0) & (depth < 0))[inner, inner]
    solid = (core > 0)[inner, inner] & mask
    facts.update(diameter_mm=float(2 * spacing * np.sqrt(mask.sum() / np.pi)))
    facts.update(mean_hu=float(hu[mask].mean()) if mask.any() else None)
    facts.update(wall=wall, scanner=name, kernel=scan.kernel, slab_mm=float(c.slab))
    return Phantom(hu, mask, solid, (depth >= 0)[inner, inner], facts)
