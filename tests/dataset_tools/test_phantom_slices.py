"""Slices of one phantom, and the vessels that run through them."""

import numpy as np
import pytest

from dataset_tools.phantom import CLASSES, MOST, SLICE_MM, phantom, phantom_slices
from dataset_tools.phantom_anatomy import Canvas
from dataset_tools.phantom_vessels import branches, vessels
from places import ONCE

pytestmark = ONCE

OF_A_SLICE = ('diameter_mm', 'mean_hu')


@pytest.fixture(scope='module')
def stacks():
    """Forty phantoms of five slices of each class."""
    return [
        phantom_slices(kind, np.random.RandomState([4, k, i]), 64, 0.6, 5)
        for k, kind in enumerate(CLASSES)
        for i in range(40)
    ]


def smooth(hu):
    return hu.reshape(16, 4, 16, 4).mean((1, 3)).ravel()


@pytest.mark.parametrize('number', [1, 3, 5])
def test_the_middle_slice_is_the_phantom_itself(number):
    alone = phantom('MIA', np.random.RandomState(7))
    middle = phantom_slices('MIA', np.random.RandomState(7), 64, 0.6, number)[number // 2]
    assert np.array_equal(middle.hu, alone.hu) and np.array_equal(middle.mask, alone.mask)
    assert middle.facts == alone.facts


def test_slices_share_everything_but_what_is_measured_in_each(stacks):
    for stack in stacks:
        first = {name: value for name, value in stack[0].facts.items() if name not in OF_A_SLICE}
        for p in stack[1:]:
            assert {name: p.facts[name] for name in first} == first


def test_the_nearer_two_slices_are_the_more_alike(stacks):
    grey = np.array([[smooth(p.hu) for p in stack] for stack in stacks])

    def alike(a, b):
        return np.array([np.corrcoef(x, y)[0, 1] for x, y in zip(a, b)])

    near, far = alike(grey[:, 1], grey[:, 2]), alike(grey[:, 0], grey[:, 4])
    others = alike(grey[:-1, 2], grey[1:, 2])
    assert np.median(near) > 0.95 and near.min() > 0.2
    assert np.median(near) > np.median(far) + 0.01 and np.median(far) > np.median(others) + 0.3


def test_noise_is_new_in_each_slice(stacks):
    for stack in stacks[::10]:
        fine = [np.diff(p.hu, axis=1)[(np.abs(p.hu) > 700)[:, 1:] & (p.hu < -700)[:, :-1]][:500] for p in stack[1:3]]
        length = min(map(len, fine))
        assert length < 100 or abs(np.corrcoef(fine[0][:length], fine[1][:length])[0, 1]) < 0.3


def test_a_nodule_shrinks_from_its_middle_slice_as_a_sphere_does(stacks):
    area = np.array([[p.mask.sum() for p in stack] for stack in stacks]).mean(0) * 0.6**2
    z = (np.arange(5) - 2) * SLICE_MM
    assert abs(area - (area[2] - np.pi * z**2)).max() < 0.06 * area[2]


def test_a_slice_beside_the_nodule_has_an_empty_mask_and_no_mean():
    found = []
    for i in range(60):
        found += phantom_slices('AIS', np.random.RandomState(i), 64, 0.6, MOST)
    for p in found:
        assert (p.facts['mean_hu'] is None) == (not p.mask.any()) == (p.facts['diameter_mm'] == 0)


@pytest.mark.parametrize('number', [2, 60, 1200])
def test_every_branch_leads_to_the_root_by_the_shortest_way(number):
    points = np.random.RandomState(0).uniform(-8, 8, (3, number))
    points = points[:, np.argsort(np.linalg.norm(points - points[:, :1], axis=0))]
    far = np.linalg.norm(points - points[:, :1], axis=0)
    parent, ends = branches(points, 0.7)
    below = np.ones(number)
    for i in range(number - 1, 0, -1):
        ways = np.linalg.norm(points[:, :i] - points[:, i : i + 1], axis=0) + 0.7 * far[:i]
        assert parent[i - 1] == np.argmin(ways)
        below[parent[i - 1]] += below[i]
    assert list(ends) == list(below[1:]) and below[0] == number


@pytest.mark.parametrize('seed', range(8))
def test_a_vessel_runs_into_the_nodule_and_through_the_slices(seed):
    layers = []
    for z in np.arange(-4, 4.1):
        c = Canvas(np.random.RandomState(seed), 64, 0.6, 1.0, z)
        blood = np.zeros((c.n, c.n))
        vessels(c, np.random.RandomState(seed), blood, np.full((c.n, c.n), -30.0), 0.0)
        layers.append(blood)
    middle = slice(c.n // 2 - 6, c.n // 2 + 6)
    assert max(layer[middle, middle].max() for layer in layers) > 0.3
    same, other = [np.corrcoef(layers[4].ravel(), layers[i].ravel())[0, 1] for i in (5, 8)]
    assert same > other
