"""Readers who tell signals from noise, as real images from generated ones: each of them, all together, each class.

Verdicts are 1 to 6, [readers, cases], NaN for a case that a reader has not read; 4 or more says signal. What `summary`
returns is plain data:
  margins: {accuracy, auc, dprime: [low, high]}, within which readers count as not able to tell (see `margins`).
  readers: [{answers, right, each of MEASURES, each with _interval, p, equivalence, verdict, reason, counts, seconds,
    repeats}]
    p: of the two-sided test of the AUC against a half; equivalence: {accuracy, auc, dprime: {interval, shown}}, of
    90 %, which lies within the margins if and only if two one-sided tests at 5 % show it (Schuirmann 1987); verdict:
    one of VERDICTS; reason: one of REASONS if undecided; counts [2][6]: verdicts of noise and of signals; seconds:
    median of a case; repeats: {number, agreement, agreement_interval, kappa}.
  pooled, classes {name}: the same of all readers, without repeats. Measures are means over those readers, `analysed`
    (their numbers), who have read LEAST_CASES of each kind or more; intervals, p and verdict are for other readers and
    other cases (stats.crossed), or if it is one reader, for other cases.
  agreement: {fleiss, fleiss_interval, cases, pairs: [{readers, cases, kappa, interval}]}, of signal or noise.
What is not defined, such as the sensitivity without any signals, is null.
"""

import collections
import itertools

import numpy as np
from scipy import stats

from common import schema
from stats import agreement, classifier_metrics, crossed, proportions, signal_detection

SHARES = 'accuracy', 'sensitivity', 'specificity'
MEASURES = SHARES + ('auc', 'dprime', 'criterion')
VERDICTS = 'told_apart', 'not_told_apart', 'undecided'
# Why a verdict is undecided, the first that holds: too few cases for an analysis; the accuracy is not shown to be
# within its margin; it is, but a reader nearly always gave one answer, AUC or d' are not, or a reader alone can tell.
REASONS = 'few_cases', 'few_answers', 'one_sided', 'accuracy_alone', 'told_alone'
ALPHA = 0.05
LEAST_CASES = 10  # of each kind, for a reader to be analysed
ONE_SIDED = 0.95  # share of answers on one side from which on a reader has hardly chosen
ENOUGH = 20  # answers, of which that is said


def margins(margin, intervals=1):
    """{accuracy, auc, dprime: [low, high]} of readers who count as not able to tell.

    They are right in a half +- margin of the cases if they lean to neither side. The others are the d' of such a reader
    and its AUC under the equal-variance model (Green and Swets 1966; Macmillan and Creelman 2005). Leaning lowers the
    accuracy and, as verdicts are few, the AUC, but not d'; so all three have to lie within.
    """
    if not 0 < margin < 0.5:
        raise ValueError('a margin lies between 0 and 0.5, not %s' % margin)
    dprime = 2 * stats.norm.ppf(0.5 + margin)
    auc = float(stats.norm.cdf(dprime / np.sqrt(2)))
    ends = collections.OrderedDict(accuracy=[0.5 - margin, 0.5 + margin], auc=[1 - auc, auc])
    ends['dprime'] = [float(sign * dprime / np.sqrt(intervals)) for sign in (-1, 1)]
    return ends


def measures(counts, intervals=1):
    """{measure: values [...]} of MEASURES, from counts [..., 2, 6]."""
    matrix = signal_detection.confusion(counts)
    rates = classifier_metrics.sensitivity(matrix)
    dprime, criterion = signal_detection.dprime_and_criterion(counts, intervals)
    values = classifier_metrics.accuracy(matrix), rates[..., 1], rates[..., 0], signal_detection.auc(counts), dprime
    return collections.OrderedDict(zip(MEASURES, values + (criterion,)))


def is_one_sided(counts):
    """Whether nearly all answers were of the same side, from counts [2][6]."""
    sides = np.sum(signal_detection.confusion(np.array(counts)), axis=0)
    return bool(sides.sum() >= ENOUGH and sides.max() >= ONE_SIDED * sides.sum())


def _estimates(cells, intervals):
    """{measure: crossed.Estimate} of readers' cells [readers, cases, 2, 6], which are 0 for what was not read."""
    counts = cells.sum(axis=1)
    values, left_out = measures(counts, intervals), measures(counts[:, None] - cells, intervals)
    smallest = cells.any(axis=(0, 3)).sum(axis=0).min()  # cases of a kind
    return {name: crossed.estimate(values[name], left_out[name], smallest) for name in MEASURES}


def _share_interval(estimated, cases):
    """Wilson's interval of a share for the count of independent answers that would have its standard error."""
    interval, value = crossed.interval(estimated), estimated.value
    if interval:
        width = (interval[1] - interval[0]) / (2 * stats.norm.ppf(0.975))
        cases = value * (1 - value) / np.square(width)
    return proportions.wilson(value * cases, cases)


def _intervals(estimates, cases):
    """{measure: [low, high] or None} of 95 %, for other readers and cases. cases: numbers of noise and of signals."""
    intervals = {name: crossed.interval(estimates[name]) for name in MEASURES}
    if intervals['auc']:
        intervals['auc'] = np.clip(intervals['auc'], 0, 1).tolist()
    for name, number in zip(SHARES, (sum(cases), cases[1], cases[0])):
        intervals[name] = _share_interval(estimates[name], number)
    return intervals


def _wilson_intervals(counts):
    """{name: [low, high] or None} of the shares of one reader, from counts [2, 6]."""
    (true_noise, _), (_, true_signals) = signal_detection.confusion(counts)
    noise, signals = counts.sum(axis=1)
    pairs = (true_noise + true_signals, noise + signals), (true_signals, signals), (true_noise, noise)
    return {name + '_interval': proportions.wilson(*pair) if pair[1] else None for name, pair in zip(SHARES, pairs)}


def _p_values(cells, intervals):
    """The p of the AUC of each reader alone."""
    return [crossed.p_value(_estimates(of_reader[None], intervals)['auc'], 0.5) for of_reader in cells]


def _judgement(estimates, limits, one_sided, alone):
    """{p, equivalence, verdict, reason}. one_sided: whether a reader is; alone: whether one can tell without others."""
    p = crossed.p_value(estimates['auc'], 0.5)
    equivalence = collections.OrderedDict()
    for name, (low, high) in limits.items():
        interval = crossed.interval(estimates[name], 1 - 2 * ALPHA)
        shown = bool(interval and low < interval[0] and interval[1] < high)
        equivalence[name] = dict(interval=interval, shown=shown)
    verdict, reason = 'undecided', None
    if p < ALPHA:
        verdict = 'told_apart'
    elif not equivalence['accuracy']['shown']:
        reason = 'few_answers'
    elif one_sided:
        reason = 'one_sided'
    elif not all(each['shown'] for each in equivalence.values()):
        reason = 'accuracy_alone'
    elif alone:
        reason = 'told_alone'
    else:
        verdict = 'not_told_apart'
    return dict(p=p, equivalence=equivalence, verdict=verdict, reason=reason)


def judge(verdicts, signals, intervals=1, margin=0.1):
    """What `summary` says of some readers and some cases, without seconds and repeats."""
    answered = ~np.isnan(verdicts)
    cells = np.zeros(verdicts.shape + (2, signal_detection.VERDICTS))
    for reader, row in enumerate(answered):
        cells[reader, row] = signal_detection.cells(signals[row], verdicts[reader, row])
    counts = cells.sum(axis=1)
    right = int(np.trace(signal_detection.confusion(counts), axis1=1, axis2=2).sum())
    data = collections.OrderedDict(answers=int(answered.sum()), right=right)
    analysed = np.flatnonzero(counts.sum(axis=2).min(axis=1) >= LEAST_CASES)
    for name, values in measures(counts, intervals).items():
        chosen = values[analysed] if len(analysed) else values
        data[name], data[name + '_interval'] = float(classifier_metrics.mean(chosen, axis=0)), None
    data.update(p=None, equivalence=None, verdict='undecided', reason='few_cases')
    if len(analysed):
        cells = cells[analysed]
        estimates = _estimates(cells, intervals)
        for name, interval in _intervals(estimates, cells.any(axis=(0, 3)).sum(axis=0)).items():
            data[name + '_interval'] = interval
        alone = any(p * len(cells) < ALPHA for p in _p_values(cells, intervals)) if len(cells) > 1 else False
        one_sided = any(map(is_one_sided, counts[analysed]))
        data.update(_judgement(estimates, margins(margin, intervals), one_sided, alone))
    if len(verdicts) == 1:
        data.update(_wilson_intervals(counts[0]))
    data.update(counts=counts.sum(axis=0).astype(int).tolist(), analysed=analysed.tolist())
    return data


def _repeats(first, again):
    """How a reader's verdicts of the second showings agree with those of the first."""
    both = ~np.isnan(first) & ~np.isnan(again)
    data = collections.OrderedDict(number=int(both.sum()), agreement=None, agreement_interval=None, kappa=None)
    if both.any():
        signal = [verdicts[both] >= signal_detection.LEAST for verdicts in (first, again)]
        same = int((signal[0] == signal[1]).sum())
        data.update(agreement=same / float(both.sum()), agreement_interval=proportions.wilson(same, both.sum()))
        data['kappa'] = agreement.cohen(*signal)[0]
    return data


def _agreement(verdicts, seed):
    answered, signal = ~np.isnan(verdicts), verdicts >= signal_detection.LEAST
    counts = np.stack([(answered & ~signal).sum(axis=0), (answered & signal).sum(axis=0)], axis=1)
    data = collections.OrderedDict(fleiss=None, fleiss_interval=None, cases=int((counts.sum(axis=1) > 1).sum()))
    if data['cases']:
        data['fleiss'], data['fleiss_interval'] = agreement.fleiss(counts, seed)
    data['pairs'] = []
    for first, second in itertools.combinations(range(len(verdicts)), 2):
        both = answered[first] & answered[second]
        if both.any():
            kappa, interval = agreement.cohen(signal[first, both], signal[second, both], seed)
            pair = dict(readers=[first, second], cases=int(both.sum()), kappa=kappa, interval=interval)
            data['pairs'].append(pair)
    return data


def summary(verdicts, again, seconds, signals, labels, intervals=1, margin=0.1, seed=0):
    """The data described above.

    verdicts, again, seconds: float [readers, cases], of first showings, of second ones, and what first ones took.
    signals: bool [cases]; labels: class names [cases]; intervals: 2 where a case is a pair of patches, of which the
    second one is the signal; margin: see `margins`; seed: of the intervals of kappa. ValueError for a reader without
    answers.
    """
    with np.errstate(invalid='ignore'):  # NaN is no verdict
        signals, labels = np.asarray(signals, bool), np.asarray(labels)
        if np.isnan(verdicts).all(axis=1).any() or not len(verdicts):
            raise ValueError('a reader without answers tells nothing')

        def group(readers, cases):
            took = seconds[readers][:, cases]
            data = judge(verdicts[readers][:, cases], signals[cases], intervals, margin)
            return dict(data, seconds=float(np.nanmedian(took)) if data['answers'] else None)

        everyone, all_cases = slice(None), np.ones(len(signals), bool)
        result = collections.OrderedDict(margins=margins(margin, intervals), readers=[])
        for number in range(len(verdicts)):
            data = group([number], all_cases)
            data['repeats'] = _repeats(verdicts[number], again[number])
            result['readers'].append(data)
        result['pooled'] = group(everyone, all_cases)
        result['classes'] = collections.OrderedDict()
        for name in collections.OrderedDict.fromkeys(labels.tolist()):
            result['classes'][name] = group(everyone, labels == name)
        result['agreement'] = _agreement(verdicts, seed)
        return schema.plain(result)


def cases_needed(accuracy, power=0.8, alpha=0.05):
    """Cases that a reader needs for a two-sided test to tell an accuracy from a half (normal approximation)."""
    z = 0.5 * stats.norm.ppf(1 - alpha / 2) + np.sqrt(accuracy * (1 - accuracy)) * stats.norm.ppf(power)
    return int(np.ceil(np.square(z / (accuracy - 0.5))))


def power_table():
    """[(accuracy, cases_needed)] of accuracies that readers have in published studies."""
    return [(accuracy, cases_needed(accuracy)) for accuracy in (0.55, 0.6, 0.65, 0.7)]
