"""The crossed analysis against the published example of Van Dyke, DeLong, SciPy and loops that leave one case out."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from sklearn import metrics as sklearn_metrics

from stats import crossed

# Ratings 1 to 5 of single spin-echo MRI by five radiologists: 69 patients without aortic dissection, then 45 with one
# (Van Dyke et al., RSNA 1993). It is the example of OR-DBM MRMC 2.51 (University of Iowa), whose output is EXPECTED.
VAN_DYKE = (
    '122151111111411111111131311214111113121211233131133111111221111332111'
    '555545554555434245555555154454553555115554451',
    '232222222322522232222222422223222222222222222222222222222432232222222'
    '535555542555442225555555243354552425225555352',
    '222235112242422232221232411322112224121412112222223211211221151421212'
    '545555555555542355555555252255552555225555552',
    '111111311111111111112111211112111111111111111111331111111111111311111'
    '555555555555555155555555554544553555125555555',
    '351211112221211122113221111211211231221113332111211111111341231212113'
    '525255551545452235555554144322151515115553552',
)
EXPECTED = dict(
    areas=[0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066],
    variances=[0.00090755, 0.00132316, 0.00079859, 0.00030064, 0.00174057],
    shared=0.00048396,
    mean=0.89703704,
    error=0.03317360,
    freedom=12.74,
    interval=[0.82522360, 0.96885048],
)


def areas(signals, ratings):
    """AUC of each reader by scikit-learn."""
    return np.array([sklearn_metrics.roc_auc_score(signals, row) for row in ratings])


def left_out(signals, ratings):
    """AUCs [readers, cases] without each case, one after the other."""
    keep = ~np.eye(len(signals), dtype=bool)
    return np.array([areas(signals[rows], ratings[:, rows]) for rows in keep]).T


@pytest.fixture(scope='module')
def van_dyke():
    ratings, signals = np.array([list(map(int, row)) for row in VAN_DYKE]), np.arange(114) >= 69
    return areas(signals, ratings), left_out(signals, ratings)


def test_areas_covariances_and_standard_error_of_the_published_example_agree(van_dyke):
    values, without = van_dyke
    assert_allclose(values, EXPECTED['areas'], atol=1e-8)
    errors = crossed.covariance(without)
    assert_allclose(np.diag(errors), EXPECTED['variances'], atol=1e-8)
    assert_allclose(errors[np.triu_indices(5, 1)].mean(), EXPECTED['shared'], atol=1e-8)
    result = crossed.estimate(values, without, 45)
    assert_allclose([result.value, result.error], [EXPECTED['mean'], EXPECTED['error']], atol=1e-8)
    share, freedom = result.parts[0]
    assert freedom == 4 and freedom / share**2 == pytest.approx(EXPECTED['freedom'], abs=0.005)
    half = result.error * stats.t.ppf(0.975, freedom / share**2)
    assert_allclose([result.value - half, result.value + half], EXPECTED['interval'], atol=1e-7)


def test_our_interval_of_the_published_example_is_a_little_wider(van_dyke):
    result = crossed.estimate(*van_dyke, count=45)
    low, high = crossed.interval(result)
    assert 1 < (high - low) / np.diff(EXPECTED['interval'])[0] < 1.15


def test_readers_without_cases_in_common_are_compared_by_a_t_test(random):
    values = random.uniform(0.4, 0.7, size=6)
    result = crossed.estimate(values, np.repeat(values[:, None], 50, axis=1), 25)  # no case changes anything
    expected = stats.ttest_1samp(values, 0.5)
    assert crossed.p_value(result, 0.5) == pytest.approx(expected.pvalue, abs=1e-9)
    half = stats.t.ppf(0.975, 5) * stats.sem(values)
    assert_allclose(crossed.interval(result), [values.mean() - half, values.mean() + half])


def test_one_reader_has_the_interval_of_delong(random):
    signals = np.arange(300) % 2 == 0
    ratings = np.rint(random.randn(1, 300) + signals)
    noise, signal = ratings[0, ~signals], ratings[0, signals]
    above = (1 + np.sign(signal[:, None] - noise)) / 2
    variance = sum(np.var(above.mean(axis=axis), ddof=1) / 150 for axis in (0, 1))  # DeLong et al. 1988
    result = crossed.estimate(areas(signals, ratings), left_out(signals, ratings), 150)
    assert result.value == pytest.approx(above.mean()) and result.error == pytest.approx(np.sqrt(variance), rel=0.005)
    half = stats.t.ppf(0.975, 149) * result.error
    assert_allclose(crossed.interval(result), [result.value - half, result.value + half])
    assert crossed.p_value(result, 0.5) == pytest.approx(2 * stats.t.sf((result.value - 0.5) / result.error, 149))


def test_readers_who_answer_alike_are_worth_one(random):
    signals = np.arange(100) % 2 == 0
    one = np.rint(random.randn(1, 100) + 0.5 * signals)
    values, without = areas(signals, one), left_out(signals, one)
    alone = crossed.estimate(values, without, 50)
    four = crossed.estimate(np.repeat(values, 4), np.repeat(without, 4, axis=0), 50)
    assert four.error == pytest.approx(alone.error)
    assert_allclose(crossed.interval(four), crossed.interval(alone))


def test_the_error_is_never_below_that_for_the_same_readers(random):
    values = np.full(3, 0.6)
    without = values[:, None] + 0.01 * random.randn(3, 80)
    result = crossed.estimate(values, without, 40)
    errors = crossed.covariance(without)
    shared = max(errors[np.triu_indices(3, 1)].mean(), 0)
    assert result.error == pytest.approx(np.sqrt((np.trace(errors) / 3 + 2 * shared) / 3)) and result.error > 0


@pytest.mark.parametrize('level', [0.2, 0.05, 0.001])
def test_the_p_value_is_the_level_at_which_the_interval_just_excludes(van_dyke, level):
    result = crossed.estimate(*van_dyke, count=45)
    low, high = crossed.interval(result, 1 - level)
    for end in (low, high):
        assert crossed.p_value(result, end) == pytest.approx(level, rel=1e-6)


def test_what_never_varies_has_no_interval():
    constant = crossed.estimate(np.full(2, 1.0), np.ones([2, 40]), 20)
    assert crossed.interval(constant) is None
    assert crossed.p_value(constant, 0.5) == 0 and crossed.p_value(constant, 1) == 1
