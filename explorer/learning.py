"""Axes learnt from generated images, and how well sliders follow them; `7-explore.py axes`."""

import json

import numpy as np

from common import log
from common.images import to_uint8
from explorer import axes, models, moving
from sampling import generate

FOLLOWED = 24  # nodules that are asked to change, each attribute up and down in turn


def facts(model):
    """What axes depend on beside the weights."""
    return model.window and tuple(model.window), model.mm


def learn(model, number=2000, seed=0, breathe=lambda: None):
    """axes.Axes of a models.Model, from so many images. breathe: is called several times a second."""
    latents = generate.random_latents(number, model.latent_size, seed)
    turns = np.arange(number) % max(model.labels, 1)
    columns = {one.name: [] for one in model.attributes}
    pixels = np.zeros([number, 1, model.size, model.size], np.uint8)
    for begin in log.progress(range(0, number, 16), unit='minibatch'):
        part = slice(begin, begin + 16)
        labels = generate.one_hot(turns[part], model.labels)
        pixels[part] = to_uint8(model.generator.run(latents[part], labels))
        for name, values in model.measure(pixels[part])[0].items():
            columns[name].extend(values)
        breathe()
    values = np.stack([columns[one.name] for one in model.attributes])
    fitted = [axes.regression(latents, row) for row in values]
    weights, r2 = np.stack([row[0] for row in fitted]), np.array([row[1] for row in fitted])
    breathe()
    mean = pixels.mean(axis=0)
    away = [np.square(image - mean).mean() for image in pixels]
    limits = np.stack([_limits(row, one.step) for row, one in zip(values, model.attributes)])
    found = axes.Axes(
        weights, r2, np.full(len(r2), np.nan), axes.cross_effects(weights), limits, axes.sefa(model.generator),
        axes.unit(latents[int(np.argmin(away))]),
    )  # fmt: skip
    spread = np.nanstd(values, axis=1)
    return found._replace(follows=_follows(model, found, spread, number, seed, breathe))


def _limits(values, step):
    """How far a slider goes either way from a nodule: as far as from the median to the extreme hundredths."""
    there = values[np.isfinite(values)]
    if len(there) < 2:
        return 0.0, 0.0
    low, middle, high = np.percentile(there, [1, 50, 99])
    return np.rint((low - middle) / step) * step, np.rint((high - middle) / step) * step


def _follows(model, found, spread, number, seed, breathe):
    """R2 [K] of the change that is measured where half a standard deviation is asked for, of other nodules."""
    names, result = [one.name for one in model.attributes], []
    for k, name in enumerate(log.progress(names, unit='axis')):
        asked, got = [], []
        for i in range(FOLLOWED):
            latent = generate.random_latent(number + i, model.latent_size, seed)
            label, change = i % max(model.labels, 1), (0.5 if i % 2 else -0.5) * spread[k]
            before = measured(model, latent, label)[k]
            if np.isfinite(before) and change:
                after = moving.moved(model, latent, label, found, {name: change}, [])
                asked.append(change)
                got.append(np.nan_to_num(measured(model, after, label)[k] - before))
            breathe()
        asked, got = np.array(asked), np.array(got)
        result.append(1 - np.square(got - asked).sum() / np.square(asked).sum() if len(asked) > 2 else 0.0)
    return np.array(result)


def measured(model, latent, label=0):
    """What is measured of the image of a latent, [K]."""
    values = model.measure(to_uint8(model.images(np.asarray(latent)[None], label)))[0]
    return np.array([values[one.name][0] for one in model.attributes])


def run(cfg):
    """Learn axes as settings.Axes says, keep them beside the weights, and print how good they are."""
    model = models.Model(cfg.model, cpu=cfg.cpu)
    with log.timed('axes learnt'):
        found = learn(model, cfg.number, cfg.seed)
    axes.keep(cfg.model, facts(model), found)
    names = [one.name for one in model.attributes]
    print('a step is a degree; change of each attribute along the axis of')
    for name, row in zip(names, found.effects):
        print('  %-12s' % name + '  '.join('%s %+.3g' % pair for pair in zip(names, row)))
    rows = {}
    for i, name in enumerate(names):
        row = dict(r2=float(found.r2[i]), per_step=float(found.effects[i, i]), follows=float(found.follows[i]))
        rows[name] = dict(
            {key: round(value, 4) for key, value in row.items()}, usable=bool(row['follows'] >= axes.USABLE)
        )
    print(json.dumps(dict(axes=rows)))
