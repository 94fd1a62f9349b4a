"""What is trained when: resolution, fade and minibatch as functions of the images shown. No TensorFlow."""

import collections

import numpy as np

import config

LOWEST = 4  # resolution that a run begins at
LEAST = 0.1  # of the learning rates, where --lrate-decay ends
Phase = collections.namedtuple('Phase', 'level lod minibatch')


def phase(kimg, cfg, top):
    """What the schedule asks for after kimg thousand images: level, levels of detail left out (`lod`), and minibatch.

    Each resolution is trained for lod_training_kimg, then the next one is faded in over lod_transition_kimg (Karras et
    al. 2018, appendix A).
    """
    duration = cfg.lod_training_kimg + cfg.lod_transition_kimg
    index = int(kimg // duration)
    faded = max(kimg - index * duration - cfg.lod_training_kimg, 0) / cfg.lod_transition_kimg
    lod = max(top - np.log2(cfg.lod_initial_resolution or LOWEST) - index - faded, 0.0)
    level = top - int(np.floor(lod))
    return Phase(level, float(lod), minibatch_at(level, cfg))


def fade_changes(before, after):
    """Whether a fade begins or ends between two phases, where the optimizers' moments are reset.

    The rule of the reference implementation: floor or ceiling of `lod` changes.
    """
    return any(rounded(before.lod) != rounded(after.lod) for rounded in (np.floor, np.ceil))


def minibatch_at(level, cfg):
    return config.table(cfg.minibatch)[2**level]


def limited(cfg, devices):
    """Settings whose minibatches keep to --max-minibatch-per-gpu on so many devices."""
    table, most = config.table(cfg.minibatch), config.table(cfg.max_minibatch_per_gpu)
    table.update({size: min(table[size], images * devices) for size, images in most.items()})
    return cfg._replace(minibatch=','.join('%d:%d' % pair for pair in sorted(table.items())))


def learning_rates(kimg, level, cfg, top):
    """(learning rate of G, that of D) after kimg thousand images at a level.

    With --lrate-decay both are multiplied by 0.1 ** progress, where progress rises from 0 to 1 in that share of the
    last resolution's time.
    """
    rates = [config.table(text)[2**level] for text in (cfg.G_lrate, cfg.D_lrate)]
    if not cfg.lrate_decay:
        return rates
    return [rate * decay(kimg, *decay_span(cfg, top)) for rate in rates]


def decay(now, begin, end):
    """What a learning rate is multiplied by: 1 until `begin`, then 0.1 ** progress until `end`."""
    return LEAST ** np.clip((now - begin) / max(end - begin, 1e-9), 0, 1)


def decay_span(cfg, top):
    """(first kimg, last kimg) of --lrate-decay."""
    _, begin, end, _ = spans(cfg, top)[-1]
    return end - (end - begin) * cfg.lrate_decay, end


def smoothing(level, minibatch, cfg):
    """The share of Gs that a step of so many images keeps.

    With --G-smoothing-kimg: 0.5 ** (images of a step / images of a half-life), as Karras et al. (CVPR 2020).
    """
    half_life = config.table(cfg.G_smoothing_kimg).get(2**level)
    return 0.5 ** (minibatch / (1000.0 * half_life)) if half_life else cfg.G_smoothing


def phases(cfg, top):
    """{level: minibatch} of the schedule from its beginning to total_kimg."""
    levels = range(phase(0, cfg, top).level, phase(cfg.total_kimg, cfg, top).level + 1)
    return collections.OrderedDict((level, minibatch_at(level, cfg)) for level in levels)


def spans(cfg, top):
    """[(level, first kimg, last kimg, minibatch)] of the schedule; a fade belongs to the finer level."""
    rows, begin = [], 0.0
    for index, (level, minibatch) in enumerate(phases(cfg, top).items()):
        end = cfg.lod_training_kimg + index * (cfg.lod_training_kimg + cfg.lod_transition_kimg)
        end = cfg.total_kimg if level == top else min(end, cfg.total_kimg)
        rows.append((level, begin, end, minibatch))
        begin = end
    return rows


def images_per_replica(cfg, level, minibatch, replicas):
    """How many of a minibatch's images each replica gets; the groups of the minibatch stddev have to come out even."""
    each = minibatch // replicas
    if minibatch % replicas or cfg.mbstd_group_size > 1 and each % min(cfg.mbstd_group_size, each):
        size = 2**level
        raise ValueError(
            'a minibatch of %d at %dx%d does not fit %d devices and groups of %d images; '
            'choose another --minibatch %d:N' % (minibatch, size, size, replicas, cfg.mbstd_group_size, size)
        )
    return each
