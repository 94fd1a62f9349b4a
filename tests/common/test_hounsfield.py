import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from common import hounsfield
from scans import complaint


def test_the_paper_window_gives_the_gray_levels_of_the_published_patches():
    assert_array_equal(
        hounsfield.to_gray([-1024, -900, -100, 45, 160], hounsfield.window('paper')), [74, 85, 153, 165, 175]
    )


def test_gray_is_rounded_and_clipped_and_is_eight_bit():
    gray = hounsfield.to_gray([-2000, -1000, -999, -997.1, 400, 9999], (-1000.0, 400.0))
    assert gray.dtype == np.uint8
    assert_array_equal(gray, [0, 0, 0, 1, 255, 255])


def test_gray_to_hu_and_back_changes_nothing():
    gray = np.arange(256, dtype='uint8')
    for name in hounsfield.WINDOWS:
        hu = hounsfield.to_hu(gray, hounsfield.window(name))
        assert hu.dtype == np.float32
        assert_allclose(hu[[0, 255]], hounsfield.WINDOWS[name], atol=1e-3)
        assert_array_equal(hounsfield.to_gray(hu, hounsfield.window(name)), gray)


def test_a_window_is_a_name_or_two_numbers():
    assert hounsfield.window('lung') == (-1350.0, 150.0)
    assert hounsfield.window('-1000, 400') == (-1000.0, 400.0)


@pytest.mark.parametrize('text', ['', 'bone', '1', '1,2,3', '400,-1000', '5,5', 'nan,3', '-inf,inf', 'a,b'])
def test_other_windows_are_refused_with_an_example(text):
    complaint(ValueError, lambda: hounsfield.window(text), repr(text), 'paper', '-1000,400')
