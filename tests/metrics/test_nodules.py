"""The record of nodules, against drawings whose measures are known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from common import hounsfield
from metrics import nodules
from places import ONCE

WINDOW, MM, SIZE = hounsfield.WINDOWS['paper'], 0.6, 64


def drawn(discs, wall=0, middle=(0.0, 0.0), noise=15, lung=-850):
    """uint8 [1, 1, SIZE, SIZE] of discs [(diameter in pixels, HU)] on each other; wall: columns of fat at the left."""
    at = np.arange(SIZE) - (SIZE - 1) / 2.0
    away = np.hypot(at[:, None] - middle[0], at - middle[1])
    hu = np.full([SIZE, SIZE], float(lung))
    for diameter, density in discs:
        hu[away <= diameter / 2.0] = density
    hu[:, :wall] = -100
    hu += np.random.RandomState(0).randn(SIZE, SIZE) * noise
    return hounsfield.to_gray(hu, WINDOW)[None, None]


def one(images, *arguments, **options):
    """{field: its value of one image}."""
    return {name: values[0] for name, values in nodules.measure(images, *arguments, **options)._asdict().items()}


@pytest.mark.parametrize('diameter, density', [(10, -600), (16, -400), (20, 0), (24, -500)])
def test_a_disc_has_the_size_density_and_shape_it_was_drawn_with(diameter, density):
    record = one(drawn([(diameter, density)]), WINDOW, MM)
    for name in ('diameter_mm', 'long_mm', 'short_mm'):
        assert record[name] == pytest.approx(diameter * MM, rel=0.1)
    assert record['mean_hu'] == pytest.approx(density, abs=50)
    assert record['elongation'] == pytest.approx(1, abs=0.05) and record['circularity'] == pytest.approx(1, abs=0.1)
    assert_allclose([record['row'], record['column']], (SIZE - 1) / 2.0, atol=0.3)
    assert record['found'] and not record['cut'] and not record['touches_wall'] and np.isnan(record['wall_mm'])
    measured = nodules.measure(drawn([(diameter, density)]), WINDOW, MM)
    assert_allclose(measured.mean_mm, [(record['long_mm'] + record['short_mm']) / 2])
    assert measured.masks.dtype == bool and measured.masks.sum() == pytest.approx(
        np.pi * (diameter / 2.0) ** 2, rel=0.2
    )


@pytest.mark.parametrize('noise', [15, 75])
def test_pure_ground_glass_has_no_solid_part_a_core_is_one_and_a_solid_nodule_is_all_of_it(noise):
    glass, core, solid = [
        one(drawn(discs, noise=noise), WINDOW, MM) for discs in ([(20, -600)], [(20, -600), (10, -50)], [(20, 0)])
    ]
    assert glass['solid_mm'] <= MM and glass['solid_share'] < 0.01
    assert core['solid_mm'] == pytest.approx(10 * MM, abs=1) and core['solid_share'] > 0.2
    assert solid['solid_mm'] == pytest.approx(20 * MM, rel=0.1) and solid['solid_share'] > 0.9


@pytest.fixture
def outlined(monkeypatch):
    """Measures images of HU [SIZE, SIZE] in a given outline, bool [SIZE, SIZE]."""

    def measured(hu, mask):
        monkeypatch.setattr(nodules, '_outline', lambda *given: mask[None])
        return one(hounsfield.to_gray(hu, WINDOW)[None, None], WINDOW, MM)

    return measured


def test_the_solid_part_is_measured_along_its_largest_piece_and_its_share_is_that_of_all(outlined):
    mask = np.zeros([SIZE, SIZE], bool)
    mask[20:44, 20:44] = True
    hu = np.where(mask, -600.0, -850.0)
    hu[22:26, 22:26] = hu[30:42, 30:42] = 0
    record = outlined(hu, mask)
    assert record['solid_mm'] == pytest.approx(12 * np.sqrt(2) * MM, abs=0.7)
    assert record['solid_share'] == pytest.approx((16 + 144) / 576.0, abs=0.03)


@pytest.mark.parametrize('gap', [0, 1, 5])
@pytest.mark.parametrize('density', [-500, 0])
def test_the_wall_is_as_far_from_the_outline_as_it_was_drawn_whatever_the_nodule_is(outlined, gap, density):
    mask = np.zeros([SIZE, SIZE], bool)
    mask[25:40, 16 + gap : 30] = True
    hu = np.where(mask, density, -850)
    hu[:, :16] = -100
    record = outlined(hu, mask)
    assert record['wall_mm'] == pytest.approx(gap * MM) and record['touches_wall'] == (gap == 0)
    assert not record['cut']


@pytest.mark.parametrize('place', [(0, 30), (SIZE - 1, 30), (30, 0), (30, SIZE - 1)])
def test_an_outline_that_reaches_the_border_of_the_image_is_cut(outlined, place):
    mask = np.zeros([SIZE, SIZE], bool)
    mask[place] = True
    assert outlined(np.full([SIZE, SIZE], -850), mask)['cut']


def test_the_point_says_which_nodule_is_measured():
    two = np.minimum(
        drawn([(12, -400)], middle=(-15, -15)).astype(int) + drawn([(18, -600)], middle=(14, 14)) - 89, 255
    )
    images = np.repeat(two.astype(np.uint8), 3, axis=0)
    record = nodules.measure(images, WINDOW, MM, at=[[16.5, 16.5], [45.5, 45.5], [16.5, 16.5]])
    assert_allclose(record.diameter_mm, [12 * MM, 18 * MM, 12 * MM], rtol=0.1)
    assert_allclose(record.row, [16.5, 45.5, 16.5], atol=0.3)
    assert_allclose(record.mean_hu, [-400, -600, -400], atol=50)


def test_without_a_scale_there_are_pixels_and_without_a_window_gray_levels_and_neither_solid_part_nor_wall():
    image = drawn([(20, -600), (10, -50)], wall=12)
    known, plain = one(image, WINDOW, MM), one(image)
    for name in ('diameter_mm', 'long_mm', 'short_mm'):
        assert known[name] == pytest.approx(plain[name] * MM)
    assert known['mean_hu'] == pytest.approx(hounsfield.to_hu(plain['mean_hu'], WINDOW), abs=0.01)
    assert np.isnan([plain[name] for name in ('solid_mm', 'solid_share', 'wall_mm')]).all()
    assert not plain['touches_wall'] and np.isfinite(known['wall_mm'])
    in_pixels = one(image, WINDOW)
    assert in_pixels['wall_mm'] * MM == pytest.approx(known['wall_mm'])
    assert in_pixels['solid_mm'] * MM == pytest.approx(known['solid_mm'])


def test_where_no_nodule_is_found_nothing_is_measured():
    images = np.concatenate([drawn([(16, -500)], wall=8), np.full([1, 1, SIZE, SIZE], 90, np.uint8)])
    record = nodules.measure(images, WINDOW, MM)
    assert list(record.found) == [True, False] and not record.masks[1].any()
    for name, values in record._asdict().items():
        if values.dtype == bool:
            assert not values[1].any()
        else:
            assert np.isnan(values[1]) and np.isfinite(values[0]), name
            assert len(nodules.known(values)) == 1


@pytest.mark.parametrize('deviation', [25, 50])
def test_no_nodule_is_found_in_noisy_lung(random, deviation):
    hu = -850 + deviation * random.randn(40, 1, SIZE, SIZE)
    images = hounsfield.to_gray(hu, WINDOW)
    assert not nodules.measure(images, WINDOW, MM).found.any()
    faint = np.hypot(*(np.indices([SIZE, SIZE]) - (SIZE - 1) / 2.0)) < 8
    images = hounsfield.to_gray(hu + 120 * faint, WINDOW)
    assert nodules.measure(images, WINDOW, MM).found.all()


@ONCE
def test_many_images_are_measured_as_each_alone_is(random):
    images = random.randint(256, size=[300, 1, 16, 16]).astype(np.uint8)
    parts = []
    many = nodules.measure(images, WINDOW, MM, track=lambda items: parts.append(len(items)) or items)
    assert parts == [5]
    for i in (0, 63, 64, 299):
        for together, alone in zip(many, nodules.measure(images[i : i + 1], WINDOW, MM)):
            assert_allclose(together[i], alone[0])


@pytest.mark.parametrize('at', [[[1.0, 2.0]], [[-1.0, 3.0]] * 2, [[3.0, 16.0]] * 2, [[np.nan, 3.0]] * 2, [[3.0]] * 2])
def test_points_outside_the_images_are_refused(at):
    with pytest.raises(ValueError, match='a point in each of 2 images of 16x16'):
        nodules.measure(np.zeros([2, 1, 16, 16], np.uint8), at=at)
