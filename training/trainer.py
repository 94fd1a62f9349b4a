"""The replicas of this process and what they are fed: weights, steps, samples and snapshots."""

import time
import zlib

import numpy as np

import tfutil
from common import images, safe_pickle
from sampling import generate
from tfutil import tf
from training import augmentation, circle, optimizers, overfit, selection, workers
from training.replica import Replica

PATIENCE = 45  # seconds, and four times the last step, until a worker that does not answer is taken for dead
QUICK = 20  # seconds of a step that is timed a second time
MEASURING = 180  # more of it where the first worker measures its snapshots


class Trainer:
    """The replicas of this process and what is fed to them.

    others: circle.Circle of workers that have met. selected: what selection.select gives.
    """

    def __init__(self, cfg, data, others=None, selected=None):
        self.cfg, self.data, self.others = cfg, data, others or circle.Circle()
        self.order, self.held_out = selected or selection.select(cfg, data)
        self.watch = overfit.OverfitMonitor(cfg.augment_critic)
        devices = tfutil.devices(self.others.worker)
        first, total = self.others.worker * len(devices), max(len(self.others.addresses), 1) * len(devices)
        self.replicas = [Replica(device, first + i, total, cfg, data) for i, device in enumerate(devices)]
        self.first = self.replicas[0]
        self.asked = 0
        self.latent_size, self.label_size = generate.sizes(self.first.G)
        self.labels = np.zeros([data.count, 0], np.float32)
        if cfg.conditional:
            self.labels = data.label_vectors(cfg.max_label_size)
        self.steps, self.samples, self.patience = {}, {}, {}

    def prepare(self, level, minibatch, asked=0):
        """Build a level's step and run it without learning, so that memory runs out now or not at all.

        asked: as of `train`. Gives the seconds that took and, of these, those of a step.
        """
        begin, size = time.time(), 2**level
        self.steps[level] = [replica.step(level, minibatch) for replica in self.replicas]
        self.reset_optimizers()
        self.set_lod(float(self.data.top - level))
        try:
            step = self._seconds(level, asked)
            if step < QUICK:  # most of the first one was TensorFlow's getting ready
                step = self._seconds(level, asked)
        except tf.errors.ResourceExhaustedError:
            raise MemoryError(
                'a step of %d images at %dx%d does not fit the device; use a smaller --minibatch %d:N or --fmap-max'
                % (minibatch, size, size, size)
            ) from None
        return time.time() - begin, step

    def _seconds(self, level, asked):
        begin = time.time()
        self.train(self.steps[level], 0, 0, lrate_scale=0.0, asked=asked)
        return max(self.others.exchange(time.time() - begin, circle.STARTING))

    def reset_optimizers(self):
        """Forget the optimizers' moments."""
        tfutil.run([v.initializer for replica in self.replicas for v in replica.optimizer_state().values()])

    def set_lod(self, lod):
        networks = [network for replica in self.replicas for network in (replica.G, replica.D, replica.Gs)]
        tfutil.set_vars({network.vars['lod']: np.float32(lod) for network in networks})

    def labels_of(self, chosen):
        """Labels [N, label_size] of images, by their indices."""
        return self.labels[chosen]

    def initialise(self, variables=None):
        """Set all replicas' networks, {'G': {local: array}, ...}; the rest is drawn from the seed."""
        values = {}
        for name in ('G', 'D'):
            for local, variable in getattr(self.first, name).trainables.items():
                shape = variable.shape.as_list()
                random = np.random.RandomState([self.cfg.seed, 1, zlib.crc32((name + local).encode())])
                values[name, local] = random.randn(*shape) if local.endswith('weight') else np.zeros(shape)
        values.update({('Gs', local): array for (name, local), array in list(values.items()) if name == 'G'})
        for name, arrays in (variables or {}).items():
            values.update({(name, local): array for local, array in arrays.items()})
        for replica in self.replicas:
            tfutil.set_vars({getattr(replica, name).vars[local]: array for (name, local), array in values.items()})

    def optimizer_values(self):
        """The optimizers' moments, {name: array}."""
        state = self.first.optimizer_state()
        return dict(zip(state, tfutil.run(list(state.values()))))

    def load(self, path, state):
        """Continue from a snapshot: networks from the pickle, moments from the state, on all replicas."""
        found, self.watch = {}, overfit.OverfitMonitor(self.cfg.augment_critic, state.get('watch'))
        for role, network in zip(('G', 'D', 'Gs'), safe_pickle.read(path)):
            variables = getattr(self.first, role).vars
            expected = {local: tuple(variable.shape.as_list()) for local, variable in variables.items()}
            if {local: array.shape for local, array in network['variables']} != expected:
                raise ValueError('%s: its %s is another network than run.json describes' % (path, role))
            found[role] = dict(network['variables'])
        for replica in self.replicas:
            values = {}
            for name, variable in replica.optimizer_state().items():
                # A run that was lengthened reaches new levels; their moments begin afresh, as at every new level.
                if name in state and state[name].shape == tuple(variable.shape.as_list()):
                    values[variable] = state[name]
            for role, arrays in found.items():
                values.update({getattr(replica, role).vars[local]: array for local, array in arrays.items()})
            tfutil.set_vars(values)

    def draw(self, number, shown, minibatch, level, generator_only=False):
        """What step `number` is fed, after `shown` images: latents, labels, an augmentation.Change, pixels, mix.

        Depends on the seed, these numbers and the probability of augmentation alone.
        """
        change = self._change([int(generator_only), number], minibatch, level)
        random = np.random.RandomState([self.cfg.seed, 2, int(generator_only), number])
        latents = random.randn(minibatch, self.latent_size).astype(np.float32)
        if generator_only:
            return (latents, self.labels_of(self.order.any(random, minibatch))) + change
        chosen = self.order.take(shown, minibatch)
        mix = random.rand(minibatch, 1, 1, 1).astype(np.float32)
        pixels = self.data.images[level][chosen]
        if self.cfg.mirror_augment:
            mirrored = random.rand(minibatch) < 0.5
            pixels[mirrored] = pixels[mirrored, :, :, ::-1]
        return (latents, self.labels_of(chosen)) + change + (pixels, mix)

    def _change(self, key, number, level):
        """The augmentation of so many images, drawn from the seed and a key; () without --augment-critic."""
        if not self.cfg.augment_critic:
            return ()
        random = np.random.RandomState([self.cfg.seed, 9] + key)
        return tuple(augmentation.draw(random, number, 2**level, self.watch.probability))

    def measure(self, steps, number, kimg):
        """Let `watch` know the critic's mean scores of training, held-out and generated images, a minibatch of each.

        number: of the iteration; kimg: since the last measurement.
        """
        step, level, worker = steps[0], steps[0].level, self.others.worker
        *some, pixels, _ = step.feeds
        each = int(pixels.shape[0])
        random = np.random.RandomState([self.cfg.seed, 10, worker, number])
        chosen, other = self.order.any(random, each), random.randint(len(self.held_out[level]), size=each)
        latents = random.randn(each, self.latent_size)
        drawn = (latents, self.labels_of(chosen)) + self._change([2, worker, number], each, level)
        feed, real, fake = dict(zip(some, drawn)), step.terms['real_score'], step.terms['fake_score']
        scores = [
            tfutil.run(real, {**feed, pixels: self.data.images[level][chosen]}),
            tfutil.run(real, {**feed, pixels: self.held_out[level][other]}),
            tfutil.run(fake, feed),
        ]
        everyone = self.others.exchange([float(score) for score in scores], self.patience[level])
        self.watch.add(np.mean(everyone, axis=0), kimg)

    def train(self, steps, number, shown, lrate_scale=1.0, asked=0):
        """One iteration, D_repeats steps of D and one of G: (terms, number of updates skipped as not finite).

        The terms, {name: number}, are those of the last step of D, mean of the replicas.

        asked: the number of a signal that asked this worker to end; `self.asked` is then one that a worker was sent.
        """
        level, begin = steps[0].level, time.time()
        patience = self.patience.get(level, circle.STARTING)
        with self.others.watch(patience, workers.GONE):
            found = self._iterate(steps, number, shown, lrate_scale)
        self.asked = max(self.others.exchange(asked or 0, patience))
        self.patience[level] = PATIENCE + 4 * (time.time() - begin) + (MEASURING if self.cfg.metrics else 0)
        return found

    def _iterate(self, steps, number, shown, lrate_scale):
        level, minibatch = steps[0].level, steps[0].minibatch
        wanted, skipped = [[step.terms for step in steps], steps[0].finite_D, [step.train_D for step in steps]], 0
        for repeat in range(self.cfg.D_repeats):
            drawn = self.draw(number * self.cfg.D_repeats + repeat, shown + repeat * minibatch, minibatch, level)
            terms, finite, _ = workers.run_together(wanted, self._feed(steps, drawn, lrate_scale))
            skipped += not finite
        drawn = self.draw(number, shown, minibatch, level, generator_only=True)
        wanted = [steps[0].finite_G, [step.train_G for step in steps]]
        finite, _ = workers.run_together(wanted, self._feed(steps, drawn, lrate_scale))
        return {name: float(np.mean([term[name] for term in terms])) for name in terms[0]}, skipped + (not finite)

    def _feed(self, steps, drawn, lrate_scale):
        """Each replica's part of the minibatch."""
        feed = {}
        for replica, step in zip(self.replicas, steps):
            each = step.minibatch // replica.replicas
            part = slice(replica.number * each, (replica.number + 1) * each)
            feed.update({placeholder: array[part] for placeholder, array in zip(step.feeds, drawn)})
            feed[replica.lrate_scale] = lrate_scale
        return feed

    def watched(self):
        """What a line of the log says of overfitting and augmentation, {name: number}."""
        terms = self.watch.terms() if self.held_out is not None else {}
        return dict(terms, augment=self.watch.probability) if self.cfg.augment_critic else terms

    def sample(self, level, latents, labels):
        """Pixels [N, C, R, R] of Gs at a level, enlarged to the full resolution R."""
        Gs = self.first.Gs
        if level not in self.samples:
            with tf.device(self.first.device):
                self.samples[level] = Gs(*Gs.inputs, level=level)
        step, batches = self.steps[level][0].minibatch, []
        for i in range(0, len(latents), step):
            feed = dict(zip(Gs.inputs, (latents[i : i + step], labels[i : i + step])))
            batches.append(tfutil.run(self.samples[level], feed))
        scale = 2 ** (self.data.top - level)
        return images.to_uint8(np.concatenate(batches)).repeat(scale, axis=2).repeat(scale, axis=3)

    def compare_weights(self, when):
        """ValueError if the workers' networks are not the same."""
        if self.others.peers:
            crc = 0
            for network in (self.first.G, self.first.D):
                for value in network.values().values():
                    crc = zlib.crc32(np.ascontiguousarray(value), crc)
            fact = {'the CRC of the weights %s' % when: '%08x' % crc}
            self.others.agree(fact, max(self.patience.values()), 'go on from the last snapshot, with --resume')

    def networks(self):
        """(G, D, Gs) of the first replica, those that are written."""
        return self.first.G, self.first.D, self.first.Gs

    def save(self, path):
        """Write (G, D, Gs)."""
        optimizers.save_finite(path, self.networks())
