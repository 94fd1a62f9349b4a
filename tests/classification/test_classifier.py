"""A trained classifier as an object, as a function, and as a command that writes a table."""

import csv
import os

import numpy as np
import pytest
from numpy.testing import assert_allclose

import classification
from classification import classifier, classify_settings
from classification.classifier_training import TrainableClassifier
from common import commandline, files, images, manifest
from places import ROOT
from tfutil import init_tf

CLASSES = ['IA C', 'große', 'x, "y"']


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """A classifier of 16x16 images, whose classes have blanks, commas, quotes and umlauts in their names."""
    path = tmp_path_factory.mktemp('model') / 'model.pkl'
    with init_tf(cpu=True):
        trainable = TrainableClassifier('small', [1, 16, 16], CLASSES, 0.001)
        trainable.initialise([1])
        trainable.save(str(path))
    return path


@pytest.fixture
def pictures(tmp_path):
    """A folder of three pictures, and their pixels."""
    pixels = np.random.RandomState(1).randint(256, size=[3, 1, 16, 16]).astype(np.uint8)
    (tmp_path / 'pictures').mkdir()
    for i, image in enumerate(pixels):
        images.save(str(tmp_path / 'pictures' / ('%d.png' % i)), image)
    return tmp_path / 'pictures', pixels


def test_arrays_and_folders_get_the_same_probabilities_from_python_as_in_the_table(model, pictures, succeeds, tmp_path):
    folder, pixels = pictures
    probabilities = classification.predict(str(model), pixels, cpu=True)
    assert probabilities.shape == (3, 3) and probabilities.sum(axis=1) == pytest.approx(1)
    assert (classification.predict(str(model), str(folder), cpu=True) == probabilities).all()
    out = tmp_path / 'out.csv'
    succeeds('5-classify.py', 'predict', '--model', model, '--data', folder, '--out', out, '--cpu')
    with open(str(out), newline='', encoding='utf-8') as f:
        rows = list(csv.DictReader(f))
    assert list(rows[0]) == ['of', 'name', 'nodule', 'class'] + ['p_' + label for label in CLASSES]
    table = [[float(row['p_' + label]) for label in CLASSES] for row in rows if row['of'] == 'image']
    assert_allclose(table, probabilities, atol=1e-6)
    assert [row['class'] for row in rows[:3]] == [CLASSES[k] for k in probabilities.argmax(axis=1)]


def test_two_classifiers_work_at_once_and_probabilities_do_not_change_when_an_image_is_mirrored(model, pictures):
    pixels = pictures[1]
    with classifier.Classifier(str(model), cpu=True) as one, classifier.Classifier(str(model), cpu=True) as two:
        assert one.classes == CLASSES and one.shape == [1, 16, 16]
        assert_allclose(one.predict(pixels), two.predict(pixels[..., ::-1]), atol=1e-6)
        with pytest.raises(ValueError, match='takes images of'):
            one.predict(pixels[..., :8])


def test_a_nodule_has_the_mean_of_the_probabilities_of_its_images():
    p = np.array([[0.8, 0.2], [0.4, 0.6], [0.1, 0.9]])
    nodules, means = classifier.mean_by_nodule(np.log(p), ['b', 'b', 'a'])
    assert nodules == ['b', 'a']
    assert_allclose(np.exp(means), [[0.6, 0.4], [0.1, 0.9]])


def test_other_weights_and_images_of_another_size_are_refused(model, complains, tmp_path):
    images.save(str(tmp_path / 'large.png'), np.zeros([1, 32, 32], np.uint8))
    for path, data, named in (
        (tmp_path / 'no.pkl', tmp_path, 'no.pkl does not exist'),
        (os.path.join(ROOT, 'demo', 'weight', 'AIS.pkl'), tmp_path, 'AIS.pkl'),
        (model, tmp_path, 'large.png'),
        (model, tmp_path / 'nothing', 'nothing'),
    ):
        arguments = ['--model', path, '--data', data, '--out', tmp_path / 'out.csv', '--cpu']
        complains('5-classify.py', 'predict', *arguments, parts=[named])
        assert not (tmp_path / 'out.csv').exists()


@pytest.mark.parametrize(
    'name, message', [('m.pkl', 'is an input of this command'), ('AIS-r04.tfrecords', 'as this program wrote it')]
)
def test_a_table_of_predictions_does_not_replace_its_classifier_nor_its_data(tmp_path, name, message):
    for path, by in ((tmp_path / 'm.pkl', 'Predict'), (tmp_path / 'X' / 'AIS-r04.tfrecords', 'dataset')):
        manifest.begin(by, [])
        path.parent.mkdir(exist_ok=True)
        with files.atomic(str(path)) as f:
            f.write(b'mine')
    out = tmp_path / name if name == 'm.pkl' else tmp_path / 'X' / name
    flags = ['predict', '--model', tmp_path / 'm.pkl', '--data', tmp_path / 'X', '--out', out]
    _, cfg = commandline.parse_command(classify_settings.COMMANDS, '', list(map(str, flags)))
    with pytest.raises(FileExistsError, match='%s .*%s' % (name, message)):
        classifier.write_predictions(cfg)
    assert out.read_bytes() == b'mine'
