"""What an experiment takes for folds, and what it refuses."""

import os
import shutil

import numpy as np
import pytest

import dataset
from classification import added_images, cross_validation


def test_folds_are_read_with_their_nodules_in_order(cv):
    folds = cross_validation.Folds(cv)
    assert folds.count == 2 and folds.classes == ['AIS', 'MIA', 'IA']
    train, test = folds.splits(1)
    assert train.images.shape == (18, 1, 16, 16) and test.labels.tolist() == [0] * 6 + [2] * 6 + [1] * 6
    assert train.nodules[:4] == ['AIS-0', 'AIS-0', 'AIS-2', 'AIS-2']
    assert set(test.names['patient']) == {'p-%s-%d' % (label, i) for label in folds.classes for i in (1, 3, 5)}


@pytest.mark.parametrize(
    'planted, message',
    [
        (lambda f, s, m: m + [('AIS', 'AIS-0', None)] if (f, s) == (0, 'train') else m, 'nodule AIS-0 is in both'),
        (lambda f, s, m: m + [('IA', 'new', 'p-MIA-0')] if (f, s) == (0, 'train') else m, 'patient p-MIA-0 is in both'),
        (lambda f, s, m: [x for x in m if x[1] != 'IA-0'] if (f, s) == (0, 'test') else m, 'has 2 nodules of IA'),
        (lambda f, s, m: [x for x in m if x[0] != 'IA'] if f == 1 else m, 'the same'),
        (lambda f, s, m: m + [('MIA', 'MIA-0', None)] if (f, s) == (1, 'test') else m, 'MIA-0'),
    ],
)
def test_leaks_and_classes_that_are_too_small_or_not_the_same_are_refused(make_folds, planted, message):
    with pytest.raises(ValueError, match=message):
        cross_validation.Folds(make_folds(change=planted))


def test_an_image_in_both_splits_is_found_whatever_its_nodule_is_called(make_folds):
    path = make_folds()
    source, target = [os.path.join(path, 'fold0', side, 'IA') for side in ('test', 'train')]
    about = open(os.path.join(target, 'IA.json')).read()
    shutil.rmtree(target)
    shutil.copytree(source, target)
    for name in os.listdir(target):
        if name.endswith('.json'):
            open(os.path.join(target, name), 'w').write(about.replace('IA-', 'other-').replace('p-', 'q-'))
    with pytest.raises(ValueError, match='fold 0 have 6 images in common'):
        cross_validation.Folds(path)


def test_a_mirrored_copy_in_the_other_split_is_found_and_both_images_are_named(make_folds):
    path = make_folds()
    source, target = [os.path.join(path, 'fold1', side, 'IA') for side in ('test', 'train')]
    images = dataset.read(os.path.join(target, 'IA-r04.tfrecords'))
    images[3] = dataset.read(os.path.join(source, 'IA-r04.tfrecords'))[4, :, :, ::-1]
    dataset.write(target, 'IA', images)
    with pytest.raises(ValueError, match='fold 1 have 1 image in common .*test/IA image 4 .nodule IA-5. and '
                       '.*train/IA image 3 .nodule IA-2. are copies, mirrored'):  # fmt: skip
        cross_validation.Folds(path)


def test_a_folder_without_folds_or_with_a_gap_or_without_names_is_refused(make_folds, tmp_path):
    with pytest.raises(ValueError, match='--folds 5'):
        cross_validation.Folds(str(tmp_path))
    path = make_folds(folds=3)
    shutil.rmtree(os.path.join(path, 'fold1'))
    with pytest.raises(ValueError, match='fold0/train, fold0/test, fold1'):
        cross_validation.Folds(path)
    path = make_folds()
    os.unlink(os.path.join(path, 'fold0', 'test', 'IA', 'IA.json'))
    with pytest.raises(ValueError, match='NAME.json'):
        cross_validation.Folds(path)


def test_inner_validation_takes_a_share_of_each_class_and_never_half_a_nodule(make_folds):
    train, _ = cross_validation.Folds(make_folds(each=20)).splits(0)
    learned, held_out = cross_validation.validation_split(train, 0.2, np.random.RandomState(1))
    assert sorted(np.concatenate([learned, held_out]).tolist()) == list(range(len(train.images)))
    names = [{train.nodules[i] for i in part} for part in (learned, held_out)]
    assert not names[0] & names[1]
    assert [len({train.nodules[i] for i in held_out if train.labels[i] == k}) for k in range(3)] == [2, 2, 2]


def test_added_images_are_refused_where_they_are_of_the_test_side(cv, make_folds):
    folds = cross_validation.Folds(cv)
    paths = [os.path.join(cv, 'fold1', 'train', label) for label in folds.classes]
    images, labels = added_images.read_added(paths, 1, folds.splits(1)[1])
    assert len(images) == 18 and np.bincount(labels).tolist() == [6, 6, 6]
    with pytest.raises(ValueError, match='AIS has images of the test split of fold 0, of the nodule AIS-0'):
        added_images.read_added(paths, 0, folds.splits(0)[1])
