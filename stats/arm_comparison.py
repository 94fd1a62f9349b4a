"""Ways to train a classifier, called arms, beside each other: metrics, intervals, and tests against one of them.

All arms predict the same nodules, each once a repeat, by a network that its fold kept it out of. What `summary` returns
is plain data for a file or a page:
  classes, per_class: names, and nodules of each; folds: names; repeats, resamples, seed, coverage: numbers; reference:
    an arm; notes: texts.
  false_positive_rates: of `roc`.
  arms: {arm: {metrics, confusion, reliability, roc, difference, mcnemar, nadeau_bengio}}
    metrics: {metric: {value, interval, repeats}}; metric: balanced_accuracy, accuracy, macro_auc, kappa, brier,
      calibration_error, and of each class sensitivity_AIS, specificity_AIS, auc_AIS; repeats: the value of each, whose
      mean is the value. Shares of nodules (accuracy, sensitivity, specificity) have their `wilson` interval, too: that
      of the bootstrap has no width where all repeats are wholly right or wrong. Few nodules lift calibration_error,
      whose interval is about the lifted one; [low, high] of right probabilities of as many is `by_chance`.
    confusion: nodules by class (rows) and predicted class (columns), mean over repeats.
    reliability: [{low, high, share, confidence, accuracy}], bins that are not empty, of all repeats together.
    roc: {class: true-positive rates}, mean over folds and repeats.
    difference, mcnemar, nadeau_bengio: from the reference, null for itself. {metric: {value, interval}}, paired;
      {only_reference, only_arm, p, p_holm}; {value, interval, p, p_holm}, of balanced accuracy, null for one fold.
What is not defined, as the AUC of a class that is alone in its folds, is null.
"""

import collections

import numpy as np
from scipy import special

from common import schema
from stats import calibration, classifier_metrics, paired_tests, predictions, proportions

COVERAGE = 0.95
RESAMPLES = 2000


def resamples(labels, n=RESAMPLES, seed=0):
    """How often each nodule is drawn, [n, N], in sets that keep the number of each class (Efron 1979).

    A class is never missing, so balanced accuracy is always defined. Repeats and arms are resampled alike, as the
    repeats of a nodule are no other nodules. ValueError for a class of one nodule.
    """
    if np.bincount(labels).min() < 2:
        raise ValueError('an interval needs two nodules of each class, or more')
    random, weights = np.random.RandomState(seed), np.empty([n, len(labels)])
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        weights[:, members] = random.multinomial(len(members), np.full(len(members), 1.0 / len(members)), n)
    return weights


def interval(resampled, smallest):
    """Percentiles [low, high] of resampled values, NaN if any is; smallest: nodules of the smallest class.

    They stay where the metric does, as from 0 to 1. They lie further out than COVERAGE says, as resamples of few
    vary too little (Hesterberg 2015, section 3.3, as in stats.bootstrap, whose intervals are moved, however, because
    resampling lifts distances; it does not lift shares and AUCs).
    """
    if np.isnan(resampled).any():
        return [np.nan, np.nan]
    wide = np.sqrt(smallest / (smallest - 1.0)) * special.stdtrit(smallest - 1, 0.5 + COVERAGE / 2)
    return np.percentile(resampled, [100 * special.ndtr(-wide), 100 * special.ndtr(wide)]).tolist()


def measured(labels, probabilities, folds, classes, weights):
    """{metric: values [B]} of one repeat, by weights [B, N]; metrics as above."""
    matrix = classifier_metrics.confusion(labels, probabilities, weights)
    areas = classifier_metrics.auc(labels, probabilities, folds, weights)
    bins = calibration.reliability(labels, probabilities, weights)
    metrics = collections.OrderedDict(balanced_accuracy=classifier_metrics.balanced_accuracy(matrix))
    metrics['accuracy'] = classifier_metrics.accuracy(matrix)
    metrics['macro_auc'] = classifier_metrics.macro_auc(areas)
    metrics['kappa'] = classifier_metrics.kappa(matrix)
    metrics['brier'] = calibration.brier(labels, probabilities, weights)
    metrics['calibration_error'] = calibration.calibration_error(bins)
    of_classes = [
        ('sensitivity', classifier_metrics.sensitivity(matrix)),
        ('specificity', classifier_metrics.specificity(matrix)),
        ('auc', classifier_metrics.mean(areas, axis=-2)),
    ]
    for name, values in of_classes:
        for k, label in enumerate(classes):
            metrics['%s_%s' % (name, label)] = values[:, k]
    return metrics


def _estimate(metric, values, smallest):
    """Value and interval, of the value and those of resampled sets, [1 + B]."""
    value, resampled = values[0], values[1:]
    if metric == 'calibration_error':  # a distance: resampling lifts it
        resampled = resampled + value - resampled.mean()
    low, high = interval(resampled, smallest)
    return collections.OrderedDict(value=float(value), interval=[low, high])


def _arm(predicted, values, classes, n, seed):
    """What `summary` holds of an arm alone. values: {metric: [repeats, 1 + B]}."""
    metrics, labels, smallest = collections.OrderedDict(), predicted.labels, np.bincount(predicted.labels).min()
    for metric, repeats in values.items():
        metrics[metric] = _estimate(metric, repeats.mean(axis=0), smallest)
        metrics[metric]['repeats'] = repeats[:, 0].tolist()
    counts = {'accuracy': len(labels)}
    for k, name in enumerate(classes):
        counts['sensitivity_' + name] = int((labels == k).sum())
        counts['specificity_' + name] = int((labels != k).sum())
    for metric, count in counts.items():
        metrics[metric]['wilson'] = proportions.wilson(metrics[metric]['value'] * count, count, COVERAGE)
    chance = np.mean([calibration.errors_by_chance(x, n, seed) for x in predicted.probabilities], axis=0)
    error = metrics['calibration_error']
    error['interval'][0] = max(error['interval'][0], 0.0)
    error['by_chance'] = np.percentile(chance, [2.5, 97.5]).tolist()
    repeated = np.tile(labels, len(predicted.probabilities))
    bins = calibration.reliability(repeated, np.concatenate(predicted.probabilities))
    columns = [calibration.EDGES[:-1], calibration.EDGES[1:]] + list(bins)
    rows = [dict(zip(('low', 'high') + bins._fields, row)) for row in np.transpose(columns).tolist()]
    curves = np.mean([classifier_metrics.mean_roc(labels, x, predicted.folds) for x in predicted.probabilities], axis=0)
    matrix = np.mean([classifier_metrics.confusion(labels, x) for x in predicted.probabilities], axis=0)
    result = collections.OrderedDict(metrics=metrics, confusion=matrix.tolist())
    result['reliability'] = [row for row in rows if row['share']]
    result['roc'] = {name: curve.round(4).tolist() for name, curve in zip(classes, curves)}
    return result


def _against(first, predicted, gaps, smallest):
    """What `summary` holds of an arm against the reference, `first`. gaps: {metric: differences [1 + B]}."""
    result = collections.OrderedDict()
    estimates = [(name, _estimate(name, gap, smallest)) for name, gap in gaps.items()]
    result['difference'] = collections.OrderedDict(estimates)
    tested = paired_tests.mcnemar(predictions.right(first), predictions.right(predicted))
    result['mcnemar'] = collections.OrderedDict(zip(('only_reference', 'only_arm', 'p'), tested))
    result['nadeau_bengio'] = None
    folds = len(np.unique(first.folds))
    if folds > 1:
        scores = predictions.fold_scores(predicted) - predictions.fold_scores(first)
        result['nadeau_bengio'] = paired_tests.nadeau_bengio(scores, 1 / (folds - 1.0), COVERAGE)._asdict()
    return result


def summary(arms, classes, reference, n=RESAMPLES, seed=0):
    """The comparison described above, of {arm: Predictions}. classes: names, in order of the labels.

    Intervals say what the same networks would reach with other nodules; how much networks of other seeds would differ,
    `repeats` shows. A training split is taken to be the nodules of all other folds. ValueError as of
    predictions.check and resamples.
    """
    predictions.check(arms, classes, reference)
    first = arms[reference]
    per_class, folds = np.bincount(first.labels).tolist(), np.unique(first.folds).tolist()
    weights = np.concatenate([np.ones([1, len(first.labels)]), resamples(first.labels, n, seed)])
    values, result = {}, collections.OrderedDict()
    for arm, predicted in arms.items():
        repeats = [measured(predicted.labels, x, predicted.folds, classes, weights) for x in predicted.probabilities]
        values[arm] = collections.OrderedDict((name, np.array([x[name] for x in repeats])) for name in repeats[0])
        result[arm] = _arm(predicted, values[arm], classes, n, seed)
        result[arm].update(difference=None, mcnemar=None, nadeau_bengio=None)
    others = [arm for arm in arms if arm != reference]
    for arm in others:
        gaps = [(name, (x - values[reference][name]).mean(axis=0)) for name, x in values[arm].items()]
        result[arm].update(_against(first, arms[arm], collections.OrderedDict(gaps), min(per_class)))
    for test in ('mcnemar', 'nadeau_bengio'):
        tests = [result[arm][test] for arm in others if result[arm][test]]
        for result_of_arm, corrected in zip(tests, paired_tests.holm([x['p'] for x in tests])):
            result_of_arm['p_holm'] = corrected
    data = collections.OrderedDict(classes=list(classes), per_class=per_class, folds=folds)
    data.update(repeats=len(first.probabilities), resamples=n, seed=seed, coverage=COVERAGE, reference=reference)
    data['notes'] = predictions.incomplete_folds(first, classes)
    data.update(false_positive_rates=classifier_metrics.FALSE_POSITIVE_RATES.tolist(), arms=result)
    return schema.plain(data)
