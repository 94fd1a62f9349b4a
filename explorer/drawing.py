"""Patches of masks that are drawn, and their nodules in real patches."""

import base64
import binascii

import numpy as np
from scipy import ndimage

from common import hounsfield
from pix2pix import data, painter

MINIBATCH = 8  # samples at most; always so many are computed, as features are normalised over the minibatch


class Painter(painter.Painter):
    """The generator of a pix2pix pickle. window: HU at gray 0 and 255, or None."""

    def __init__(self, path, cpu=False):
        super().__init__(path, cpu)
        if self.channels != 1:
            raise ValueError('%s makes colour images; the explorer shows gray ones' % path)
        self.window = self.card.window

    def patches(self, mask, samples, seed):
        """Gray levels uint8 [samples, R, R] of a mask of 0 and 255, [R, R]."""
        return self.paint(np.repeat(mask[None, None], samples, axis=0), seed, MINIBATCH)[:, 0]

    def about(self):
        return dict(file=self.path, size=self.size, window=self.window, mm=self.card.mm_per_pixel)


def decode_pixels(text, size):
    """uint8 [size, size] of base64."""
    try:
        content = base64.b64decode(text.encode(), validate=True)
    except (ValueError, binascii.Error):
        raise ValueError('that is not base64') from None
    if len(content) != size * size:
        raise ValueError('those are %d pixels; %d x %d are wanted' % (len(content), size, size))
    return np.frombuffer(content, np.uint8).reshape(size, size)


def decode_mask(text, size):
    """As `decode_pixels`, 0 and 255; ValueError where nothing is drawn."""
    mask = np.where(decode_pixels(text, size) > 0, 255, 0).astype(np.uint8)
    if not mask.any():
        raise ValueError('the mask is blank; draw a nodule first')
    return mask


def stamp(shape, diameter, size, seed):
    """A mask uint8 [size, size] of an ellipse or a spiculated blob."""
    return data.draw(shape, diameter, size, np.random.RandomState([seed, 8]))[0]


def insert(patch, mask, real, soft, windows=None):
    """Gray levels uint8 [R, R] of a real patch with the nodule of another one.

    The other one's share falls from 1 at its mask's border to 0 about `soft` pixels outside. windows: HU of gray 0 and
    255 of the patch and of the real one, where they differ.
    """
    if windows:
        patch = hounsfield.in_window(patch, *windows)
    outside = ndimage.distance_transform_edt(mask == 0)
    share = np.clip(1 - outside / (soft + 1.0), 0, 1)
    share = share * share * (3 - 2 * share)
    return np.rint(share * patch + (1 - share) * real).astype(np.uint8)
