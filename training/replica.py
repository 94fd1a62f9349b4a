"""The graph of one device: G, D, the moving average Gs, their optimizers, and the training step of each level."""

import collections

import networks
import tfutil
from tfutil import tf
from training import augmentation, losses, optimizers, schedule, workers

# What a step consists of. feeds: placeholders of what Trainer.draw gives. finite_D, finite_G: whether loss and
# gradients are finite; weights and moments are left alone where they are not.
Step = collections.namedtuple('Step', 'level minibatch feeds train_D train_G finite_D finite_G terms')


class Replica:
    """G, D, their optimizers and, for each level, the step, on one device, number `number` of `replicas` in all."""

    def __init__(self, device, number, replicas, cfg, data):
        self.device, self.number, self.replicas, self.cfg, self.top = device, number, replicas, cfg, data.top
        label_size = data.label_vectors(cfg.max_label_size).shape[1] if cfg.conditional else 0
        channels, resolution = data.images[2].shape[1], 2**data.top
        maps = dict(fmap_base=cfg.fmap_base, fmap_max=cfg.fmap_max)
        options = dict(num_channels=channels, resolution=resolution, label_size=label_size, **maps)
        with tf.device(device):
            self.G = tfutil.Network('G', networks.G_paper, **options)
            self.D = tfutil.Network('D', networks.D_paper, mbstd_group_size=cfg.mbstd_group_size, **options)
            self.Gs = self.G.clone('Gs')
            self.lrate_scale = tf.placeholder_with_default(1.0, [])
            self.optimizer_G = optimizers.adam(cfg.G_lrate * self.lrate_scale)
            self.optimizer_D = optimizers.adam(cfg.D_lrate * self.lrate_scale)

    def step(self, level, minibatch):
        """Build the step of a level for `minibatch` images over all replicas."""
        cfg, size, reduction = self.cfg, 2**level, 2 ** (self.top - level)
        each = schedule.images_per_replica(cfg, level, minibatch, self.replicas)
        compute = dict(level=level, compute_dtype=tf.bfloat16 if cfg.precision == 'bf16' else tf.float32)
        with tf.device(self.device), tf.name_scope('level%d' % level):
            latents, labels = (tf.placeholder(tf.float32, [each, int(x.shape[1])]) for x in self.G.inputs)
            pixels = tf.placeholder(tf.uint8, [each, self.D.inputs[0].shape[1], size, size])
            mix = tf.placeholder(tf.float32, [each, 1, 1, 1])
            reals = tf.cast(pixels, tf.float32) / 127.5 - 1.0
            if level > 2:
                reals = losses.fade_reals(reals, self.G.vars['lod'] - (self.top - level))
            fakes = self.G(latents, labels, **compute)
            change = augmentation.placeholders(each, size) if cfg.augment_critic else ()

            def critic(images):
                return self.D(augmentation.augmented(images, change) if change else images, **compute)

            found = losses.wgan_gp(critic, reals, fakes, mix, labels, reduction)
            terms = found.terms.values()
            train_D, finite_D = self._train(self.optimizer_D, self.D, found.critic, 2 * level, terms)
            train_G, finite_G = self._train(self.optimizer_G, self.G, found.generator, 2 * level + 1)
            if self.number == 0:
                train_D = tf.group(train_D, self.Gs.follow(self.G, cfg.G_smoothing))
        feeds = (latents, labels) + tuple(change) + (pixels, mix)
        return Step(level, minibatch, feeds, train_D, train_G, finite_D, finite_G, found.terms)

    def _train(self, optimizer, network, loss, key, terms=()):
        """(operation that descends the loss, whether loss and gradients are finite, which it needs).

        Every gradient and term is computed before the first weight changes. All replicas agree, as they decide by the
        mean over all; otherwise neither weights nor moments change.
        """
        pairs = optimizer.compute_gradients(loss, self._learning(network))
        reached = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        means = workers.all_reduce_mean([gradient for gradient, _ in reached] + [loss], self.replicas, key)
        with tf.control_dependencies(means + list(terms)):
            finite = tf.reduce_all(tf.stack([tf.reduce_all(tf.is_finite(mean)) for mean in means]))
        changes = list(zip(means, [variable for _, variable in reached]))
        return tf.cond(finite, lambda: optimizer.apply_gradients(changes), tf.no_op), finite

    def _learning(self, network):
        """The variables that a step changes: of D all but the coarsest blocks, with cfg.freeze_critic."""
        frozen = ['%dx%d/' % (2**level, 2**level) for level in range(2, 2 + self.cfg.freeze_critic)]
        frozen = tuple(frozen) if network is self.D else ()
        return [variable for local, variable in network.trainables.items() if not local.startswith(frozen)]

    def optimizer_state(self):
        """The variables of both optimizers, {name: variable}."""
        return optimizers.optimizer_state([('G', self.G, self.optimizer_G), ('D', self.D, self.optimizer_D)])
