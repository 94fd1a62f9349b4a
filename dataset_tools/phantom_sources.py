"""Phantoms as the patches of a dataset, drawn by several processes."""

import contextlib
import os

import numpy as np

from common import capacity, hounsfield
from dataset_tools import phantom, work
from dataset_tools.sources import SHIFT, Patch, Source, margin

COMPUTED = 'phantoms: computed, not from patients'
NOTED = 400  # bytes of memory for what is kept of each phantom: its turn, its name, its fold
AT_A_TIME = 4  # images that a process draws between two reports, which then fit a pipe of 64 kB


def from_phantoms(cfg):
    """A Source of phantoms of one class, slice by slice. Phantom i depends on the seed, the class and i alone."""
    if cfg.masks and cfg.slices > 1:
        raise ValueError('--masks with --slices %d; a pair shows one slice of a nodule, so leave one out' % cfg.slices)
    window, size = hounsfield.window(cfg.window), cfg.resolution + 2 * margin(cfg)
    about = dict(source=COMPUTED, window=window, mm_per_pixel=cfg.spacing, channels=1)
    about['slices'] = cfg.slices
    if cfg.masks:
        about['masks'] = 'pairs/NODULE.png'
    groups = [(None, _name(cfg.kind, i)) for i in range(cfg.number if cfg.folds else 0)]
    patches = _phantoms(cfg, [cfg.kind], size, window, cfg.slices)
    return Source(cfg.kind, [None], cfg.number * cfg.slices, patches, about, [], groups)


def phantom_pairs(cfg):
    """As from_phantoms, of one class or all, for CT | mask pairs."""
    kinds, window = phantom.CLASSES if cfg.phantom == 'all' else [cfg.phantom], hounsfield.window(cfg.window)
    patches = _phantoms(cfg, kinds, cfg.resolution + 2 * SHIFT * cfg.off_centre, window, 1)
    about = dict(source=COMPUTED, window=window, mm_per_pixel=cfg.spacing)
    return Source(cfg.phantom, [None], cfg.number * len(kinds), patches, about, [])


def _name(kind, i):
    return '%s-%05d' % (kind, i)


def _draw(job):
    """Some phantoms of a class, as a list of Patch; runs in another process."""
    kind, seed, indices, size, spacing, window, slices = job
    drawn = []
    for i in indices:
        rng = np.random.RandomState([seed, phantom.CLASSES.index(kind), i])
        for index, made in enumerate(phantom.phantom_slices(kind, rng, size, spacing, slices)):
            facts = {name: round(value, 3) if isinstance(value, float) else value for name, value in made.facts.items()}
            if slices > 1:
                facts.update(slice=index - (slices - 1) / 2.0, slice_mm=phantom.SLICE_MM)
            gray = hounsfield.to_gray(made.hu, window)[None]
            drawn.append(Patch(gray, None, _name(kind, i), facts, made.mask))
    return drawn


def _phantoms(cfg, kinds, size, window, slices):
    if size < 16:
        raise ValueError('--resolution %d: phantoms have 16 pixels or more' % cfg.resolution)
    if not 0.1 <= cfg.spacing <= 2:
        raise ValueError('--spacing %g: pixels of phantoms are from 0.1 to 2 mm' % cfg.spacing)
    capacity.require_memory(NOTED * cfg.number * slices * len(kinds), '--number %d' % cfg.number)
    jobs, step = [], max(1, AT_A_TIME // slices)
    for kind in kinds:
        for i in range(0, cfg.number, step):
            indices = range(i, min(i + step, cfg.number))
            jobs.append((kind, cfg.seed, indices, size, cfg.spacing, window, slices))
    processes = min(cfg.processes or os.cpu_count(), -(-len(jobs) // 8))  # for a few jobs it takes longer to start one
    return _patches(work.ordered(_draw, jobs, processes))


def _patches(results):
    with contextlib.closing(results):
        for drawn in results:
            yield from drawn
