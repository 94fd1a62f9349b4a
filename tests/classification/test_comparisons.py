"""Which arms are compared with which, and what is said before the run."""

import types

import numpy as np
import pytest

from classification import comparisons

RATIOS = [('raw', None), ('common', None), ('duplicates', 0.5), ('duplicates', 1.0), ('gan', 0.5), ('gan', 1.0)]


def folds(unknown_patients=0):
    labels, patients = np.repeat([0, 1, 2], [30, 119, 57]), ['p%d' % i for i in range(206)]
    return types.SimpleNamespace(nodules=lambda: (labels, patients), unknown_patients=unknown_patients)


def test_each_ratio_has_a_control_of_its_own_and_only_ratio_1_is_primary():
    assert comparisons.controls(RATIOS) == {
        'raw': None, 'common': 'raw', 'duplicates x0.5': 'common', 'duplicates x1': 'common',
        'gan x0.5': 'duplicates x0.5', 'gan x1': 'duplicates x1',
    }  # fmt: skip
    assert comparisons.primary(RATIOS) == 'gan x1'
    assert comparisons.primary([pair for pair in RATIOS if pair != ('gan', 1.0)]) is None


@pytest.mark.parametrize(
    'arms, control',
    [('duplicates common raw gan', 'duplicates'), ('raw common gan', 'common'), ('cutmix raw gan', 'raw'),
     ('cutmix gan', None)],
)  # fmt: skip
def test_the_control_is_the_nearest_one_that_there_is(arms, control):
    pairs = [(arm, 1.0 if arm in ('duplicates', 'gan') else None) for arm in arms.split()]
    assert comparisons.controls(pairs)['gan'] == control
    assert comparisons.primary(pairs) == ('gan' if control else None)


def test_the_plan_says_what_difference_can_be_found_and_whose_patients_are_not_known():
    facts = comparisons.plan(RATIOS, folds(12), 3)
    text = comparisons.plan_text(facts)
    assert text[0].startswith('The patient of 12 of 206 nodules is not recorded')
    assert text[1] == (
        'Primary comparison: balanced accuracy of gan x1 and duplicates x1, 206 nodules of 206 patients, repeats: 3.'
    )
    gains = [row['gain'] for row in facts['detectable']]
    assert text[
        2
    ] == 'If they disagree on 15 %% of the nodules, a gain of %.1f points is found in 80 %% of experiments.' % (
        100 * gains[0]
    )
    assert gains[0] < gains[1]
    assert comparisons.plan_text(comparisons.plan([('raw', None)], folds(), 3)) == [
        'No primary comparison: it needs the arm gan at ratio 1, and duplicates, common or raw.'
    ]
