"""Whether pix2pix obeys its masks, by contrast and place of its nodules, and how much of a checkerboard it leaves."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np  # noqa: E402

import machine  # noqa: E402
from common.commandline import command, parse, settings  # noqa: E402
from common.types import positive  # noqa: E402
from config import CPU  # noqa: E402

Settings = settings(
    'Settings',
    model=('demo/weight/pix2pix.pkl', 'the model weight file path'),
    data=('pix2pix/dataset-demo', 'a folder of CT | mask pictures that it was not trained on'),
    pixels=(10, 'columns by which masks are moved', positive),
    cpu=CPU,
)


def moved(images, columns, fill=0):
    """Images [..., H, W] moved to the right by so many columns."""
    out = np.full_like(images, fill)
    out[..., columns:] = images[..., :-columns]
    return out


def dilated(mask, pixels):
    """A mask [H, W] grown by so many pixels in every direction."""
    from scipy import ndimage

    at = np.arange(-pixels, pixels + 1) ** 2
    return ndimage.binary_dilation(mask, at[:, None] + at <= pixels**2)


def contrast(image, mask):
    """Mean gray level inside a mask [H, W] less that of a ring from 2 to 6 pixels round it."""
    ring = dilated(mask, 6) & ~dilated(mask, 2)
    return image[mask].mean() - image[ring].mean()


def place(images, masks, reach=20):
    """Row and column, from the centre of the mask [H, W] of each, at which the mean of images [N, H, W] is brightest.

    What is not the nodule averages out. It is the centroid of what is brighter than half the peak, over the mean of the
    window of `reach` pixels, and hangs round it within 6 pixels.
    """
    padded = np.pad(images.astype(float), [(0, 0), (reach, reach), (reach, reach)], 'constant', constant_values=np.nan)
    centres = [[int(round(at.mean())) for at in np.nonzero(mask)] for mask in masks]
    wide = 2 * reach + 1
    mean = np.nanmean([image[y : y + wide, x : x + wide] for image, (y, x) in zip(padded, centres)], axis=0)
    mean = sum(np.roll(mean, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1))[1:-1, 1:-1] / 9
    at = np.arange(1 - reach, reach)
    peak = np.unravel_index(mean.argmax(), mean.shape)
    excess = np.maximum(mean - (mean.max() + mean.mean()) / 2, 0)
    excess[np.hypot(at[:, None] - at[peak[0]], at - at[peak[1]]) > 6] = 0
    return (excess.sum(axis=1).dot(at) / excess.sum(), excess.sum(axis=0).dot(at) / excess.sum())


def checkerboard(images):
    """How much images [N, R, R] have of what repeats every 4 or 2 pixels: about 1 if no more than of what does not.

    The mean power at multiples of a quarter of the sampling frequency over that 2 or 3 bins beside it, after a Hann
    window, mean of these ratios.
    """
    size = images.shape[-1]
    window = np.hanning(size)[:, None] * np.hanning(size)
    images = (images - images.mean(axis=(1, 2), keepdims=True)) * window
    power = np.square(np.abs(np.fft.fft2(images))).mean(axis=0)
    beside = [(y, x) for y in range(-3, 4) for x in range(-3, 4) if max(abs(y), abs(x)) >= 2]
    ratios = []
    for y, x in [(y * size // 4, x * size // 4) for y in range(3) for x in range(4) if y or x]:
        ratios.append(power[y, x] / np.mean([power[(y + dy) % size, (x + dx) % size] for dy, dx in beside]))
    return np.mean(ratios)


def main(argv=None):
    cfg = parse(Settings, __doc__, argv)
    import tfutil
    from pix2pix import data, generate

    _, reals, masks = data.pairs(cfg.data)
    fits = [i for i in range(len(masks)) if not masks[i, 0, :, -cfg.pixels - 4 :].any()]
    with tfutil.init_tf(cpu=cfg.cpu):
        G = generate.load_generator(cfg.model)
        fakes, after = generate.patches(G, masks), generate.patches(G, moved(masks[fits], cfg.pixels))
    flat, contrasts = masks[:, 0] > 0, []
    for images in (reals, fakes):
        contrasts.append(np.array([contrast(x[0].astype(float), mask) for x, mask in zip(images, flat)]))
    real, fake = contrasts
    before, later = place(fakes[fits, 0], flat[fits]), place(after[:, 0], flat[fits])
    machine.report(
        pairs=len(masks),
        real_contrast=real.mean(),
        generated_contrast=fake.mean(),
        ratio=fake.mean() / real.mean(),
        correlation_of_contrasts=np.corrcoef(real, fake)[0, 1],
        moved_pairs=len(fits),
        mask_moved_by=cfg.pixels,
        nodule_moved_by_columns=later[1] - before[1],
        and_by_rows=later[0] - before[0],
        real_checkerboard=checkerboard(reals[:, 0]),
        generated_checkerboard=checkerboard(fakes[:, 0]),
    )


if __name__ == '__main__':
    command(main)
