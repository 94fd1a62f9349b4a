"""A pix2pix run from settings: its pairs, session and run folder, new or resumed."""

import os

import numpy as np

from common import card, safe_pickle
from pix2pix import pix2pix_settings
from training import run_folder, signals, snapshots

NEEDED = 'number', 'elapsed'  # what a snapshot says of where the run was
FREE = 'data masks outdir resume epochs snapshot_epochs keep cpu'.split()  # may change when it goes on


def train(cfg, stop, given=()):
    """Train with settings.Train; the number of a signal that ended the run early, or None.

    stop: signals.Stop. given: names of the settings that were chosen for this start; a resumed run takes the others
    from its run.json.
    """
    try:
        return _train(cfg, given, stop)
    except signals.Stopped as asked:
        return asked.number


def _train(cfg, given, stop):
    path = run_folder.find(cfg.resume, cfg.outdir) if cfg.resume else None
    digest, name, state = None, None, None
    if path:
        cfg, digest = run_folder.resumed(pix2pix_settings.Train, FREE, cfg, set(given), path)
        name, state = snapshots.restore(path, NEEDED)
    stop.check()
    import dataset  # after what can be refused without TensorFlow, which takes seconds to load
    import tfutil
    from pix2pix import data, loop, trainer

    names, patches, masks = data.pairs(cfg.data, cfg.masks, cfg.channels)
    count, size = len(names), masks.shape[-1]
    held = int(round(cfg.validation * count))
    minibatch = min(cfg.minibatch, count - held)
    if minibatch < 2:
        words = '%s holds %d pairs, %d of them for --validation; training needs at least 2 more'
        raise ValueError(words % (cfg.data, count, held))
    learnt = card.of_data(cfg.data)._replace(digest=dataset.digest(patches, masks), classes=None, names=None)
    about = dict(learnt.data(), pairs=count, resolution=size)
    if path and digest != about['digest']:
        words = '%s is not the data that the run in %s was trained on; name that with --data'
        raise ValueError(words % (cfg.data, path))
    done = name and int(state['number']) >= cfg.epochs * ((count - held) // minibatch)
    if done and run_folder.finished(path, state):
        print('%s has had its %d epochs; to go on give it more --epochs' % (path, cfg.epochs))
        return None
    order = np.random.RandomState([cfg.seed, 4]).permutation(count)
    inputs, targets = (masks, patches) if cfg.direction == 'mask2ct' else (patches, masks)
    shown = order[: held or 16][:16]
    stop.check()
    with tfutil.init_tf(cpu=cfg.cpu, gpus=None if cfg.cpu else 1, precision=cfg.precision):
        model = trainer.Trainer(cfg, inputs[order[held:]], targets[order[held:]])
        model.G.card = model.D.card = learnt.text()
        path = path or run_folder.create(cfg.outdir, os.path.basename(os.path.abspath(cfg.data)))
        devices, version = tfutil.devices(), tfutil.tf.__version__
        with run_folder.Run(path, cfg.keep) as run:
            run.write_json(cfg, about, devices, version)
            pairs = '%d pairs of %dx%d, %d of them for pictures only' % (count, size, size, held)
            run.log('%s: %s; TensorFlow %s on %s' % (path, pairs, version, ' '.join(devices)))
            states = safe_pickle.read(name, trainer.ROLES) if name else None
            return loop.fit(cfg, model, (inputs[shown], targets[shown]), run, (name, states, state), stop)
