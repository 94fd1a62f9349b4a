import numpy as np
import pytest
from numpy.testing import assert_array_equal

from common import labels


def saved(path, array):
    with open(str(path), 'wb') as f:
        np.save(f, array)
    return str(path)


def test_labels_are_read_as_they_were_saved_or_their_first_columns(tmp_path, random):
    vectors = random.randn(5, 3).astype(np.float32)
    path = saved(tmp_path / 'a-rxx.labels', vectors)
    assert_array_equal(labels.read(path, 5), vectors)
    assert_array_equal(labels.read(path, 5, 2), vectors[:, :2])
    with pytest.raises(ValueError, match='--max-label-size 4: the labels of .*a-rxx.labels have 3 numbers'):
        labels.read(path, 5, 4)


@pytest.mark.parametrize(
    'array, words',
    [
        (np.zeros([4, 3]), 'labels of 4 images, the records beside it are 5'),
        (np.zeros(5), r'has the shape \[5\]'),
        (np.zeros([5, 0]), r'has the shape \[5, 0\]'),
        (np.full([5, 2], np.nan), 'not finite'),
        (np.full([5, 2], 1e300), 'not finite'),
        (np.array([[None] * 2] * 5), 'not a NumPy file of numbers'),
    ],
)
def test_labels_that_do_not_fit_their_images_are_refused_by_name(tmp_path, array, words):
    path = saved(tmp_path / 'a-rxx.labels', array)
    with pytest.raises(ValueError, match='a-rxx.labels.*' + words):
        labels.read(path, 5)


def test_one_hot_labels_have_a_single_one_in_each_row():
    assert labels.one_hot(np.eye(3)[[2, 0, 1, 1]])
    for row in ([0, 0, 0], [1, 1, 0], [0.5, 0.5, 0], [2, 0, -1]):
        assert not labels.one_hot(np.array([[1, 0, 0], row]))
