"""Paths between latent vectors, and the latent vector of a given image."""
import numpy as np
import tqdm

import tfutil
from tfutil import tf


def linear(a, b, t):
    """Points between vectors a and b [L] at t [T] in 0..1, [T, L]; a and b exactly at the ends."""
    t = np.asarray(t)[:, None]
    return np.where(t == 1, b, a + t * (b - a))


def spherical(a, b, t):
    """The same along the great arc (Shoemake 1985), which keeps the length of Gaussian latents (White 2016): sin((1-t)w)/sin(w) a + sin(tw)/sin(w) b
    with the angle w. Where the arc is not determined, for parallel, opposite and zero vectors, the straight line."""
    t = np.asarray(t)[:, None]
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    angle = np.arccos(np.clip(a.dot(b) / lengths, -1, 1)) if lengths > 0 else 0.
    if np.sin(angle) < 1e-6:
        return linear(a, b, t[:, 0])
    between = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    return np.where(t == 0, a, np.where(t == 1, b, between))


def path(vectors, steps, between):
    """From each of vectors [N, L] to the next, [(N - 1) * steps, L]: both ends and what is between, at equal distances. between: linear or spherical."""
    vectors = np.asarray(vectors, np.float64)
    parts = [between(a, b, np.linspace(0, 1, steps)) for a, b in zip(vectors, vectors[1:])]
    return np.concatenate(parts).astype(np.float32)


def pyramid_loss(images, target):
    """Mean squared differences [N] from the target, averaged over the levels of the 2x2 box pyramid down to 4x4. images, target: [N, C, R, R], -1..1."""
    difference, levels = images - target, []
    c, r = difference.shape.as_list()[1:3]
    while True:
        levels.append(tf.reduce_mean(tf.square(difference), axis=[1, 2, 3]))
        if r <= 4:
            return tf.add_n(levels) / len(levels)
        r //= 2
        difference = tf.reduce_mean(tf.reshape(difference, [-1, c, r, 2, r, 2]), axis=[3, 5])


def project(generator, target, labels, steps=200, seed=0, tries=32, lrate=0.1):
    """The latent [1, L] and label [1, K] whose image is nearest to a target image [C, R, R], -1..1, in `pyramid_loss`, and that image.

    labels: [S, K], one for each start. The starts are the best of `tries` random latents each and go down by Adam, whose rate falls to zero along a
    half cosine; the best ends. The generator normalises its latents, so their length is free and stays that of random ones.
    """
    latent_size = int(generator.inputs[0].shape[1])
    random = np.random.RandomState([seed, 7])
    starts, wanted = len(labels), np.asarray(target, np.float32)[None]
    latents = tf.get_variable('projected', [starts, latent_size], initializer=tf.initializers.zeros())
    fixed, goal, rate = tf.constant(labels, tf.float32), tf.constant(wanted), tf.placeholder(tf.float32, [])
    images = generator(tf.identity(latents), fixed)
    images.set_shape([starts] + list(wanted.shape[1:]))
    losses = pyramid_loss(images, goal)
    adam = tf.train.AdamOptimizer(rate)
    step = adam.apply_gradients(adam.compute_gradients(tf.reduce_sum(losses), [latents]))
    tfutil.run([variable.initializer for variable in adam.variables()])
    best, least = np.zeros([starts, latent_size], np.float32), np.full(starts, np.inf)

    def keep(values):
        """Remember the best latents so far."""
        tfutil.set_vars({latents: values})
        found = tfutil.run(losses)
        closer = found < least
        best[closer], least[closer] = values[closer], found[closer]

    for _ in range(tries):
        keep(random.randn(starts, latent_size).astype(np.float32))
    tfutil.set_vars({latents: best.copy()})
    for number in tqdm.trange(steps, unit='step', disable=None):
        tfutil.run(step, {rate: lrate * (0.5 + 0.5 * np.cos(np.pi * number / steps))})
    keep(tfutil.run(latents))
    first = int(least.argmin())
    tfutil.set_vars({latents: best})
    return best[first:first + 1], labels[first:first + 1], tfutil.run(images)[first]
