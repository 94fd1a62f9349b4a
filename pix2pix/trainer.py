"""The networks of pix2pix with their losses and one training step, and generation."""

import collections
import zlib

import numpy as np

import tfutil
from common import images
from pix2pix import unet
from tfutil import tf
from training.optimizers import optimizer_state

ROLES = ('G', 'D')  # the networks of a pickle


class Trainer:
    """G, D and one training step. inputs, targets: uint8 [N, C, R, R], what G is given and should make of it."""

    def __init__(self, cfg, inputs, targets):
        self.cfg, self.inputs, self.targets = cfg, inputs, targets
        shape = dict(size=inputs.shape[2], in_channels=inputs.shape[1], out_channels=targets.shape[1])
        compute = dict(compute_dtype=tf.bfloat16 if cfg.precision == 'bf16' else tf.float32)
        self.G = tfutil.Network('G', unet.U_net, ngf=cfg.ngf, upsample=cfg.upsample, **shape)
        self.D = tfutil.Network('D', unet.PatchGAN, ndf=cfg.ndf, **shape)
        self.feeds = [tf.placeholder(tf.uint8, [None] + list(array.shape[1:])) for array in (inputs, targets)]
        dropped = unet.dropout_size(shape['size'], cfg.ngf)
        self.feeds += [tf.placeholder(tf.float32, [None, dropped]), tf.placeholder(tf.float32, [None, 1, 1, 1])]
        given, reals = [tf.cast(feed, tf.float32) / 127.5 - 1 for feed in self.feeds[:2]]
        self.fakes = self.G(given, self.feeds[2], **compute)
        real_logits, fake_logits = self.D(given, reals, **compute), self.D(given, self.fakes, **compute)

        def entropy(logits, wanted):
            labels = wanted + tf.zeros_like(logits)
            return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))

        squared, absolute = tf.reduce_mean(tf.square(self.fakes - reals)), tf.reduce_mean(tf.abs(self.fakes - reals))
        adversarial = entropy(fake_logits, 1.0)
        critic = entropy(real_logits, self.feeds[3]) + entropy(fake_logits, 0.0)
        self.terms = collections.OrderedDict(squared_error=squared, absolute_error=absolute)
        self.terms.update([('G_adversarial', adversarial), ('D_loss', critic)])
        losses = {'G': adversarial + cfg.l2_weight * squared + cfg.l1_weight * absolute, 'D': critic}
        self.optimizers = {name: tf.train.AdamOptimizer(cfg.lrate, beta1=0.5, beta2=0.999) for name in ROLES}
        gradients = {}
        for name, network in zip(ROLES, (self.G, self.D)):
            variables = list(network.trainables.values())
            gradients[name] = self.optimizers[name].compute_gradients(losses[name], variables)
        known = [gradient for name in ROLES for gradient, _ in gradients[name]]
        with tf.control_dependencies(known):  # all before the first weight changes
            self.step = tf.group(*[self.optimizers[name].apply_gradients(gradients[name]) for name in ROLES])
        tfutil.run([variable.initializer for variable in self.optimizer_state().values()])

    def optimizer_state(self):
        """The variables of both optimizers, {name: variable}."""
        networks = zip(ROLES, (self.G, self.D))
        return optimizer_state([(name, network, self.optimizers[name]) for name, network in networks])

    def optimizer_values(self):
        """The optimizers' moments, {name: array}."""
        state = self.optimizer_state()
        return dict(zip(state, tfutil.run(list(state.values()))))

    def initialise(self):
        """Draw the weights from the seed."""
        values = {}
        for name, network in zip(ROLES, (self.G, self.D)):
            for local, variable in network.vars.items():
                random = np.random.RandomState([self.cfg.seed, 1, zlib.crc32((name + local).encode())])
                normal = random.randn(*variable.shape.as_list()) * 0.02
                if local.endswith('scale'):
                    normal += 1
                values[variable] = normal if local.endswith(('weight', 'scale')) else 0 * normal
        tfutil.set_vars(values)

    def load(self, states, moments):
        """Continue with networks of a pickle and the optimizers' moments."""
        values = {variable: moments[name] for name, variable in self.optimizer_state().items()}
        for network, state in zip((self.G, self.D), states):
            values.update({network.vars[local]: array for local, array in state['variables']})
        tfutil.set_vars(values)

    def draw(self, number):
        """What step `number` is fed: inputs, targets, dropout factors, wanted values of reals.

        Depends on the seed and the number alone.
        """
        cfg, count = self.cfg, len(self.inputs)
        minibatch = min(cfg.minibatch, count)
        epoch, index = divmod(number, count // minibatch)
        order = np.random.RandomState([cfg.seed, 0, epoch]).permutation(count)
        chosen = order[index * minibatch : (index + 1) * minibatch]
        random = np.random.RandomState([cfg.seed, 2, number])
        pair = [self.inputs[chosen], self.targets[chosen]]
        if not cfg.no_flip:
            flipped = random.rand(minibatch) < 0.5
            for pixels in pair:
                pixels[flipped] = pixels[flipped, :, :, ::-1]
        factors = dropout(random, minibatch, int(self.feeds[2].shape[1]))
        return pair + [factors, random.uniform(0.8, 1.1, [minibatch, 1, 1, 1])]

    def train(self, number):
        """One step of G and one of D; its terms."""
        terms, _ = tfutil.run([self.terms, self.step], dict(zip(self.feeds, self.draw(number))))
        return terms

    def sample(self, inputs):
        """Pixels of G with dropout, for the log."""

        def compute(given, factors):
            return tfutil.run(self.fakes, {self.feeds[0]: given, self.feeds[2]: factors})

        return generate(compute, inputs, int(self.feeds[2].shape[1]), self.cfg.minibatch, self.cfg.seed)


def dropout(random, count, size):
    """Factors [count, size] of dropout with probability 1/2."""
    return random.randint(2, size=[count, size]).astype(np.float32) * 2


def generate(compute, inputs, dropped, minibatch, seed, drop=True, track=iter):
    """Pixels of `compute(inputs, dropout factors)` for inputs [N, C, R, R].

    As features are normalised over the minibatch, it is always full: after the last inputs the first ones come again.
    """
    count, parts = len(inputs), []
    for begin in track(range(0, count, minibatch)):
        chosen = np.arange(begin, begin + minibatch) % count
        seeds = [np.random.RandomState([seed, 3, i]) for i in range(begin, begin + minibatch)]
        factors = np.stack([dropout(random, 1, dropped)[0] for random in seeds])
        parts.append(compute(inputs[chosen], factors if drop else np.ones_like(factors)))
    return images.to_uint8(np.concatenate(parts)[:count])
