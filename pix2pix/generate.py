"""CT patches of masks, as pictures and a page."""

import os

import numpy as np

import tfutil
from common import capacity, card, files, hounsfield, images, log, page
from pix2pix import data, trainer, unet

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'patches.html')
FIRST = 12  # masks on the page before 'more'


def load_generator(path):
    """The generator of a pix2pix pickle that makes CT patches of masks, in the current session."""
    with log.timed('%s read and built' % path):
        (G,) = tfutil.load(path, unet.BUILDERS, 'G', held=trainer.ROLES)
    if G.static_kwargs.get('in_channels', 1) != 1 or G.build is not unet.U_net:
        raise ValueError('%s does not make CT patches of masks; train it with --direction mask2ct' % path)
    images.check_channels(path, int(G.outputs[0].shape[1]))
    return G


def patches(G, masks, minibatch=32, seed=0, drop=True, track=iter):
    """Gray levels uint8 [N, C, R, R] of masks, uint8 [N, 1, R, R]. drop: with dropout; track: wraps the minibatches."""

    def compute(given, factors):
        return G.run(given, factors, minibatch=minibatch)

    return trainer.generate(compute, masks / 127.5 - 1, int(G.inputs[1].shape[1]), minibatch, seed, drop, track)


def _masks(cfg, size, channels):
    """Names, masks [N, 1, R, R], and the CT patch of each or None: drawn, or read from a folder."""
    if not cfg.shape:
        return data.masks_of(cfg.masks, size, channels)
    random, names, masks = np.random.RandomState([cfg.seed, 8]), [], []
    for i in range(cfg.number):
        shape = cfg.shape[i % len(cfg.shape)]
        names.append('%s_%03d.png' % (shape, i))
        masks.append(data.draw(shape, random.uniform(*cfg.diameter), size, random))
    return names, np.stack(masks), [None] * cfg.number


def _require_room(cfg, channels, size):
    """Refuse more drawn masks and patches of them than memory or disk can hold."""
    number = cfg.number if cfg.shape else 1
    pixels, words = number * (1 + cfg.samples) * channels * size**2, (cfg.number, cfg.samples, size, size)
    made = '--number %d with --samples %d (patches of %dx%d, and their masks)' % words
    capacity.require_memory(8 * pixels, made)  # float32, before and after they are put in order
    capacity.require_disk(cfg.outdir, pixels, made)


def _write_page(cfg, names, masks, fakes, known, window):
    """index.html in the output folder. fakes: [N * samples, C, R, R]; known: of each mask its patch, or None."""
    rows, several = [], page.most(fakes.shape[1:]) // (cfg.samples + 2)
    for i, name in enumerate(names[: several or 1]):
        shown = [('mask', page.picture(masks[i], 'mask of ' + name, ct=False))]
        for k in range(cfg.samples):
            words = 'generated %d' % (k + 1) if cfg.samples > 1 else 'generated'
            shown.append((words, page.picture(fakes[i * cfg.samples + k], '%s of %s' % (words, name))))
        if known[i] is not None:
            shown.append(('real', page.picture(known[i], 'real patch of ' + name)))
        rows.append((name, page.outline(masks[i][0]), shown))
    source = cfg.masks
    if cfg.shape:
        source = '%s, %g to %g pixels across, drawn at random' % ((' and '.join(cfg.shape),) + cfg.diameter)
    settings = [('weights', cfg.model), ('masks', source), ('samples of a mask', cfg.samples)]
    settings += [('dropout', 'no' if cfg.no_dropout else 'yes'), ('minibatch', cfg.minibatch), ('seed', cfg.seed)]
    values = dict(rows=rows, masks=len(masks), patches=len(fakes), samples=cfg.samples, settings=settings)
    values.update(first=FIRST, size=masks.shape[-1], real=any(x is not None for x in known))
    title = 'Patches of ' + os.path.basename(cfg.model)
    page.write(os.path.join(cfg.outdir, 'index.html'), PAGE, title, window, **values)


def generate(cfg):
    """Write patches and index.html as settings.Generate says."""
    if not cfg.shape and os.path.realpath(cfg.outdir) == os.path.realpath(cfg.masks):
        raise ValueError('--outdir %s is the folder of the masks; choose another one' % cfg.outdir)
    window = hounsfield.window(cfg.window) if cfg.window else None
    with tfutil.init_tf(cpu=cfg.cpu):
        G = load_generator(cfg.model)
        window = window or card.of_network(G, cfg.model).gray_window
        channels, size = [int(n) for n in G.outputs[0].shape[1:3]]
        _require_room(cfg, channels, size)
        names, masks, known = _masks(cfg, size, channels)

        stems = [os.path.splitext(name)[0] for name in names]
        pictures = [['%s_%d.png' % (stem, k) for k in range(cfg.samples)] for stem in stems]
        drawn = ['%s_mask.png' % stem for stem in stems] if cfg.shape else []
        album = images.ImageWriter(cfg.outdir, sum(pictures, drawn), r'.+_(\d+|mask)\.png$')
        files.require_replaceable(os.path.join(cfg.outdir, 'index.html'))

        def track(items):
            return log.progress(items, unit='minibatch')

        repeated = np.repeat(masks, cfg.samples, axis=0)
        with log.timed('patches computed'):
            fakes = patches(G, repeated, cfg.minibatch, cfg.seed, not cfg.no_dropout, track)
    for file, fake in zip(sum(pictures, []), fakes):
        album.save(file, fake)
    for file, mask in zip(drawn, masks):
        album.save(file, mask)
    _write_page(cfg, stems, masks, fakes, known, window)
    album.remove_others()  # the page shows none of them
    print('%d patches of %d masks, and index.html, are in %s' % (len(fakes), len(names), cfg.outdir))
    album.report()
