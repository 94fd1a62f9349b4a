"""Paths between latent vectors."""

import numpy as np


def linear(a, b, t):
    """Points between vectors a and b [L] at t [T] in 0..1, [T, L]; a and b exactly at the ends."""
    t = np.asarray(t, np.float64)[:, None]
    return np.where(t == 1, b, a + t * (b - a))


def spherical(a, b, t):
    """The same along the great arc (Shoemake 1985), which keeps the length of Gaussian latents (White 2016).

    It is sin((1-t)w)/sin(w) a + sin(tw)/sin(w) b with the angle w. Parallel and zero vectors have no arc but a straight
    line. Between opposite ones, where every half circle is as short, the way is that over the axis of the vectors'
    smallest component; the length changes evenly from a's to b's.
    """
    t = np.asarray(t, np.float64)[:, None]
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    cosine = np.dot(a, b) / (lengths[0] * lengths[1]) if min(lengths) > 0 else 1.0
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) > 1e-6:
        between = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    elif cosine > 0 or len(a) < 2:
        return linear(a, b, t[:, 0])
    else:
        forth = a / lengths[0]
        aside = np.eye(len(a))[np.abs(a).argmin()]
        aside = aside - forth * forth.dot(aside)
        direction = np.cos(np.pi * t) * forth + np.sin(np.pi * t) * aside / np.linalg.norm(aside)
        between = ((1 - t) * lengths[0] + t * lengths[1]) * direction
    return np.where(t == 0, a, np.where(t == 1, b, between))


def path(vectors, steps, between):
    """From each of vectors [N, L] to the next, [(N - 1) * steps, L], at equal distances, both ends included.

    between: linear or spherical.
    """
    vectors = np.asarray(vectors, np.float64)
    parts = [between(a, b, np.linspace(0, 1, steps)) for a, b in zip(vectors, vectors[1:])]
    return np.concatenate(parts).astype(np.float32)


def tour(vectors, steps, between, closed=False):
    """The same path with each of the vectors once, [(N - 1) * (steps - 1) + 1, L].

    closed: back to the first, without repeating it, [N * (steps - 1), L].
    """
    if len(vectors) < 2 or steps < 2:
        message = 'a walk needs two latents or more, and two steps or more; there are %d latents and %d steps'
        raise ValueError(message % (len(vectors), steps))
    vectors = np.concatenate([vectors, vectors[:1]]) if closed else np.asarray(vectors)
    walks = path(vectors, steps, between).reshape(len(vectors) - 1, steps, -1)
    walk = walks[:, :-1].reshape((len(vectors) - 1) * (steps - 1), -1)
    return walk if closed else np.concatenate([walk, walks[-1, -1:]])


def smoothed(n, size, frames, deviation, seed=0):
    """Latents float32 [frames, n, size] of n closed walks: random numbers that are smoothed over time.

    Each walk is normal noise, convolved with a Gaussian of this standard deviation in frames, around the end to the
    beginning, and scaled to a mean square of 1 (the videos of Karras et al. 2018). Walk i depends on the seed and on i
    alone.
    """
    try:
        from scipy.ndimage import gaussian_filter1d
    except ImportError:
        raise ImportError('smooth walks need SciPy: pip install scipy') from None
    walks = np.zeros([frames, n, size], np.float32)
    for i in range(n):
        noise = np.random.RandomState([seed, i]).randn(frames, size)
        walk = gaussian_filter1d(noise, deviation, axis=0, mode='wrap')
        walks[:, i] = walk / np.sqrt(np.mean(np.square(walk)))
    return walks


KINDS = {'slerp': spherical, 'linear': linear}
