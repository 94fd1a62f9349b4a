"""Axes, elongation and circularity of masks, against closed forms and SciPy."""

import time

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import ndimage
from scipy.spatial import ConvexHull, distance

from metrics import shapes

SIZE = 64


def along(angle, middle=(0.0, 0.0)):
    """Coordinates along an angle and at right angles to it, [SIZE, SIZE] each."""
    at = np.arange(SIZE) - (SIZE - 1) / 2.0
    y, x = at[:, None] - middle[0], at - middle[1]
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def ellipse(long_axis, short_axis, angle=0.0, middle=(0.0, 0.0)):
    u, v = along(angle, middle)
    return (2 * u / long_axis) ** 2 + (2 * v / short_axis) ** 2 <= 1


def rectangle(length, width, angle=0.0, middle=(0.0, 0.0)):
    u, v = along(angle, middle)
    return (np.abs(u) <= length / 2.0) & (np.abs(v) <= width / 2.0)


def drawn(shape, *lengths):
    """Fifty of a shape, turned and shifted by parts of a pixel."""
    random = np.random.RandomState(0)
    return np.array([shape(*lengths, angle=np.pi * random.rand(), middle=random.rand(2)) for _ in range(50)])


@pytest.mark.parametrize('diameter', [5, 8, 13, 20, 40])
def test_a_disc_has_its_diameter_along_both_axes_and_is_round(diameter):
    masks = drawn(ellipse, diameter, diameter)
    long_axis, short_axis = shapes.long_and_short(masks)
    assert_allclose([long_axis.mean(), short_axis.mean()], diameter, atol=0.5)
    assert_allclose(shapes.equivalent_diameter(masks), diameter, rtol=0.1)
    assert_allclose([shapes.circularity(masks).mean(), shapes.elongation(masks).mean()], 1, atol=0.1)
    assert diameter < 8 or shapes.circularity(masks).mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize('long_axis, short_axis', [(12, 8), (20, 10), (30, 12)])
def test_an_ellipse_at_any_angle_has_the_axes_it_was_drawn_with(long_axis, short_axis):
    masks = drawn(ellipse, long_axis, short_axis)
    measured = shapes.long_and_short(masks)
    assert_allclose(measured[0], long_axis, atol=1.1)
    assert_allclose(measured[1], short_axis, atol=0.8)
    assert_allclose(np.mean(measured, axis=1), [long_axis, short_axis], atol=0.4)
    assert_allclose(shapes.elongation(masks), long_axis / float(short_axis), rtol=0.07)


@pytest.mark.parametrize('length, width', [(20, 10), (30, 12)])
def test_a_rectangle_at_any_angle_is_as_long_as_its_diagonal_and_as_wide_as_its_longest_chord_across(length, width):
    masks = drawn(rectangle, length, width)
    diagonal = np.hypot(length, width)
    measured = np.mean(shapes.long_and_short(masks), axis=1)
    assert_allclose(measured, [diagonal, width * diagonal / length], atol=0.7)
    assert_allclose(shapes.elongation(masks).mean(), length / float(width), rtol=0.02)
    expected = np.pi * length * width / (length + width) ** 2
    assert shapes.circularity(masks).mean() == pytest.approx(expected, rel=0.06)


def test_an_upright_rectangle_has_exactly_its_moments():
    mask = np.zeros([1, SIZE, SIZE], bool)
    mask[0, 10:14, 20:32] = True
    assert_allclose(shapes.elongation(mask), 12 / 4.0)
    assert_allclose(shapes.centroid(mask), [[11.5, 25.5]])


@pytest.fixture
def blobs(random):
    """Outlines of no simple shape."""
    noise = ndimage.gaussian_filter(random.randn(30, SIZE, SIZE), (0, 3, 3))
    regions = [ndimage.label(row > 0.05)[0] for row in noise]
    return np.array([each == np.bincount(each.ravel())[1:].argmax() + 1 for each in regions])


def test_the_long_axis_is_the_largest_distance_between_any_two_pixels_and_their_reach(blobs):
    long_axis, short_axis = shapes.long_and_short(blobs)
    furthest = np.array([distance.pdist(np.argwhere(blob)).max() for blob in blobs])
    assert (long_axis >= furthest - 1e-9).all() and (long_axis <= furthest + 2 * shapes.REACH).all()
    assert (short_axis <= long_axis + 1e-9).all() and (short_axis > 0).all()


def test_the_axes_are_those_of_finely_sampled_chords_between_the_sides_of_the_convex_hull(blobs):
    for blob, (length, width) in zip(blobs, np.transpose(shapes.long_and_short(blobs))):
        pixels = np.argwhere(blob)
        points = np.concatenate([pixels + np.array(by) * shapes.REACH for by in ((0, 1), (0, -1), (1, 0), (-1, 0))])
        hull = ConvexHull(points)
        pairs = distance.squareform(distance.pdist(points[hull.vertices]))
        i, j = np.unravel_index(pairs.argmax(), pairs.shape)
        start, end = points[hull.vertices[[i, j]]]
        across = np.array([start[1] - end[1], end[0] - start[0]]) / pairs.max()
        chords = []
        for share in np.linspace(0, 1, 1000)[1:-1]:
            slopes = hull.equations[:, :2].dot(across)
            at = -(hull.equations[:, :2].dot(start + share * (end - start)) + hull.equations[:, 2]) / slopes
            chords.append(at[slopes > 0].min() - at[slopes < 0].max())
        assert length == pytest.approx(pairs.max()) and width == pytest.approx(max(chords), abs=0.05)


def test_elongation_is_that_of_the_covariance_of_fine_points_in_the_pixels(blobs):
    steps = (np.arange(10) - 4.5) / 10
    for blob, measured in zip(blobs, shapes.elongation(blobs)):
        rows, columns = [np.add.outer(index, grid.ravel()).ravel() for index, grid in
                         zip(np.nonzero(blob), np.meshgrid(steps, steps))]  # fmt: skip
        small, large = np.linalg.eigvalsh(np.cov(rows, columns))
        assert measured == pytest.approx(np.sqrt(large / small), rel=1e-3)


def test_the_centroid_is_that_of_scipy(blobs):
    expected = [ndimage.center_of_mass(blob) for blob in blobs]
    assert_allclose(shapes.centroid(blobs), expected)


def test_an_empty_mask_has_no_shape_and_one_pixel_has():
    masks = np.zeros([2, 9, 9], bool)
    masks[1, 0, 8] = True
    measured = np.array(
        list(shapes.long_and_short(masks))
        + list(shapes.centroid(masks).T)
        + [shapes.elongation(masks), shapes.circularity(masks), shapes.equivalent_diameter(masks)]
    )
    assert np.isnan(measured[:, 0]).all() and np.isfinite(measured[:, 1]).all()
    assert list(shapes.area(masks)) == [0, 1] and list(shapes.centroid(masks)[1]) == [0, 8]
    assert len(shapes.long_and_short(masks[:0])[0]) == 0


def test_two_thousand_masks_take_seconds():
    masks = np.tile(drawn(ellipse, 20, 13), [40, 1, 1])
    begin = time.process_time()
    for measure in (shapes.long_and_short, shapes.elongation, shapes.circularity, shapes.centroid):
        measure(masks)
    assert time.process_time() - begin < 8
