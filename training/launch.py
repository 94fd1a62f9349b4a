"""A training run from settings: its data, session and run folder, new or resumed."""

import os
import zlib

import numpy as np

from common import card, log
from config import Progan
from training import circle, run_folder, schedule, signals, snapshots, transfer

# Settings that may change when a run goes on, and those that workers need not agree on.
FREE = 'data outdir resume total_kimg keep metrics gpus cpu wait dry_run'.split()
LOCAL = 'data validation outdir resume transfer keep metrics gpus cpu wait dry_run'.split()


def check(cfg, data):
    """Refuse settings that contradict each other or the data."""
    if cfg.freeze_critic and not cfg.transfer:
        raise ValueError('--freeze-critic %d freezes what --transfer brings; add it' % cfg.freeze_critic)
    if cfg.lod_initial_resolution not in [2**level for level in range(2, data.top + 1)]:
        raise ValueError(
            '--lod-initial-resolution %d is not a power of two from 4 to %d, the resolution of %s'
            % (cfg.lod_initial_resolution, 2**data.top, cfg.data)
        )
    if cfg.max_label_size and not cfg.conditional:
        raise ValueError('--max-label-size %d goes with --conditional; give both' % cfg.max_label_size)
    if cfg.conditional and len(data.classes) < 2:
        if not data.labels_path:
            words = '--conditional wants a folder of class folders, or NAME-rxx.labels; %s holds one class'
            raise ValueError(words % cfg.data)
        if cfg.balance_classes:
            raise ValueError('--balance-classes balances class folders, and %s has none; leave it out' % cfg.data)
    if cfg.conditional:
        data.label_vectors(cfg.max_label_size)  # or complains


def check_devices(cfg, data, devices, machines):
    """Refuse minibatches that do not fit the devices, and more GPUs than there are."""
    gpus = [device for device in devices if 'GPU' in device]
    if cfg.gpus and len(gpus) < cfg.gpus:
        found = '%d (%s)' % (len(gpus), ', '.join(gpus)) if gpus else 'no GPU'
        raise ValueError('--gpus %d: TensorFlow finds %s; ask for fewer, or leave it out' % (cfg.gpus, found))
    for level, minibatch in schedule.phases(cfg, data.top).items():
        schedule.images_per_replica(cfg, level, minibatch, len(devices) * max(machines, 1))


def class_names(cfg, data):
    """Names of the classes, in the order of a network's labels: of folders, or class0, class1, ... of a file."""
    if not cfg.conditional or data.classes[1:]:
        return data.classes
    vectors = data.label_vectors(cfg.max_label_size)
    import dataset

    return ['class%d' % i for i in range(vectors.shape[1])] if dataset.are_one_hot(vectors) else data.classes


def facts(cfg, data, devices, restored, tensorflow):
    """What all workers of a run have to agree on, {name: value}."""
    found = {'--' + name.replace('_', '-'): value for name, value in cfg._asdict().items() if name not in LOCAL}
    found.update({'the data': data.digest, 'the number of devices': len(devices), 'TensorFlow': tensorflow})
    if cfg.conditional:
        counts = [int((data.labels == i).sum()) for i in range(len(data.classes))]
        found['the classes of the data'] = ', '.join('%s %d' % pair for pair in zip(data.classes, counts))
        vectors = data.label_vectors(cfg.max_label_size)
        found['the labels of the data'] = 'CRC %08x' % zlib.crc32(np.ascontiguousarray(vectors))
    for name, path in ('the snapshot to go on from', restored[0]), ('the file of --transfer', cfg.transfer):
        found[name] = '%s (CRC %08x)' % (os.path.basename(path), snapshots.checksum(path)) if path else 'none'
    return found


def train(cfg, stop, given=()):
    """Train with settings of config.Progan; the number of a signal that ended the run early, or None.

    stop: signals.Stop. given: names of the settings that were chosen for this start; a resumed run takes the others
    from its run.json.
    """
    try:
        return _train(cfg, given, stop)
    except signals.Stopped as asked:
        return asked.number


def _train(cfg, given, stop):
    path = run_folder.find(cfg.resume, cfg.outdir) if cfg.resume else None
    digest, restored = None, (None, None)
    if path:
        cfg, digest = run_folder.resumed(Progan, FREE, cfg, set(given), path)
        restored = snapshots.restore(path)
    if restored[0] and restored[1]['shown'] >= 1000 * cfg.total_kimg and run_folder.finished(path, restored[1]):
        print('%s has had its %g kimg; to go on give it a larger --total-kimg' % (path, cfg.total_kimg))
        return None
    weights = transfer.read(cfg.transfer) if cfg.transfer and not restored[0] else None
    stop.check()
    import dataset  # after what can be refused without TensorFlow, which takes seconds to load
    import tfutil
    from training import loop, plan, selection
    from training.trainer import Trainer

    data = dataset.Pyramid(cfg.data)
    selected = selection.select(cfg, data)
    if cfg.lod_initial_resolution is None:
        begin = min(transfer.resolution(weights), 2**data.top) if weights else schedule.LOWEST
        cfg = cfg._replace(lod_initial_resolution=begin)
    check(cfg, data)
    if path and digest != data.digest:
        raise ValueError(
            '%s is not the dataset that the run in %s was trained on; name that one with --data' % (cfg.data, path)
        )
    others = circle.Circle()
    worker, addresses = others.worker, others.addresses
    if cfg.dry_run and addresses:
        raise ValueError('--dry-run measures one machine; unset TF_CONFIG')
    session = dict(cpu=cfg.cpu, gpus=cfg.gpus, precision=cfg.precision, xla=cfg.xla)
    with tfutil.init_tf(**session):
        devices, size = tfutil.devices(), 2**data.top
    check_devices(cfg, data, devices, len(addresses))
    stop.check()
    others.meet(cfg.wait, stop)
    others.agree(facts(cfg, data, devices, restored, tfutil.tf.__version__), circle.STARTING, 'give all the same')
    with tfutil.init_tf(worker=worker, addresses=addresses, **session):
        others.exchange('listening', circle.STARTING)
        trainer = Trainer(cfg, data, others, selected)
        if cfg.dry_run:
            plan.show(trainer, stop)
            return None
        start = None, 'new networks from seed %d' % cfg.seed
        if weights:
            start = transfer.matching_variables(cfg.transfer, weights, trainer)
        if worker > 0:  # only the first worker writes
            log.info('worker %d of %d works; %s writes' % (worker, len(addresses), addresses[0]))
            return loop.grow(trainer, path, None, restored, start, stop)
        path = path or run_folder.create(cfg.outdir, os.path.basename(os.path.abspath(cfg.data)))
        with run_folder.Run(path, cfg.keep) as run:
            learnt = card.of_training(data.card, class_names(cfg, data), cfg.transfer)
            for network in trainer.networks():
                network.card = learnt.text()
            about = dict(learnt.data(), images=data.count, resolution=size)
            run.write_json(cfg, about, devices, tfutil.tf.__version__)
            what = '%d images of %dx%d, %s' % (data.count, size, size, ' '.join(data.classes))
            names = ' '.join(device.split('/device:')[-1] for device in devices)
            at = 2 ** int(restored[1]['level']) if restored[0] else cfg.lod_initial_resolution
            begin = '%s %s at %dx%d' % (path, 'goes on' if restored[0] else 'begins', at, at)
            run.log('%s; %s; TensorFlow %s on %s' % (begin, what, tfutil.tf.__version__, names))
            repeated = selected[0].repeated(schedule.phases(cfg, data.top))
            if repeated:
                run.log(repeated)
            return loop.grow(trainer, path, run, restored, start, stop)
