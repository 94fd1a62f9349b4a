"""The networks on each device, the training step of each level, and one iteration of all of them."""

import collections
import time
import zlib

import numpy as np

import networks
import tfutil
from common import images
from tfutil import tf
from training import augmentation, losses, optimizers, sampler, schedule, workers

# The graph of a step. feeds: {name: placeholder} of what sampler.Batches gives. finite_D, finite_G: whether loss and
# gradients are finite; weights and moments are left alone where they are not.
Step = collections.namedtuple('Step', 'level minibatch feeds train_D train_G finite_D finite_G terms')
SLOW = 20  # seconds; a step that takes longer is timed only once


class Replica:
    """G, D and their optimizers on one device, the index-th of `count` on all workers. Gs: the moving average of G."""

    def __init__(self, device, index, count, cfg, data, label_size):
        self.device, self.index, self.count, self.cfg, self.top = device, index, count, cfg, data.top
        options = dict(num_channels=data.images[2].shape[1], resolution=2**data.top, label_size=label_size)
        options.update(fmap_base=cfg.fmap_base, fmap_decay=cfg.fmap_decay, fmap_max=cfg.fmap_max)
        options.update(use_wscale=not cfg.no_wscale, fused_scale=not cfg.no_fused_scale)
        of_G = dict(use_pixelnorm=not cfg.no_pixelnorm, use_leakyrelu=not cfg.relu, latent_size=cfg.latent_size)
        with tf.device(device):
            self.G = tfutil.Network('G', networks.G_paper, **of_G, **options)
            self.D = tfutil.Network('D', networks.D_paper, mbstd_group_size=cfg.mbstd_group_size, **options)
            self.Gs = self.G.clone('Gs')
            self.lrate = tf.placeholder(tf.float32, [])
            self.optimizer_G = optimizers.adam(self.lrate)
            self.optimizer_D = optimizers.adam(self.lrate)

    @property
    def networks(self):
        """{role: network}, in the order of a pickle."""
        return collections.OrderedDict([('G', self.G), ('D', self.D), ('Gs', self.Gs)])

    def moments(self):
        """The variables of both optimizers, {name: variable}."""
        return optimizers.moments([('G', self.G, self.optimizer_G), ('D', self.D, self.optimizer_D)])

    def build(self, level, minibatch):
        """The Step of a level for `minibatch` images over all devices."""
        cfg, size, reduction = self.cfg, 2**level, 2 ** (self.top - level)
        n = schedule.images_per_replica(cfg, level, minibatch, self.count)
        options = dict(level=level, compute_dtype=tf.bfloat16 if cfg.precision == 'bf16' else tf.float32)
        with tf.device(self.device), tf.name_scope('level%d' % level):
            latents, labels = [tf.placeholder(tf.float32, [n, int(x.shape[1])]) for x in self.G.inputs]
            pixels = tf.placeholder(tf.uint8, [n, self.D.inputs[0].shape[1], size, size])
            mix = tf.placeholder(tf.float32, [n, 1, 1, 1])
            change = augmentation.placeholders(n, size) if cfg.augment_critic else None

            def critic(x):
                return self.D(augmentation.augmented(x, change) if change else x, **options)

            reals = tf.cast(pixels, tf.float32) / 127.5 - 1.0
            if level > 2:
                reals = losses.fade_reals(reals, self.G.vars['lod'] - (self.top - level))
            fakes = self.G(latents, labels, **options)
            if cfg.loss == 'r3':
                loss = losses.r3(critic, reals, fakes, labels, reduction)
            else:
                loss = losses.wgan_gp(critic, reals, fakes, mix, labels, reduction)
            train_D, finite_D = self._descend(self.optimizer_D, self.D, loss.critic, 2 * level, loss.terms.values())
            train_G, finite_G = self._descend(self.optimizer_G, self.G, loss.generator, 2 * level + 1)
            if self.index == 0:
                train_D = tf.group(train_D, self.Gs.follow(self.G, schedule.smoothing(level, minibatch, cfg)))
        feeds = dict(latents=latents, labels=labels, pixels=pixels, mix=mix, **(change._asdict() if change else {}))
        return Step(level, minibatch, feeds, train_D, train_G, finite_D, finite_G, loss.terms)

    def _descend(self, optimizer, network, loss, key, terms=()):
        """(train operation, whether loss and gradients are finite). Where they are not, the operation changes nothing.

        Every gradient and term is computed before the first weight changes. All devices decide by the same means.
        """
        pairs = optimizer.compute_gradients(loss, self._trained(network))
        pairs = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        means = workers.all_reduce_mean([gradient for gradient, _ in pairs] + [loss], self.count, key)
        with tf.control_dependencies(means + list(terms)):
            finite = tf.reduce_all(tf.stack([tf.reduce_all(tf.is_finite(mean)) for mean in means]))
        updates = list(zip(means, [variable for _, variable in pairs]))
        return tf.cond(finite, lambda: optimizer.apply_gradients(updates), tf.no_op), finite

    def _trained(self, network):
        """The variables that a step changes: of D all but the coarsest blocks, with --freeze-critic."""
        frozen = ()
        if network is self.D:
            frozen = tuple('%dx%d/' % (2**level, 2**level) for level in range(2, 2 + self.cfg.freeze_critic))
        return [variable for local, variable in network.trainables.items() if not local.startswith(frozen)]


class Trainer:
    """The replicas of this process, on each of its devices, with the steps of the levels that were built.

    selection: sampler.Selection. group: the workers of the run.
    """

    def __init__(self, cfg, data, selection=None, group=None):
        self.cfg, self.data, self.group = cfg, data, group or workers.WorkerGroup()
        devices = tfutil.devices(self.group.rank)
        first, count = self.group.rank * len(devices), self.group.size * len(devices)
        selection = selection or sampler.select(cfg, data)
        label_size = selection.labels.shape[1]
        self.replicas = [Replica(device, first + i, count, cfg, data, label_size) for i, device in enumerate(devices)]
        self.first = self.replicas[0]
        latent_size = int(self.first.G.inputs[0].shape[1])
        self.batches = sampler.Batches(cfg, data, selection, latent_size)
        self.steps = {}  # {level: [Step of each replica]}
        self._images = {}  # {level: output of Gs}
        self._histograms = None

    def prepare(self, level, minibatch):
        """Build a level's step and run it without learning, so that memory runs out now or not at all.

        Gives the seconds that all of it took, and those of a step.
        """
        begin, size = time.time(), 2**level
        self.steps[level] = [replica.build(level, minibatch) for replica in self.replicas]
        self.reset_optimizers()
        self.set_lod(self.data.top - level)
        try:
            seconds = self._seconds(level)
            if seconds < SLOW:  # most of the first step was TensorFlow's getting ready
                seconds = self._seconds(level)
        except MemoryError:
            raise MemoryError(
                'a step of %d images at %dx%d does not fit the device; use a smaller --minibatch %d:N or --fmap-max'
                % (minibatch, size, size, size)
            ) from None
        return time.time() - begin, seconds

    def _seconds(self, level):
        """Seconds of an iteration that changes no weight, on the slowest worker."""
        begin = time.time()
        self.train_step(level, 0, 0, learn=False)
        return self.group.all_gather([time.time() - begin]).max()

    def train_step(self, level, step, images_seen, augment=0.0, learn=True):
        """One iteration, the step-th: D_repeats steps of D and one of G. augment: as of sampler.Batches.

        learn: whether weights change. Gives the terms of the last step of D, {name: mean over the devices}, and how
        many updates were skipped because they were not finite.
        """
        steps, skipped = self.steps[level], 0
        minibatch = steps[0].minibatch
        lrate_G, lrate_D = 0.0, 0.0
        if learn:
            lrate_G, lrate_D = schedule.learning_rates(images_seen / 1000, level, self.cfg, self.data.top)
        for repeat in range(self.cfg.D_repeats):
            index, seen = step * self.cfg.D_repeats + repeat, images_seen + repeat * minibatch
            arrays = self.batches.for_D(index, seen, minibatch, level, augment)
            feed = self._feed(steps, arrays, lrate_D)
            fetches = [each.terms for each in steps], steps[0].finite_D, [each.train_D for each in steps]
            terms, finite, _ = self.group.run(fetches, feed)
            skipped += not finite
        arrays.update(self.batches.for_G(step, minibatch, level, augment))  # r3 compares with the last reals of D
        feed = self._feed(steps, arrays, lrate_G)
        finite, _ = self.group.run([steps[0].finite_G, [each.train_G for each in steps]], feed)
        skipped += not finite
        return {name: float(np.mean([each[name] for each in terms])) for name in terms[0]}, skipped

    def _feed(self, steps, arrays, lrate):
        """Each replica's part of the minibatch."""
        feed = {}
        for replica, step in zip(self.replicas, steps):
            n = step.minibatch // replica.count
            part = slice(replica.index * n, (replica.index + 1) * n)
            feed.update({step.feeds[name]: array[part] for name, array in arrays.items()})
            feed[replica.lrate] = lrate
        return feed

    def critic_scores(self, level, step, augment):
        """Mean scores of D, [training, held-out, generated images], of a minibatch of each, over all workers."""
        graph = self.steps[level][0]
        pixels = graph.feeds['pixels']
        n = int(pixels.shape[0])
        arrays, training, held_out = self.batches.for_scores(step, self.group.rank, n, level, augment)
        feed = {graph.feeds[name]: array for name, array in arrays.items()}
        real, fake = graph.terms['real_score'], graph.terms['fake_score']
        scores = [tfutil.run(real, {**feed, pixels: batch}) for batch in (training, held_out)]
        scores.append(tfutil.run(fake, feed))
        return self.group.all_gather(scores).mean(axis=0)

    def reset_optimizers(self):
        """Forget the optimizers' moments."""
        tfutil.run([variable.initializer for replica in self.replicas for variable in replica.moments().values()])

    def set_lod(self, lod):
        variables = [network.vars['lod'] for replica in self.replicas for network in replica.networks.values()]
        tfutil.set_vars({variable: np.float32(lod) for variable in variables})

    def initialise(self, weights=None):
        """Set the networks of all replicas to {'G': {local name: array}, ...}; the rest is drawn from the seed."""
        values = {'G': {}, 'D': {}}
        for role, arrays in values.items():
            network = getattr(self.first, role)
            for local, variable in network.trainables.items():
                random = np.random.RandomState([self.cfg.seed, sampler.WEIGHTS, zlib.crc32((role + local).encode())])
                shape, sd = variable.shape.as_list(), network.initial_sd[local]
                arrays[local] = random.randn(*shape) * sd if sd else np.zeros(shape)
        values['Gs'] = dict(values['G'])
        for role, arrays in (weights or {}).items():
            values[role].update(arrays)
        for replica in self.replicas:
            for role, network in replica.networks.items():
                network.set(values[role])

    def crc(self):
        """CRC-32 of the weights of G and D."""
        crc = 0
        for network in (self.first.G, self.first.D):
            for value in network.values().values():
                crc = zlib.crc32(np.ascontiguousarray(value), crc)
        return crc

    def weight_histograms(self):
        """The histograms of the weights of G and D, a serialised tf.Summary."""
        if self._histograms is None:
            with tf.device(self.first.device):
                tensors = self.first.G.weight_histograms() + self.first.D.weight_histograms()
                self._histograms = tf.summary.merge(tensors)
        return tfutil.run(self._histograms)

    def pixels(self, level, latents, labels):
        """Images uint8 [N,C,R,R] of Gs at a level, enlarged to the full resolution R."""
        Gs = self.first.Gs
        if level not in self._images:
            with tf.device(self.first.device):
                self._images[level] = Gs(*Gs.inputs, level=level)
        n, batches = self.steps[level][0].minibatch, []
        for begin in range(0, len(latents), n):
            part = slice(begin, begin + n)
            batches.append(tfutil.run(self._images[level], dict(zip(Gs.inputs, (latents[part], labels[part])))))
        scale = 2 ** (self.data.top - level)
        return images.to_uint8(np.concatenate(batches)).repeat(scale, axis=2).repeat(scale, axis=3)
