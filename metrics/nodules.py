"""The nodule in each image: its outline, size, density, shape, and distance to the chest wall."""

import typing

import numpy as np
from scipy import ndimage

from common import card, hounsfield
from metrics import chest_wall, outlines, shapes
from metrics.parallel import chunks, ordered

# HU from which a pixel of a nodule is solid. With this threshold, software told part-solid from nonsolid nodules with a
# sensitivity of 90 % and a specificity of 88 % against radiologists (Scholten et al., European Radiology 2015;25:488).
SOLID = -300.0
NEAR = 1 / 16.0  # of the image's width, how far from its point a nodule is looked for
SMOOTHING = 0.7  # pixels, SD of a Gaussian: white noise of 75 HU falls to 30
# HU that a nodule is denser than the aerated lung round it; what is outlined with less is noise. Less have 0.15 % of
# 2,000 phantoms of AIS, all that is outlined in nothing but noise of 25 and 50 HU (SD), and 90 % in noise of 75 HU.
LEAST_CONTRAST = 30.0
AERATED = -500.0  # HU below which lung is aerated
ROUND = 1, 4  # pixels from an outline to where the lung round it begins and ends
CHUNK = 64  # images that a thread measures at a time


class Nodules(typing.NamedTuple):
    """Measures of N nodules, arrays [N]; NaN, or False, where no nodule was found."""

    found: np.ndarray  # bool
    diameter_mm: np.ndarray  # of a circle of the same area
    long_mm: np.ndarray  # long axis, see shapes.long_and_short
    short_mm: np.ndarray  # short axis, at right angles to it
    mean_hu: np.ndarray  # mean density
    solid_mm: np.ndarray  # long axis of the largest solid part, 0 if there is none
    solid_share: np.ndarray  # of all solid parts in the area, 0 to 1
    wall_mm: np.ndarray  # distance of the outline to the chest wall, 0 if they touch; NaN too if no wall is in sight
    touches_wall: np.ndarray  # bool
    elongation: np.ndarray  # see shapes.elongation
    circularity: np.ndarray  # see shapes.circularity
    cut: np.ndarray  # bool: the outline reaches the border of the image, so the nodule may be larger
    row: np.ndarray  # of the centroid, as an index of pixels
    column: np.ndarray
    masks: np.ndarray  # bool [N, R, R]

    @property
    def mean_mm(self):
        """Mean of long and short axis [N], the size by which guidelines manage nodules (MacMahon et al., 2017)."""
        return (self.long_mm + self.short_mm) / 2


def known(values):
    """Those of values [N] that are not NaN."""
    return values[~np.isnan(values)]


def measure(images, window=None, mm_per_pixel=None, at=None, track=iter, probabilities=None):
    """The Nodules in images uint8 [N, C, R, R].

    window: HU at gray 0 and 255. None: it is not known. Then mean_hu is in gray levels; solid parts and the wall, which
    are told by their HU, are NaN and touches_wall is False. mm_per_pixel: None: lengths are in pixels. at: row and
    column of a point in each nodule, [N, 2]; None: the middle of the image. track: as of parallel.chunks.
    probabilities: a function like that of outlines.Outliner; None: that of outlines.shared().

    The solid part is what is at least SOLID after light smoothing. The wall is found by chest_wall.
    """
    size = images.shape[-1]
    at = outlines.middles(len(images), size) if at is None else np.asarray(at, np.float64)
    if at.shape != (len(images), 2) or not ((at > -0.5) & (at < size - 0.5)).all():
        raise ValueError('at: row and column of a point in each of %d images of %dx%d' % (len(images), size, size))
    parts = chunks(len(images), size=CHUNK)
    probabilities = probabilities or outlines.shared().probabilities
    mm = mm_per_pixel or 1.0
    parts = ordered(lambda part: _measure(images[part], window, mm, at[part], probabilities), parts, track)
    return Nodules(*[np.concatenate(values) for values in zip(*parts)])


def _measure(images, window, mm, at, probabilities):
    pixels = _gray(images)
    masks = _outline(images, window, at, probabilities)
    area = shapes.area(masks)
    found = area > 0
    area = np.where(found, area, np.nan)
    mean = (pixels * masks).sum(axis=(1, 2)) / area
    solid_length, solid_share, wall = np.full([3, len(masks)], np.nan)
    if window is not None:
        mean = hounsfield.to_hu(mean, window)
        smooth = ndimage.gaussian_filter(pixels, (0, SMOOTHING, SMOOTHING))
        solid = masks & (smooth >= hounsfield.gray_level(SOLID, window))
        solid_share = solid.sum(axis=(1, 2)) / area
        solid_length = np.nan_to_num(shapes.long_and_short(np.array([_largest(part) for part in solid]))[0])
        solid_length = np.where(found, solid_length, np.nan)
        soft = pixels > hounsfield.gray_level(chest_wall.SOFT_TISSUE, window)
        wall = chest_wall.distances(soft, masks)
    long_axis, short_axis = shapes.long_and_short(masks)
    row, column = shapes.centroid(masks).T
    return Nodules(
        found=found,
        diameter_mm=shapes.equivalent_diameter(masks) * mm,
        long_mm=long_axis * mm,
        short_mm=short_axis * mm,
        mean_hu=mean,
        solid_mm=solid_length * mm,
        solid_share=solid_share,
        wall_mm=wall * mm,
        touches_wall=wall == 0,
        elongation=shapes.elongation(masks),
        circularity=shapes.circularity(masks),
        cut=masks[:, [0, -1]].any(axis=(1, 2)) | masks[:, :, [0, -1]].any(axis=(1, 2)),
        row=row,
        column=column,
        masks=masks,
    )


def _outline(images, window, at, probabilities):
    """The masks, bool [N, R, R], of the nodules at points [N, 2] of images [N, C, R, R]; empty where there is none.

    A mask is what hangs together of the pixels that probably belong to the nodule, at its point or near to it, if it is
    denser than the lung round it.
    """
    probable = probabilities(images, window, at) > 0.5
    masks = np.array([_part_at(mask, point) for mask, point in zip(probable, at)]).reshape(probable.shape)
    hu = hounsfield.to_hu(_gray(images), card.PUBLISHED_WINDOW if window is None else window)
    masks[_contrast(hu, masks) < LEAST_CONTRAST] = False
    return masks


def _contrast(hu, masks):
    """Mean in masks [N, R, R] minus the median of the aerated lung round them [N]; infinite where there is none."""
    inner, outer = [ndimage.binary_dilation(masks, np.ones([1, 3, 3]), iterations=pixels) for pixels in ROUND]
    lung = outer & ~inner & (hu < AERATED)
    values = np.full(len(masks), np.inf)
    for i in np.flatnonzero(masks.any(axis=(1, 2)) & lung.any(axis=(1, 2))):
        values[i] = hu[i][masks[i]].mean() - np.median(hu[i][lung[i]])
    return values


def _part_at(mask, point):
    """The part of a mask whose pixels hang together that lies nearest to a point; none that is farther than NEAR."""
    regions, count = ndimage.label(mask)
    if not count:
        return mask
    rows, columns = np.nonzero(regions)
    distances = np.hypot(rows - point[0], columns - point[1])
    nearest = distances.argmin()
    if distances[nearest] > NEAR * len(mask):
        return np.zeros_like(mask)
    return regions == regions[rows[nearest], columns[nearest]]


def _largest(mask):
    """The largest part of a mask whose pixels hang together, also along diagonals."""
    regions, count = ndimage.label(mask, np.ones([3, 3]))
    return regions == 1 + np.bincount(regions.ravel())[1:].argmax() if count > 1 else mask


def _gray(images):
    return np.asarray(images, np.float32).mean(axis=1)
