"""A page that works without a server: nodules along each axis, computed beforehand; `7-explore.py page`."""

import os

import numpy as np

from common import card, files, log, page
from explorer import axes, learning, models, moving
from sampling import generate

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'strips.html')
NODULES, PLACES = 12, 7  # on the page, and along each axis; the one in the middle is the nodule as it is


def _strip(model, latent, label, found, one, limits):
    """Changes that were asked for [PLACES], and those images side by side, uint8 [1, R, PLACES * R]; None if none."""
    half, latents = PLACES // 2, []
    asked = np.concatenate([np.linspace(limits[0], 0, half + 1), np.linspace(0, limits[1], half + 1)[1:]])
    for change in asked:
        try:
            moves = {one.name: change} if change else {}
            latents.append(moving.moved(model, latent, label, found, moves, []))
        except ValueError:  # of this nodule that cannot be measured
            return None
    pixels = learning.to_uint8(model.images(np.stack(latents), label))
    return asked, np.concatenate(list(pixels), axis=2)


def _rows(model, found):
    """[(axis, unit, [(name of the nodule, asked, Picture)])] of the usable axes."""
    rows = []
    for k, one in enumerate(log.progress(model.attributes, unit='axis')):
        if not found.follows[k] >= axes.USABLE or not np.ptp(found.limits[k]):
            continue
        strips = []
        for i in range(NODULES):
            latent = generate.random_latent(i, model.latent_size)
            made = _strip(model, latent, i % max(model.labels, 1), found, one, found.limits[k])
            if made:
                words = ['%+.3g %s' % (value, one.unit) if value else 'as it is' for value in made[0]]
                strips.append(('seed %d' % i, words, page.picture(made[1], 'seed %d, %s' % (i, one.title))))
        rows.append((one, round(float(found.follows[k]), 2), strips))
    return rows


def run(cfg):
    """Write the page as settings.Page says."""
    files.require_replaceable(cfg.out)
    model = models.Model(cfg.model, cpu=cfg.cpu)
    facts = learning.facts(model)
    found = axes.recall(cfg.model, facts)
    if found is None:
        found = learning.learn(model)
        axes.keep(cfg.model, facts, found)
    rows = _rows(model, found)
    if not rows:
        raise ValueError('%s: none of its axes is usable; 7-explore.py axes says how good each is' % cfg.model)
    window = model.window or card.PUBLISHED_WINDOW
    title = 'Nodules of %s' % os.path.basename(cfg.model)
    os.makedirs(os.path.dirname(os.path.abspath(cfg.out)), exist_ok=True)
    page.write(cfg.out, PAGE, title, window, rows=rows, size=model.size, places=PLACES, middle=PLACES // 2)
    print('%d axes of %d nodules are in %s' % (len(rows), NODULES, cfg.out))
