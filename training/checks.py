"""Settings of a run against its data, its devices and the other workers."""

import zlib

import numpy as np

import dataset
from training import checkpoint, schedule

# Settings in which workers may differ.
PER_WORKER = 'preset data validation outdir resume transfer keep gpus cpu wait dry_run'.split()


def check_settings(cfg, data):
    """Refuse settings that the data contradict."""
    if cfg.lod_initial_resolution not in [2**level for level in range(2, data.top + 1)]:
        raise ValueError(
            '--lod-initial-resolution %d is not a power of two from 4 to %d, the resolution of %s'
            % (cfg.lod_initial_resolution, 2**data.top, cfg.data)
        )
    if cfg.fmap_base < 2 ** ((data.top - 1) * cfg.fmap_decay):
        message = '--fmap-base %d and --fmap-decay %g leave no feature map at %dx%d; choose a larger or a smaller one'
        raise ValueError(message % (cfg.fmap_base, cfg.fmap_decay, 2**data.top, 2**data.top))
    if cfg.conditional and len(data.classes) < 2:
        if not data.labels_path:
            message = '--conditional wants a folder of class folders, or NAME-rxx.labels; %s holds one class'
            raise ValueError(message % cfg.data)
        if cfg.balance_classes:
            raise ValueError('--balance-classes balances class folders, and %s has none; leave it out' % cfg.data)


def check_devices(cfg, data, devices, workers):
    """Refuse minibatches that do not fit the devices, and more GPUs than there are. devices: names on each worker."""
    gpus = [device for device in devices if 'GPU' in device]
    if cfg.gpus and len(gpus) < cfg.gpus:
        there = '%d (%s)' % (len(gpus), ', '.join(gpus)) if gpus else 'no GPU'
        raise ValueError('--gpus %d: TensorFlow finds %s; ask for fewer, or leave it out' % (cfg.gpus, there))
    for level, minibatch in schedule.phases(cfg, data.top).items():
        schedule.images_per_replica(cfg, level, minibatch, len(devices) * workers)


def worker_facts(cfg, data, labels, devices, snapshot, tensorflow):
    """{name: value} that all workers of a run must share. labels: as of sampler.Selection."""
    counts = [int((data.labels == i).sum()) for i in range(len(data.classes))]
    classes = ', '.join('%s %d' % pair for pair in zip(data.classes, counts))
    facts = {
        'the data': data.digest,
        'the classes of the data': classes if cfg.conditional else 'pooled',
        'the labels of the data': 'CRC %08x' % zlib.crc32(np.ascontiguousarray(labels)),
        'the snapshot to go on from': checkpoint.described(snapshot and snapshot.path),
        'the file of --transfer': checkpoint.described(None if snapshot else cfg.transfer),
    }
    for name, value in cfg._asdict().items():  # after the files, on which some settings depend
        if name not in PER_WORKER:
            facts['--' + name.replace('_', '-')] = value
    facts['--validation'] = 'given' if cfg.validation else 'not given'
    facts['the number of devices'] = len(devices)
    facts['TensorFlow'] = tensorflow
    return facts


def class_names(cfg, data, labels):
    """Names of the classes, in the order of a network's labels: of folders, or class0, class1, ... of a file."""
    if not cfg.conditional or len(data.classes) > 1:
        return data.classes
    return ['class%d' % i for i in range(labels.shape[1])] if dataset.are_one_hot(labels) else data.classes
