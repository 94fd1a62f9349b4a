"""Which real images an evaluation compares with, and that the weights have not seen those that are held out."""

import json

import numpy as np
import pytest

import dataset
from common.card import Card
from metrics import image_sets
from sets import pictures


@pytest.fixture
def make(tmp_path, random):
    """Makes a dataset of nodules with two images each; returns its path."""

    def dataset_of(name, count, **facts):
        folder = tmp_path / name
        dataset.write(str(folder), name, pictures(random, 2 * count, 8))
        entries = [dict(nodule='%s%d' % (name, i), records=2) for i in range(count)]
        (folder / (name + '.json')).write_text(json.dumps(dict(facts, entries=entries)))
        return str(folder)

    return dataset_of


def learned(path, **facts):
    return dataset.Pyramid(path).card._replace(path='a.pkl', **facts)


def among(images, others):
    """Which images are among others."""
    known = {other.tobytes() for other in others}
    return np.array([image.tobytes() in known for image in images])


def test_nodules_that_the_training_kept_out_are_compared_with_and_the_others_are_searched_for_copies(make):
    path = make('AIS', 40)
    data = dataset.Pyramid(path)
    training, kept_out = dataset.split(data, 0.2, 3)
    images = data.images[data.top]
    sets = image_sets.choose(path, None, 2000, 0, [learned(path, holdout=(0.2, 3))])
    assert sets.origin == 'holdout' and len(sets.heldout_reals) == len(kept_out) == 16
    assert among(sets.heldout_reals, images[kept_out]).all()
    assert np.array_equal(sets.training, images[training]) and among(sets.training_reals, images[training]).all()


@pytest.mark.parametrize(
    'cards',
    [
        [dict(holdout=None)],
        [dict(holdout=(0.2, 3), digest='other')],
        [dict(holdout=(0.2, 3)), dict(holdout=(0.2, 4))],
        [dict(holdout=(0.2, 3)), dict(holdout=None)],
        [dict(holdout=(0.01, 3))],  # one nodule: two images
    ],
)
def test_half_is_compared_with_where_trainings_kept_out_nothing_or_different_nodules_or_too_few(make, cards):
    path = make('AIS', 40)
    sets = image_sets.choose(path, None, 2000, 0, [learned(path, **facts) for facts in cards])
    assert sets.origin == 'half' and len(sets.heldout_reals) == len(sets.training) == 40
    assert not among(sets.heldout_reals, sets.training).any()


def test_held_out_data_that_the_weights_learned_from_are_refused_by_their_digest_or_their_nodules(make):
    path, other = make('AIS', 20), make('held', 20)
    sets = image_sets.choose(path, other, 2000, 0, [learned(path)])
    assert sets.origin == 'dataset' and len(sets.heldout_reals) == 40
    refused = 'a.pkl learned from .*; held-out images have to be of nodules that it has not seen'
    seen = dataset.Pyramid(other).card
    for of_weights in (
        Card(path='a.pkl', digest=seen.digest),
        Card(path='a.pkl', digest='renamed-1', parts=seen.parts),
        Card(path='a.pkl', digest='other-1', names=dict(nodule=['held7', 'x1'])),
    ):
        with pytest.raises(ValueError, match=refused):
            image_sets.choose(path, other, 2000, 0, [of_weights])


@pytest.mark.parametrize(
    'mirrored, expected', [([True, True], True), ([True, False], False), ([None], False), ([], False)]
)
def test_images_compared_with_are_mirrored_at_random_where_all_trainings_mirrored_theirs(make, mirrored, expected):
    path = make('AIS', 60)
    plain = image_sets.choose(path, None, 2000, 0)
    sets = image_sets.choose(path, None, 2000, 0, [learned(path, mirrored=value) for value in mirrored])
    assert sets.mirrored == expected and np.array_equal(sets.training, plain.training)
    for reals, before in zip(sets[:2], plain[:2]):
        same, turned = [(reals == x).all(axis=(1, 2, 3)) for x in (before, before[..., ::-1])]
        assert (same | turned).all() and (15 < turned.sum() < 45 if expected else same.all())
