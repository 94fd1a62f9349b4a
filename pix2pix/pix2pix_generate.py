"""CT patches of masks, as pictures and a page."""

import os

import numpy as np

from common import capacity, card, files, hounsfield, images, log, page
from pix2pix import data
from pix2pix.painter import Painter

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'patches.html')
FIRST = 12  # masks on the page before 'more'


def generate(cfg):
    """Write patches and index.html with settings of pix2pix_settings.Generate."""
    if not cfg.shape and os.path.realpath(cfg.outdir) == os.path.realpath(cfg.masks):
        raise ValueError('--outdir %s is the folder of the masks; choose another one' % cfg.outdir)
    window = hounsfield.window(cfg.window) if cfg.window else None
    real = None if cfg.shape else card.of_data(cfg.masks).adjective
    with Painter(cfg.model, cfg.cpu) as painter:
        window, phantoms = window or painter.card.gray_window, painter.card.phantoms
        _require_room(cfg, painter)
        names, masks, reals, source = _masks(cfg, painter)
        stems = [os.path.splitext(name)[0] for name in names]
        pictures = ['%s_%d.png' % (stem, k) for stem in stems for k in range(cfg.samples)]
        drawn = ['%s_mask.png' % stem for stem in stems] if cfg.shape else []
        writer = images.ImageWriter(cfg.outdir, pictures + drawn, r'.+_(\d+|mask)\.png$')
        files.require_replaceable(os.path.join(cfg.outdir, 'index.html'))

        def track(minibatches):
            return log.progress(minibatches, unit='minibatch')

        repeated = np.repeat(masks, cfg.samples, axis=0)
        with log.timed('patches computed'):
            patches = painter.paint(repeated, cfg.seed, cfg.minibatch, not cfg.no_dropout, track)
    for name, image in zip(pictures + drawn, [*patches, *masks]):
        writer.save(name, image)
    words = dict(phantoms=phantoms, real=real if any(x is not None for x in reals) else None)
    _write_page(cfg, source, stems, masks, patches, reals, window, words)
    writer.remove_others()  # the page shows none of them
    if cfg.shape:
        print('masks: ' + source)
    print('%d patches of %d masks, and index.html, are in %s' % (len(patches), len(names), cfg.outdir))
    writer.report()


def _require_room(cfg, painter):
    """Refuse more drawn masks and patches of them than memory or disk can hold."""
    drawn = cfg.number if cfg.shape else 1
    pixels = drawn * (1 + cfg.samples) * painter.channels * painter.size**2
    message = '--number %d with --samples %d (patches of %dx%d, and their masks)'
    message %= cfg.number, cfg.samples, painter.size, painter.size
    capacity.require_memory(8 * pixels, message)  # float32, before and after they are put in order
    capacity.require_disk(cfg.outdir, pixels, message)


def _masks(cfg, painter):
    """Names, masks [N, 1, R, R], the real CT patch of each or None, and where they come from.

    They are drawn, or read from a folder.
    """
    if not cfg.shape:
        return (*data.read_masks(cfg.masks, painter.size, painter.channels), cfg.masks)
    random, names, masks = np.random.RandomState([cfg.seed, 8]), [], []
    mm = painter.card.mm_per_pixel or 1.0
    for i in range(cfg.number):
        shape = cfg.shape[i % len(cfg.shape)]
        names.append('%s_%03d.png' % (shape, i))
        masks.append(data.draw(shape, random.uniform(*cfg.diameter) / mm, painter.size, random))
    unit = 'mm' if painter.card.mm_per_pixel else 'pixels (the weights do not record mm per pixel)'
    source = '%s, %g to %g %s across, drawn at random' % ((' and '.join(cfg.shape),) + cfg.diameter + (unit,))
    return names, np.stack(masks), [None] * cfg.number, source


def _write_page(cfg, source, names, masks, patches, reals, window, words):
    """index.html in the output folder. patches: [N * samples, C, R, R]; reals: the real patch of each mask, or None.

    source: where the masks come from. words: phantoms: whether the weights learned from simulated patches; real: what
    the real patches are called.
    """
    rows, most = [], page.most(patches.shape[1:]) // (cfg.samples + 2)
    for i, name in enumerate(names[: most or 1]):
        pictures = [('mask', page.picture(masks[i], 'mask of ' + name, ct=False))]
        for k in range(cfg.samples):
            title = 'generated %d' % (k + 1) if cfg.samples > 1 else 'generated'
            pictures.append((title, page.picture(patches[i * cfg.samples + k], '%s of %s' % (title, name))))
        if reals[i] is not None:
            pictures.append((words['real'], page.picture(reals[i], '%s patch of %s' % (words['real'], name))))
        rows.append((name, page.outline(masks[i][0]), pictures))
    settings = [('weights', cfg.model), ('masks', source), ('samples of a mask', cfg.samples)]
    settings += [('dropout', 'no' if cfg.no_dropout else 'yes'), ('minibatch', cfg.minibatch), ('seed', cfg.seed)]
    values = dict(rows=rows, masks=len(masks), patches=len(patches), samples=cfg.samples, settings=settings)
    values.update(words, first=FIRST, size=masks.shape[-1])
    title = 'Patches of ' + os.path.basename(cfg.model)
    page.write(os.path.join(cfg.outdir, 'index.html'), PAGE, title, window, **values)
