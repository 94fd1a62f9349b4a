"""What an experiment takes for folds, and what it refuses."""

import glob
import json
import os
import shutil

import numpy as np
import pytest

import dataset
from classification import added_images, cross_validation
from common import card
from metrics import memorisation


def test_folds_are_read_with_their_nodules_in_order(cv):
    folds = cross_validation.Folds(cv, 2)
    assert folds.count == 2 and folds.classes == ['AIS', 'MIA', 'IA'] and folds.near_pairs == []
    train, validation, test = folds.splits(1, 0)
    assert train.images.shape == (18, 1, 16, 16) and test.labels.tolist() == [0] * 10 + [2] * 10 + [1] * 10
    assert train.nodules[:4] == ['AIS-2', 'AIS-2', 'AIS-4', 'AIS-4']
    assert set(validation.nodules) == {'%s-%d' % (label, i) for label in folds.classes for i in (0, 6)}
    assert set(test.names['patient']) == {'p-%s-%d' % (label, i) for label in folds.classes for i in (1, 3, 5, 7, 9)}
    labels, patients = folds.nodules()
    assert np.bincount(labels).tolist() == [10, 10, 10] and len(set(patients)) == 30


@pytest.mark.parametrize(
    'planted, message',
    [
        (lambda f, s, m: m + [('AIS', 'AIS-0', None)] if (f, s) == (0, 'train') else m, 'nodule AIS-0 is in the'),
        (lambda f, s, m: m + [('IA', 'new', 'P-mia-0')] if (f, s) == (0, 'train') else m, 'patient P-mia-0 is in the'),
        (lambda f, s, m: m[:-3] if (f, s) == (0, 'test') else m, 'has 2 nodules of MIA'),
        (lambda f, s, m: [x for x in m if x[0] != 'IA'] if f == 1 else m, 'others AIS MIA IA; make them the same'),
        (lambda f, s, m: m + [('MIA', 'MIA-0', None)] if (f, s) == (1, 'test') else m, 'MIA-0'),
        (lambda f, s, m: m + [('IA', 'AIS-0', None)] if (f, s) == (0, 'test') else m,
         'nodule AIS-0 is of class AIS and of class IA'),
        (lambda f, s, m: m + [('IA', 'IA-0', 'another')] if (f, s) == (0, 'test') else m,
         'nodule IA-0 is of patient p-IA-0 and of patient another'),
    ],
)  # fmt: skip
def test_leaks_and_classes_that_are_too_small_or_not_the_same_are_refused(make_folds, planted, message):
    with pytest.raises(ValueError, match=message):
        cross_validation.Folds(make_folds(change=planted), 2)


def test_a_nodule_has_one_patient_however_its_name_is_spelt(make_folds):
    def spelt(fold, side, members):
        return members + [('IA', 'IA-0', 'P-ia-0')] if (fold, side) == (0, 'test') else members

    assert cross_validation.Folds(make_folds(change=spelt), 2).unknown_patients == 0


def planted(path, change):
    """Fold 0, in which an image of the test split, changed, is the fourth of IA in the first training split."""
    target = os.path.join(path, 'fold0', 'inner0', 'train', 'IA')
    image = dataset.read(os.path.join(path, 'fold0', 'test', 'IA', 'IA-r04.tfrecords'))[4]
    images = dataset.read(os.path.join(target, 'IA-r04.tfrecords'))
    images[3] = change(image)
    dataset.write(target, 'IA', images)
    return path


@pytest.mark.parametrize(
    'change',
    [
        lambda image: image,
        lambda image: image[:, :, ::-1],
        lambda image: np.rot90(image, axes=(1, 2)),
        lambda image: np.roll(image, 1, axis=2),
        lambda image: np.roll(image[:, ::-1], (1, -1), axis=(1, 2)),
        lambda image: image + 1,
        lambda image: image.astype(int) + np.random.RandomState(0).choice([-1, 1], size=image.shape),
    ],
    ids='same mirrored turned shifted mirrored-and-shifted brighter off-by-one'.split(),
)
def test_an_image_of_both_splits_is_found_and_named_however_it_was_changed(make_folds, change):
    message = 'fold 0 .* have 1 image in common .*test/IA image 4 .nodule IA-4. and .*train/IA image 3 .nodule IA-5. '
    with pytest.raises(ValueError, match=message):
        cross_validation.Folds(planted(make_folds(), change), 1)


def test_off_by_one_level_is_the_same_image_also_at_low_contrast():
    random = np.random.RandomState(1)
    faint = 100 + random.randint(5, size=[20, 1, 32, 32])  # a standard deviation of 1.4 gray levels
    copies = memorisation.copies((faint[:5] + 1).astype(np.uint8), faint.astype(np.uint8))
    assert copies == {i: i for i in range(5)}


def test_an_image_in_two_classes_is_refused_with_both_names(make_folds):
    path = make_folds()
    folders = [os.path.join(path, 'fold1', 'test', label) for label in ('AIS', 'MIA')]
    images = dataset.read(os.path.join(folders[1], 'MIA-r04.tfrecords'))
    images[2] = dataset.read(os.path.join(folders[0], 'AIS-r04.tfrecords'))[7, :, ::-1]
    dataset.write(folders[1], 'MIA', images)
    with pytest.raises(ValueError, match='AIS and MIA have 1 image in common .*nodule AIS-7. and .*nodule MIA-3'):
        cross_validation.Folds(path, 2)


@pytest.mark.parametrize(
    'patients, source, expected',
    [(False, None, [('IA-4)', 'IA-5)')]), (True, None, []), (False, card.PHANTOMS, [])],
    ids=['unknown', 'known', 'phantoms'],
)
def test_slices_of_one_nodule_under_two_names_are_shown_where_no_patient_is_known(
    make_folds, patients, source, expected
):
    def neighbour(image):  # noise of a seventh of the image's spread
        noise = np.random.RandomState(0).randn(*image.shape) * image.std() / 7
        return np.clip(image + noise, 0, 255).astype(np.uint8)

    path = planted(make_folds(patients=patients), neighbour)
    for about in glob.glob(os.path.join(path, '**', '*.json'), recursive=True) if source else []:
        with open(about) as f:
            facts = json.load(f)
        with open(about, 'w') as f:
            json.dump(dict(facts, source=source), f)
    folds = cross_validation.Folds(path, 1)
    found = [(name.split('nodule ')[1], other.split('nodule ')[1]) for name, other, _ in folds.near_pairs]
    assert found == expected
    assert folds.unknown_patients == (0 if patients or source else 30)


def test_a_folder_without_folds_or_with_a_gap_or_without_names_is_refused(make_folds, tmp_path):
    with pytest.raises(ValueError, match='--folds 5 --inner 5'):
        cross_validation.Folds(str(tmp_path), 1)
    path = make_folds(folds=3, each=15)
    shutil.rmtree(os.path.join(path, 'fold1'))
    with pytest.raises(ValueError, match='fold0/test, fold1/test'):
        cross_validation.Folds(path, 1)
    path = make_folds()
    with pytest.raises(ValueError, match='2 inner folds in fold 0, too few for --repeats 3'):
        cross_validation.Folds(path, 3)
    os.unlink(os.path.join(path, 'fold0', 'test', 'IA', 'IA.json'))
    with pytest.raises(ValueError, match='NAME.json'):
        cross_validation.Folds(path, 1)


def test_added_images_are_refused_where_they_are_of_the_test_side(cv, make_folds):
    folds = cross_validation.Folds(cv, 1)
    paths = [os.path.join(cv, 'fold1', 'inner0', 'train', label) for label in folds.classes]
    images, labels = added_images.read_added(paths, 1, folds.splits(1, 0)[1:])
    assert len(images) == 18 and np.bincount(labels).tolist() == [6, 6, 6]
    with pytest.raises(
        ValueError, match='AIS has images of the test or validation split of fold 0, of the nodule AIS-2'
    ):
        added_images.read_added(paths, 0, folds.splits(0, 0)[1:])
