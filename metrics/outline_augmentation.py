"""Changes of the patches that the outline network learns from, so that it learns nodules and not one data set.

Patches are HU [N, R, R], masks bool [N, R, R], points [N, 2] (row, column; pixels). Every random number comes from the
RandomState that is given.
"""

import numpy as np
from scipy import ndimage

from common import hounsfield
from metrics.outlines import resampling

LUNG = -880.0  # HU, about that of healthy lung
BLOOD = 20.0  # HU of vessels


def draw(random, hu, masks):
    """(HU, masks, points) that a step learns from, of as many patches: half of them changed, all turned."""
    hu, masks, points = hu.copy(), masks.copy(), points_in(random, masks)
    half = slice(len(hu) // 2, None)
    hu[half], masks[half], points[half] = _changed(random, hu[half], masks[half])
    return turned(random, hu, masks, points)


def _changed(random, hu, masks):
    hu, masks = _drawn_nodules(random, hu, masks)
    hu, masks, points = _second_nodules(random, hu, masks)
    hu = _vessels(random, hu)
    hu, masks, points = scaled(random, hu, masks, points)
    return _gray_levels(random, hu), masks, points


def points_in(random, masks):
    """A point in each mask: the middle of the patch or, in half of them and where that is outside, one near its own."""
    size, points = masks.shape[1], np.zeros([len(masks), 2], np.float32)
    middle = size // 2
    for i, mask in enumerate(masks):
        rows, columns = np.nonzero(mask)
        spread = random.uniform(0, 0.5) * np.sqrt(len(rows) / np.pi)
        points[i] = rows.mean(), columns.mean()
        points[i] += spread * random.randn(2)
        if mask[middle, middle] and random.rand() < 0.5:
            points[i] = (size - 1) / 2.0
    return points.clip(0, size - 1)


def _chosen(random, count, share):
    return np.flatnonzero(random.rand(count) < share)


def _distances(size, point):
    index = np.arange(size, dtype=np.float32)
    return index[:, None] - point[0], index - point[1]


def _drawn_nodules(random, hu, masks, share=0.15):
    """Ellipses of all sizes and densities on lung of one gray level, some with a core or beside a wall."""
    size = hu.shape[1]
    for i in _chosen(random, len(hu), share):
        point = random.uniform(0.2, 0.8, 2) * (size - 1)
        radius = np.exp(random.uniform(np.log(2.5), np.log(0.38 * size)))
        y, x = _distances(size, point)
        turn, ratio, edge = random.uniform(0, np.pi), np.exp(random.uniform(0, 0.3)), random.uniform(0.5, 4)
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        depth = radius - np.hypot(along * ratio, across / ratio)
        lung = random.uniform(-930, -820)
        density = random.uniform(lung + 80, 50)
        patch = lung + (density - lung) * (1 + np.tanh(2 * depth / edge)) / 2
        if random.rand() < 0.4:
            core = random.uniform(0.2, 0.8) * radius - np.hypot(along, across)
            patch += max(random.uniform(-200, 60) - density, 0) * (0.5 + core).clip(0, 1)
        mask = depth > 0
        if random.rand() < 0.6:
            way, gap = random.uniform(0, 2 * np.pi), radius * random.uniform(0.8, 1.5) + random.uniform(0, 6)
            wall = x * np.cos(way) + y * np.sin(way) - gap
            patch += (0.5 + wall / random.uniform(1, 3)).clip(0, 1) * (random.uniform(-120, 80) - patch)
            mask &= wall < 0
        noise = ndimage.gaussian_filter(random.randn(size, size), random.uniform(0.3, 1))
        hu[i], masks[i] = patch + noise * (random.uniform(0, 70) / noise.std()), mask
    return hu, masks


def _second_nodules(random, hu, masks, share=0.2):
    """Another patch's nodule in the lung beside the nodule; one of both is asked for."""
    points, size = points_in(random, masks), hu.shape[1]
    for i in _chosen(random, len(hu), share):
        j = random.randint(len(hu))
        if j == i:
            continue
        offset = tuple(random.randint(0, size, 2))
        mask = np.roll(masks[j], offset, (0, 1))
        rows, columns = np.nonzero(mask)
        wrapped = len(rows) == 0 or max(np.ptp(rows), np.ptp(columns)) > 0.7 * size
        if wrapped or (ndimage.binary_dilation(mask, iterations=2) & masks[i]).any() or hu[i][mask].mean() > -700:
            continue
        soft = np.roll(ndimage.gaussian_filter(masks[j].astype(np.float32), 1.2), offset, (0, 1))
        soft = (1.6 * soft).clip(0, 1) * (hu[i] < -500)
        hu[i] += soft * (np.roll(hu[j], offset, (0, 1)) - hu[i]).clip(0)
        if random.rand() < 0.5:
            masks[i] = mask
            points[i] = points_in(random, mask[None])[0]
    return hu, masks, points


def _vessels(random, hu, share=0.25):
    """Straight vessels 1 to 5 pixels wide across the patch, often over the nodule."""
    size = hu.shape[1]
    for i in _chosen(random, len(hu), share):
        y, x = _distances(size, random.uniform(0.25, 0.75, 2) * (size - 1))
        way = random.uniform(0, 2 * np.pi)
        across, along = x * np.cos(way) + y * np.sin(way), y * np.cos(way) - x * np.sin(way)
        width = random.uniform(1, 5) / 2 * (1 - 0.5 * (along / size).clip(0, 1))
        strength = random.uniform(0.3, 1) * (0.5 + width - abs(across)).clip(0, 1) * (along > random.choice([-99, 0]))
        hu[i] += strength * (BLOOD - hu[i]).clip(0)
    return hu


def scaled(random, hu, masks, points, share=0.5):
    """Nearer or farther, moved, blurred as by a smooth kernel, or with fewer pixels; air beyond the patch."""
    size = hu.shape[1]
    middle = (size - 1) / 2.0
    for i in _chosen(random, len(hu), share):
        zoom = np.exp(random.uniform(-0.35, 0.5)) if random.rand() < 0.5 else 1.0
        sigma = random.uniform(0.3, 1.2) if random.rand() < 0.4 else 0.0
        target = random.uniform(0.25, 0.75, 2) * (size - 1) if random.rand() < 0.3 else points[i]
        shift = points[i] - middle - (target - middle) / zoom  # so that the point comes to lie at the target
        coarse = size // 2 if random.rand() < 0.2 else size
        rows, columns = [resampling(size, coarse).dot(resampling(coarse, size, zoom, way)) for way in shift]
        places = [(np.arange(size) - middle) / zoom + middle + way for way in shift]
        beyond_rows, beyond_columns = [abs(place - middle) > middle + 0.5 for place in places]
        beyond = beyond_rows[:, None] | beyond_columns
        mask = rows.dot(masks[i].astype(np.float32)).dot(columns.T) > 0.5
        mask &= ~beyond
        if mask.sum() < 6:
            continue
        moved = rows.dot(ndimage.gaussian_filter(hu[i], sigma)).dot(columns.T)
        hu[i], masks[i] = np.where(beyond, hounsfield.AIR, moved), mask
        points[i] = np.clip((points[i] - middle - shift) * zoom + middle, 0, size - 1)
    return hu, masks, points


def turned(random, hu, masks, points):
    """All patches turned by the same quarter turns, and perhaps transposed."""
    turns, transposed, last = random.randint(4), random.rand() < 0.5, hu.shape[1] - 1
    for _ in range(turns):
        hu, masks = [np.rot90(x, 1, (1, 2)) for x in (hu, masks)]
        points = np.stack([last - points[:, 1], points[:, 0]], axis=1)
    if transposed:
        hu, masks, points = hu.transpose(0, 2, 1), masks.transpose(0, 2, 1), points[:, ::-1]
    return hu, masks, points


def _gray_levels(random, hu):
    """Other scanners and windows: offset, contrast, more noise, cut off at what a window shows."""
    n = len(hu)
    changed = (random.rand(n) < 0.5)[:, None, None]
    gain, offset = 1 + 0.1 * random.randn(n, 1, 1), 25 * random.randn(n, 1, 1)
    hu = np.where(changed, (hu - LUNG) * gain + LUNG + offset, hu)
    noise = random.randn(*hu.shape) * (random.uniform(0, 50, [n, 1, 1]) * (random.rand(n, 1, 1) < 0.3))
    top = np.where(random.rand(n, 1, 1) < 0.2, random.uniform(-300, 250, [n, 1, 1]), 3000)
    return np.minimum(hu + noise, top).astype(np.float32)
