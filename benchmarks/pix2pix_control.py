"""Measures whether pix2pix obeys its masks: contrast of the nodule against that of real patches, and where it goes when the mask is moved."""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import commandline      # noqa: E402
import config           # noqa: E402
import machine          # noqa: E402


def moved(images, columns, fill=0):
    """Images [..., H, W] moved to the right by so many columns."""
    out = np.full_like(images, fill)
    out[..., columns:] = images[..., :-columns]
    return out


def wide(mask, pixels):
    """A mask [H, W] grown by so many pixels in every direction."""
    padded = np.pad(mask, pixels, 'constant')
    h, w = mask.shape
    return np.max([padded[y:y + h, x:x + w] for y in range(2 * pixels + 1) for x in range(2 * pixels + 1)
                   if (y - pixels) ** 2 + (x - pixels) ** 2 <= pixels ** 2], axis=0)


def contrast(image, mask):
    """Mean gray level inside a mask [H, W] less that of a ring from 2 to 6 pixels round it."""
    ring = wide(mask, 6) & ~wide(mask, 2)
    return image[mask].mean() - image[ring].mean()


def place(images, masks, reach=20):
    """Row and column, from the centre of the mask [H, W] of each, at which the mean of images [N, H, W] is brightest: what is not the nodule averages
    out. The centroid of what is brighter than half the peak, over the mean of the window of `reach` pixels, and hangs round it within 6 pixels."""
    padded = np.pad(images.astype(float), [(0, 0), (reach, reach), (reach, reach)], 'constant', constant_values=np.nan)
    centres = [[int(round(at.mean())) for at in np.nonzero(mask)] for mask in masks]
    mean = np.nanmean([image[y:y + 2 * reach + 1, x:x + 2 * reach + 1] for image, (y, x) in zip(padded, centres)], axis=0)
    mean = sum(np.roll(mean, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1))[1:-1, 1:-1] / 9
    at = np.arange(1 - reach, reach)
    peak = np.unravel_index(mean.argmax(), mean.shape)
    excess = np.maximum(mean - (mean.max() + mean.mean()) / 2, 0)
    excess[np.hypot(at[:, None] - at[peak[0]], at - at[peak[1]]) > 6] = 0
    return (excess.sum(axis=1).dot(at) / excess.sum(), excess.sum(axis=0).dot(at) / excess.sum())


def main(argv=None):
    cfg = commandline.parse(config.Pix2pixControl, __doc__, argv)
    import tfutil
    from pix2pix import data, training, unet
    _, reals, masks = data.pairs(cfg.data)
    with tfutil.init_tf(cpu=cfg.cpu):
        G, = tfutil.load(cfg.model, unet.BUILDERS, 'G', held=training.ROLES)

        def draw(inputs):
            return training.generate(lambda given, factors: G.run(given, factors, minibatch=32), inputs / 127.5 - 1, int(G.inputs[1].shape[1]), 32, 0)
        fits = [i for i in range(len(masks)) if not masks[i, 0, :, -cfg.pixels - 4:].any()]
        fakes, after = draw(masks), draw(moved(masks[fits], cfg.pixels))
    flat = masks[:, 0] > 0
    real, fake = [np.array([contrast(image[0].astype(float), mask) for image, mask in zip(images, flat)]) for images in (reals, fakes)]
    before, later = place(fakes[fits, 0], flat[fits]), place(after[:, 0], flat[fits])
    machine.report(dict(
        pairs=len(masks), real_contrast=real.mean(), generated_contrast=fake.mean(), ratio=fake.mean() / real.mean(),
        correlation_of_contrasts=np.corrcoef(real, fake)[0, 1], moved_pairs=len(fits), mask_moved_by=cfg.pixels,
        nodule_moved_by_columns=later[1] - before[1], and_by_rows=later[0] - before[0]))


if __name__ == '__main__':
    commandline.command(main)
