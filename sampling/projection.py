"""The latent vector of a picture: a search for the latent with the most similar image."""

import collections
import itertools

import numpy as np

import tfutil
from common import log
from common.images import to_uint8
from tfutil import tf

STARTS = 8  # of a search, if there are not more classes
TRIES = 32  # random latents for each start, of which the best one is taken

# latent: float32 [1, L]; label: [1, K]; image: its gray levels, uint8 [C, R, R].
Projection = collections.namedtuple('Projection', 'latent label image')


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


def _normalized(x):
    """Latents [..., L] scaled to a mean square of 1."""
    return x / np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True))


class Projector:
    """Projects pictures into the latent space of a network whose session is the default one."""

    def __init__(self, network):
        try:
            from scipy.optimize import minimize
        except ImportError:
            raise ImportError('projection needs SciPy: pip install scipy') from None
        self._minimize = minimize
        self._network = network
        (self._image,) = network.outputs
        self._target = tf.placeholder(tf.float32, [1] + self._image.shape.as_list()[1:])
        ones = tf.ones_like(self._target)
        # Output beyond -1..1 is shown as black or white: where the target is, it makes no difference.
        low = tf.where(self._target > -1, -np.inf * ones, -ones)
        high = tf.where(self._target < 1, np.inf * ones, ones)
        visible = tf.minimum(tf.maximum(self._image, low), high)
        self._losses = pyramid_loss(visible, self._target)  # [N]
        (self._gradients,) = tf.gradients(self._losses, network.inputs[0])  # [N, L]

    def project(self, picture, labels, steps=400, seed=0, watch=None):
        """The Projection of a picture, uint8 [C, R, R]: latent and label with the least `pyramid_loss`.

        labels: [S, K], one for each start. A start is the best of TRIES random latents. L-BFGS descends from each
        for an eighth of the steps, and from the best result for `steps` more. Latents are kept at a mean square of 1,
        which random ones nearly have: so they stay plausible, and keep their weight beside a label.
        watch: called after each step with the steps done, about how many there will be, and the image uint8 [C, R, R].
        """
        target = np.asarray(picture / 127.5 - 1, np.float32)[None]
        starts = self._starts(target, labels, seed)
        first_steps = max(steps // 8, 1)
        total = len(labels) * first_steps + steps
        steps_done = itertools.count(1)
        with log.progress(total=total, unit='step') as bar:

            def report(image):
                bar.update()
                if watch:
                    watch(min(next(steps_done), total), total, to_uint8(image))

            ends = []
            for i, start in enumerate(starts):
                ends.append(self._descend(start, labels[i : i + 1], target, first_steps, report))
            best = int(np.argmin([end.fun for end in ends]))
            label = labels[best : best + 1]
            end = self._descend(ends[best].x, label, target, steps, report)
        latent = _normalized(end.x)[None].astype(np.float32)
        (image,) = self._run(self._image, latent, label, target)
        return Projection(latent, label, to_uint8(image))

    def _run(self, fetches, latents, labels, target):
        feed = dict(zip(self._network.inputs, (latents, labels)))
        feed[self._target] = target
        return tfutil.run(fetches, feed)

    def _starts(self, target, labels, seed):
        """Latents [S, L]: for each label the best of TRIES random ones."""
        random = np.random.RandomState([seed, 7])
        latent_size = int(self._network.inputs[0].shape[1])
        starts = np.zeros([len(labels), latent_size])
        least = np.full(len(labels), np.inf)
        for _ in range(TRIES):
            latents = _normalized(random.randn(len(labels), latent_size))
            losses = self._run(self._losses, latents, labels, target)
            better = losses < least
            starts[better], least[better] = latents[better], losses[better]
        return starts

    def _descend(self, x, label, target, steps, report):
        """SciPy's result of a descent from x [L] in about `steps` evaluations, after each of which it reports."""

        def loss_and_gradient(x):
            latent = _normalized(x)
            fetches = self._losses, self._gradients, self._image
            (loss,), (gradient,), (image,) = self._run(fetches, latent[None], label, target)
            report(image)
            gradient = gradient.astype(np.float64)
            tangent = gradient - latent * np.mean(gradient * latent)  # the loss does not depend on the length of x
            return float(loss), tangent / np.sqrt(np.mean(np.square(x)))

        options = dict(maxfun=steps, maxiter=steps, maxcor=20, ftol=0.0, gtol=0.0)
        return self._minimize(loss_and_gradient, x, jac=True, method='L-BFGS-B', options=options)
