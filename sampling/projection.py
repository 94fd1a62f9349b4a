"""The latent vector of a given image."""

import os
import weakref

import numpy as np

import tfutil
from common import log
from tfutil import tf


def pyramid_loss(images, target):
    """Mean squared differences [N] of images [N, C, R, R] from the target, averaged over box pyramids down to 4x4."""
    difference, levels = images - target, []
    c, r = difference.shape.as_list()[1:3]
    while True:
        levels.append(tf.reduce_mean(tf.square(difference), axis=[1, 2, 3]))
        if r <= 4:
            return tf.add_n(levels) / len(levels)
        r //= 2
        difference = tf.reduce_mean(tf.reshape(difference, [-1, c, r, 2, r, 2]), axis=[3, 5])


def _unit(x):
    """Latents [..., L] scaled to a mean square of 1."""
    return x / np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True))


def _scipy_minimize():
    """scipy.optimize.minimize with its BLAS kept to one thread, unless it is imported already.

    A latent is too short to gain from more, and their waiting took a quarter of TensorFlow's speed on two cores.
    """
    variable = 'OPENBLAS_NUM_THREADS'
    before = os.environ.get(variable)
    os.environ[variable] = '1'
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise ImportError('projection needs SciPy: pip install scipy') from None
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before
    return minimize


_built = weakref.WeakKeyDictionary()  # by generator, as a graph forgets nothing


def _graph(generator):
    """(goal, losses, slopes): a placeholder [1, C, R, R], the losses [N] of latents [N, L], and their gradients."""
    if generator not in _built:
        (image,) = generator.outputs
        goal = tf.placeholder(tf.float32, [1] + image.shape.as_list()[1:])
        ones = tf.ones_like(goal)
        beyond = tf.where(goal > -1, -np.inf * ones, -ones), tf.where(goal < 1, np.inf * ones, ones)
        shown = tf.minimum(tf.maximum(image, beyond[0]), beyond[1])  # what is beyond black or white looks the same
        losses = pyramid_loss(shown, goal)
        _built[generator] = goal, losses, tf.gradients(losses, generator.inputs[0])[0]
    return _built[generator]


def _descend(minimize, value, x, steps):
    """Where value: x [L] -> (number, gradient [L]) is least near x, and what it is there, after about `steps` calls."""
    options = dict(maxfun=steps, maxiter=steps, maxcor=20, ftol=0.0, gtol=0.0)
    found = minimize(value, x, jac=True, method='L-BFGS-B', options=options)
    return found.x, found.fun


def project(generator, target, labels, steps=400, seed=0, tries=32, watch=None):
    """The latent [1, L] and label [1, K] whose image is nearest to a target [C, R, R], -1..1, and that image.

    Nearest in `pyramid_loss`. labels: [S, K], one for each start. A start is the best of `tries` random latents; all go
    down for an eighth of the steps, and the best of them for `steps` more. Latents have a mean square of 1, as random
    ones nearly have: so they stay plausible, and keep their weight beside a label.
    watch: called after each step with how many are done, how many there will be about, and its image [C, R, R].
    """
    minimize = _scipy_minimize()
    starts, latent_size = len(labels), int(generator.inputs[0].shape[1])
    random = np.random.RandomState([seed, 7])
    target = np.asarray(target, np.float32)[None]
    goal, losses, slopes = _graph(generator)

    def at(fetches, latents, label):
        return tfutil.run(fetches, dict(zip(generator.inputs + [goal], (latents, label, target))))

    best, least = np.zeros([starts, latent_size]), np.full(starts, np.inf)
    for _ in range(tries):
        latents = _unit(random.randn(starts, latent_size))
        found = at(losses, latents, labels)
        closer = found < least
        best[closer], least[closer] = latents[closer], found[closer]

    first, done = max(steps // 8, 1), 0
    total = starts * first + steps
    with log.progress(total=total, unit='step') as bar:

        def down(start, x, steps):
            """descend on the sphere: the gradient with respect to x of a function of _unit(x)."""

            def value(x):
                nonlocal done
                z = _unit(x)
                wanted = losses, slopes, generator.outputs[0]
                (loss,), (slope,), (image,) = at(wanted, z[None], labels[start : start + 1])
                done += 1
                bar.update()
                if watch:
                    watch(min(done, total), total, image)
                slope = slope.astype(np.float64)
                return float(loss), (slope - z * np.mean(slope * z)) / np.sqrt(np.mean(np.square(x)))

            return _descend(minimize, value, x, steps)

        ends = [down(start, x, first) for start, x in enumerate(best)]
        start = int(np.argmin([loss for _, loss in ends]))
        x, _ = down(start, ends[start][0], steps)
    found, label = _unit(x)[None].astype(np.float32), labels[start : start + 1]
    return found, label, at(generator.outputs[0], found, label)[0]
