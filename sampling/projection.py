"""Paths between latent vectors, and the latent vector of a given image."""
import collections

import numpy as np
import tqdm

import tfutil
from tfutil import tf


def linear(a, b, t):
    """Points between vectors a and b [L] at t [T] in 0..1, [T, L]; a and b exactly at the ends."""
    t = np.asarray(t, np.float64)[:, None]
    return np.where(t == 1, b, a + t * (b - a))


def spherical(a, b, t):
    """The same along the great arc (Shoemake 1985), which keeps the length of Gaussian latents (White 2016):
    sin((1-t)w)/sin(w) a + sin(tw)/sin(w) b with the angle w.

    Parallel and zero vectors have no arc but a straight line. Between opposite ones, where every half circle is as short, the way is that over the
    axis of the vectors' smallest component; the length changes evenly from a's to b's.
    """
    t = np.asarray(t, np.float64)[:, None]
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    cosine = np.dot(a, b) / (lengths[0] * lengths[1]) if min(lengths) > 0 else 1.
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) > 1e-6:
        between = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    elif cosine > 0 or len(a) < 2:
        return linear(a, b, t[:, 0])
    else:
        forth = a / lengths[0]
        aside = np.eye(len(a))[np.abs(a).argmin()]
        aside = aside - forth * forth.dot(aside)
        between = ((1 - t) * lengths[0] + t * lengths[1]) * (np.cos(np.pi * t) * forth + np.sin(np.pi * t) * aside / np.linalg.norm(aside))
    return np.where(t == 0, a, np.where(t == 1, b, between))


def path(vectors, steps, between):
    """From each of vectors [N, L] to the next, [(N - 1) * steps, L]: both ends and what is between, at equal distances. between: linear or spherical."""
    vectors = np.asarray(vectors, np.float64)
    parts = [between(a, b, np.linspace(0, 1, steps)) for a, b in zip(vectors, vectors[1:])]
    return np.concatenate(parts).astype(np.float32)


def tour(vectors, steps, between, closed=False):
    """The same path with each of the vectors once, [(N - 1) * (steps - 1) + 1, L]; closed: back to the first, without repeating it, [N * (steps - 1), L]."""
    vectors = np.concatenate([vectors, vectors[:1]]) if closed else np.asarray(vectors)
    walks = path(vectors, steps, between).reshape(len(vectors) - 1, steps, -1)
    walk = walks[:, :-1].reshape((len(vectors) - 1) * (steps - 1), -1)
    return walk if closed else np.concatenate([walk, walks[-1, -1:]])


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


def descend(value, x, steps, memory=20):
    """Where a function is least near x [L], and its value there, after `steps` evaluations or when it goes down no further.

    value: x -> (number, gradient [L]). The direction is that of L-BFGS (Nocedal 1980) from the last `memory` steps; its length is cut down until the
    value falls by 1e-4 of what the slope promises (Armijo 1966).
    """
    least, slope = value(x)
    pairs, done = collections.deque(maxlen=memory), 1
    while done < steps:
        direction, factors = -slope, []
        for s, y in reversed(pairs):
            factors.append(s.dot(direction) / s.dot(y))
            direction = direction - factors[-1] * y
        if pairs:
            s, y = pairs[-1]
            direction = direction * (s.dot(y) / y.dot(y))
        else:
            direction = direction * (0.05 * np.sqrt(len(x)) / max(np.linalg.norm(slope), 1e-30))
        for (s, y), factor in zip(pairs, reversed(factors)):
            direction = direction + s * (factor - y.dot(direction) / s.dot(y))
        promise, length, found = slope.dot(direction), 1., False
        while done < steps and length > 1e-4 and promise < 0 and not found:
            trial = x + length * direction
            lower, gradient = value(trial)
            done, length, found = done + 1, 0.4 * length, lower <= least + 1e-4 * length * promise
        if found:
            s, y = trial - x, gradient - slope
            x, least, slope = trial, lower, gradient
            if s.dot(y) > 1e-10 * s.dot(s):
                pairs.append((s, y))
        elif pairs and done < steps:
            pairs.clear()                                       # once more, straight down
        else:
            break
    return x, least


def project(generator, target, labels, steps=400, seed=0, tries=32):
    """The latent [1, L] and label [1, K] whose image is nearest to a target image [C, R, R], -1..1, in `pyramid_loss`, and that image.

    labels: [S, K], one for each start. A start is the best of `tries` random latents; all go down for an eighth of the steps, and the best of them for
    `steps` more. Latents have a mean square of 1, as random ones nearly have: so they stay plausible, and keep their weight beside a label.
    """
    starts, latent_size = len(labels), int(generator.inputs[0].shape[1])
    random = np.random.RandomState([seed, 7])
    goal = np.asarray(target, np.float32)[None]
    lowest, highest = np.where(goal > -1, -np.inf, -1).astype(np.float32), np.where(goal < 1, np.inf, 1).astype(np.float32)
    shown = tf.minimum(tf.maximum(generator.outputs[0], lowest), highest)           # what is beyond black or white looks the same
    losses = pyramid_loss(shown, tf.constant(goal))
    slopes = tf.gradients(losses, generator.inputs[0])[0]

    def at(fetches, latents, label):
        return tfutil.run(fetches, dict(zip(generator.inputs, (latents, label))))

    def unit(x):
        return x / np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True))

    best, least = np.zeros([starts, latent_size]), np.full(starts, np.inf)
    for _ in range(tries):
        latents = unit(random.randn(starts, latent_size))
        found = at(losses, latents, labels)
        closer = found < least
        best[closer], least[closer] = latents[closer], found[closer]

    first = max(steps // 8, 1)
    with tqdm.tqdm(total=starts * first + steps, unit='step', disable=None) as bar:
        def down(start, x, steps):
            """descend on the sphere: the gradient with respect to x of a function of unit(x)."""
            def value(x):
                z = unit(x)
                (loss,), (slope,) = at([losses, slopes], z[None], labels[start:start + 1])
                bar.update()
                slope = slope.astype(np.float64)
                return float(loss), (slope - z * np.mean(slope * z)) / np.sqrt(np.mean(np.square(x)))
            return descend(value, x, steps)
        ends = [down(start, x, first) for start, x in enumerate(best)]
        start = int(np.argmin([loss for _, loss in ends]))
        x, _ = down(start, ends[start][0], steps)
    found, label = unit(x)[None].astype(np.float32), labels[start:start + 1]
    return found, label, at(generator.outputs[0], found, label)[0]
