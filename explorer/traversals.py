"""A page that works without a server: nodules along each axis, computed beforehand; `7-explore.py page`."""

import os

import numpy as np

from common import card, files, log, page
from common.images import to_uint8
from explorer import axes, editing, learning, models
from sampling import generator

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'traversals.html')
NODULES, STEPS = 12, 7  # on the page, and along each axis; the one in the middle is the nodule as it is


def _traversal(model, seed, attribute, changes):
    """The images of a nodule with these changes of an attribute, side by side, uint8 [1, R, STEPS * R].

    None for a nodule of which the attribute cannot be measured.
    """
    latent, label = generator.random_latent(seed, model.latent_size), seed % max(model.generator.label_size, 1)
    latents = []
    for change in changes:
        moves = {attribute.name: change} if change else {}
        try:
            latents.append(editing.edited(model, latent, label, model.axes, moves, []))
        except ValueError:
            return None
    pixels = to_uint8(model.images(np.stack(latents), label))
    return np.concatenate(list(pixels), axis=2)


def _rows(model):
    """[(attribute, R2, [(name of the nodule, names of the steps, Picture)])] of the usable axes."""
    rows = []
    for k, attribute in enumerate(log.progress(model.attributes, unit='axis')):
        low, high = model.axes.limits[k]
        if not model.axes.follows[k] >= axes.USABLE or low == high:
            continue
        half = STEPS // 2
        changes = np.concatenate([np.linspace(low, 0, half + 1), np.linspace(0, high, half + 1)[1:]])
        names = ['%+.3g %s' % (change, attribute.unit) if change else 'as it is' for change in changes]
        traversals = []
        for seed in range(NODULES):
            image = _traversal(model, seed, attribute, changes)
            if image is not None:
                picture = page.picture(image, 'seed %d, %s' % (seed, attribute.title))
                traversals.append(('seed %d' % seed, names, picture))
        rows.append((attribute, round(float(model.axes.follows[k]), 2), traversals))
    return rows


def run(cfg):
    """Write the page as settings.Page says."""
    files.require_replaceable(cfg.out)
    model = models.Model(cfg.model, cpu=cfg.cpu)
    model.axes = axes.load(cfg.model, model.facts)
    if model.axes is None:
        model.axes = learning.learn(model)
        axes.save(cfg.model, model.facts, model.axes)
    rows = _rows(model)
    if not rows:
        raise ValueError('%s: none of its axes is usable; 7-explore.py axes says how good each is' % cfg.model)
    window = model.window or card.PUBLISHED_WINDOW
    title = 'Nodules of %s' % os.path.basename(cfg.model)
    os.makedirs(os.path.dirname(os.path.abspath(cfg.out)), exist_ok=True)
    page.write(cfg.out, PAGE, title, window, rows=rows, size=model.size, steps=STEPS, middle=STEPS // 2)
    print('%d axes of %d nodules are in %s' % (len(rows), NODULES, cfg.out))
