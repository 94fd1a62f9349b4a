"""Rows of an evaluation about nodules, of which some images have none."""

import functools

import numpy as np
import pytest

from metrics import evaluate, image_sets, nodules
from metrics.evaluation import Evaluation
from metrics.real_reference import Reference
from sets import pictures

WINDOW, MM = (-1900.0, 1100.0), 0.6
BLANK = 90


def evaluation(generated, reals, **facts):
    """The Evaluation of generated images against as many held-out reals, with a card of facts."""
    compared = image_sets.of_images(reals, len(generated), 0)
    card = compared.card._replace(**facts)
    return Evaluation(generated, Reference(compared._replace(card=card)))


@pytest.fixture
def generated(phantoms):
    """Forty phantoms, the first 12 of which are blank."""
    images = phantoms[:40].copy()
    images[:12] = BLANK
    return images


def test_rows_are_about_the_images_in_which_a_nodule_was_found(phantoms, generated):
    evaluated = evaluation(generated, phantoms[40:240], window=WINDOW, mm_per_pixel=MM)
    rows = {row.metric.key: row for row in evaluated.measure_nodules()}
    keys = ['nodule_gray_mean', 'nodule_gray_sd', 'solid_share']
    assert list(rows) == keys + ['diameter_mean', 'diameter_sd', 'elongation_mean', 'wall_mean']
    sides = [nodules.measure(images, WINDOW, MM) for images in (phantoms[12:40], evaluated.sets.heldout_reals)]
    for key, statistic, field in (
        ('nodule_gray_mean', np.nanmean, 'mean_hu'),
        ('nodule_gray_sd', functools.partial(np.nanstd, ddof=1), 'mean_hu'),
        ('solid_share', np.nanmean, 'solid_share'),
        ('diameter_mean', np.nanmean, 'diameter_mm'),
        ('diameter_sd', functools.partial(np.nanstd, ddof=1), 'diameter_mm'),
        ('elongation_mean', np.nanmean, 'elongation'),
        ('wall_mean', np.nanmean, 'wall_mm'),
    ):
        fakes, reals = [statistic(getattr(side, field)) for side in sides]
        row = rows[key]
        assert row.fakes.value == pytest.approx(fakes, rel=1e-5) and row.reals.value == pytest.approx(reals, rel=1e-5)
        assert row.count == min(np.isfinite(getattr(side, field)).sum() for side in sides)
        assert row.fakes.interval[0] < row.fakes.value < row.fakes.interval[1]
    units = [rows[key].metric.unit for key in ('nodule_gray_mean', 'diameter_mean', 'wall_mean', 'solid_share')]
    assert units == ['HU', 'mm', 'mm', None]


def test_the_interval_of_a_mean_is_that_of_the_images_that_count(phantoms, generated):
    evaluated = evaluation(generated, phantoms[40:240], window=WINDOW, mm_per_pixel=MM)
    row = [row for row in evaluated.measure_nodules() if row.metric.key == 'diameter_mean'][0]
    values = nodules.measure(phantoms[12:40], WINDOW, MM).diameter_mm
    half = 2.05 * values.std(ddof=1) / np.sqrt(len(values))  # Student's t of 27 degrees of freedom
    assert np.ptp(row.fakes.interval) / 2 == pytest.approx(half, rel=0.15)


def test_where_windows_differ_there_are_gray_levels_and_no_row_that_needs_hu(phantoms):
    differing = dict(window=[('A', (-1000, 400)), ('B', WINDOW)])
    evaluated = evaluation(phantoms[:40], phantoms[40:240], differing=differing)
    rows = {row.metric.key: row for row in evaluated.measure_nodules()}
    assert list(rows) == ['nodule_gray_mean', 'nodule_gray_sd', 'diameter_mean', 'diameter_sd', 'elongation_mean']
    assert rows['nodule_gray_mean'].metric.unit == 'gray levels' and 0 < rows['nodule_gray_mean'].fakes.value < 255
    assert rows['diameter_mean'].metric.unit == 'pixels'


def test_a_few_nodules_make_no_row(phantoms):
    images = np.full([40, 1, 32, 32], BLANK, np.uint8)
    images[:9] = phantoms[:9]
    evaluated = evaluation(images, phantoms[40:240], window=WINDOW)
    assert evaluated.measure_nodules() == []
    evaluated.add([], 1.0)
    assert evaluated.rows == []


@pytest.mark.usefixtures('discs')
def test_an_evaluation_says_in_how_many_images_no_nodule_was_found(random):
    images = pictures(random, 75, 8)
    images = images[np.argsort(~nodules.measure(images).found, kind='mergesort')]
    assert nodules.measure(images).found[:50].all()
    generated, reals = images[:25], images[25:]
    generated[:10] = BLANK
    (text,) = [note.text for note in evaluate(generated, reals, audit=5).notes if note.key == 'not_found']
    assert '40.0 % of the generated' in text


@pytest.mark.usefixtures('discs')
def test_an_evaluation_of_images_that_all_have_a_nodule_says_nothing_of_that(random):
    images = pictures(random, 150, 8)
    images = images[nodules.measure(images).found][:75]
    assert len(images) == 75
    assert 'not_found' not in {note.key for note in evaluate(images[:25], images[25:], audit=5).notes}


def test_images_whose_window_is_not_recorded_are_taken_to_have_the_published_one(phantoms):
    rows = evaluation(phantoms[:40], phantoms[40:240]).measure_nodules()
    reals = nodules.measure(phantoms[:40], WINDOW).mean_hu
    assert rows[0].metric.unit == 'HU' and rows[0].fakes.value == pytest.approx(reals.mean(), rel=1e-5)
