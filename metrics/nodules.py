"""The nodule in each image: its outline, size, density, shape, and distance to the chest wall."""

import typing

import numpy as np
from scipy import ndimage

from common import hounsfield
from metrics import chest_wall, shapes
from metrics.filters import binomial_blur
from metrics.parallel import chunks

# HU from which a pixel of a nodule is solid. With this threshold, software told part-solid from nonsolid nodules with a
# sensitivity of 90 % and a specificity of 88 % against radiologists (Scholten et al., European Radiology 2015;25:488).
SOLID = -300.0
SMOOTHING = 0.7  # pixels, SD of a Gaussian: white noise of 75 HU falls to 30


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


def measure(images, window=None, mm_per_pixel=None, at=None, track=iter):
    """The Nodules in images uint8 [N, C, R, R].

    window: HU at gray 0 and 255. None: it is not known. Then mean_hu is in gray levels; solid parts and the wall, which
    are told by their HU, are NaN and touches_wall is False. mm_per_pixel: None: lengths are in pixels. at: row and
    column of a point in each nodule, [N, 2]; None: the middle of the image. track: as of parallel.chunks.

    The solid part is what is at least SOLID after light smoothing. The wall is found by chest_wall.
    """
    size = images.shape[-1]
    at = np.full([len(images), 2], (size - 1) / 2.0) if at is None else np.asarray(at, np.float64)
    if at.shape != (len(images), 2) or not ((at > -0.5) & (at < size - 0.5)).all():
        raise ValueError('at: row and column of a point in each of %d images of %dx%d' % (len(images), size, size))
    parts = [_measure(images[part], window, mm_per_pixel or 1.0, at[part]) for part in chunks(len(images), track)]
    return Nodules(*[np.concatenate(values) for values in zip(*parts)])


def _measure(images, window, mm, at):
    pixels = _gray(images)
    masks = _outline(images, window, at)
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


def _outline(images, window, at):
    """The masks, bool [N, R, R], of the nodules at points [N, 2] of images [N, C, R, R]; empty where there is none.

    The image is blurred; the nodule is what hangs together with the point within a quarter of the image's width of it
    and lies above the mean of the point's gray level and the lung's, which is the first quartile of the image. Vessels
    and pleura that touch the nodule count with it.
    """
    pixels, size = _gray(images), images.shape[-1]
    smooth = binomial_blur(pixels[:, None])[:, 0]
    near = seeds(size, at)
    core = (smooth * near).sum(axis=(1, 2)) / near.sum(axis=(1, 2))
    lung = np.percentile(pixels.reshape(len(pixels), -1), 25, axis=1)
    bright = (smooth > ((core + lung) / 2)[:, None, None]) & _discs(size, at, size / 4.0)
    return ndimage.binary_propagation(bright & near, chest_wall.NEIGHBOURS, mask=bright)


def seeds(size, at):
    """The few pixels from which nodules at points [N, 2] are grown, bool [N, size, size]."""
    return _discs(size, at, max(size / 32.0, 1))


def _discs(size, at, radius):
    """The pixels within a radius of points [N, 2], bool [N, size, size]."""
    rows, columns = [np.square(np.arange(size) - at[:, i, None]) for i in (0, 1)]
    return rows[:, :, None] + columns[:, None] <= radius**2


def _largest(mask):
    """The largest part of a mask whose pixels hang together, also along diagonals."""
    regions, count = ndimage.label(mask, np.ones([3, 3]))
    return regions == 1 + np.bincount(regions.ravel())[1:].argmax() if count > 1 else mask


def _gray(images):
    return np.asarray(images, np.float32).mean(axis=1)
