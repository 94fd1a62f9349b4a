"""Rows of an evaluation about sets of nodules: their radiomic distance, and duplicates."""

import numpy as np
import pytest
from scipy import linalg

from metrics import filters, image_sets, memorisation, radiomics, topic_verdicts
from metrics.evaluation import Evaluation
from metrics.real_reference import Reference

COUNT = 60
pytestmark = pytest.mark.usefixtures('discs')


def evaluation(generated, reals):
    return Evaluation(generated, Reference(image_sets.of_images(reals, COUNT, 0)))


def radiomic_row(evaluated):
    evaluated.measure_nodules()
    return evaluated.measure_radiomics()


def frechet(a, b):
    (mean_a, cov_a), (mean_b, cov_b) = [(x.mean(axis=0), np.cov(x.T)) for x in (a, b)]
    root = linalg.sqrtm(cov_a.dot(cov_b)).real
    return np.sum((mean_a - mean_b) ** 2) + np.trace(cov_a + cov_b - 2 * root)


def test_the_radiomic_distance_is_frechets_of_features_standardised_by_training_reals(phantoms):
    evaluated = evaluation(phantoms[:COUNT], phantoms[COUNT : 3 * COUNT])
    (row,) = radiomic_row(evaluated)
    compared = evaluated.sets
    values = []
    for images in (phantoms[:COUNT], compared.heldout_reals, compared.training_reals):
        values.append(radiomics.features(images, evaluated.reference.measure_nodules(images)))
    standard = radiomics.standard(values[2])
    generated, heldout, training = [radiomics.points(x, standard) for x in values]
    assert row.count == len(generated) == COUNT
    assert row.fakes.value == pytest.approx(frechet(generated, heldout), rel=1e-4)
    assert row.reals.value == pytest.approx(frechet(training, heldout), rel=1e-4)
    assert row.fakes.interval[0] < row.fakes.value < row.fakes.interval[1]
    for shift, column in zip(evaluated.shifts, range(generated.shape[1])):
        assert shift.fakes == pytest.approx(generated[:, column].mean() - heldout[:, column].mean())
        assert shift.reals == pytest.approx(training[:, column].mean() - heldout[:, column].mean())


def test_blurred_nodules_are_further_from_real_ones_with_fainter_edges_and_less_noise(phantoms):
    blurred = np.rint(filters.binomial_blur(phantoms[:COUNT].astype(np.float32))).astype(np.uint8)
    evaluated = evaluation(blurred, phantoms[COUNT : 3 * COUNT])
    (row,) = radiomic_row(evaluated)
    assert topic_verdicts.compare([row])[0].state == 'higher'
    shifts = {shift.feature: shift.fakes for shift in evaluated.shifts}
    assert shifts['edge'] < -0.5 and shifts['noise'] < -0.5 and abs(shifts['diameter']) < 0.5


def test_no_more_nodules_than_features_make_no_radiomic_row(phantoms):
    images = phantoms[:COUNT].copy()
    images[20:] = 90
    evaluated = evaluation(images, phantoms[COUNT : 3 * COUNT])
    assert radiomic_row(evaluated) == [] and evaluated.shifts == []


def test_a_set_that_repeats_itself_has_more_duplicates_than_real_images(phantoms):
    images = phantoms[:COUNT].copy()
    images[40:] = memorisation.turned(images[:20], 6)
    evaluated = evaluation(images, phantoms[COUNT : 3 * COUNT])
    (row,) = evaluated.measure_duplicates(COUNT)
    reals = [
        memorisation.nearest_others(x).distance for x in (evaluated.sets.heldout_reals, evaluated.sets.training_reals)
    ]
    limit = np.percentile(reals[0], 1)
    assert row.fakes.value == np.mean(memorisation.nearest_others(images).distance <= limit) >= 40 / 60.0
    assert row.reals.value == np.mean(reals[1] <= limit) <= 0.1
    assert topic_verdicts.compare([row])[0].state == 'higher' and row.count == COUNT
    assert evaluated.measure_duplicates(15)[0].count == 15
