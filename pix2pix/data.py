"""Pairs of a CT patch and a nodule's mask from picture files, and masks drawn at random."""

import collections
import os

import numpy as np

from common import files, images

PICTURES = ('.png', '.jpg', '.jpeg', '.tif', '.tiff', '.bmp')
REMEDY = 'make some with 0-dataset_create.py pairs'
REMEDIES = {
    images.WrongSize: 'all have to be of one size',
    images.NotGray: 'give --channels 3, or save it as gray',
    images.RangeNeeded: 'make pairs of them with 0-dataset_create.py pairs --images and --masks, which takes --range',
}


def picture_names(folder):
    """Names of the pictures in a folder, sorted."""
    if not os.path.isdir(folder):
        raise FileNotFoundError('%s is not a folder; name one of CT | mask pictures, or %s' % (folder, REMEDY))
    names = sorted(name for name in os.listdir(folder) if name.lower().endswith(PICTURES) and not name.startswith('.'))
    for name in names:
        files.require_utf8(os.path.join(folder, name))
    if not names:
        raise FileNotFoundError('%s holds no pictures (%s); %s' % (folder, ' '.join(PICTURES), REMEDY))
    stem, times = collections.Counter(os.path.splitext(name)[0] for name in names).most_common(1)[0]
    if times > 1:
        message = '%s holds two pictures %s with different endings, whose results would have one name; rename one'
        raise ValueError(message % (folder, stem))
    return names


def _mask(pixels, path):
    """A mask [1, R, R] of 0 and 255; what is not black is nodule."""
    mask = np.where(pixels.max(axis=0, keepdims=True) > 0, 255, 0).astype(np.uint8)
    if not mask.any():
        raise ValueError('%s: its mask is blank; remove the file, or draw the nodule white' % path)
    return mask


def _halves(path, size, channels, check):
    """Patch [channels, R, R] and mask [1, R, R] of a CT | mask picture."""
    both = images.load(path, (size, 2 * size), channels, check=check)
    return both[:, :, :size], _mask(both[:, :, size:], path)


def pairs(folder, masks=None, channels=1):
    """Names, patches [N, channels, R, R] and masks [N, 1, R, R], uint8.

    Of CT | mask pictures in a folder, or of the pictures in it and their masks of the same names in another.
    """
    names = picture_names(folder)
    if masks:
        lacking = sorted(set(names) ^ set(picture_names(masks)))
        if lacking:
            message = '%s is in only one of %s and %s; they need files of equal names'
            raise ValueError(message % (lacking[0], folder, masks))
    first = os.path.join(folder, names[0])
    _, size = images.size(first)
    if size not in [2**n for n in range(5, 12)]:
        raise ValueError('%s is %d pixels high; wanted is a power of two from 32' % (first, size))
    result, check = [], images.RangeCheck()
    with images.remedies(REMEDIES):
        for name in names:
            path = os.path.join(folder, name)
            if masks:
                patch, path = images.load(path, size, channels, check=check), os.path.join(masks, name)
                result.append((patch, _mask(images.load_mask(path, size), path)))
            else:
                result.append(_halves(path, size, channels, check))
        check.require()
    patches, drawn = zip(*result)
    return names, np.stack(patches), np.stack(drawn)


def read_masks(folder, size, channels):
    """Names, masks [N, 1, R, R] and patches [channels, R, R] or None each, of masks or of CT | mask pictures."""
    names, result, check = picture_names(folder), [], images.RangeCheck()
    with images.remedies(REMEDIES):
        for name in names:
            path = os.path.join(folder, name)
            width, height = images.size(path)
            if width == 2 * height:
                result.append(_halves(path, size, channels, check))
            else:
                result.append((None, _mask(images.load_mask(path, size), path)))
        check.require()
    patches, masks = zip(*result)
    return names, np.stack(masks), patches


def draw(shape, diameter, size, random):
    """A mask [1, R, R] of an ellipse or spiculated blob near the middle, with the area of a circle `diameter` wide."""
    at = np.arange(size) - (size - 1) / 2.0
    centre = random.uniform(-size / 8.0, size / 8.0, 2)
    y, x = at[:, None] - centre[0], at - centre[1]
    angle, radius = np.arctan2(y, x), np.hypot(y, x)
    ratio, turn = random.uniform(0.65, 1), random.uniform(0, np.pi)
    edge = np.sqrt(ratio / (np.cos(angle - turn) ** 2 * ratio**2 + np.sin(angle - turn) ** 2))  # area of a unit circle
    if shape == 'spiculated':
        for waves in random.choice(np.arange(5, 12), 3, replace=False):
            edge = edge * (1 + 0.12 * np.cos(waves * angle + random.uniform(0, 2 * np.pi)))
    return np.where(radius <= diameter / 2.0 * edge, 255, 0).astype(np.uint8)[None]
