import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import ndimage

from metrics import alignment
from sets import pictures


@pytest.mark.parametrize('symmetry', range(alignment.SYMMETRIES))
def test_a_turn_is_undone_by_its_inverse_and_a_move_of_the_turned_image_is_known_of_the_image(symmetry):
    image = np.zeros([9, 9], int)
    image[4 + 2, 4 - 1] = 1
    turned = alignment.turned(image, symmetry)
    assert (alignment.turned(turned, alignment.inverse(symmetry)) == image).all()
    (row,), (column,) = np.nonzero(turned)
    assert alignment.moved_back(symmetry, row - 4, column - 4) == (2, -1)


def test_warping_is_linear_interpolation_at_turned_and_moved_places(random):
    images = pictures(random, 3, 16).repeat(2, axis=1)
    radians, rows, columns = np.array([0.3, -0.7, 0.0]), np.array([0.5, -2.25, 3.0]), np.array([1.0, 0.2, -1.0])
    result = alignment.warped(images, radians, rows, columns, reach=3)
    assert result.shape == (3, 2, 10, 10)
    for image, angle, row, column, found in zip(images, radians, rows, columns, result):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        offset = np.array([7.5 + row, 7.5 + column]) - turn.dot([7.5, 7.5])
        expected = ndimage.affine_transform(image[0].astype(float), turn, offset, order=1, mode='nearest')
        assert_allclose(found[0], expected[3:13, 3:13], atol=0.01)
        assert (found[0] == found[1]).all()


def test_alignment_finds_the_angle_and_the_move_of_an_image_that_was_warped(random):
    images = pictures(random, 4, 32, blur=4)
    radians, rows, columns = np.array([[0.1, -0.12, 0.05, 0], [1, -1.3, 0.4, 0], [0, 1, -2, 0]])
    seen = alignment.warped(images, radians, rows, columns, reach=0)
    zeros = np.zeros(1)
    for i in range(4):
        distance, *at = alignment.refined(seen[i], images[i : i + 1], zeros, zeros, zeros, reach=6, steps=12)
        assert distance < 0.5
        assert_allclose(np.ravel(at), [radians[i], rows[i], columns[i]], atol=0.02)
