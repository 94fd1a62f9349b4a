"""Agreement beyond chance: Cohen's kappa of two readers, `classifier_metrics.kappa`, and that of several, Fleiss'.

Intervals are by bootstrap over cases.
"""

import numpy as np

from stats import classifier_metrics

RESAMPLES = 2000
COVERAGE = 0.95


def _interval(statistic, cases, seed):
    """[low, high] of statistic(weights [B, cases]), NaN where too many resampled sets leave it undefined."""
    if cases < 2:
        return [np.nan, np.nan]
    weights = np.random.RandomState(seed).multinomial(cases, np.full(cases, 1.0 / cases), RESAMPLES)
    values = statistic(weights.astype(float))
    values = values[~np.isnan(values)]
    if len(values) < 0.9 * RESAMPLES:
        return [np.nan, np.nan]
    return np.percentile(values, [50 * (1 - COVERAGE), 50 * (1 + COVERAGE)]).tolist()


def cohen(first, second, seed=0):
    """(kappa, [low, high]) of yes and no, bool [N], by two to the same N cases (Cohen 1960)."""
    first, second = np.asarray(first, int), np.asarray(second, int)
    pairs = np.eye(4)[2 * first + second]

    def kappa(weights):
        return classifier_metrics.kappa(weights.dot(pairs).reshape(weights.shape[:-1] + (2, 2)))

    return float(kappa(np.ones(len(first)))), _interval(kappa, len(first), seed)


def fleiss(ratings, seed=0):
    """(kappa, [low, high]) of how many chose each category, [cases, categories] (Fleiss, Psychol Bull 1971;76:378-382).

    Cases that fewer than two rated say nothing and are left out; others may have had any number of raters.
    """
    ratings = np.asarray(ratings, float)
    ratings = ratings[ratings.sum(axis=1) > 1]
    raters = ratings.sum(axis=1)
    agreeing = (ratings * (ratings - 1)).sum(axis=1) / (raters * (raters - 1))

    def kappa(weights):
        shares = classifier_metrics.ratio(weights.dot(ratings), weights.dot(raters)[..., None])
        expected = np.square(shares).sum(axis=-1)
        agreement = classifier_metrics.ratio(weights.dot(agreeing), weights.sum(axis=-1))
        return classifier_metrics.ratio(agreement - expected, 1 - expected)

    return float(kappa(np.ones(len(ratings)))), _interval(kappa, len(ratings), seed)
