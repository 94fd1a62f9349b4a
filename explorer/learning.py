"""Axes learned from generated images, and how well sliders follow them; `7-explore.py axes`."""

import json

import numpy as np

from common import log
from common.images import to_uint8
from explorer import axes, editing, models
from sampling import generator

TRIED = 16  # nodules of which a change is requested, up and down in turn, for each attribute
MEASURING, EDITING = 0.3, 80  # the time that an image is measured, or a nodule edited, in those of generating an image


def learn(model, n=2000, seed=0, yield_=lambda: None, progress=lambda share: None):
    """axes.Axes of a models.Model, from n images.

    yield_: called several times a second. progress: called as often with the share of the time that is over.
    """
    spent = _Spent((1 + MEASURING) * n + EDITING * TRIED * len(model.attributes), yield_, progress)
    latents = generator.random_latents(n, model.latent_size, seed)
    pixels = model.sample(n, seed, yield_=lambda: spent.add(1))
    columns = model.measure_many(pixels, lambda: spent.add(16 * MEASURING))
    values = np.stack([columns[attribute.name] for attribute in model.attributes])
    weights, r2 = zip(*[axes.regression(latents, row) for row in values])
    weights, r2 = np.stack(weights), np.array(r2)
    yield_()
    mean = pixels.mean(axis=0)
    typical = int(np.argmin([np.square(image - mean).mean() for image in pixels]))
    limits = [_limits(row, attribute.step) for row, attribute in zip(values, model.attributes)]
    learned = axes.Axes(
        weights=weights,
        r2=r2,
        follows=np.full(len(r2), np.nan),
        effects=axes.cross_effects(weights),
        limits=np.stack(limits),
        sefa=axes.sefa(model.generator),
        centre=axes.unit(latents[typical]),
    )
    spread = np.nanstd(values, axis=1)
    follows = []
    for k in log.progress(range(len(spread)), unit='axis'):
        follows.append(_follows(model, learned, k, 0.5 * spread[k], n, seed, lambda: spent.add(EDITING)))
        spent.reach((1 + MEASURING) * n + EDITING * TRIED * (k + 1))
    return learned._replace(follows=np.array(follows))


class _Spent:
    """Counts what is done of a total, and tells so each time that it yields."""

    def __init__(self, total, yield_, progress):
        self._total, self._yield, self._progress, self._done = total, yield_, progress, 0.0

    def reach(self, done):
        """So much is done, or more."""
        self._done = max(done, self._done)
        self._progress(min(self._done / self._total, 1.0))
        self._yield()

    def add(self, work):
        """So much more is done."""
        self.reach(self._done + work)


def _limits(values, step):
    """The ends of a slider's scale: the hundredths of generated nodules, rounded outwards to steps."""
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return 0.0, 0.0
    low, high = np.percentile(values, [1, 99])
    return np.floor(low / step) * step, np.ceil(high / step) * step


def _follows(model, learned, k, change, first, seed, yield_):
    """R2 of the changes that are measured where `change` of attribute k, up and down, is requested.

    What the page holds by default is held. The nodules are those of the latents from `first` on.
    """
    if not change:
        return 0.0
    name = model.attributes[k].name
    requested, measured = [], []
    for i in range(TRIED):
        latent = generator.random_latent(first + i, model.latent_size, seed)
        label = i % max(model.generator.label_size, 1)
        signed = change if i % 2 else -change
        before = _measured(model, latent, label, name)
        if np.isfinite(before):
            after = editing.edited(model, latent, label, learned, {name: signed}, model.held)
            requested.append(signed)
            measured.append(np.nan_to_num(_measured(model, after, label, name) - before))
        yield_()
    if len(requested) < 3:
        return 0.0
    requested, measured = np.array(requested), np.array(measured)
    return 1 - np.square(measured - requested).sum() / np.square(requested).sum()


def _measured(model, latent, label, name):
    """An attribute of the image of a latent."""
    pixels = to_uint8(model.images(np.asarray(latent)[None], label))
    return model.measure(pixels)[0][name][0]


def run(cfg):
    """Learn axes as settings.Axes says, save them beside the weights, and print how good they are."""
    model = models.Model(cfg.model, cpu=cfg.cpu)
    with log.timed('axes learned'):
        learned = learn(model, cfg.number, cfg.seed)
    axes.save(cfg.model, model.facts, learned)
    names = [attribute.name for attribute in model.attributes]
    print('a step is a degree; change of each attribute along the axis of')
    for name, row in zip(names, learned.effects):
        print('  %-12s' % name + '  '.join('%s %+.3g' % pair for pair in zip(names, row)))
    rows = {}
    for i, name in enumerate(names):
        follows = float(learned.follows[i])
        row = dict(r2=float(learned.r2[i]), per_step=float(learned.effects[i, i]), follows=follows)
        rows[name] = {key: round(value, 4) for key, value in row.items()}
        rows[name]['usable'] = follows >= axes.USABLE
    print(json.dumps(dict(axes=rows)))
