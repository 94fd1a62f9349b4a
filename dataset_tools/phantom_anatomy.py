"""What surrounds the nodule of a phantom: the grid of one slice, chest wall, bone. Lengths are in mm."""

import numpy as np

MARGIN = 8  # pixels rendered beyond each edge, so that the blur does not wrap round into the patch
TURN = 2048  # entries of a table that goes once round a circle


def cover(depth, width):
    """Share of each pixel inside an outline; depth: mm inside it (negative outside), width: mm over which it fades."""
    return (0.5 + depth / width).clip(0, 1)


def blend(hu, value, cover):
    hu += cover * (value - hu)


def wave(rng, cycles):
    """Smooth closed curve of unit SD over one turn, as a table of TURN values; cycles: finest undulations per turn."""
    k = np.arange(1, max(3, min(int(cycles), TURN // 4)))
    wave = np.fft.irfft(np.append(0, (rng.randn(len(k)) + 1j * rng.randn(len(k))) / np.sqrt(k)), TURN)
    return wave / wave.std()


def turn(angle):
    """Index of an angle (radians) into a table of TURN values."""
    return (angle * (TURN / (2 * np.pi))).astype(int) % TURN


def rotated(x, y, angle):
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


class Canvas:
    """The grid of one slice, `slab` mm thick and z mm above the nodule's middle, and what is drawn on it.

    Pixel centres x, y (mm) and spatial frequencies f, all [n,n]. The same state of rng gives, at another z, another
    slice of the same things, so nothing may draw more or fewer random numbers for its z.
    """

    def __init__(self, rng, size, spacing, slab, z):
        self.rng, self.spacing, self.slab, self.z, self.n = rng, spacing, slab, z, size + 2 * MARGIN
        self.at = (np.arange(self.n) - (self.n - 1) / 2.0) * spacing
        self.y, self.x, self.half = self.at[:, None], self.at[None, :], -self.at[0]
        self.fy, self.fx = np.fft.fftfreq(self.n)[:, None], np.fft.rfftfreq(self.n)[None, :]
        self.f = np.hypot(self.fy, self.fx)
        self.white = np.fft.rfft2(rng.randn(self.n, self.n))

    def texture(self, white, transfer):
        """White noise (its spectrum) with that amplitude spectrum, unit SD."""
        noise = np.fft.irfft2(white * transfer, s=(self.n, self.n))
        return noise / noise.std()

    def clouds(self, mm):
        """Smooth texture with blobs about `mm` wide in all directions, unit SD.

        One white noise, shifted at random, serves for all. Going up, a texture turns into its own far side and back.
        """
        noise = self.texture(self.white, np.exp(-((self.f * (2.2 * mm / self.spacing)) ** 2)))
        noise = np.roll(noise, tuple(self.rng.randint(0, self.n, 2)), (0, 1))
        if self.z:
            far = np.roll(noise, (self.n // 2, self.n // 2), (0, 1))
            noise = np.cos(self.z / mm) * noise + np.sin(self.z / mm) * far
        return noise

    def polar(self, cx, cy):
        return np.hypot(self.x - cx, self.y - cy), np.arctan2(self.y - cy, self.x - cx)

    def _section(self, z, radius, strength):
        """Radius (mm) and strength with which a tube whose axis passes at height z shows in this slice."""
        share = (radius + self.slab / 2 - abs(z - self.z)).clip(0) / np.minimum(self.slab, 2 * radius)
        partial = (2 * share).clip(0, 1) * np.minimum(1, 2 * radius / self.slab)
        return radius * share.clip(0.05, 1) ** 0.8, strength * partial

    def tubes(self, layer, start, end, radii, strengths):
        """Draws straight tapering tubes into layer, keeping the larger value, and looks only at pixels near them.

        start, end: x, y and z (mm); radii (mm), strengths (0..1): at start and end; all numbers or arrays [K].
        """
        (ax, ay, az), (bx, by, bz) = [np.array(np.broadcast_arrays(*end)).reshape(3, -1) for end in (start, end)]
        (ra, sa), (rb, sb) = [self._section(*of) for of in zip((az, bz), radii, strengths)]
        h, reach = self.spacing, np.maximum(abs(bx - ax), abs(by - ay)) / 2 + np.maximum(ra, rb)
        off = np.maximum(abs(ax + bx), abs(ay + by)) / 2 - reach
        seen = (off < self.half) & ((sa > 0) | (sb > 0))
        ax, ay, bx, by, ra, sa, rb, sb, reach = np.array([ax, ay, bx, by, ra, sa, rb, sb, reach])[:, seen]
        order = np.argsort(reach)
        for some in np.array_split(order, [len(order) * n // 64 for n in (48, 60, 63)]):  # small windows for small ones
            if not len(some):
                continue
            wide = int(2 * reach[some[-1]] / h) + 3
            middles = (ax + bx)[some], (ay + by)[some]
            left, top = [np.round(m / 2 / h + (self.n - wide) / 2.0).astype(int) for m in middles]
            x = ((left[:, None] + np.arange(wide)) * h - self.half - ax[some, None])[:, None, :]  # [K,1,W]
            y = ((top[:, None] + np.arange(wide)) * h - self.half - ay[some, None])[:, :, None]  # [K,W,1]
            dx, dy, r0, r1, s0, s1 = [v[some, None, None] for v in (bx - ax, by - ay, ra, rb, sa, sb)]
            along = ((x * dx + y * dy) / (dx * dx + dy * dy + 1e-9)).clip(0, 1)  # [K,W,W]
            radius = r0 + along * (r1 - r0)
            covered = cover(radius - np.hypot(x - along * dx, y - along * dy), h) * np.minimum(1, 2 * radius / h)
            covered *= s0 + along * (s1 - s0)
            for patch, i, j in zip(covered, top, left):
                here = layer[max(i, 0) : max(i + wide, 0), max(j, 0) : max(j + wide, 0)]
                if here.size:
                    i, j = max(-i, 0), max(-j, 0)
                    np.maximum(here, patch[i : i + here.shape[0], j : j + here.shape[1]], out=here)


def _bone(c, rng, hu, u, v, long, thick, shell, cortex, core):
    """Draws a bone, about an ellipse of half axes long and thick along u, v: core (HU) in an uneven shell (mm, HU)."""
    near = (abs(u) < 1.3 * long) & (abs(v) < 1.5 * thick)
    u, v, bone = u[near], v[near], hu[near]
    index, power = turn(np.arctan2(v / thick, u / long)), rng.uniform(1.8, 2.8)
    e = (abs(u / long) ** power + abs(v / thick) ** power) ** (1 / power) + 0.05 * wave(rng, 7)[index]
    depth = (1 - e) * e / np.hypot(u / long**2, v / thick**2).clip(1e-3)
    uneven = wave(rng, 9)[index]
    blend(bone, cortex * (1 + 0.2 * uneven), cover(depth, c.spacing))
    blend(bone, core + 45 * c.clouds(1.0)[near], cover(depth - shell * (1 + 0.35 * uneven), c.spacing))
    hu[near] = bone


def _chest(c, rng, gap, towards, radius, dent, rise):
    """Depth below the pleura at z = 0 (mm, negative in lung) and HU of a chest wall: muscle, fat, ribs, skin, air.

    The pleura is a bent circle (mm) that passes `gap` mm from (0, 0) in direction `towards`; dent (mm) pulls it in.
    In this slice it lies `rise` mm nearer, and the ribs, which run obliquely, elsewhere along it.
    """
    cx, cy = (gap - radius) * np.cos(towards), (gap - radius) * np.sin(towards)
    rho, phi = c.polar(cx, cy)
    phi = (phi - towards + np.pi) % (2 * np.pi) - np.pi
    index, around = turn(phi), 2 * np.pi * radius
    bend = rng.uniform(0, 0.1) * radius * wave(rng, 4) + rng.uniform(0.1, 0.5) * wave(rng, around / 12)
    flat = rho - radius - (bend - bend[0])[index] + dent * np.exp(-((radius * phi / 3) ** 2))
    depth = flat + rise
    fat, hu = rng.normal(-105, 10), rng.normal(45, 10) + 14 * c.clouds(2.5)
    # Three planes of fat, then fat, skin, air.
    below = np.cumsum(rng.uniform((0.8, 3, 3, 5, 6, 1.5), (3, 14, 14, 20, 25, 2.5)))
    for i in np.flatnonzero(below < flat.max()):
        edge = depth - below[i] - (rng.uniform(0.5, 2) if i < 4 else 0.1) * wave(rng, around / 25)[index]
        thick = rng.uniform(0.3, 3.1) * (0.6 + 0.8 * wave(rng, around / 20)[index])
        blend(hu, (fat, fat, fat, fat, 30, -1000)[i], cover(thick - abs(edge) if i < 3 else edge, c.spacing))
    place, inner, slide = rng.uniform(0, 30), rng.uniform(0.5, 3), rng.normal(0, 0.8) * c.z
    while place < around - 10:
        long, thick = rng.uniform(5, 15), rng.uniform(1.6, 2.9)
        way, out = towards + place / radius, radius + inner + thick
        if max(abs(cx + out * np.cos(way)), abs(cy + out * np.sin(way))) < c.half + long:  # else it is out of sight
            u = radius * ((phi - (place + slide) / radius + np.pi) % (2 * np.pi) - np.pi)
            v = depth - inner - thick - rng.uniform(-0.3, 0.3) * u + rng.normal(0, 0.6) * np.cos(3 * u / long)
            _bone(c, rng, hu, u, v, long, thick, rng.uniform(0.4, 1.0), rng.uniform(900, 2100), rng.uniform(-20, 200))
        place += 2 * long + rng.uniform(6, 36)
    return flat, hu


def _bulge(c, rng, gap, towards, wall, rise):
    """Depth at z = 0 (mm) and HU of a vertebra, mediastinum or diaphragm: round towards the lung, endless behind."""
    a = rng.uniform(13, 20) if wall == 'vertebra' else rng.uniform(14, 50)
    b = a * rng.uniform(0.75, 1)
    dx, dy = c.x - (gap + a) * np.cos(towards), c.y - (gap + a) * np.sin(towards)
    u, v = rotated(dx, dy, towards)
    index, lump = turn(np.arctan2(v, u)), wave(rng, 6)
    depth = a - np.hypot(np.minimum(u, 0), v * a / b) + rng.uniform(0.02, 0.08) * a * (lump - lump[TURN // 2])[index]
    hu = rng.normal(50, 12) + 10 * c.clouds(4)
    if wall == 'vertebra':
        lining, side, turned = rng.uniform(1.2, 4), rng.choice((-1, 1)), rng.uniform(-0.6, 0.6)
        shell, cortex, core = rng.uniform(0.7, 1.3), rng.uniform(500, 1100), rng.uniform(140, 260)
        _bone(c, rng, hu, u, v, a - lining, b - lining, shell, cortex, core)
        if rng.rand() < 0.6:  # with the head of a rib beside it
            p, q = rotated(u - rng.uniform(-0.3, 0.7) * a, v - side * (b + rng.uniform(1, 5)), turned)
            long, thick = rng.uniform(6, 14), rng.uniform(3, 5)
            cortex, core = rng.uniform(800, 1500), rng.uniform(100, 350)
            _bone(c, rng, hu, p, q, long, thick, 1.3, cortex, core)
            depth = np.maximum(depth, 6 - np.hypot(p / 2, q))
    elif wall == 'mediastinum':
        fat = rng.uniform(1, 4) * (1 + wave(rng, 8)[index]) - abs(depth + rise - rng.uniform(2, 9))
        blend(hu, -100, cover(fat, 1.5))
    return depth, hu


def surroundings(c, rng, wall, gap, dent):
    """What lies beyond the lung: (depth below its surface at z = 0 (mm), rise, HU, towards).

    rise: how much deeper (mm) a point lies in this slice; towards: direction of the nearest surface (radians).
    """
    towards, radius = rng.uniform(-np.pi, np.pi), np.exp(rng.normal(4.1, 0.6)).clip(0.8 * c.half, 150)
    rise = rng.normal(0, 0.3) * c.z + c.z**2 / (2 * rng.uniform(40, 120))
    if wall in ('none', 'chest'):
        flat, hu = _chest(c, rng, gap, towards, max(radius, gap * 1.2), dent, rise)
        return flat, rise, hu, towards
    flat, hu = _bulge(c, rng, gap, towards, wall, rise)
    away, where = gap + rng.gamma(1.5, 7), towards + rng.choice((-1, 1)) * rng.uniform(0.7, 2.2)
    other, other_hu = _chest(c, rng, away, where, max(radius, away * 1.2), 0, rise)
    return np.maximum(flat, other), rise, np.where(flat > other, hu, other_hu), towards
