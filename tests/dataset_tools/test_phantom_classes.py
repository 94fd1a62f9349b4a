"""What tells the classes of phantoms apart, and what must not. Guessed by least squares on one half, from the other."""

import numpy as np
import pytest

from dataset_tools.phantom import CLASSES, phantom
from places import ONCE

pytestmark = ONCE
EACH = 400
AT = (np.arange(64) - 31.5) * 0.6
AWAY = np.hypot(AT[:, None], AT)  # mm from the middle


@pytest.fixture(scope='module')
def hu():
    """Phantoms [3*EACH,64,64], class by class, as grey levels of the paper's window."""
    drawn = [phantom(kind, np.random.RandomState([9, k, i])).hu for k, kind in enumerate(CLASSES) for i in range(EACH)]
    return np.clip((np.array(drawn) + 1900) / 3000 * 255, 0, 255)


def guessed(features):
    """Balanced accuracy of a linear guess at the class."""
    features = (features - features.mean(0)) / features.std(0)
    x, y = np.column_stack([features, np.ones(len(features))]), np.repeat(np.arange(3), EACH)
    hits = []
    for half in (0, 1):
        learned = np.arange(len(x)) % 2 == half
        weights = np.linalg.lstsq(x[learned], np.eye(3)[y[learned]], rcond=None)[0]
        hits.append((x[~learned].dot(weights).argmax(1) == y[~learned]).mean())
    return np.mean(hits)


def test_the_middle_tells_something_of_the_class_but_not_much(hu):
    near = hu[:, AWAY < 3]
    assert 0.5 < guessed(near.mean(1)[:, None]) < 0.68
    inner = hu[:, AWAY < 6]
    simple = [near.mean(1), near.std(1), inner.mean(1), inner.std(1), np.percentile(inner, 90, axis=1)]
    assert guessed(np.column_stack(simple)) < 0.7


def test_what_lies_round_the_nodule_tells_nothing_of_the_class(hu):
    rings = [hu[:, (AWAY >= r) & (AWAY < r + 3)] for r in range(9, 27, 3)]
    features = [
        f(ring) for ring in rings for f in (lambda v: v.mean(1), lambda v: v.std(1), lambda v: (v > 130).mean(1))
    ]
    assert guessed(np.column_stack(features)) < 1 / 3 + 3 * np.sqrt(2 / 9 / len(hu))


def test_no_class_lies_nearer_the_wall(hu):
    soft = (hu[:, (AWAY > 9) & (AWAY < 12)] > 130).mean(1).reshape(3, EACH)
    error = np.sqrt((soft.var(1) / EACH).sum())
    assert soft.mean(1).max() - soft.mean(1).min() < 3 * error
