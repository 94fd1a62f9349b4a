"""Procedural lung-CT patches with an AIS, MIA or IA nodule, for trying the programs without patients' data.

A patch comes about as on a scanner: a slice in Hounsfield units (HU) is put together from lung, nodule, vessels, fissure,
chest wall and bone, blurred by a reconstruction kernel's transfer function and covered with noise of that kernel's colour.
Lengths are in mm with the nodule near (0, 0).  Tissue values are textbook ones (fat -100, muscle +50, blood +40, cortical
bone above +700 HU).  How large, dense and ragged each class is follows the order in H. Wang et al., Iran J Radiol
2018;15(1):e61846, scaled down to nodules of about a centimetre; the classes overlap on purpose.
"""
from collections import namedtuple

import numpy as np

CLASSES = ('AIS', 'MIA', 'IA')
FLOOR, CEILING = -1024, 3071    # HU, what a 12-bit scanner can store
MARGIN = 8                      # pixels rendered beyond each edge, so that the blur does not wrap round into the patch
TURN = 2048                     # entries of a table that goes once round a circle

Phantom = namedtuple('Phantom', 'hu mask facts')
Kind = namedtuple('Kind', 'diameter glass pure solid solid_hu lobulated spiculated bronchogram tag')
KINDS = {   # diameter: mean, SD, least, most (mm); glass: mean, SD (HU); pure: share of nodules with no solid part; solid:
            # least, most of solid / whole diameter; solid_hu: mean, SD (HU); the rest: shares of nodules with that sign
    'AIS': Kind((7.3, 1.5, 4.6, 10.9), (-725, 55), .80, (.10, .35), (-350, 110), .25, .00, .10, .00),
    'MIA': Kind((8.3, 1.6, 5.0, 11.5), (-640, 85), .20, (.10, .55), (-270, 120), .40, .10, .15, .05),
    'IA': Kind((9.5, 1.8, 5.5, 13.0), (-530, 115), .06, (.25, 1.0), (-140, 120), .65, .22, .35, .35)}
Kernel = namedtuple('Kernel', 'name cutoff steepness boost noise slab')
KERNELS = [  # cutoff: where the transfer has fallen to 1/e (cycles/pixel); boost: edge enhancement; noise: SD in lung (HU);
    Kernel('sharp', (.41, .55), 4, (.3, .9), (50, 96), (.6, 1.2))] * 3 + [       # slab: slice thickness (mm); pairs: least, most
    Kernel('medium', (.29, .34), 3, (.3, .8), (42, 60), (.8, 1.5)),
    Kernel('smooth', (.22, .28), 2.5, (.0, .3), (18, 30), (1.2, 2.5))]
WALLS = ['none'] * 4 + ['chest'] * 70 + ['vertebra'] * 14 + ['mediastinum'] * 7 + ['diaphragm'] * 5     # in 100 patches


def _cover(depth, width):
    """Share of each pixel inside an outline; depth: mm inside it (negative outside), width: mm over which it fades."""
    return (.5 + depth / width).clip(0, 1)


def _blend(hu, value, cover):
    hu += cover * (value - hu)


def _wave(rng, cycles):
    """Smooth closed curve of unit SD over one turn, as a table of TURN values; cycles: finest undulations per turn."""
    k = np.arange(1, max(3, min(int(cycles), TURN // 4)))
    wave = np.fft.irfft(np.append(0, (rng.randn(len(k)) + 1j * rng.randn(len(k))) / np.sqrt(k)), TURN)
    return wave / wave.std()


def _turn(angle):
    """Index of an angle (radians) into a table of TURN values."""
    return (angle * (TURN / (2 * np.pi))).astype(int) % TURN


def _rotated(x, y, angle):
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


class _Canvas:
    """The grid of one slice: pixel centres x, y (mm), spatial frequencies f, and random textures on it; all [n,n]."""

    def __init__(self, rng, size, spacing):
        self.rng, self.spacing, self.n = rng, spacing, size + 2 * MARGIN
        self.at = (np.arange(self.n) - (self.n - 1) / 2.) * spacing
        self.y, self.x, self.half = self.at[:, None], self.at[None, :], -self.at[0]
        self.fy, self.fx = np.fft.fftfreq(self.n)[:, None], np.fft.rfftfreq(self.n)[None, :]
        self.f = np.hypot(self.fy, self.fx)
        self.white = np.fft.rfft2(rng.randn(self.n, self.n))

    def texture(self, transfer):
        """Noise with that amplitude spectrum, unit SD; one white noise, shifted at random, serves for all textures."""
        noise = np.fft.irfft2(self.white * transfer, s=(self.n, self.n))
        return np.roll(noise, tuple(self.rng.randint(0, self.n, 2)), (0, 1)) / noise.std()

    def clouds(self, mm):
        """Smooth texture with blobs about `mm` wide, unit SD."""
        return self.texture(np.exp(-(self.f * (2.2 * mm / self.spacing)) ** 2))

    def polar(self, cx, cy):
        return np.hypot(self.x - cx, self.y - cy), np.arctan2(self.y - cy, self.x - cx)

    def tubes(self, layer, start, end, radii, strengths):
        """Draws straight tapering tubes into layer, keeping the larger value, and looks only at pixels near them.

        start, end: x and y (mm); radii (mm), strengths (0..1): at start and end; each a pair of numbers or arrays [K].
        """
        (ax, ay), (bx, by), (ra, rb), (sa, sb) = [[np.ravel(v) for v in pair] for pair in (start, end, radii, strengths)]
        h, reach = self.spacing, np.maximum(abs(bx - ax), abs(by - ay)) / 2 + np.maximum(ra, rb)
        order = np.argsort(reach)
        for some in filter(len, np.array_split(order, [len(order) * 3 // 4])):  # smaller windows for the smaller three quarters
            wide = int(2 * reach[some[-1]] / h) + 3
            left, top = [np.round((p + q)[some] / 2 / h + (self.n - wide) / 2.).astype(int) for p, q in ((ax, bx), (ay, by))]
            x = ((left[:, None] + np.arange(wide)) * h - self.half - ax[some, None])[:, None, :]        # [K,1,W]
            y = ((top[:, None] + np.arange(wide)) * h - self.half - ay[some, None])[:, :, None]         # [K,W,1]
            dx, dy, r0, r1, s0, s1 = [v[some, None, None] for v in (bx - ax, by - ay, ra, rb, sa, sb)]
            along = ((x * dx + y * dy) / (dx * dx + dy * dy + 1e-9)).clip(0, 1)                         # [K,W,W]
            radius = r0 + along * (r1 - r0)
            cover = _cover(radius - np.hypot(x - along * dx, y - along * dy), h) * np.minimum(1, 2 * radius / h)
            cover *= s0 + along * (s1 - s0)
            for patch, i, j in zip(cover, top, left):
                here = layer[max(i, 0):max(i + wide, 0), max(j, 0):max(j + wide, 0)]
                if here.size:
                    i, j = max(-i, 0), max(-j, 0)
                    np.maximum(here, patch[i:i + here.shape[0], j:j + here.shape[1]], out=here)


def _bone(c, rng, hu, u, v, long, thick, shell, cortex, core):
    """Draws a bone, roughly an ellipse with half axes long and thick (mm) along u, v: core (HU) in an uneven shell (mm, HU)."""
    near = (abs(u) < 1.3 * long) & (abs(v) < 1.5 * thick)
    u, v, bone = u[near], v[near], hu[near]
    turn, power = _turn(np.arctan2(v / thick, u / long)), rng.uniform(1.8, 2.8)
    e = (abs(u / long) ** power + abs(v / thick) ** power) ** (1 / power) + .05 * _wave(rng, 7)[turn]
    depth = (1 - e) * e / np.hypot(u / long ** 2, v / thick ** 2).clip(1e-3)
    uneven = _wave(rng, 9)[turn]
    _blend(bone, cortex * (1 + .2 * uneven), _cover(depth, c.spacing))
    _blend(bone, core + 45 * c.clouds(1.)[near], _cover(depth - shell * (1 + .35 * uneven), c.spacing))
    hu[near] = bone


def _chest(c, rng, gap, towards, radius, dent):
    """Depth below the pleura (mm, negative in lung) and HU of a chest wall: muscle, wavy layers of fat, ribs, skin, air.

    The pleura is a bent circle (mm) that passes `gap` mm from (0, 0) in direction `towards`; dent (mm) pulls it in there.
    """
    cx, cy = (gap - radius) * np.cos(towards), (gap - radius) * np.sin(towards)
    rho, phi = c.polar(cx, cy)
    phi = (phi - towards + np.pi) % (2 * np.pi) - np.pi
    turn, around = _turn(phi), 2 * np.pi * radius
    bend = rng.uniform(0, .1) * radius * _wave(rng, 4) + rng.uniform(.1, .5) * _wave(rng, around / 12)
    depth = rho - radius - (bend - bend[0])[turn] + dent * np.exp(-(radius * phi / 3) ** 2)
    fat, hu = rng.normal(-105, 10), rng.normal(45, 10) + 14 * c.clouds(2.5)
    below = np.cumsum(rng.uniform((.8, 3, 3, 5, 6, 1.5), (3, 14, 14, 20, 25, 2.5)))    # three planes of fat, then fat, skin, air
    for i in np.flatnonzero(below < depth.max()):
        edge = depth - below[i] - (rng.uniform(.5, 2) if i < 4 else .1) * _wave(rng, around / 25)[turn]
        thick = rng.uniform(.15, 1.5) * (.6 + .8 * _wave(rng, around / 20)[turn])
        _blend(hu, (fat, fat, fat, fat, 30, -1000)[i], _cover(thick - abs(edge) if i < 3 else edge, c.spacing))
    place, inner = rng.uniform(0, 30), rng.uniform(.5, 3)
    while place < around - 10:
        long, thick = rng.uniform(5, 15), rng.uniform(1.6, 2.8)
        way, out = towards + place / radius, radius + inner + thick
        if max(abs(cx + out * np.cos(way)), abs(cy + out * np.sin(way))) < c.half + long:       # else it is out of sight
            u = radius * ((phi - place / radius + np.pi) % (2 * np.pi) - np.pi)
            v = depth - inner - thick - rng.uniform(-.3, .3) * u + rng.normal(0, .6) * np.cos(3 * u / long)
            _bone(c, rng, hu, u, v, long, thick, rng.uniform(.4, 1.), rng.uniform(800, 1900), rng.uniform(-20, 200))
        place += 2 * long + rng.uniform(6, 36)
    return depth, hu


def _bulge(c, rng, gap, towards, wall):
    """Depth (mm) and HU of a vertebra, the mediastinum or the diaphragm: round towards the lung, endless behind."""
    a = rng.uniform(13, 20) if wall == 'vertebra' else rng.uniform(14, 50)
    b = a * rng.uniform(.75, 1)
    dx, dy = c.x - (gap + a) * np.cos(towards), c.y - (gap + a) * np.sin(towards)
    u, v = _rotated(dx, dy, towards)
    turn, lump = _turn(np.arctan2(v, u)), _wave(rng, 6)
    depth = a - np.hypot(np.minimum(u, 0), v * a / b) + rng.uniform(.02, .08) * a * (lump - lump[TURN // 2])[turn]
    hu = rng.normal(50, 12) + 10 * c.clouds(4)
    if wall == 'vertebra':
        lining, side, turned = rng.uniform(1.2, 4), rng.choice((-1, 1)), rng.uniform(-.6, .6)
        _bone(c, rng, hu, u, v, a - lining, b - lining, rng.uniform(.7, 1.3), rng.uniform(500, 1100), rng.uniform(140, 260))
        if rng.rand() < .6:                                                     # with the head of a rib beside it
            p, q = _rotated(u - rng.uniform(-.3, .7) * a, v - side * (b + rng.uniform(1, 5)), turned)
            _bone(c, rng, hu, p, q, rng.uniform(6, 14), rng.uniform(3, 5), 1.3, rng.uniform(800, 1500), rng.uniform(100, 350))
            depth = np.maximum(depth, 6 - np.hypot(p / 2, q))
    elif wall == 'mediastinum':
        _blend(hu, -100, _cover(rng.uniform(1, 4) * (1 + _wave(rng, 8)[turn]) - abs(depth - rng.uniform(2, 9)), 1.5))
    return depth, hu


def _surroundings(c, rng, wall, gap, tag):
    """Depth below the lung's surface (mm), HU of what lies there, and the direction of the nearest surface (radians)."""
    towards, radius = rng.uniform(-np.pi, np.pi), np.exp(rng.normal(4.1, .6)).clip(.8 * c.half, 150)
    if wall in ('none', 'chest'):
        return _chest(c, rng, gap, towards, max(radius, gap * 1.2), rng.uniform(.5, 2) * tag) + (towards,)
    depth, hu = _bulge(c, rng, gap, towards, wall)
    away, where = gap + rng.gamma(1.5, 7), towards + rng.choice((-1, 1)) * rng.uniform(.7, 2.2)
    other, other_hu = _chest(c, rng, away, where, max(radius, away * 1.2), 0)
    return np.maximum(depth, other), np.where(depth > other, hu, other_hu), towards


def _section(z, radius, slab):
    """Radius (mm) and strength with which a tube whose axis passes z mm off the middle shows in a slice; array [2,K]."""
    share = (radius + slab / 2 - abs(z)).clip(0) / np.minimum(slab, 2 * radius)
    return np.array([radius * share.clip(.05, 1) ** .8, (2 * share).clip(0, 1) * np.minimum(1, 2 * radius / slab)])


def _vessels(c, rng, blood, depth, towards, slab):
    """Draws vessels that wander and branch through a slice `slab` mm thick; blood: the share of it in each pixel."""
    n = rng.poisson(rng.uniform(1.2, 3.2) * (2 * c.half) ** 2 / 100)            # so many per cm2
    x, y = rng.uniform(-c.half, c.half, (2, n))
    inside = -depth[np.searchsorted(c.at, y).clip(0, c.n - 1), np.searchsorted(c.at, x).clip(0, c.n - 1)]
    r = np.minimum(rng.lognormal(-1., .5, n), .3 + inside.clip(0, 25) / 14)     # thick ones stay away from the pleura
    z = rng.uniform(-.5, .5, n) * (2 * r + slab)
    way, rise, up = towards + rng.normal(0, .9, n), np.sin(rng.uniform(-1.57, 1.57, n)), np.ones(n)     # most run outwards
    state = np.hstack([[x, y, z, way, rise, r, up], [x, y, z, way + np.pi, -rise, r, -up]])     # downstream and upstream
    state, drawn = state[:, np.tile(inside > 1.5, 2)], []
    for _ in range(14):
        (x, y, z, way, rise, r, sense), m = state, state.shape[1]
        step = rng.uniform(.7, 1.9, m)
        flat = step * np.sqrt(1 - rise ** 2)
        thinner = r * np.where(sense > 0, rng.uniform(.82, 1, m), rng.uniform(.9, 1.1, m))
        state = np.array([x + flat * np.cos(way), y + flat * np.sin(way), z + step * rise,
                          way + (.12 / r).clip(.12, .35) * rng.randn(m), (rise + .2 * rng.randn(m)).clip(-1, 1), thinner, sense])
        drawn.append(np.concatenate([(x, y), state[:2], _section(z, r, slab), _section(state[2], thinner, slab)]))
        child = state[:, (sense > 0) & (rng.rand(m) < .18)].copy()
        child[3] += rng.choice((-1, 1), child.shape[1]) * rng.uniform(.5, 1.2, child.shape[1])
        child[5] *= rng.uniform(.5, .85, child.shape[1])
        state = np.hstack([state, child])
        state = state[:, (state[5] > .15) & (abs(state[2]) < state[5] + slab / 2)]
    ax, ay, bx, by, ra, sa, rb, sb = np.hstack(drawn)
    c.tubes(blood, (ax, ay), (bx, by), (ra, rb), (sa, sb))


def _outline(rng, ragged, cycles):
    """Distance of a closed outline from its centre over one turn; encloses the area of the unit circle."""
    angle = np.arange(TURN) * (2 * np.pi / TURN)
    r = np.exp(rng.uniform(0, .16) * np.cos(2 * angle + rng.uniform(0, 6.3)) + ragged * _wave(rng, cycles))
    return r / np.sqrt(np.mean(r * r))


def _nodule(c, rng, kind, radius, hu, blood, tag_to):
    """Draws a nodule into hu, its strands and a tag to point tag_to (mm, or None) into blood; returns mm inside it, facts."""
    k, lung = KINDS[kind], np.median(hu)
    lobulated, spiculated, bronchogram = rng.rand(3) < (k.lobulated, k.spiculated, k.bronchogram)
    ox, oy = rng.uniform(-.6, .6, 2)
    rho, phi = c.polar(ox, oy)
    outline = radius * (_outline(rng, rng.uniform(.10, .16), 7) if lobulated else _outline(rng, rng.uniform(.02, .07), 5))
    depth, edge = outline[_turn(phi)] - rho, rng.uniform(1, 3) if kind == 'AIS' else rng.uniform(.7, 2)
    glass = max(rng.normal(*k.glass), lung + 70)
    grainy = glass + rng.uniform(.15, .5) * (glass - lung) * c.clouds(rng.uniform(.8, 1.5))
    _blend(hu, grainy, _cover(depth + rng.uniform(.1, .6) * c.clouds(.9), edge))
    share = 0. if rng.rand() < k.pure else rng.uniform(*k.solid)
    if share:
        way, off = rng.uniform(0, 6.3), rng.uniform(0, .8) * (1 - share) * radius
        far, around = c.polar(ox + off * np.cos(way), oy + off * np.sin(way))
        core = share * radius * _outline(rng, .1, 7)[_turn(around)] - far + rng.uniform(.1, .5) * c.clouds(.8)
        _blend(hu, max(rng.normal(*k.solid_hu), glass + 100) + 50 * c.clouds(.9), _cover(core, 1.))
    if bronchogram:                                                             # an airway that stays open inside it
        air, way = np.zeros_like(hu), rng.uniform(0, 6.3) + np.cumsum(rng.normal(0, .35, 5))
        step = radius * np.append(rng.uniform(-.9, -.1), rng.uniform(.1, .4, 4))
        x = ox + rng.uniform(-.4, .4) * radius + np.cumsum(step * np.cos(way))
        y = oy + rng.uniform(-.4, .4) * radius + np.cumsum(step * np.sin(way))
        wide = rng.uniform(.35, .65) * np.linspace(1, .6, 5)
        c.tubes(air, (x[:-1], y[:-1]), (x[1:], y[1:]), (wide[:-1], wide[1:]), np.full((2, 4), rng.uniform(.6, 1)))
        _blend(hu, -960, air * _cover(depth, edge))
    if spiculated:
        n = rng.randint(5, 11)
        way = rng.uniform(0, 6.3) + np.cumsum(rng.uniform(.3, 1.1, n))
        root, bent = outline[_turn(way)], way + rng.normal(0, .12, n)
        tip, x, y = root + rng.uniform(1.5, 5, n), ox + .8 * root * np.cos(way), oy + .8 * root * np.sin(way)
        c.tubes(blood, (x, y), (ox + tip * np.cos(bent), oy + tip * np.sin(bent)),
                (rng.uniform(.3, .6, n), np.full(n, .12)), (rng.uniform(.3, .7, n), np.full(n, .2)))
    if tag_to is not None:
        c.tubes(blood, (ox, oy), tag_to + rng.normal(0, .8, 2), (.5, rng.uniform(.3, .6)), (.3, rng.uniform(.5, .9)))
    return depth, dict(solid_mm=float(2 * share * radius), solid_fraction=float(share), lobulation=bool(lobulated),
                       spicules=bool(spiculated), bronchogram=bool(bronchogram), pleural_tag=tag_to is not None)


def phantom(kind, rng, size=64, spacing=0.6):
    """One patch with a nodule of that kind in its centre; the same state of rng gives the same patch.

    rng: np.random.RandomState; size: pixels (16..256); spacing: mm per pixel.
    Returns Phantom(hu, mask, facts): hu float32 [size,size], -1024 or more, before any window; mask bool [size,size], the nodule;
    facts: diameter_mm (of the circle with the mask's area), mean_hu (in the mask), solid_mm and solid_fraction (of diameters),
    lobulation, spicules, bronchogram, pleural_tag (bool), wall (one of WALLS), kernel (the name of one of KERNELS).
    """
    if kind not in KINDS:
        raise ValueError('no nodule class {!r}; choose from {}'.format(kind, ', '.join(CLASSES)))
    c, k, scan = _Canvas(rng, size, spacing), KINDS[kind], KERNELS[rng.randint(len(KERNELS))]
    slab, tag = rng.uniform(*scan.slab), rng.rand() < k.tag
    radius = np.clip(rng.normal(*k.diameter[:2]), *k.diameter[2:]) / 2
    wall = 'chest' if tag else WALLS[rng.randint(len(WALLS))]
    gap = .95 * radius + (rng.uniform(1, 6) if tag else rng.uniform(20, 50) if wall == 'none' else 19 * rng.rand() ** 1.4)
    depth, outside, towards = _surroundings(c, rng, wall, gap, tag)
    depth = np.minimum(depth, np.hypot(c.x, c.y) - .85 * radius)                # nothing may cover the nodule

    hu = rng.normal(-895, 18) + 10 * c.clouds(5) + 20 * c.clouds(1.1) + rng.normal(0, .4) * c.x + rng.normal(0, .4) * c.y
    blood, tag_to = np.zeros_like(hu), gap * np.array([np.cos(towards), np.sin(towards)]) if tag else None
    inside, facts = _nodule(c, rng, kind, radius, hu, blood, tag_to)
    if rng.rand() < .12:                                                        # a fissure: a thin bent sheet
        rho, phi = c.polar(*(rng.choice((-1, 1), 2) * rng.uniform(20, 60, 2)))
        bent = rho - rho.flat[rng.randint(rho.size)] + .5 * _wave(rng, 40)[_turn(phi)]
        hu += rng.uniform(60, 200) * _cover(rng.uniform(.2, .6) - abs(bent), rng.uniform(.6, 1.5))
    specks = rng.randint(0, c.n, (2, int(rng.uniform(.004, .016) * c.n ** 2)))  # vessels too small to be followed
    blood[specks[0], specks[1]] = rng.uniform(.05, .25, specks.shape[1])
    _vessels(c, rng, blood, depth, towards, slab)
    _blend(hu, rng.normal(35, 12), blood)
    covered = _cover(depth, spacing + abs(rng.normal(0, .5 * slab)))
    _blend(hu, outside, covered)
    cut, boost, way, stretch = rng.uniform(*scan.cutoff), rng.uniform(*scan.boost), rng.uniform(0, 3.2), rng.uniform(1, 1.45)
    across, along = _rotated(c.fx, c.fy, way)
    f = np.hypot(across * stretch, along / stretch)                             # a body wider than deep gives noise a direction
    blur, colour = [np.exp(-(g / cut) ** scan.steepness) * (1 + boost * (g / .3) ** 2) for g in (c.f, f)]
    noise = rng.uniform(*scan.noise) * c.texture(np.sqrt(f + .08) * colour) * (1 + .35 * covered)
    hu = np.fft.irfft2(np.fft.rfft2(hu) * blur, s=hu.shape) + noise
    inner = slice(MARGIN, MARGIN + size)
    hu = hu[inner, inner].clip(FLOOR, CEILING).astype('float32')
    mask = ((inside > 0) & (depth < 0))[inner, inner]
    facts.update(diameter_mm=float(2 * spacing * np.sqrt(mask.sum() / np.pi)), mean_hu=float(hu[mask].mean()))
    return Phantom(hu, mask, dict(facts, wall=wall, kernel=scan.name))
