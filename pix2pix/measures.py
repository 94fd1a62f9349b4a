"""How patches that were made of masks differ from those that the masks belong to. Needs SciPy.

Patches are gray levels [N, R, R], masks bool [N, R, R], the nodules inside of them.
"""

import collections

import numpy as np
from scipy import ndimage

from metrics import radiomics

FRAME = 3  # pixels along the border
REACH = 20  # pixels around a mask in which its nodule is looked for


def contrasts(patches, masks):
    """Mean gray level inside of each mask less that of the ring from 2 to 6 pixels around it, [N]."""
    differences = []
    for patch, mask in zip(patches, masks):
        distance = ndimage.distance_transform_edt(~mask)
        ring = (distance > 2) & (distance <= 6)
        differences.append(patch[mask].mean() - patch[ring].mean())
    return np.array(differences)


def moved(images, columns):
    """Images [..., R, R] moved to the right; what enters at the left is 0."""
    result = np.zeros_like(images)
    result[..., columns:] = images[..., :-columns]
    return result


def place(patches, masks):
    """(row, column) of the brightest spot in the mean of all patches, from the centers of their masks.

    In the mean all that is not the nodule cancels out. The spot is the centroid of what is brighter than
    half way between the mean of the window and its maximum, within 6 pixels of the centroid itself.
    """
    margins = [(0, 0), (REACH, REACH), (REACH, REACH)]
    centers = [[int(round(at.mean())) for at in np.nonzero(mask)] for mask in masks]

    def total(pixels):
        padded = np.pad(pixels, margins, 'constant')
        windows = [each[y : y + 2 * REACH + 1, x : x + 2 * REACH + 1] for each, (y, x) in zip(padded, centers)]
        return np.sum(windows, axis=0)

    mean = total(patches - patches.mean()) / np.maximum(total(np.ones(patches.shape)), 1)
    mean = ndimage.uniform_filter(mean, 3)
    at = np.arange(-REACH, REACH + 1)
    y, x = [at[i] for i in np.unravel_index(mean.argmax(), mean.shape)]
    excess = np.maximum(mean - (mean.max() + mean.mean()) / 2, 0)
    for _ in range(20):
        near = excess * (np.hypot(at[:, None] - y, at - x) <= 6)
        y, x = [near.sum(axis=1 - axis).dot(at) / near.sum() for axis in (0, 1)]
    return y, x


def change_far(before, after, inside, reach):
    """Mean absolute difference of patches, more than `reach` pixels outside of `inside`, bool [N, R, R]."""
    near = ndimage.maximum_filter(inside, (1, 2 * reach + 1, 2 * reach + 1))
    return np.abs(after.astype(float) - before)[~near].mean()


def frame(patches):
    """Power of the differences of neighbors along the border, in the outer FRAME pixels over that of the inside."""
    inside = np.zeros(patches.shape[1:], bool)
    inside[FRAME:-FRAME, FRAME:-FRAME] = True
    parts = [], []  # of the frame, of the inside
    for power, both in (
        (np.square(np.diff(patches.astype(float), axis=1)), inside[1:] & inside[:-1]),
        (np.square(np.diff(patches.astype(float), axis=2)), inside[:, 1:] & inside[:, :-1]),
    ):
        parts[0].append(power[:, ~both])
        parts[1].append(power[:, both])
    outer, inner = [np.concatenate(part, axis=1).mean() for part in parts]
    return outer / inner


def mesh(patches, period):
    """Mean power at the multiples of 1 / period of the sampling frequency over that of frequencies beside them.

    Beside are 2 to 3 bins of the Fourier transform; a Hann window keeps the border out. About 1 without a mesh.
    """
    size = patches.shape[-1]
    window = np.hanning(size)[:, None] * np.hanning(size)
    centered = patches - patches.mean(axis=(1, 2), keepdims=True)
    power = np.square(np.abs(np.fft.fft2(centered * window))).mean(axis=0)
    beside = [(y, x) for y in range(-3, 4) for x in range(-3, 4) if max(abs(y), abs(x)) >= 2]
    ratios = []
    for y in range(0, size, size // period):
        for x in range(0, size, size // period):
            if y or x:
                around = [power[(y + dy) % size, (x + dx) % size] for dy, dx in beside if (y + dy, x + dx) != (0, 0)]
                ratios.append(power[y, x] / np.mean(around))
    return np.mean(ratios)


def nyquist(patches):
    """Power of the quarter of all frequencies next to the Nyquist frequency in both directions, in gray levels ^ 2."""
    size = patches.shape[-1]
    centered = patches - patches.mean(axis=(1, 2), keepdims=True)
    power = np.square(np.abs(np.fft.fft2(centered))).mean(axis=0) / size**4
    high = np.abs(np.fft.fftfreq(size)) >= 0.25
    return power[high[:, None] & high].sum()


def compare(patches, made, masks):
    """{name: (of patches, of made)} of all measures, of patches and those that were made, uint8 [N, R, R]."""
    rows = collections.OrderedDict()
    both = patches.astype(float), made.astype(float)
    found = [contrasts(each, masks) for each in both]
    rows['contrast, gray levels'] = [each.mean() for each in found]
    rows['lung noise, gray levels'] = [np.nanmean(radiomics.lung_noise(np.float32(each), masks)) for each in both]
    rows['power near the Nyquist frequency'] = [nyquist(each) for each in both]
    rows['frame'] = [frame(each) for each in both]
    for period in (2, 4, 8):
        rows['mesh of %d pixels' % period] = [mesh(each, period) for each in both]
    rows['correlation of contrasts'] = [1.0, np.corrcoef(*found)[0, 1]]
    return rows
