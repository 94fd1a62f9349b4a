"""Phantoms as the patches of a dataset, drawn by several processes."""

import collections
import contextlib
import os

import numpy as np

from common import capacity, card, hounsfield
from dataset_tools import phantom, process_pool
from dataset_tools.patch_sources import SHIFT, Patch, Source, margin

NOTED = 400  # bytes of memory for what is kept of each phantom: its turn, its name, its fold
AT_A_TIME = 4  # images that a process draws between two reports, which then fit a pipe of 64 kB


def counts(cfg, kind):
    """{class: number} of the phantoms of a class, or of all, for which one number may do."""
    kinds, numbers = phantom.CLASSES if kind == 'all' else [kind], [int(number) for number in cfg.number.split(',')]
    if len(numbers) not in (1, len(kinds)):
        words = '--number %s for %s; give one number' + (', or one for each' if kinds[1:] else '')
        raise ValueError(words % (cfg.number, ', '.join(kinds)))
    return collections.OrderedDict(zip(kinds, numbers * (len(kinds) if len(numbers) == 1 else 1)))


def from_phantoms(cfg):
    """A Source of phantoms of a class, or of all, slice by slice. Each depends on the seed, its class and number."""
    if cfg.masks and cfg.slices > 1:
        raise ValueError('--masks with --slices %d; a pair shows one slice of a nodule, so leave one out' % cfg.slices)
    window, size = hounsfield.window(cfg.window), cfg.resolution + 2 * margin(cfg)
    about = dict(source=card.PHANTOMS, window=window, mm_per_pixel=cfg.spacing, channels=1)
    about['slices'] = cfg.slices
    if cfg.masks:
        about['masks'] = 'pairs/NODULE.png'
    several, groups = counts(cfg, cfg.kind), []
    for kind, number in several.items() if cfg.folds else ():
        groups += [(_label(cfg.kind, kind), _name(kind, cfg.seed, i)) for i in range(number)]
    labels = [_label(cfg.kind, kind) for kind in several]
    patches = _phantoms(cfg, cfg.kind, several, size, window, cfg.slices)
    return Source(cfg.kind, labels, sum(several.values()) * cfg.slices, patches, about, [], groups)


def phantom_pairs(cfg):
    """As from_phantoms, of one class or all, for CT | mask pairs."""
    several, window = counts(cfg, cfg.phantom), hounsfield.window(cfg.window)
    patches = _phantoms(cfg, None, several, cfg.resolution + 2 * SHIFT * cfg.off_centre, window, 1)
    about = dict(source=card.PHANTOMS, window=window, mm_per_pixel=cfg.spacing)
    return Source(cfg.phantom, [None], sum(several.values()), patches, about, [])


def _label(wanted, kind):
    """The class of a set among others, None if it is the only one."""
    return kind if wanted == 'all' else None


def _name(kind, seed, i):
    return '%s-%d-%05d' % (kind, seed, i)


def _draw(job):
    """Some phantoms of a class, as a list of Patch; runs in another process."""
    kind, label, seed, indices, size, spacing, window, slices = job
    drawn = []
    for i in indices:
        rng = np.random.RandomState([seed, phantom.CLASSES.index(kind), i])
        for index, made in enumerate(phantom.phantom_slices(kind, rng, size, spacing, slices)):
            facts = {name: round(value, 3) if isinstance(value, float) else value for name, value in made.facts.items()}
            if slices > 1:
                facts.update(slice=index - (slices - 1) / 2.0, slice_mm=phantom.SLICE_MM)
            gray = hounsfield.to_gray(made.hu, window)[None]
            drawn.append(Patch(gray, label, _name(kind, seed, i), facts, made.mask))
    return drawn


def _phantoms(cfg, wanted, several, size, window, slices):
    if size < 16:
        raise ValueError('--resolution %d: phantoms have 16 pixels or more' % cfg.resolution)
    if not 0.1 <= cfg.spacing <= 2:
        raise ValueError('--spacing %g: pixels of phantoms are from 0.1 to 2 mm' % cfg.spacing)
    total = sum(several.values()) * slices
    made = '--number %s (%d phantoms of %dx%d)' % (cfg.number, total, cfg.resolution, cfg.resolution)
    capacity.require_memory(NOTED * total, made)
    jobs, step = [], max(1, AT_A_TIME // slices)
    for kind, number in several.items():
        for i in range(0, number, step):
            indices = range(i, min(i + step, number))
            jobs.append((kind, _label(wanted, kind), cfg.seed, indices, size, cfg.spacing, window, slices))
    processes = min(cfg.processes or os.cpu_count(), -(-len(jobs) // 8))  # for a few jobs it takes longer to start one
    return _patches(process_pool.ordered(_draw, jobs, processes))


def _patches(results):
    with contextlib.closing(results):
        for drawn in results:
            yield from drawn
