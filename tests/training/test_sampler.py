"""Which images a run learns from, in which order, and which are held out."""

import collections
import json
import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import config
import dataset
from training import sampler
from training.sampler import Sampler

LABELS = np.repeat([0, 1], [30, 10])


def test_every_epoch_shows_every_image_once_in_an_order_of_its_own():
    order = Sampler(np.arange(40), LABELS, seed=1)
    shown = order.take(0, 80)
    assert sorted(shown[:40]) == sorted(shown[40:]) == list(range(40)) and (shown[:40] != shown[40:]).any()
    assert_array_equal(np.concatenate([order.take(0, 33), order.take(33, 30), order.take(63, 17)]), shown)
    assert (Sampler(np.arange(40), LABELS, seed=2).take(0, 40) != shown[:40]).any()


def test_the_order_is_numpys_permutation_keyed_by_seed_and_epoch():
    assert_array_equal(Sampler(np.arange(40), LABELS, 5).take(40, 40), np.random.RandomState([5, 0, 1]).permutation(40))


def test_balanced_classes_take_turns_and_each_shows_all_its_images():
    order = Sampler(np.arange(40), LABELS, seed=1, balanced=True)
    shown = order.take(0, 60)
    assert_array_equal(LABELS[shown], np.tile([0, 1], 30))
    assert sorted(shown[::2]) == list(range(30))
    assert all(sorted(shown[1 + 20 * k : 21 + 20 * k : 2]) == list(range(30, 40)) for k in range(3))
    assert_array_equal(np.concatenate([order.take(0, 7), order.take(7, 53)]), shown)
    drawn = LABELS[order.draw(np.random.RandomState(0), 4000)]
    assert abs(drawn.mean() - 0.5) < 0.04


@pytest.fixture
def classes(tmp_path, random):
    """AIS of 6 nodules with 4 images each, IA of 10 with 2."""
    for name, number, each in (('AIS', 6, 4), ('IA', 10, 2)):
        pixels = random.randint(256, size=[number * each, 1, 16, 16]).astype(np.uint8)
        dataset.write(str(tmp_path / 'data' / name), name, pixels)
        entries = [dict(nodule='%s%d' % (name, i), records=each) for i in range(number)]
        with open(str(tmp_path / 'data' / name / (name + '.json')), 'w') as f:
            json.dump(dict(entries=entries), f)
    return str(tmp_path / 'data')


def test_whole_nodules_of_each_class_are_held_out(classes):
    data = dataset.Pyramid(classes)
    training, out = dataset.split(data, 0.25, seed=0)
    assert sorted(training.tolist() + out.tolist()) == list(range(44))
    members = dataset.nodules(data)
    assert not set(members[training]) & set(members[out])
    assert collections.Counter(data.labels[out]) == {0: 2 * 4, 1: 3 * 2}
    assert not np.array_equal(dataset.split(data, 0.25, seed=1)[1], out)


def test_held_out_images_are_never_shown_and_all_levels_hold_them(classes):
    cfg = config.Train(data=classes, holdout=0.25)
    data = dataset.Pyramid(classes)
    _, order, held_out = sampler.select(cfg, data)
    _, out = dataset.split(data, 0.25, cfg.seed)
    assert not set(order.take(0, 500)) & set(out)
    for level in (2, 3, 4):
        assert_array_equal(held_out[level], data.images[level][out])


def test_settings_that_cannot_work_are_refused_in_one_line(script, classes, tmp_path, training_data):
    def refused(*flags):
        code, _, err = script('3-train.py', '--data', classes, '--outdir', tmp_path / 'out', '--cpu', *flags)
        assert code == 2 and err.count('\n') == 1 and not (tmp_path / 'out').exists(), err
        return err

    assert 'leave out the other' in refused('--holdout', '0.1', '--validation', training_data)
    assert 'add --holdout' in refused('--augment-critic', 'adaptive')
    assert 'images in common' in refused('--validation', classes)
    assert 'add --transfer' in refused('--freeze-critic', '1')
    turned = str(tmp_path / 'turned')
    dataset.write(turned, 'turned', np.rot90(dataset.Pyramid(classes).images[4][5:6], axes=(2, 3)))
    assert '1 image in common' in refused('--validation', turned)
    assert 'leaves none' in refused('--holdout', '0.95')
    assert "'sometimes'" in refused('--augment-critic', 'sometimes')
    os.remove(os.path.join(classes, 'IA', 'IA.json'))
    assert 'has no NAME.json' in refused('--holdout', '0.1')


def test_a_minibatch_larger_than_the_data_goes_on_with_the_next_epochs():
    order = Sampler(np.arange(30), LABELS, seed=1)
    shown = order.take(0, 128)
    assert_array_equal(np.concatenate([order.take(begin, 30) for begin in (0, 30, 60, 90, 120)])[:128], shown)
    assert all(sorted(shown[begin : begin + 30]) == list(range(30)) for begin in (0, 30, 60, 90))
    assert_array_equal(Sampler(np.array([7]), LABELS, seed=1).take(5, 4), [7, 7, 7, 7])


def test_it_is_said_where_images_come_more_than_once_in_a_minibatch():
    order = Sampler(np.arange(30), LABELS, seed=1)
    line = '30 images, fewer than the minibatch of 128 at 4x4: images come more than once in a minibatch'
    assert order.repetition_note({2: 128, 3: 16}) == line
    assert order.repetition_note({2: 30, 3: 31}).startswith('30 images, fewer than the minibatch of 31 at 8x8')
    assert order.repetition_note({2: 30, 3: 16}) is None
    balanced = Sampler(np.arange(40), LABELS, seed=1, balanced=True)
    assert balanced.repetition_note({2: 20}) is None
    line = balanced.repetition_note({2: 24})
    assert line.startswith('the smallest of 2 classes holds 10 images, fewer than its share')


@pytest.mark.slow
def test_a_run_of_fewer_images_than_its_minibatch_says_so_and_trains(script, tmp_path, random):
    dataset.write(str(tmp_path / 'few'), 'few', random.randint(256, size=[3, 1, 4, 4]).astype(np.uint8))
    flags = '--fmap-base 16 --fmap-max 4 --minibatch 8 --total-kimg 0.016 --cpu'.split()
    code, out, err = script('3-train.py', '--data', tmp_path / 'few', '--outdir', tmp_path / 'out', *flags)
    assert code == 0 and '3 images, fewer than the minibatch of 8 at 4x4' in ' '.join(out.split()), err
