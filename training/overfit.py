"""Does the critic know the training images from others of their kind? And what augmentation does about it."""

import numpy as np

EVERY = 16  # iterations between two measurements
TARGET = 0.5  # of the gap, where augmentation settles: Karras et al. 2020
RISE = 100.0  # kimg in which its probability would go from 0 to 1
# Its largest probability: were all images turned, nobody could see which way up the training images are, and a
# generator that knows one of the eight ways would look right (Karras et al. 2020, section 2.2)
MOST = 0.8
HALF = 10.0  # kimg after which a measurement counts half
WARN = 100.0  # kimg of a gap above the target, before it is said
ADVICE = (
    'the critic knows training images from held-out ones (overfit %.2f, above %.1f for %g kimg): from now on the '
    'networks memorise; take a snapshot from before, or start again with %s'
)


def r_v(training, held_out, fakes):
    """(E[D(training)] - E[D(held-out)]) / (E[D(training)] - E[D(fakes)]): 0 for a critic that learnt nothing by heart.

    Neither shift nor scale of a critic changes it; the r_v of Karras et al. 2020, equation 1. nan if real images do not
    score above fakes.
    """
    return (training - held_out) / (training - fakes) if training > fakes else float('nan')


class OverfitMonitor:
    """Running means of the critic's scores, and the probability of its augmentation.

    augment: None, 'always' or 'adaptive'. state: of an earlier run, as `state` gave it.
    """

    def __init__(self, augment, state=None):
        self.augment, self.probability = augment, MOST if augment == 'always' else 0.0
        self.scores, self.weight, self.above, self.told, self.since = np.zeros(3), 0.0, 0.0, False, []
        if state is not None:
            self.probability, self.weight, self.above, self.told = [float(value) for value in state[:4]]
            self.scores = np.array(state[4:], float)

    def state(self):
        return np.array([self.probability, self.weight, self.above, self.told] + self.scores.tolist())

    def mean(self):
        """The gap of the running means."""
        return r_v(*self.scores) if self.weight else float('nan')

    def add(self, scores, kimg):
        """Take a measurement, the means of D over (training, held-out, generated) images; kimg: since the last one.

        One that is not finite says nothing.
        """
        if not np.isfinite(scores).all():
            return
        self.since.append(scores)
        kept = 0.5 ** (kimg / HALF)
        self.scores = (self.scores * self.weight * kept + scores) / (self.weight * kept + 1)
        self.weight = self.weight * kept + 1
        mean = self.mean()
        self.above = self.above + kimg if mean > TARGET else 0.0
        if self.augment == 'adaptive':
            step = kimg / RISE * (1 if mean > TARGET else -1)
            self.probability = float(np.clip(self.probability + step, 0, MOST))

    def terms(self):
        """What a line of the log says, {name: number}, of the measurements since the last one."""
        found = {
            'overfit': r_v(*np.mean(self.since, axis=0)) if self.since else float('nan'),
            'overfit_mean': self.mean(),
        }
        self.since = []
        return found

    def advice(self):
        """A sentence, once, when the gap has been high for long; or None."""
        if self.above < WARN or self.told:
            return None
        self.told = True
        remedy = 'more nodules' if self.augment else '--augment-critic adaptive'
        return ADVICE % (self.mean(), TARGET, WARN, remedy)
