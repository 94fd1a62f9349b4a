"""Adversarial losses: functions of a critic and of images, as tensors [N, 1] or scalars."""

import collections

import networks
from tfutil import tf

PENALTY, DRIFT = 10.0, 0.001  # weights of the gradient penalty and of the drift term
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
    real_scores, real_logits = critic(reals)
    fake_scores, fake_logits = critic(fakes)
    mixed = reals + (fakes - reals) * mix
    (gradients,) = tf.gradients(tf.reduce_sum(critic(mixed)[0]), [mixed])
    norms = tf.sqrt(tf.reduce_sum(tf.square(gradients), axis=[1, 2, 3])) / reduction
    generator = -tf.reduce_mean(fake_scores)
    terms = collections.OrderedDict()
    terms['real_score'] = tf.reduce_mean(real_scores)
    terms['fake_score'] = tf.reduce_mean(fake_scores)
    terms['gradient_norm'] = tf.reduce_mean(norms)
    terms['penalty'] = tf.reduce_mean(tf.square(norms - 1.0)) * PENALTY
    terms['drift'] = tf.reduce_mean(tf.square(real_scores)) * DRIFT
    loss = terms['fake_score'] - terms['real_score'] + terms['penalty'] + terms['drift']

    def cross_entropy(logits):
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits))

    if labels.shape[1] != 0:
        fake_labels, terms['label'] = cross_entropy(fake_logits), cross_entropy(real_logits)
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
