"""Training of pix2pix: losses, one step, and the life of a run."""
import collections
import time
import zlib

import numpy as np
import tqdm

import images
import tfutil
import training
from pix2pix import unet
from tfutil import tf

ROLES = ('G', 'D')
NEEDED = ('number', 'elapsed')              # what a snapshot says of where the run was


class Trainer:
    """G, D and one training step. inputs, targets: uint8 [N, C, R, R], what G is given and what it should make of it."""

    def __init__(self, cfg, inputs, targets):
        self.cfg, self.inputs, self.targets = cfg, inputs, targets
        shape = dict(size=inputs.shape[2], in_channels=inputs.shape[1], out_channels=targets.shape[1])
        compute = dict(compute_dtype=tf.bfloat16 if cfg.precision == 'bf16' else tf.float32)
        self.G = tfutil.Network('G', unet.U_net, ngf=cfg.ngf, **shape)
        self.D = tfutil.Network('D', unet.PatchGAN, ndf=cfg.ndf, **shape)
        self.feeds = [tf.placeholder(tf.uint8, [None] + list(array.shape[1:])) for array in (inputs, targets)]
        self.feeds += [tf.placeholder(tf.float32, [None, unet.dropout_size(shape['size'], cfg.ngf)]), tf.placeholder(tf.float32, [None, 1, 1, 1])]
        given, reals = [tf.cast(feed, tf.float32) / 127.5 - 1 for feed in self.feeds[:2]]
        self.fakes = self.G(given, self.feeds[2], **compute)
        real_logits, fake_logits = self.D(given, reals, **compute), self.D(given, self.fakes, **compute)

        def entropy(logits, wanted):
            return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted + tf.zeros_like(logits), logits=logits))
        squared, absolute = tf.reduce_mean(tf.square(self.fakes - reals)), tf.reduce_mean(tf.abs(self.fakes - reals))
        adversarial = entropy(fake_logits, 1.0)
        critic = entropy(real_logits, self.feeds[3]) + entropy(fake_logits, 0.0)
        self.terms = collections.OrderedDict([('squared_error', squared), ('absolute_error', absolute), ('G_adversarial', adversarial), ('D_loss', critic)])
        losses = {'G': adversarial + cfg.l2_weight * squared + cfg.l1_weight * absolute, 'D': critic}
        self.optimisers = {name: tf.train.AdamOptimizer(cfg.lrate, beta1=0.5, beta2=0.999) for name in ROLES}
        gradients = {name: self.optimisers[name].compute_gradients(losses[name], list(network.trainables.values()))
                     for name, network in zip(ROLES, (self.G, self.D))}
        with tf.control_dependencies([gradient for name in ROLES for gradient, _ in gradients[name]]):          # all before the first weight changes
            self.step = tf.group(*[self.optimisers[name].apply_gradients(gradients[name]) for name in ROLES])
        tfutil.run([variable.initializer for variable in self.slots().values()])

    def slots(self):
        return training.slots([(name, network, self.optimisers[name]) for name, network in zip(ROLES, (self.G, self.D))])

    def initialise(self):
        """Draw the weights from the seed."""
        values = {}
        for name, network in zip(ROLES, (self.G, self.D)):
            for local, variable in network.vars.items():
                normal = np.random.RandomState([self.cfg.seed, 1, zlib.crc32((name + local).encode())]).randn(*variable.shape.as_list()) * 0.02
                values[variable] = normal if local.endswith('weight') else normal + 1 if local.endswith('scale') else 0 * normal
        tfutil.set_vars(values)

    def load(self, states, slots):
        """Continue with networks of a pickle and the optimisers' moments."""
        values = {variable: slots[name] for name, variable in self.slots().items()}
        for network, state in zip((self.G, self.D), states):
            values.update({network.vars[local]: array for local, array in state['variables']})
        tfutil.set_vars(values)

    def draw(self, number):
        """What step `number` is fed: inputs, targets, dropout factors, wanted values of reals. Depends on the seed and the number alone."""
        cfg, count = self.cfg, len(self.inputs)
        minibatch = min(cfg.minibatch, count)
        epoch, index = divmod(number, count // minibatch)
        chosen = np.random.RandomState([cfg.seed, 0, epoch]).permutation(count)[index * minibatch:(index + 1) * minibatch]
        random = np.random.RandomState([cfg.seed, 2, number])
        pair = [self.inputs[chosen], self.targets[chosen]]
        if not cfg.no_flip:
            flipped = random.rand(minibatch) < 0.5
            for pixels in pair:
                pixels[flipped] = pixels[flipped, :, :, ::-1]
        return pair + [dropout(random, minibatch, int(self.feeds[2].shape[1])), random.uniform(0.8, 1.1, [minibatch, 1, 1, 1])]

    def train(self, number):
        """One step of G and one of D; its terms."""
        terms, _ = tfutil.run([self.terms, self.step], dict(zip(self.feeds, self.draw(number))))
        return terms

    def sample(self, inputs):
        """Pixels of G with dropout, for the log."""
        return generate(lambda given, factors: tfutil.run(self.fakes, {self.feeds[0]: given, self.feeds[2]: factors}), inputs,
                        int(self.feeds[2].shape[1]), self.cfg.minibatch, self.cfg.seed)


def dropout(random, count, size):
    """Factors [count, size] of dropout with probability 1/2."""
    return random.randint(2, size=[count, size]).astype(np.float32) * 2


def generate(compute, inputs, dropped, minibatch, seed, drop=True, track=iter):
    """Pixels of `compute(inputs, dropout factors)` for inputs [N, C, R, R]. As features are normalised over the minibatch, it is always full: after the
    last inputs the first ones come again."""
    count, parts = len(inputs), []
    for begin in track(range(0, count, minibatch)):
        chosen = np.arange(begin, begin + minibatch) % count
        factors = [dropout(np.random.RandomState([seed, 3, i]), 1, dropped)[0] for i in range(begin, begin + minibatch)]
        parts.append(compute(inputs[chosen], np.stack(factors) if drop else np.ones([minibatch, dropped], np.float32)))
    return images.to_uint8(np.concatenate(parts)[:count])


def fit(cfg, trainer, validation, run, restored):
    """Train until cfg.epochs or a signal. validation: (inputs, targets) for the pictures. restored: (path of a snapshot, states, slots) or Nones."""
    path, states, slots = restored
    minibatch = min(cfg.minibatch, len(trainer.inputs))
    per_epoch, number, begin = len(trainer.inputs) // minibatch, 0, time.time()
    if path:
        number, begin = int(slots['number']), begin - float(slots['elapsed'])
        trainer.load(states, slots)
        run.log('going on from %s' % path)
    else:
        trainer.initialise()
    run.rewind(number / per_epoch, 'epoch')
    total, saved, terms, tick = cfg.epochs * per_epoch, number if path else None, [], time.time()
    writer = tf.summary.FileWriter(run.path)

    def save():
        state = dict(number=number, elapsed=time.time() - begin)
        state.update(zip(trainer.slots(), tfutil.run(list(trainer.slots().values()))))
        return run.save(number // per_epoch, lambda name: training.save_finite(name, (trainer.G, trainer.D)), state)

    def picture():
        shown = [np.repeat(x, 3 // len(x[0]), axis=1) if colour else x for x in (validation[0], validation[1], trainer.sample(validation[0]))]
        images.save(run.file('fakes%06d.png' % (number // per_epoch)), images.grid(np.concatenate(shown, axis=3), 4))
    colour = 3 in (trainer.inputs.shape[1], trainer.targets.shape[1])
    try:
        with tqdm.tqdm(total=total, initial=number, unit='step', disable=None) as bar:
            while number < total and not run.stopped:
                found = trainer.train(number)
                number += 1
                terms.append(found)
                bad = [name for name, value in found.items() if not np.isfinite(value)]
                if bad:
                    raise training.Diverged('%s is not finite' % bad[0])
                bar.update(1)
                if number % per_epoch == 0:
                    row = collections.OrderedDict(epoch=number // per_epoch, seconds=round(time.time() - begin, 1))
                    row['sec_per_epoch'], tick = round(time.time() - tick, 2), time.time()
                    row.update((name, round(float(np.mean([term[name] for term in terms])), 6)) for name in terms[0])
                    terms = []
                    run.tick(row)
                    writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag=name, simple_value=value) for name, value in row.items()]), number)
                    writer.flush()
                    with tqdm.tqdm.external_write_mode():
                        run.log('  '.join('%s %g' % pair for pair in row.items()))
                    picture()
                    if row['epoch'] % cfg.snapshot_epochs == 0:
                        path, saved = save(), number
        if saved != number:
            path = save()
        if number >= total:
            training.save_finite(run.file('network-final.pkl'), (trainer.G, trainer.D))
            run.log('done: %s' % run.file('network-final.pkl'))
    except training.Diverged as error:
        raise ValueError('%s: the training has diverged in epoch %d (%s); the last good snapshot is %s; start again with another --seed or a smaller '
                         '--lrate' % (run.path, number // per_epoch, error, path or 'none'))
    finally:
        writer.close()
        if run.pictures():
            images.animate(run.file('training.gif'), map(images.read, run.pictures()[-100:]))
