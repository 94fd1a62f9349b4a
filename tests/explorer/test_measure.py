"""What is measured of nodules, against discs whose measures are known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer import measure
from metrics import nodules

WINDOW, MM = (-1900.0, 1100.0), 0.6


def hu(value):
    return int(round((value + 1900) * 255 / 3000.0))


@pytest.fixture
def image():
    """A disc of 16 pixels and -650 HU, 3 pixels right of and 2 above the middle, and a wall of fat at the left."""
    at = np.arange(64) - 31.5
    pixels = np.full([64, 64], hu(-850))
    pixels[np.hypot(at[:, None] + 2, at - 3) <= 8] = hu(-650)
    pixels[:, :17] = hu(-100)
    return pixels.astype(np.uint8)[None, None]


def test_a_disc_measures_what_it_was_drawn_with(image):
    result, masks = measure.measure(image, WINDOW, MM)
    values = {name: row[0] for name, row in result.items()}
    assert values['diameter_mm'] == pytest.approx(16 * MM, abs=0.8)
    assert values['mean_hu'] == pytest.approx(-650, abs=25)
    assert values['x_mm'] == pytest.approx(3 * MM, abs=0.2) and values['y_mm'] == pytest.approx(-2 * MM, abs=0.2)
    rows, columns = np.nonzero(masks[0])
    assert values['wall_mm'] == pytest.approx((columns.min() - 17) * MM)  # the wall is 17 pixels wide
    assert values['solid_share'] == 0
    image[image == hu(-650)] = hu(0)
    assert measure.measure(image, WINDOW, MM)[0]['solid_share'][0] > 0.9


def test_attributes_are_what_an_evaluation_measures(random):
    images = random.randint(256, size=[20, 1, 64, 64]).astype(np.uint8)
    result, masks = measure.measure(images, WINDOW, MM)
    theirs = nodules.measure(images, WINDOW, MM)
    assert (masks == theirs.masks).all() and masks.any()
    for name in ('diameter_mm', 'mean_hu', 'wall_mm', 'solid_share'):
        assert_allclose(result[name], getattr(theirs, name))


def test_without_a_scale_there_are_pixels_and_gray_levels_and_neither_wall_nor_solid_part(image):
    names = [attribute.name for attribute in measure.attributes(None, None)]
    assert names == ['diameter_px', 'mean_gray', 'x_px', 'y_px']
    result, _ = measure.measure(image, None, None)
    assert list(result) == names
    with_mm, _ = measure.measure(image, None, MM)
    assert with_mm['diameter_mm'] == result['diameter_px'] * MM


def test_what_is_not_there_has_no_measure():
    blank = np.zeros([1, 1, 64, 64], np.uint8)
    result, masks = measure.measure(blank, WINDOW, MM)
    assert not masks.any() and all(np.isnan(values[0]) for values in result.values())
