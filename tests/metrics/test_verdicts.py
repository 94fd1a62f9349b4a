"""What an evaluation says in words, for figures whose meaning is known."""

import pytest

from metrics import verdicts
from metrics.evaluation import Row
from stats.bootstrap import Estimate


def row(metric, fakes, reals, wanted='low'):
    """A row; fakes, reals: (value, low, high)."""
    return Row(metric, *[Estimate(x[0], list(x[1:]), None) for x in (fakes, reals)], wanted=wanted, seconds=0)


def said(rows, number=2000, learnt=True):
    found = verdicts.verdicts(verdicts.comparisons(rows, number, number), learnt)
    return {x.topic: (x.tone, x.words) for x in found}


def test_a_recall_below_that_of_the_reals_is_less_variety_at_any_number_of_images():
    rows = [row('recall, pixel pyramid', (0.57, 0.5, 0.63), (0.8, 0.74, 0.86), 'high')]
    for number in (50, 5000):
        assert said(rows, number) == {'Variety': ('differs', "lower than the reals'")}


def test_more_likeness_of_pairs_is_less_variety_too():
    rows = [row('MS-SSIM of pairs, 3 of 5 scales', (0.31, 0.3, 0.32), (0.22, 0.21, 0.23), 'as reals')]
    assert said(rows) == {'Variety': ('differs', "lower than the reals'")}


@pytest.mark.parametrize(
    'spread, number, tone', [(0.02, 2000, 'alike'), (0.02, 499, 'undecided'), (0.2, 2000, 'undecided')]
)
def test_sets_are_alike_only_if_images_are_many_and_a_difference_that_matters_is_ruled_out(spread, number, tone):
    around = [0.8 - spread, 0.8 + spread]
    assert said([row('recall, network', [0.8] + around, [0.8] + around, 'high')], number)['Variety'][0] == tone


def test_a_clear_difference_that_does_not_matter_is_none():
    close = row('nodule HU, mean', (-600, -603, -597), (-610, -613, -607), 'as reals')
    assert said([close], 50000)['Density'][0] == 'alike' and said([close], 100)['Density'][0] == 'differs'


def test_a_smaller_distance_or_a_higher_share_than_that_of_the_reals_does_not_count_against_the_images():
    rows = [
        row('SWD x1000, 64x64', (4, 3.9, 4.1), (8, 7.9, 8.1)),
        row('precision, network', (0.9, 0.89, 0.91), (0.7, 0.69, 0.71)),
    ]
    assert said(rows)['Fidelity'][0] == 'alike'


def test_copies_are_told_from_as_many_near_images_as_reals_have():
    few, many, reals = (0.011, 0.007, 0.016), (0.4, 0.37, 0.43), (0.01, 0.006, 0.015)
    assert said([row('share nearer than 1st percentile', few, reals)])['Copies'][0] == 'alike'
    tone, words = said([row('share nearer than 1st percentile', many, reals)])['Copies']
    assert tone == 'differs' and 'as near to a training image as copies are' in words


def test_nothing_is_said_of_copies_where_the_weights_are_not_known_to_have_learnt_from_the_data():
    rows = [row('share nearer than 1st percentile', (0.011, 0.007, 0.016), (0.01, 0.006, 0.015))]
    rows.append(row('recall, network', (0.8, 0.79, 0.81), (0.8, 0.79, 0.81), 'high'))
    found = said(rows, learnt=False)
    assert found['Copies'][0] == 'unknown' and found['Variety'][0] == 'alike'


def test_what_differs_most_comes_first_and_every_metric_that_differs_is_shown():
    rows = [
        row('SWD x1000, %dx%d' % (size, size), (value, value - 1, value + 1), (8, 7, 9))
        for size, value in ((64, 20), (32, 90), (16, 8))
    ]
    (verdict,) = verdicts.verdicts(verdicts.comparisons(rows, 2000, 2000), True)
    assert [x.row.metric for x in verdict.shown] == ['SWD x1000, 32x32', 'SWD x1000, 64x64']


def test_the_interval_of_a_difference_is_that_of_independent_estimates():
    found = verdicts.compare(row('FID', (10, 7, 14), (5, 1, 8)), 100)
    assert (found.low, found.high) == pytest.approx((5 - (9 + 9) ** 0.5, 5 + (16 + 16) ** 0.5))


def test_the_summary_names_what_differs_what_does_not_and_what_is_open():
    found = [
        verdicts.Verdict(*x, words='', shown=[])
        for x in (('Variety', 'differs'), ('Density', 'alike'), ('Fidelity', 'undecided'), ('Copies', 'unknown'))
    ]
    assert verdicts.summary(found, 100) == (
        'Compared with real images, the generated ones differ in variety and are as good in density. '
        '100 images are too few to decide on fidelity. '
        'Whether they are copies of training images is not known.'
    )


def test_every_metric_of_an_evaluation_has_words():
    names = 'SWD x1000, 16x16', 'KID x1000', 'FID', 'gray histogram distance, HU', 'nodule diameter, pixels, SD'
    for name in names + ('nodule diameter, mm, mean', 'nearest training image, gray levels'):
        assert verdicts.metric_of(row(name, (1, 1, 1), (1, 1, 1)))[0].meaning
