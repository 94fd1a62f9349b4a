"""Phantoms as the patches of a dataset, drawn by several processes."""

import collections
import contextlib
import os

import numpy as np

from common import capacity, card, hounsfield
from dataset_tools import phantom, phantom_recipes, process_pool
from dataset_tools.patches import SHIFT, Patch, Source, crop, margin, off_centre

PHANTOM_BYTES = 400  # of memory for what is kept of each phantom: its job, its name, its fold
IMAGES_PER_JOB = 4  # which a process sends at once; they fit a pipe of 64 kB

# Phantoms of one class; label: of the class in the set, None if it is the only one; indices: of the phantoms
Job = collections.namedtuple('Job', 'kind label seed indices size spacing window slices recipe')


def from_phantoms(cfg):
    """A Source of phantoms of a class, or of all, slice by slice. Each depends on the seed, its class and index."""
    if cfg.masks and cfg.slices > 1:
        raise ValueError(f'--masks with --slices {cfg.slices}; a pair shows one slice of a nodule, so leave one out')
    kind_counts = counts(cfg, cfg.kind)
    labels = {kind: kind if cfg.kind == 'all' else None for kind in kind_counts}
    if cfg.off_centre and cfg.shifts > 1:
        raise ValueError(f'--off-centre with --shifts {cfg.shifts}, which moves the crops already; leave one out')
    size = cfg.resolution + 2 * max(margin(cfg), SHIFT * cfg.off_centre)
    patches = _patches(cfg, kind_counts, labels, size, cfg.slices)
    if cfg.off_centre:
        patches = _moved(patches, cfg)
    about = dict(_about(cfg), channels=1, slices=cfg.slices)
    if cfg.masks:
        about['masks'] = 'pairs/NODULE.png'
    groups = []
    for kind, count in kind_counts.items() if cfg.folds else ():
        groups += [(labels[kind], _name(kind, cfg.seed, i)) for i in range(count)]
    total = sum(kind_counts.values()) * cfg.slices
    return Source(cfg.kind, list(labels.values()), total, patches, about, [], groups)


def phantom_pairs(cfg):
    """As from_phantoms, of one class or all, for CT | mask pairs."""
    kind_counts = counts(cfg, cfg.phantom)
    labels = dict.fromkeys(kind_counts)
    patches = _patches(cfg, kind_counts, labels, cfg.resolution + 2 * SHIFT * cfg.off_centre, 1)
    return Source(cfg.phantom, [None], sum(kind_counts.values()), patches, _about(cfg), [])


def counts(cfg, kind):
    """{class: count} of the phantoms of a class, or of all, for which one number may do."""
    kinds = phantom.CLASSES if kind == 'all' else [kind]
    numbers = [int(number) for number in str(cfg.number).split(',')]
    if len(numbers) not in (1, len(kinds)):
        remedy = 'give one number, or one for each' if len(kinds) > 1 else 'give one number'
        raise ValueError(f'--number {cfg.number} for {", ".join(kinds)}; {remedy}')
    if len(numbers) == 1:
        numbers = numbers * len(kinds)
    return collections.OrderedDict(zip(kinds, numbers))


def _about(cfg):
    about = dict(source=card.PHANTOMS, window=hounsfield.window(cfg.window), mm_per_pixel=cfg.spacing)
    if cfg.recipe != phantom_recipes.UNNAMED:
        about['recipe'] = cfg.recipe
    return about


def _name(kind, seed, index):
    return f'{kind}-{seed}-{index:05d}'


def _patches(cfg, kind_counts, labels, size, slices):
    """A generator of the patches of so many phantoms of each class; ValueError for what cannot be drawn."""
    if size < 16:
        raise ValueError(f'--resolution {cfg.resolution}: phantoms have 16 pixels or more')
    if not 0.1 <= cfg.spacing <= 2:
        raise ValueError(f'--spacing {cfg.spacing:g}: pixels of phantoms are from 0.1 to 2 mm')
    total = sum(kind_counts.values()) * slices
    made = f'--number {cfg.number} ({total} phantoms of {cfg.resolution}x{cfg.resolution})'
    capacity.require_memory(PHANTOM_BYTES * total, made)
    window = hounsfield.window(cfg.window)
    step = max(1, IMAGES_PER_JOB // slices)
    jobs = []
    for kind, count in kind_counts.items():
        for first in range(0, count, step):
            indices = range(first, min(first + step, count))
            jobs.append(Job(kind, labels[kind], cfg.seed, indices, size, cfg.spacing, window, slices, cfg.recipe))
    processes = min(cfg.processes or os.cpu_count(), -(-len(jobs) // 8))  # for a few jobs it takes longer to start one
    return _flattened(process_pool.ordered(_draw, jobs, processes))


def _flattened(results):
    with contextlib.closing(results):
        for patches in results:
            yield from patches


def _moved(patches, cfg):
    """The patches, cropped off their centre; all slices of a nodule alike."""
    with contextlib.closing(patches):
        for index, patch in enumerate(patches):
            offset = off_centre(cfg.seed, index // cfg.slices)
            pixels = crop(patch.pixels, cfg.resolution, offset)
            mask = crop(patch.mask[None], cfg.resolution, offset)[0]
            yield patch._replace(pixels=pixels, mask=mask, facts=dict(patch.facts, offset=offset))


def _draw(job):
    """The Patches of a job; runs in another process."""
    patches = []
    for index in job.indices:
        rng = np.random.RandomState([job.seed, phantom.CLASSES.index(job.kind), index])
        slices = phantom.phantom_slices(job.kind, rng, job.size, job.spacing, job.slices, job.recipe)
        for k, drawn in enumerate(slices):
            facts = {name: round(fact, 3) if isinstance(fact, float) else fact for name, fact in drawn.facts.items()}
            if job.slices > 1:
                facts.update(slice=k - (job.slices - 1) / 2.0, slice_mm=phantom.SLICE_MM)
            gray = hounsfield.to_gray(drawn.hu, job.window)[None]
            patches.append(Patch(gray, job.label, _name(job.kind, job.seed, index), facts, drawn.mask))
    return patches
