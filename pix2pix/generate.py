"""CT patches of masks, as pictures and a page."""

import os

import numpy as np

import tfutil
from common import files, images, page, talk
from pix2pix import data, trainer, unet


def load_generator(path):
    """The generator of a pix2pix pickle that makes CT patches of masks, in the current session."""
    with talk.timed('%s read and built' % path):
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


def generate(cfg):
    """Write patches and index.html as settings.Generate says."""
    with tfutil.init_tf(cpu=cfg.cpu):
        G = load_generator(cfg.model)
        channels, size = [int(n) for n in G.outputs[0].shape[1:3]]
        names, masks, known = _masks(cfg, size, channels)

        def track(items):
            return talk.bar(items, unit='minibatch')

        repeated = np.repeat(masks, cfg.samples, axis=0)
        with talk.timed('patches computed'):
            fakes = patches(G, repeated, cfg.minibatch, cfg.seed, not cfg.no_dropout, track)
    album = images.Album(cfg.outdir, r'.+_(\d+|mask)\.png$')
    rows = []
    for i, name in enumerate(names):
        row, stem = [('mask', masks[i])], os.path.splitext(name)[0]
        for k in range(cfg.samples):
            row.append(('generated', fakes[i * cfg.samples + k]))
            album.save('%s_%d.png' % (stem, k), row[-1][1])
        if cfg.shape:
            album.save('%s_mask.png' % stem, masks[i])
        rows.append((stem, row + ([('real', known[i])] if known[i] is not None else [])))
    with files.atomic(os.path.join(cfg.outdir, 'index.html')) as f:
        f.write(page.gallery('Patches of %s' % os.path.basename(cfg.model), rows).encode())
    print('%d patches of %d masks, and index.html, are in %s' % (len(fakes), len(names), cfg.outdir))
    album.tell()
