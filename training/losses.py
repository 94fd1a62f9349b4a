"""Adversarial losses: functions of a critic and of images, as tensors [N, 1] or scalars."""

import collections

import networks
from tfutil import tf

PENALTY, DRIFT = 10.0, 0.001  # weights of the gradient penalty and of the drift term of wgan_gp
# generator and critic are the mean losses to minimise; terms, {name: scalar}, is for the log.
Losses = collections.namedtuple('Losses', 'generator critic terms')


def wgan_gp(critic, reals, fakes, mix, labels, reduction=1):
    """WGAN-GP (Gulrajani et al. 2017), drift term of Karras et al. 2018, label term of AC-GAN (Odena et al. 2017).

    critic: images -> (scores [N, 1], label logits [N, classes]). reals, fakes: [N, C, R, R]. labels: [N, classes],
    one-hot; no classes: no term. mix: [N, 1, 1, 1] in 0..1, where between real and fake the gradient is taken.
    reduction: how many times smaller R is than the full resolution. The gradient is meant with respect to the
    full-resolution image, of which each pixel here is the average over reduction^2 pixels; its norm is that of the
    gradient here divided by `reduction`.
    """
    real, fake = critic(reals), critic(fakes)
    mixed = reals + (fakes - reals) * mix
    norms = tf.sqrt(_squared_norms(critic(mixed)[0], mixed)) / reduction
    terms = _scores(real, fake)
    terms['gradient_norm'] = tf.reduce_mean(norms)
    terms['penalty'] = tf.reduce_mean(tf.square(norms - 1.0)) * PENALTY
    terms['drift'] = tf.reduce_mean(tf.square(real[0])) * DRIFT
    loss = terms['fake_score'] - terms['real_score'] + terms['penalty'] + terms['drift']
    return _with_labels(-terms['fake_score'], loss, terms, real, fake, labels)


def r3(critic, reals, fakes, labels, reduction=1, gamma=1.0):
    """Relativistic pairing with R1 and R2 (Huang et al., NeurIPS 2024): the loss of R3GAN.

    Each fake is compared with a real of the same minibatch (Jolicoeur-Martineau 2019); gradients at reals and at fakes
    are drawn to zero (Mescheder et al. 2018). Arguments as of `wgan_gp`, but that images may have several scores, of
    which the mean is differentiated; gamma: twice the weight of R1 and R2.
    """
    real, fake = critic(reals), critic(fakes)
    terms = _scores(real, fake)
    for name, (scores, _), x in (('r1', real, reals), ('r2', fake, fakes)):
        terms[name] = tf.reduce_mean(_squared_norms(scores, x)) / reduction**2
    difference = real[0] - fake[0]
    loss = tf.reduce_mean(tf.nn.softplus(-difference)) + gamma / 2 * (terms['r1'] + terms['r2'])
    return _with_labels(tf.reduce_mean(tf.nn.softplus(difference)), loss, terms, real, fake, labels)


def _squared_norms(scores, x):
    """Of the gradients of the mean score of each image of x, [N]."""
    means = tf.reduce_mean(scores, axis=list(range(1, scores.shape.ndims)))
    (gradients,) = tf.gradients(tf.reduce_sum(means), [x])
    return tf.reduce_sum(tf.square(gradients), axis=[1, 2, 3])


def _scores(real, fake):
    names = 'real_score', 'fake_score'
    return collections.OrderedDict((name, tf.reduce_mean(scores)) for name, (scores, _) in zip(names, (real, fake)))


def _with_labels(generator, loss, terms, real, fake, labels):
    """Losses with the label term, if there are labels. real, fake: what the critic says of them."""

    def cross_entropy(logits):
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits))

    if labels.shape[1] != 0:
        fake_labels, terms['label'] = cross_entropy(fake[1]), cross_entropy(real[1])
        generator += fake_labels
        loss += fake_labels + terms['label']
    terms['critic_loss'] = loss
    return Losses(generator, loss, terms)


def fade_reals(reals, fade):
    """Reals [N, C, R, R] mixed with themselves at half the resolution: all of that at fade 1, none at 0."""
    _, c, r, _ = reals.shape.as_list()
    boxes = tf.reshape(reals, [-1, c, r // 2, 2, r // 2, 2])
    coarse = tf.reduce_mean(boxes, axis=[3, 5], keepdims=True) + tf.zeros_like(boxes)
    return networks.lerp(reals, tf.reshape(coarse, [-1, c, r, r]), fade)
