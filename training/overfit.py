"""Does the discriminator tell training images from held-out ones? And what augmentation does about it."""

import numpy as np

EVERY = 16  # iterations between two measurements
TARGET = 0.5  # of r_v, where augmentation settles: Karras et al. 2020
RISE = 100.0  # kimg in which its probability would go from 0 to 1
# Its largest probability: were all images turned, nobody could see which way up the training images are, and a
# generator that makes one of the eight ways would look right (Karras et al. 2020, section 2.2)
MOST = 0.8
HALF = 10.0  # kimg after which a measurement counts half
WARN = 100.0  # kimg of r_v above the target, before a warning
ADVICE = (
    'the discriminator overfits: it tells training images from held-out ones (overfit %.2f, above %.1f for %g kimg), '
    'and from now on the networks memorize; use an earlier snapshot, or start again with %s'
)


def r_v(training, held_out, fakes):
    """(E[D(training)] - E[D(held-out)]) / (E[D(training)] - E[D(fakes)]): 0 for a discriminator that memorized nothing.

    Equation 1 of Karras et al. 2020; neither shift nor scale of the scores changes it. nan if real images do not score
    above fakes.
    """
    return (training - held_out) / (training - fakes) if training > fakes else float('nan')


class OverfitMonitor:
    """Running means of the scores of the discriminator, and the probability of its augmentation.

    augment: None, 'always' or 'adaptive'. state: of an earlier run, as `state` gave it.
    """

    def __init__(self, augment, state=None):
        self.augment = augment
        self.probability = MOST if augment == 'always' else 0.0
        self.scores, self.weight = np.zeros(3), 0.0  # of training, held-out and generated images
        self.kimg_above, self.has_warned = 0.0, False
        self.latest = []  # scores since the last line of the log
        if state is not None:
            self.probability, self.weight, self.kimg_above, self.has_warned = [float(value) for value in state[:4]]
            self.scores = np.array(state[4:], float)

    def state(self):
        return np.array([self.probability, self.weight, self.kimg_above, self.has_warned] + self.scores.tolist())

    def mean(self):
        """r_v of the running means, nan before the first measurement."""
        return r_v(*self.scores) if self.weight else float('nan')

    def add(self, scores, kimg):
        """Count a measurement, scores as of `self.scores`, kimg after the last one; ignored if it is not finite."""
        if not np.isfinite(scores).all():
            return
        self.latest.append(scores)
        kept = 0.5 ** (kimg / HALF)
        self.scores = (self.scores * self.weight * kept + scores) / (self.weight * kept + 1)
        self.weight = self.weight * kept + 1
        is_above = self.mean() > TARGET
        self.kimg_above = self.kimg_above + kimg if is_above else 0.0
        if self.augment == 'adaptive':
            step = kimg / RISE if is_above else -kimg / RISE
            self.probability = float(np.clip(self.probability + step, 0, MOST))

    def terms(self):
        """Figures for a line of the log, {name: number}, of the measurements since the last line."""
        latest = r_v(*np.mean(self.latest, axis=0)) if self.latest else float('nan')
        self.latest = []
        return {'overfit': latest, 'overfit_mean': self.mean()}

    def advice(self):
        """A sentence, once, when r_v has been high for long; or None."""
        if self.kimg_above < WARN or self.has_warned:
            return None
        self.has_warned = True
        remedy = 'more nodules' if self.augment else '--augment-critic adaptive'
        return ADVICE % (self.mean(), TARGET, WARN, remedy)
