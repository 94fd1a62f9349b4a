"""Ways to train a classifier, called arms, beside each other: metrics, intervals, tests of each against its control.

All arms predict the same nodules, each once a repeat, by a network that its fold kept it out of. What `summary` returns
is plain data for a file or a page:
  classes, per_class: names, and nodules of each; patients: how many; folds: names; repeats, resamples, seed, coverage:
    numbers; primary: the arm whose comparison was named before the run, or null; notes: texts.
  false_positive_rates: of `roc`.
  arms: {arm: {metrics, confusion, reliability, roc, control, difference, permutation, disagreement}}
    metrics: {metric: {value, interval, repeats}}; metric: balanced_accuracy, accuracy, macro_auc, kappa, brier,
      calibration_error, and of each class sensitivity_AIS, specificity_AIS, auc_AIS; repeats: the value of each, whose
      mean is the value. Shares of nodules (accuracy, sensitivity, specificity) have a `wilson` interval, too: that of
      the bootstrap has no width where all repeats are wholly right or wrong. Few nodules lift calibration_error,
      whose interval is about the lifted one; [low, high] of right probabilities of as many is `by_chance`.
    confusion: nodules by class (rows) and predicted class (columns), mean over repeats.
    reliability: [{low, high, share, confidence, accuracy}], bins that are not empty, of all repeats together.
    roc: {class: true-positive rates}, mean over folds and repeats.
    control: the arm that it is compared with. difference, permutation, disagreement: from the control, null without
      one. {metric: {value, interval}}, paired; {p, p_holm} of paired_tests.permutation of balanced accuracy; the share
      of nodules that one of both has right and the other wrong. p_holm is corrected for the number of comparisons that
      are not the primary one, and null for that.
What is not defined, as the AUC of a class that is alone in its folds, is null.
"""

import collections

import numpy as np
from scipy import special

from common import schema
from stats import calibration, classifier_metrics, paired_tests, predictions, proportions

COVERAGE = 0.95
RESAMPLES = 2000
PAIRINGS = 30  # of the networks of different folds into repeats: more no longer change the variance between repeats
OF_A_CLASS = 'sensitivity_%s', 'auc_%s'  # metrics that vary as the patients of one class do
BOUNDS = dict(kappa=(-1, 1), brier=(0, 2))  # of metrics that are not from 0 to 1


def patients_of_classes(labels, patients):
    """(bool [P, K]: whether a patient has nodules of a class, [N]: the patient of each nodule)."""
    names, members = np.unique(patients, return_inverse=True)
    has_class = np.zeros([len(names), np.max(labels) + 1], bool)
    has_class[members, labels] = True
    return has_class, members


def resamples(labels, patients, n=RESAMPLES, seed=0):
    """How often each nodule is drawn, [n, N], in sets of as many patients, who are drawn whole (Efron 1979).

    Patients are drawn among those who have the same class, of several the rarest; a set that lacks a class is drawn
    again, so balanced accuracy is always defined. Repeats and arms are resampled alike, as the repeats of a nodule are
    no other nodules. ValueError for a class of one patient.
    """
    has_class, members = patients_of_classes(labels, patients)
    counts = has_class.sum(axis=0)
    if counts.min() < 2:
        raise ValueError('an interval needs two patients with nodules of each class, or more')
    stratum = np.where(has_class, counts, np.inf).argmin(axis=1)
    sizes = np.bincount(stratum, minlength=len(counts))
    stratum[sizes[stratum] == 1] = sizes.argmax()  # one patient alone would be in every set
    random, weights = np.random.RandomState(seed), np.zeros([n, len(stratum)])
    missing = np.arange(n)
    while len(missing):
        for value in np.unique(stratum):
            drawn = np.flatnonzero(stratum == value)
            shares = np.full(len(drawn), 1.0 / len(drawn))
            weights[missing[:, None], drawn] = random.multinomial(len(drawn), shares, len(missing))
        missing = np.flatnonzero((weights.dot(has_class) == 0).any(axis=1))
    return weights[:, members]


def interval(resampled, patients):
    """Percentiles [low, high] of resampled values, NaN if any is; patients: numbers [K] of those of each class.

    They lie further out than COVERAGE says, as resamples of few vary too little (Hesterberg 2015, section 3.3, as in
    stats.bootstrap, whose intervals are moved, however, because resampling lifts distances; it does not lift shares and
    AUCs). How much, and with how many degrees of freedom, is that of a mean over classes, each of which has a variance
    in inverse proportion to its patients (Satterthwaite 1946).
    """
    if np.isnan(resampled).any():
        return [np.nan, np.nan]
    patients = np.asarray(patients, float)
    variances = 1 / patients
    freedom = variances.sum() ** 2 / (variances**2 / (patients - 1)).sum()
    spread = np.sqrt((1 / (patients - 1)).sum() / variances.sum())
    wide = spread * special.stdtrit(freedom, 0.5 + COVERAGE / 2)
    return np.percentile(resampled, [100 * special.ndtr(-wide), 100 * special.ndtr(wide)]).tolist()


def variance_of_repeats(values, paired):
    """The variance that other networks, of other seeds and generators, would give the mean over repeats; 0 for one.

    values: [R, 1 + B], of each repeat, and of resampled patients; paired: [M, R], of repeats whose networks of
    different folds were paired anew. Repeats also differ because each network answers differently to the same patients;
    that part is in the spread of resampled patients already, so it is taken off, as in the analysis of variance.
    """
    count = len(values)
    if count == 1:
        return 0.0
    deviations = values[:, 1:] - values[:, 1:].mean(axis=0)
    of_patients = deviations.var(axis=1).mean() * count / (count - 1.0)
    return max(paired.var(axis=1, ddof=1).mean() - of_patients, 0.0) / count


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


# Of an arm or a difference of two. values: {metric: [R, 1 + B]}; paired: {metric: [M, R]}, as of variance_of_repeats.
Measures = collections.namedtuple('Measures', 'values paired')


def _measures(predicted, classes, weights, pairings):
    """The Measures of an arm. pairings: [M, R, F], the repeat that the network of each fold is taken from."""

    def of(repeats, weights):
        rows = [measured(predicted.labels, x, predicted.folds, classes, weights) for x in repeats]
        return [(name, np.array([row[name] for row in rows])) for name in rows[0]]

    _, fold = np.unique(predicted.folds, return_inverse=True)
    nodules = np.arange(len(fold))
    values = collections.OrderedDict(of(predicted.probabilities, weights))
    paired = collections.OrderedDict((name, []) for name in values)
    for pairing in pairings:
        repeats = [predicted.probabilities[places[fold], nodules] for places in pairing]
        for name, column in of(repeats, weights[:1]):
            paired[name].append(column[:, 0])
    return Measures(values, collections.OrderedDict((name, np.array(rows)) for name, rows in paired.items()))


def _less(arm, control):
    """The Measures of a difference."""
    return Measures(*[
        collections.OrderedDict((name, x - control_part[name]) for name, x in part.items())
        for part, control_part in zip(arm, control)
    ])  # fmt: skip


def estimates(measures, patients, classes):
    """{metric: ({value, interval}, standard error)} of Measures. patients: numbers [K] of those of each class."""
    of_class = {name % label: [count] for label, count in zip(classes, patients) for name in OF_A_CLASS}
    result = collections.OrderedDict()
    for metric, values in measures.values.items():
        mean = values.mean(axis=0)
        value, resampled = mean[0], mean[1:]
        if metric == 'calibration_error':  # a distance: resampling lifts it
            resampled = resampled + value - resampled.mean()
        of_patients, of_repeats = resampled.var(), variance_of_repeats(values, measures.paired[metric])
        if of_patients:
            resampled = value + (resampled - value) * np.sqrt(1 + of_repeats / of_patients)
        ends = interval(resampled, of_class.get(metric, patients))
        result[metric] = collections.OrderedDict(value=float(value), interval=ends), np.sqrt(of_patients + of_repeats)
    return result


def _effective_count(share, error, count, patients):
    """How many independent nodules, at most `count`, give a share with such a standard error."""
    if not error or share in (0, 1):
        return min(patients, count)
    return min(share * (1 - share) / error**2, count)


def _arm(predicted, measures, classes, n, seed):
    """What `summary` holds of an arm alone."""
    labels = predicted.labels
    has_class, _ = patients_of_classes(labels, predicted.patients)
    patients = has_class.sum(axis=0)
    metrics, errors = collections.OrderedDict(), {}
    for metric, (estimate, error) in estimates(measures, patients, classes).items():
        low, high = BOUNDS.get(metric, (0, 1))
        estimate['interval'] = np.clip(estimate['interval'], low, high).tolist()
        metrics[metric] = dict(estimate, repeats=measures.values[metric][:, 0].tolist())
        errors[metric] = error
    counts = {'accuracy': (len(labels), len(has_class))}
    for k, name in enumerate(classes):
        others = np.delete(has_class, k, axis=1).any(axis=1)
        counts['sensitivity_' + name] = int((labels == k).sum()), patients[k]
        counts['specificity_' + name] = int((labels != k).sum()), others.sum()
    for metric, (nodules, of_patients) in counts.items():
        share = metrics[metric]['value']
        count = _effective_count(share, errors[metric], nodules, of_patients)
        metrics[metric]['wilson'] = proportions.wilson(share * count, count, COVERAGE)
    chance = np.mean([calibration.errors_by_chance(x, n, seed) for x in predicted.probabilities], axis=0)
    metrics['calibration_error']['by_chance'] = np.percentile(chance, [2.5, 97.5]).tolist()
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


def _against(control, predicted, gaps, classes, seed):
    """What `summary` holds of an arm against its control. gaps: the Measures of the difference."""
    result = collections.OrderedDict()
    has_class, _ = patients_of_classes(control.labels, control.patients)
    of_gaps = estimates(gaps, has_class.sum(axis=0), classes)
    result['difference'] = collections.OrderedDict((name, estimate) for name, (estimate, _) in of_gaps.items())
    differences = predictions.patient_differences(control, predicted)
    signs = paired_tests.sign_flips(len(differences), seed=seed)
    result['permutation'] = dict(p=float(paired_tests.permutation(differences, signs)), p_holm=None)
    result['disagreement'] = predictions.disagreement(control, predicted)
    return result


def summary(arms, classes, controls, primary=None, n=RESAMPLES, seed=0):
    """The comparison described above, of {arm: Predictions}. classes: names, in order of the labels.

    controls: {arm: the arm it is compared with, or None}. Intervals say what would be reached with other patients and
    by networks of other seeds and generators; with one repeat, by the same networks. ValueError as of predictions.check
    and resamples.
    """
    predictions.check(arms, classes, controls)
    first = next(iter(arms.values()))
    folds, repeats = np.unique(first.folds), len(first.probabilities)
    weights = resamples(first.labels, first.patients, n, seed)
    weights = np.concatenate([np.ones([1, len(first.labels)]), weights])
    order = np.random.RandomState(seed).rand(PAIRINGS if repeats > 1 else 1, repeats, len(folds))
    pairings = order.argsort(axis=1)
    measures, result = {}, collections.OrderedDict()
    for arm, predicted in arms.items():
        measures[arm] = _measures(predicted, classes, weights, pairings)
        result[arm] = _arm(predicted, measures[arm], classes, n, seed)
        result[arm].update(control=controls.get(arm), difference=None, permutation=None, disagreement=None)
    compared = [arm for arm in arms if controls.get(arm)]
    for arm in compared:
        control = controls[arm]
        gaps = _less(measures[arm], measures[control])
        result[arm].update(_against(arms[control], arms[arm], gaps, classes, seed))
    exploratory = [result[arm]['permutation'] for arm in compared if arm != primary]
    for test, corrected in zip(exploratory, paired_tests.holm([test['p'] for test in exploratory])):
        test['p_holm'] = corrected
    data = collections.OrderedDict(classes=list(classes), per_class=np.bincount(first.labels).tolist())
    data.update(patients=len(np.unique(first.patients)), folds=folds.tolist(), repeats=repeats)
    data.update(resamples=n, seed=seed, coverage=COVERAGE, primary=primary)
    data['notes'] = predictions.incomplete_folds(first, classes)
    data.update(false_positive_rates=classifier_metrics.FALSE_POSITIVE_RATES.tolist(), arms=result)
    return schema.plain(data)
