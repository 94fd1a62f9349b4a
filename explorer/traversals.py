"""A page that works without a server: nodules along each axis, computed beforehand; `7-explore.py page`."""

import os

import numpy as np

from common import card, files, log, page
from common.images import to_uint8
from explorer import axes, editing, learning, models
from sampling import generator

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'traversals.html')
NODULES, STEPS = 12, 7  # on the page, and along each axis; the one in the middle is the nodule as it is


def _traversal(model, seed, attribute, limits):
    """Images of a nodule along an attribute, side by side, uint8 [1, R, STEPS * R], and a caption of each.

    The steps lead from the nodule as it is to both limits of the axis, while what the explorer holds is held. None for
    a nodule of which the attribute cannot be measured.
    """
    latent, label = generator.random_latent(seed, model.latent_size), seed % max(model.generator.label_size, 1)
    start = editing.values(model, latent, label)[attribute.name]
    if np.isnan(start):
        return None
    low, high = min(start, limits[0]), max(start, limits[1])
    half = STEPS // 2
    goals = np.concatenate([np.linspace(low, start, half + 1), np.linspace(start, high, half + 1)[1:]])
    moves = [{attribute.name: goal - start} if goal != start else {} for goal in goals]
    latents = [editing.edited(model, latent, label, model.axes, move, model.held) for move in moves]
    pixels = to_uint8(model.images(np.stack(latents), label))
    reached = model.measure(pixels)[0][attribute.name]
    return np.concatenate(list(pixels), axis=2), [_caption(attribute, *pair) for pair in zip(reached, goals)]


def _caption(attribute, reached, asked):
    """Such as 10.7 mm, with what was asked where that was not reached."""
    digits = 1 if attribute.step < 1 else 0
    if attribute.step < 0.1:
        digits = 2
    text = ('%.*f %s' % (digits, reached, attribute.unit)).strip()
    return text if abs(reached - asked) <= attribute.tolerance else '%s (%.*f asked)' % (text, digits, asked)


def _rows(model):
    """[(attribute, R2, [(name of the nodule, captions of the steps, Picture)])] of the usable axes."""
    rows = []
    for k, attribute in enumerate(log.progress(model.attributes, unit='axis')):
        low, high = model.axes.limits[k]
        if not model.axes.follows[k] >= axes.USABLE or low == high:
            continue
        traversals = []
        for seed in range(NODULES):
            traversal = _traversal(model, seed, attribute, (low, high))
            if traversal is not None:
                picture = page.picture(traversal[0], 'seed %d, %s' % (seed, attribute.title))
                traversals.append(('seed %d' % seed, traversal[1], picture))
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
