"""What tests of the explorer share."""

import base64

import numpy as np

from explorer import axes

SIZE, WINDOW, MM = 32, [-1900.0, 1100.0], 0.6
LIMITS = dict(diameter=(4, 20), mean=(-900, 0), x=(-10, 10), y=(-10, 10), wall=(0, 20), solid=(0, 1))
STATE = dict(model=0, seed=3, label=0, latent=None, moves={}, locks=[], truncation=1.0)


def blobs(n):
    """uint8 [n, 1, SIZE, SIZE]: bright discs in noise."""
    random, at = np.random.RandomState(0), np.arange(SIZE) - (SIZE - 1) / 2.0
    radius = random.uniform(3, 7, n)[:, None, None]
    discs = 100.0 * (np.hypot(at[:, None], at) <= radius) + 50 + 5 * random.randn(n, SIZE, SIZE)
    return np.clip(discs, 0, 255).astype(np.uint8)[:, None]


def decoded(text, shape=(SIZE, SIZE)):
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape)


def state(**changes):
    return dict(STATE, **changes)


def refused(response, part, code=400):
    assert response.status_code == code and part in response.get_json()['error'], response.data
    return True


def flat_axes(model):
    """Axes of a Model that nothing was learned for: all attributes count as usable."""
    count, size = len(model.attributes), model.latent_size
    return axes.Axes(
        weights=np.zeros([count, size]),
        r2=np.zeros(count),
        follows=np.full(count, 0.5),
        effects=np.eye(count),
        limits=np.array([LIMITS[attribute.kind] for attribute in model.attributes], float),
        sefa=axes.sefa(model.generator),
        centre=np.eye(size)[0],
    )
