"""The life of a pix2pix run, from the top: read pairs, build, restore, loop."""

import collections
import os
import time

import numpy as np

import dataset
import tfutil
from common import card, images, log, weight_files
from pix2pix import data
from pix2pix.trainer import ROLES, VALIDATION, Trainer
from training import checkpoint, optimizers, run_folder, signals, transfer
from training.monitor import Curves, animate

PICTURES = 16  # pairs of which pictures are made


def train(start, stop):
    """Train from a run_folder.Start of pix2pix_settings.Train; signals.Stopped if a signal ended the run early."""
    cfg, snapshot = start.cfg, start.snapshot
    if cfg.consistency and cfg.direction != 'mask2ct':
        raise ValueError('--consistency %g goes with --direction mask2ct; leave it out' % cfg.consistency)
    states = weight_files.read(cfg.transfer, ROLES) if cfg.transfer and not snapshot else None
    names, patches, masks = data.pairs(cfg.data, cfg.masks, cfg.channels)
    count, size = len(names), masks.shape[-1]
    held_out = int(round(cfg.validation * count))
    if min(cfg.minibatch, count - held_out) < 2:
        message = '%s holds %d pairs, %d of them for --validation; training needs at least 2 more'
        raise ValueError(message % (cfg.data, count, held_out))
    learned_from = card.of_data(cfg.data)._replace(digest=dataset.digest(patches, masks), classes=None, names=None)
    if start.folder and start.digest != learned_from.digest:
        message = '%s is not the data that the run in %s was trained on; name that with --data'
        raise ValueError(message % (cfg.data, start.folder))
    if snapshot:
        learned_from = card.of_weights(snapshot.path)
    elif cfg.transfer:
        own = learned_from._replace(parts=[learned_from.digest])
        learned_from = card.of_training(own, None, cfg.transfer)
    steps_per_epoch = (count - held_out) // min(cfg.minibatch, count - held_out)
    has_had_its_epochs = snapshot and snapshot.state[checkpoint.STEP] >= cfg.epochs * steps_per_epoch
    if has_had_its_epochs and checkpoint.is_final(start.folder, snapshot):
        print('%s is complete (%d epochs); to train longer, add a larger --epochs' % (start.folder, cfg.epochs))
        return
    order = np.random.RandomState([cfg.seed, VALIDATION]).permutation(count)
    shown = order[: held_out or PICTURES][:PICTURES]
    inputs, targets = (masks, patches) if cfg.direction == 'mask2ct' else (patches, masks)
    stop.check()
    with tfutil.init_tf(cpu=cfg.cpu, gpus=None if cfg.cpu else 1, precision=cfg.precision):
        trainer = Trainer(cfg, inputs[order[held_out:]], targets[order[held_out:]])
        weights = transferred(cfg.transfer, states, trainer.networks) if states else None
        for network in trainer.networks.values():
            network.card = learned_from.text()
        folder = start.folder or run_folder.create(cfg.outdir, os.path.basename(os.path.abspath(cfg.data)))
        devices, version = tfutil.devices(), tfutil.tf.__version__
        with run_folder.Run(folder) as run:
            facts = dict(learned_from.data(), pairs=count, resolution=size)
            run.write_json(cfg, facts, devices, version)
            pairs = '%d pairs of %dx%d, %d of them for pictures only' % (count, size, size, held_out)
            run.log('%s: %s; TensorFlow %s on %s' % (folder, pairs, version, ' '.join(devices)))
            _Loop(trainer, run, stop, (inputs[shown], targets[shown])).loop(snapshot, weights)


def transferred(path, states, networks):
    """{variable: array} of the states of a pickle, for networks {role: network}; ValueError if they differ."""
    transfer.require_finite(path, states)
    for network, state in zip(networks.values(), states):
        for name, value in network.static_kwargs.items():
            given = state['static_kwargs'].get(name, value)
            if given != value:
                message = '%s cannot be used: %s of its network %s is %s, here %s; give the options of its training'
                raise ValueError(message % (path, name, state['name'], given, value))
    return checkpoint.weights(path, states, networks, 'the options of this run describe')


class _Loop:
    """A run of which `step` steps are done. pairs: (inputs, targets), of which pictures are made."""

    def __init__(self, trainer, run, stop, pairs):
        self.trainer, self.run, self.stop, self.pairs = trainer, run, stop, pairs
        self.curves = Curves(run)
        self.total = trainer.cfg.epochs * trainer.steps_per_epoch
        self.step, self.begin = 0, time.time()
        self.saved_path = self.saved_step = None
        self.terms, self.tick_begin = [], time.time()  # since the last epoch ended

    @property
    def epoch(self):
        return self.step // self.trainer.steps_per_epoch

    def loop(self, snapshot, weights):
        """Train until the last epoch or a signal. weights: {variable: array} of another run to begin with."""
        run, trainer = self.run, self.trainer
        if snapshot:
            self.step = self.saved_step = int(snapshot.state[checkpoint.STEP])
            self.saved_path = snapshot.path
            self.begin -= float(snapshot.state[checkpoint.ELAPSED])
            tfutil.set_vars(checkpoint.values(snapshot, trainer.networks, trainer.moments()))
            run.log('going on from %s' % snapshot.path)
        elif weights:
            tfutil.set_vars(weights)
            run.log('transfer from %s' % trainer.cfg.transfer)
        else:
            trainer.initialise()
        epochs = self.step / trainer.steps_per_epoch
        checkpoint.tidy(run.path, snapshot, epochs)
        run.rewind(epochs, 'epoch')
        try:
            with log.progress(total=self.total, initial=self.step, unit='step') as bar:
                while self.step < self.total and not self.stop.signal:
                    self.iterate()
                    bar.update(1)
            if self.saved_step != self.step:
                self._save()
        except optimizers.Diverged as error:
            raise ValueError(
                '%s: the training has diverged in epoch %d (%s); the last good snapshot is %s; start again with '
                'another --seed or a smaller --lrate' % (run.path, self.epoch, error, self.saved_path or 'none')
            ) from None
        finally:
            self.curves.close()
            animate(run, most=100)
        if self.step < self.total:
            print('saved as %s; go on with: python -m pix2pix train --resume %s' % (self.saved_path, run.path))
            raise signals.Stopped(self.stop.signal)
        run.log('done: %s' % checkpoint.copy(self.saved_path, checkpoint.FINAL), result=True)

    def iterate(self):
        """One step; after an epoch what is due is logged and saved."""
        terms = self.trainer.train_step(self.step)
        self.step += 1
        self.terms.append(terms)
        optimizers.check_finite(terms)
        if self.step % self.trainer.steps_per_epoch == 0:
            self._log_epoch()
            self._picture()
            if self.epoch % self.trainer.cfg.snapshot_epochs == 0:
                self._save()

    def _log_epoch(self):
        now = time.time()
        row = collections.OrderedDict(epoch=self.epoch, seconds=round(now - self.begin, 1))
        row['sec_per_epoch'] = round(now - self.tick_begin, 2)
        for name in self.terms[0]:
            row[name] = round(float(np.mean([each[name] for each in self.terms])), 6)
        self.curves.add(row, self.step)
        self.run.log('  '.join('%s %g' % pair for pair in row.items()))
        self.terms, self.tick_begin = [], now

    def _picture(self):
        """Input, target and what G makes of the input, side by side; gray beside colour is shown as colour."""
        inputs, targets = self.pairs
        columns = [inputs, targets, self.trainer.sample(inputs)]
        channels = max(x.shape[1] for x in columns)
        columns = [np.repeat(x, channels // x.shape[1], axis=1) for x in columns]
        path = self.run.picture(self.epoch)
        images.save(path, images.grid(np.concatenate(columns, axis=3), 4), durable=True)

    def _save(self):
        trainer = self.trainer
        state = {checkpoint.STEP: self.step, checkpoint.ELAPSED: time.time() - self.begin}
        state.update(optimizers.values(trainer.moments()))

        def write_networks(path):
            optimizers.save_finite(path, trainer.networks.values())

        self.saved_path = checkpoint.write(self.run.path, self.epoch, write_networks, state, trainer.cfg.keep)
        self.saved_step = self.step
