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


def displacement(before, after, mask, most=16):
    """Rows and columns by which what lies round the mask in one image [H, W] is found in the other: the best correlation."""
    rows, columns = np.nonzero(wide(mask, 3))
    top, left, bottom, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
    part, best = before[top:bottom, left:right].astype(float), (-2, 0, 0)
    for dy in range(max(-most, -top), min(most, before.shape[0] - bottom) + 1):
        for dx in range(max(-most, -left), min(most, before.shape[1] - right) + 1):
            other = after[top + dy:bottom + dy, left + dx:right + dx].astype(float)
            best = max(best, (np.corrcoef(part.ravel(), other.ravel())[0, 1], dy, dx))
    return best[1:]


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
    shifts = np.array([displacement(fakes[i, 0], image[0], flat[i]) for i, image in zip(fits, after)])
    machine.report(dict(
        pairs=len(masks), real_contrast=real.mean(), generated_contrast=fake.mean(), ratio=fake.mean() / real.mean(),
        correlation_of_contrasts=np.corrcoef(real, fake)[0, 1], moved_pairs=len(fits), mask_moved_by=cfg.pixels,
        nodule_moved_by_columns=float(np.median(shifts[:, 1])), and_by_rows=float(np.median(shifts[:, 0])),
        share_within_1_pixel=float(np.mean(np.abs(shifts - [0, cfg.pixels]).max(axis=1) <= 1))))


if __name__ == '__main__':
    commandline.command(main)
