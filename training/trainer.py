"""Progressive growing: the schedule, one optimisation step, and the loop that shows a generator and a discriminator real images."""
import collections
import re
import time
import zlib

import numpy as np

import images
import losses
import networks
import snapshot
import tfutil
from tfutil import tf

PATIENCE = 45               # seconds, and four times the last step, until a worker that does not answer is taken for dead
FIRST_PATIENCE = 900        # the same while the workers start
MEASURING = 180             # more of it where the first worker measures its snapshots

Phase = collections.namedtuple('Phase', 'level lod minibatch')


def phase(kimg, cfg, top):
    """What the schedule asks for after kimg thousand images: level, levels of detail left out (`lod`, 0 at the end), and minibatch.

    Each resolution is trained for lod_training_kimg, then the next one is faded in over lod_transition_kimg (Karras et al. 2018, appendix A).
    """
    duration = cfg.lod_training_kimg + cfg.lod_transition_kimg
    index = int(kimg // duration)
    faded = max(kimg - index * duration - cfg.lod_training_kimg, 0) / cfg.lod_transition_kimg
    lod = max(top - np.log2(cfg.lod_initial_resolution) - index - faded, 0.0)
    level = top - int(np.floor(lod))
    return Phase(level, float(lod), minibatch_at(level, cfg))


def minibatch_at(level, cfg):
    """The minibatch of a level; that of the next coarser one in the table where it has none."""
    table = {int(key): int(value) for key, value in (pair.split(':') for pair in cfg.minibatch.split(','))}
    return table[max([key for key in table if key <= 2 ** level], default=min(table))]


def phases(cfg, top):
    """{level: minibatch} of the schedule from its beginning to total_kimg."""
    levels = range(phase(0, cfg, top).level, phase(cfg.total_kimg, cfg, top).level + 1)
    return collections.OrderedDict((level, minibatch_at(level, cfg)) for level in levels)


def work(network, level):
    """Multiply-accumulates of one forward pass for one image at a level (None: of the whole network), from the shapes of the kernels."""
    total, top = 0, int(network.static_kwargs['resolution']).bit_length() - 1
    level = level or top
    for name, variable in network.trainables.items():
        shape = variable.shape.as_list()
        if not name.endswith('weight'):
            continue
        at = top - int(name.split('_lod')[1].split('/')[0]) if 'RGB' in name else int(name.split('x')[0]).bit_length() - 1
        if at > level or 'RGB' in name and at < level:
            continue
        pixels = 1 if 'Dense' in name else 4 ** at
        if '_up' in name or '_down' in name:                    # 4x4 taps at a quarter of the pixels
            pixels, shape = pixels // 4, [4, 4] + shape[2:]
        total += pixels * int(np.prod(shape))
    return total


def adam(lrate):
    """The optimiser of both networks; Karras et al. 2018, appendix A."""
    return tf.train.AdamOptimizer(lrate, beta1=0.0, beta2=0.99, epsilon=1e-8)


def soften(reals, fade):
    """Reals [N, C, R, R] mixed with themselves at half the resolution: all of that at fade 1, none at 0."""
    _, c, r, _ = reals.shape.as_list()
    boxes = tf.reshape(reals, [-1, c, r // 2, 2, r // 2, 2])
    coarse = tf.reduce_mean(boxes, axis=[3, 5], keepdims=True) + tf.zeros_like(boxes)
    return networks.lerp(reals, tf.reshape(coarse, [-1, c, r, r]), fade)


def share(cfg, level, minibatch, replicas):
    """How many of a minibatch's images each replica gets; the groups of the minibatch stddev have to come out even."""
    each = minibatch // replicas
    if minibatch % replicas or cfg.mbstd_group_size > 1 and each % min(cfg.mbstd_group_size, each):
        raise ValueError('a minibatch of %d at %dx%d does not fit %d devices and groups of %d images; choose another --minibatch %d:N' % (
            minibatch, 2 ** level, 2 ** level, replicas, cfg.mbstd_group_size, 2 ** level))
    return each


def slots(owners):
    """The variables of Adam optimisers, {name: variable}; owners: [(name, network, optimiser)]. Names do not depend on what was built first."""
    found = collections.OrderedDict()
    for name, network, optimiser in owners:
        for local, variable in network.trainables.items():
            for kind in optimiser.get_slot_names():
                if optimiser.get_slot(variable, kind) is not None:
                    found['%s/%s/%s' % (name, local, kind)] = optimiser.get_slot(variable, kind)
        known = {id(variable) for variable in found.values()}
        for variable in optimiser.variables():
            if id(variable) not in known:                       # beta1_power and beta2_power
                found['%s/%s' % (name, re.search(r'beta\d_power', variable.name).group())] = variable
    return found


Step = collections.namedtuple('Step', 'level minibatch feeds train_D train_G terms')


class Replica:
    """G, D, their optimisers and, for each level, the step, on one device."""

    def __init__(self, device, number, replicas, cfg, data):
        self.device, self.number, self.replicas, self.cfg, self.top = device, number, replicas, cfg, data.top
        label_size = len(data.classes) if cfg.conditional else 0
        channels = data.images[2].shape[1]
        options = dict(num_channels=channels, resolution=2 ** data.top, label_size=label_size, fmap_base=cfg.fmap_base, fmap_max=cfg.fmap_max)
        with tf.device(device):
            self.G = tfutil.Network('G', networks.G_paper, **options)
            self.D = tfutil.Network('D', networks.D_paper, mbstd_group_size=cfg.mbstd_group_size, **options)
            self.Gs = self.G.clone('Gs')
            self.lrate_scale = tf.placeholder_with_default(1.0, [])
            self.optimisers = {'G': adam(cfg.G_lrate * self.lrate_scale), 'D': adam(cfg.D_lrate * self.lrate_scale)}

    def step(self, level, minibatch):
        """Build the step of a level for `minibatch` images over all replicas."""
        cfg, size, top = self.cfg, 2 ** level, self.top
        images_each = share(cfg, level, minibatch, self.replicas)
        compute = dict(level=level, compute_dtype=tf.bfloat16 if cfg.precision == 'bf16' else tf.float32)
        with tf.device(self.device), tf.name_scope('level%d' % level):
            latents, labels = (tf.placeholder(tf.float32, [images_each, int(tensor.shape[1])]) for tensor in self.G.inputs)
            pixels = tf.placeholder(tf.uint8, [images_each, self.D.inputs[0].shape[1], size, size])
            mix = tf.placeholder(tf.float32, [images_each, 1, 1, 1])
            reals = tf.cast(pixels, tf.float32) / 127.5 - 1.0
            if level > 2:
                reals = soften(reals, self.G.vars['lod'] - (top - level))
            found = losses.wgan_gp(lambda x: self.D(x, **compute), reals, self.G(latents, labels, **compute), mix, labels, 2 ** (top - level))
            train_D = self._train('D', found.critic, 2 * level)
            train_G = self._train('G', found.generator, 2 * level + 1)
            if self.number == 0:
                train_D = tf.group(train_D, self.Gs.follow(self.G, cfg.G_smoothing))
        return Step(level, minibatch, (latents, labels, pixels, mix), train_D, train_G, found.terms)

    def _train(self, name, loss, key):
        optimiser, variables = self.optimisers[name], list({'G': self.G, 'D': self.D}[name].trainables.values())
        reached = [(gradient, variable) for gradient, variable in optimiser.compute_gradients(loss, variables) if gradient is not None]
        gradients = tfutil.mean_over_replicas([gradient for gradient, _ in reached], self.replicas, key)
        return optimiser.apply_gradients(list(zip(gradients, [variable for _, variable in reached])))

    def slots(self):
        return slots([('G', self.G, self.optimisers['G']), ('D', self.D, self.optimisers['D'])])


class Trainer:
    """The replicas of this process and what is fed to them."""

    def __init__(self, cfg, data):
        self.cfg, self.data = cfg, data
        worker, addresses = tfutil.cluster()
        devices = tfutil.devices()
        self.replicas = [Replica(device, worker * len(devices) + i, max(len(addresses), 1) * len(devices), cfg, data)
                         for i, device in enumerate(devices)]
        self.first = self.replicas[0]
        self.steps, self.samples, self.patience = {}, {}, {}

    def prepare(self, level, minibatch):
        """Build a level's step and run it once without learning, so that memory runs out now or not at all; seconds taken."""
        begin = time.time()
        size = '%dx%d' % (2 ** level, 2 ** level)
        self.steps[level] = [replica.step(level, minibatch) for replica in self.replicas]
        self.reset_optimisers()
        self.set_lod(float(self.data.top - level))
        try:
            self.train(self.steps[level], 0, 0, lrate_scale=0.0)
        except tf.errors.ResourceExhaustedError:
            raise MemoryError('a step of %d images at %s does not fit the device; use a smaller --minibatch %d:N or --fmap-max' % (
                minibatch, size, 2 ** level))
        return time.time() - begin

    def reset_optimisers(self):
        """Forget the optimisers' moments."""
        tfutil.run([variable.initializer for replica in self.replicas for variable in replica.slots().values()])

    def set_lod(self, lod):
        tfutil.set_vars({network.vars['lod']: np.float32(lod) for replica in self.replicas for network in (replica.G, replica.D, replica.Gs)})

    def initialise(self, variables=None):
        """Set all replicas' networks, {'G': {local: array}, ...}; what is not given is drawn from the seed, the same on every machine."""
        values = {}
        for name in ('G', 'D'):
            for local, variable in getattr(self.first, name).trainables.items():
                shape = variable.shape.as_list()
                random = np.random.RandomState([self.cfg.seed, 1, zlib.crc32((name + local).encode())])
                values[name, local] = random.randn(*shape) if local.endswith('weight') else np.zeros(shape)
        values.update({('Gs', local): array for (name, local), array in list(values.items()) if name == 'G'})
        values.update({(name, local): array for name, arrays in (variables or {}).items() for local, array in arrays.items()})
        tfutil.set_vars({getattr(replica, name).vars[local]: array for (name, local), array in values.items() for replica in self.replicas})

    def slot_values(self):
        """The optimisers' moments, {name: array}."""
        slots = self.first.slots()
        return dict(zip(slots, tfutil.run(list(slots.values()))))

    def load(self, path, state):
        """Continue from a snapshot: networks from the pickle, moments from the state, on all replicas."""
        found = {}
        for role, network in zip(('G', 'D', 'Gs'), snapshot.read(path)):
            expected = {local: tuple(variable.shape.as_list()) for local, variable in getattr(self.first, role).vars.items()}
            if {local: array.shape for local, array in network['variables']} != expected:
                raise ValueError('%s: its %s is another network than run.json describes' % (path, role))
            found[role] = dict(network['variables'])
        for replica in self.replicas:
            # A run that was lengthened reaches new levels; their moments begin afresh, as at every new level.
            values = {variable: state[name] for name, variable in replica.slots().items()
                      if name in state and state[name].shape == tuple(variable.shape.as_list())}
            for role, arrays in found.items():
                values.update({getattr(replica, role).vars[local]: array for local, array in arrays.items()})
            tfutil.set_vars(values)

    def draw(self, number, shown, minibatch, level, generator_only=False):
        """What step `number` is fed, after `shown` images: latents, labels, pixels, mix. Depends on the seed and these numbers alone."""
        random = np.random.RandomState([self.cfg.seed, 2, int(generator_only), number])
        latent_size, label_size = (int(tensor.shape[1]) for tensor in self.first.G.inputs)
        latents = random.randn(minibatch, latent_size).astype(np.float32)
        chosen = random.randint(self.data.count, size=minibatch) if generator_only else self.data.order(shown, minibatch, self.cfg.seed)
        labels = np.eye(label_size, dtype=np.float32)[self.data.labels[chosen]] if label_size else np.zeros([minibatch, 0], np.float32)
        if generator_only:
            return latents, labels
        mix = random.rand(minibatch, 1, 1, 1).astype(np.float32)
        pixels = self.data.images[level][chosen]
        if self.cfg.mirror_augment:
            mirrored = random.rand(minibatch) < 0.5
            pixels[mirrored] = pixels[mirrored, :, :, ::-1]
        return latents, labels, pixels, mix

    def train(self, steps, number, shown, lrate_scale=1.0):
        """One iteration, D_repeats steps of D and one of G; the last terms {name: number}, as the mean over this process's replicas."""
        level, begin = steps[0].level, time.time()
        with tfutil.other_workers(self.patience.get(level, FIRST_PATIENCE)):
            terms = self._iterate(steps, number, shown, lrate_scale)
        self.patience[level] = PATIENCE + 4 * (time.time() - begin) + (MEASURING if self.cfg.metrics else 0)
        return terms

    def _iterate(self, steps, number, shown, lrate_scale):
        level, minibatch = steps[0].level, steps[0].minibatch
        for repeat in range(self.cfg.D_repeats):
            drawn = self.draw(number * self.cfg.D_repeats + repeat, shown + repeat * minibatch, minibatch, level)
            terms, _ = tfutil.run_together([[step.terms for step in steps], [step.train_D for step in steps]],
                                             self._feed(steps, drawn, lrate_scale))
        drawn = self.draw(number, shown, minibatch, level, generator_only=True)
        tfutil.run_together([step.train_G for step in steps], self._feed(steps, drawn, lrate_scale))
        return {name: float(np.mean([term[name] for term in terms])) for name in terms[0]}

    def _feed(self, steps, drawn, lrate_scale):
        """Each replica's share of the minibatch."""
        feed = {}
        for replica, step in zip(self.replicas, steps):
            each = step.minibatch // replica.replicas
            part = slice(replica.number * each, (replica.number + 1) * each)
            feed.update({placeholder: array[part] for placeholder, array in zip(step.feeds, drawn)})
            feed[replica.lrate_scale] = lrate_scale
        return feed

    def sample(self, level, latents, labels):
        """Pixels [N, C, R, R] of Gs at a level, enlarged to the full resolution R."""
        if level not in self.samples:
            with tf.device(self.first.device):
                self.samples[level] = self.first.Gs(*self.first.Gs.inputs, level=level)
        step = self.steps[level][0].minibatch
        batches = [tfutil.run(self.samples[level], dict(zip(self.first.Gs.inputs, (latents[i:i + step], labels[i:i + step]))))
                   for i in range(0, len(latents), step)]
        scale = 2 ** (self.data.top - level)
        return images.to_uint8(np.concatenate(batches)).repeat(scale, axis=2).repeat(scale, axis=3)

    def save(self, path):
        """Write (G, D, Gs)."""
        save_finite(path, (self.first.G, self.first.D, self.first.Gs))


def save_finite(path, trained):
    """Write networks, or raise Diverged where a weight is not finite."""
    for network in trained:
        for local, value in network.values().items():
            if not np.isfinite(value).all():
                raise Diverged('%s of %s is not finite' % (local, network.name))
    tfutil.save(path, trained)


class Diverged(Exception):
    """A loss or a weight is not finite."""
