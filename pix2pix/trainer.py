"""The networks of pix2pix with their losses and one training step, and generation."""

import collections
import zlib

import numpy as np

import tfutil
from common import images
from pix2pix import unet
from tfutil import tf
from training import losses, schedule
from training.optimizers import moments

ROLES = ('G', 'D')  # the networks of a pickle
GAMMA = 0.5  # of losses.r3; with 3 and 10, lung was too smooth
# FILE FORMAT: what is drawn depends on the seed of a run and one of these, so that a resumed run draws the same.
ORDER, WEIGHTS, STEP, DROPOUT, VALIDATION = range(5)


class Trainer:
    """G, D and one training step. inputs, targets: uint8 [N, C, R, R], what G takes and what it should make of it."""

    def __init__(self, cfg, inputs, targets):
        self.cfg, self.inputs, self.targets = cfg, inputs, targets
        self.minibatch = min(cfg.minibatch, len(inputs))
        self.steps_per_epoch = len(inputs) // self.minibatch
        shape = dict(size=inputs.shape[2], in_channels=inputs.shape[1], out_channels=targets.shape[1])
        decoder = dict(upsample=cfg.upsample, padding=cfg.padding, noise=cfg.noise)
        self.G = tfutil.Network('G', unet.U_net, ngf=cfg.ngf, **decoder, **shape)
        self.D = tfutil.Network('D', unet.PatchGAN, ndf=cfg.ndf, **shape)
        self.networks = collections.OrderedDict(zip(ROLES, (self.G, self.D)))
        self.lrate = tf.placeholder(tf.float32, [])
        self.optimizers = {role: tf.train.AdamOptimizer(self.lrate, beta1=0.5, beta2=0.999) for role in ROLES}
        self.feeds = dict(
            inputs=tf.placeholder(tf.uint8, [None] + list(inputs.shape[1:])),
            targets=tf.placeholder(tf.uint8, [None] + list(targets.shape[1:])),
            random=tf.placeholder(tf.float32, self.G.inputs[1].shape),
            real_label=tf.placeholder(tf.float32, [None, 1, 1, 1]),  # what D should answer for real pairs
        )
        self._build()
        tfutil.run([variable.initializer for variable in self.moments().values()])

    def _build(self):
        """Isola et al. 2017, with the squared error, or the absolute one, of --l2-weight and --l1-weight.

        With --loss r3, losses.r3 of the patches that D judges takes the place of the adversarial loss. --consistency
        weighs by how much G changes what is far from a nodule that is added to its mask.
        """
        cfg, feeds = self.cfg, self.feeds
        options = dict(compute_dtype=tf.bfloat16 if cfg.precision == 'bf16' else tf.float32)
        inputs, reals = [tf.cast(feeds[name], tf.float32) / 127.5 - 1 for name in ('inputs', 'targets')]
        self.fakes = self.G(inputs, feeds['random'], **options)

        def critic(x):
            return self.D(inputs, x, **options), None

        if cfg.loss == 'r3':
            adversarial = losses.r3(critic, reals, self.fakes, tf.zeros([1, 0]), gamma=GAMMA)
        else:
            adversarial = _cross_entropies(critic, reals, self.fakes, feeds['real_label'])
        self.terms = collections.OrderedDict()
        self.terms['squared_error'] = tf.reduce_mean(tf.square(self.fakes - reals))
        self.terms['absolute_error'] = tf.reduce_mean(tf.abs(self.fakes - reals))
        self.terms.update(G_adversarial=adversarial.generator, D_loss=adversarial.critic)
        weighted = cfg.l2_weight * self.terms['squared_error'] + cfg.l1_weight * self.terms['absolute_error']
        if cfg.consistency:
            added = tf.maximum(inputs, tf.concat([inputs[1:], inputs[:1]], axis=0))
            again = self.G(added, feeds['random'], **options)
            same = unchanged(inputs, added, margin(self.inputs.shape[2]))
            self.terms['inconsistency'] = tf.reduce_mean(tf.abs(again - self.fakes) * same)
            weighted += cfg.consistency * self.terms['inconsistency']
        totals = {'G': adversarial.generator + weighted, 'D': adversarial.critic}
        updates = []
        for role, network in self.networks.items():
            variables = list(network.trainables.values())
            updates.append((role, self.optimizers[role].compute_gradients(totals[role], variables)))
        gradients = [gradient for _, pairs in updates for gradient, _ in pairs]
        with tf.control_dependencies(gradients):  # all before the first weight changes
            self.step = tf.group(*[self.optimizers[role].apply_gradients(pairs) for role, pairs in updates])

    def moments(self):
        """The variables of both optimizers, {name: variable}."""
        return moments([(role, network, self.optimizers[role]) for role, network in self.networks.items()])

    def initialise(self):
        """Draw the weights from the seed."""
        values = {}
        for role, network in self.networks.items():
            for local, variable in network.vars.items():
                random = np.random.RandomState([self.cfg.seed, WEIGHTS, zlib.crc32((role + local).encode())])
                normal = random.randn(*variable.shape.as_list()) * 0.02
                if local.endswith('scale'):
                    normal += 1
                values[variable] = normal if local.endswith(('weight', 'scale')) else 0 * normal
        tfutil.set_vars(values)

    def draw(self, step):
        """What a step is fed, {name: array}; its number and the seed decide all of it."""
        cfg, n = self.cfg, self.minibatch
        epoch, index = divmod(step, self.steps_per_epoch)
        order = np.random.RandomState([cfg.seed, ORDER, epoch]).permutation(len(self.inputs))
        chosen = order[index * n : (index + 1) * n]
        random = np.random.RandomState([cfg.seed, STEP, step])
        arrays = dict(inputs=self.inputs[chosen], targets=self.targets[chosen])
        if not cfg.no_flip:
            flipped = random.rand(n) < 0.5
            for pixels in arrays.values():
                pixels[flipped] = pixels[flipped, :, :, ::-1]
        numbers = random_inputs(random, n, self.G)
        return dict(arrays, random=numbers, real_label=random.uniform(0.8, 1.1, [n, 1, 1, 1]))

    def learning_rate(self, step):
        """With --lrate-decay it falls over that last share of the steps."""
        end = self.cfg.epochs * self.steps_per_epoch
        return self.cfg.lrate * schedule.decay(step, end - end * self.cfg.lrate_decay, end)

    def train_step(self, step):
        """One step of G and one of D; its terms, {name: number}."""
        feed = {self.feeds[name]: array for name, array in self.draw(step).items()}
        feed[self.lrate] = self.learning_rate(step)
        terms, _ = tfutil.run([self.terms, self.step], feed)
        return terms

    def sample(self, inputs):
        """Pixels of G with dropout, for the log."""

        def compute(pixels, numbers):
            return tfutil.run(self.fakes, {self.feeds['inputs']: pixels, self.feeds['random']: numbers})

        return generate(compute, inputs, self.G, self.cfg.minibatch, self.cfg.seed)


def _cross_entropies(critic, reals, fakes, real_label):
    """The losses of Goodfellow et al. 2014, as losses.Losses; real_label: what D should answer for reals."""

    def cross_entropy(logits, label):
        labels = label + tf.zeros_like(logits)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))

    (real, _), (fake, _) = critic(reals), critic(fakes)
    loss = cross_entropy(real, real_label) + cross_entropy(fake, 0.0)
    return losses.Losses(cross_entropy(fake, 1.0), loss, {})


def margin(size):
    """How far around a change of a mask its patch may change, in pixels."""
    return size // 10


def unchanged(before, after, reach):
    """1 where images [N, C, R, R] are equal within a square of `reach` pixels around, 0 elsewhere; [N, 1, R, R]."""
    differ = tf.reduce_max(tf.to_float(tf.not_equal(before, after)), axis=1, keepdims=True)
    window = 2 * reach + 1
    pooled = tf.nn.max_pool(tf.transpose(differ, [0, 2, 3, 1]), [1, window, window, 1], [1, 1, 1, 1], 'SAME')
    return 1 - tf.transpose(pooled, [0, 3, 1, 2])


def random_inputs(random, count, G, drop=True):
    """What a U_net draws at random, [count, numbers]: factors of dropout with probability 1/2, and noise.

    Without `drop`, all factors are 1 and all noise is 0.
    """
    noisy = unet.noise_size(int(G.outputs[0].shape[2]), G.static_kwargs.get('noise', 0))
    dropped = int(G.inputs[1].shape[1]) - noisy
    if not drop:
        return np.repeat(np.float32([[1, 0]]), [dropped, noisy], axis=1).repeat(count, axis=0)
    factors = random.randint(2, size=[count, dropped]) * 2
    return np.concatenate([factors, random.randn(count, noisy)], axis=1).astype(np.float32)


def generate(compute, inputs, G, minibatch, seed, drop=True, track=iter):
    """Pixels of `compute(inputs, random_inputs of G)` for inputs [N, C, R, R].

    As features are normalised over the minibatch, it is always full: after the last inputs the first ones come again.
    """
    count, parts = len(inputs), []
    for begin in track(range(0, count, minibatch)):
        indices = range(begin, begin + minibatch)
        seeds = [np.random.RandomState([seed, DROPOUT, i]) for i in indices]
        numbers = np.concatenate([random_inputs(random, 1, G, drop) for random in seeds])
        parts.append(compute(inputs[np.array(indices) % count], numbers))
    return images.to_uint8(np.concatenate(parts)[:count])
