"""Readers who tell signals from noise, as real images from generated ones: each of them, all together, each class.

Verdicts are 1 to 6, [readers, cases], NaN for a case that a reader has not read; 4 or more says signal. What `summary`
returns is plain data:
  readers: [{answers, right, accuracy, sensitivity, specificity, each with _interval, dprime, criterion, auc,
    auc_interval, p, equivalence, counts, seconds, repeats}]
    p: of the exact test against a half; equivalence: {shown, p, interval}, within the margin; counts [2][6]: verdicts
    of noise and of signals; seconds: median of a case; repeats: {number, agreement, agreement_interval, kappa}.
  pooled, classes {name}: the same of all readers, without repeats. Answers to a case depend on each other, so shares
    and tests are those of an effective count, `independent`, of them (proportions.effective): they speak of other cases
    and the same readers. dprime, criterion and auc are means over readers; their AUC's interval is for other readers,
    too, where there are three or more. pooled has p_readers, too: a t-test of the readers' accuracies against a half,
    for three or more.
  agreement: {fleiss, fleiss_interval, cases, pairs: [{readers, cases, kappa, interval}]}, of signal or noise.
What is not defined, such as the sensitivity without any signals, is null.
"""

import collections
import itertools

import numpy as np
from scipy import stats

from common import schema
from stats import agreement, arm_comparison, classifier_metrics, proportions, signal_detection

RESAMPLES = 2000
ENOUGH_READERS = 3  # fewer say nothing of others


def _share(name, right, groups):
    """{name, name_interval} of `right` [readers, cases], and its Effective count, or None without any answer."""
    if np.isnan(right).all():
        return {name: None, name + '_interval': None}, None
    share = proportions.effective(right, groups)
    return {name: share.successes / share.count, name + '_interval': proportions.wilson(*share)}, share


def _areas(verdicts, signals, seed):
    """AUCs [readers, 1 + RESAMPLES]: of all cases, then of sets that were drawn alike for all readers."""
    weights = np.ones([1, len(signals)])
    if np.bincount(signals, minlength=2).min() > 1:
        weights = np.concatenate([weights, arm_comparison.resamples(signals, RESAMPLES, seed)])
    areas = []
    for row in verdicts:
        answered = ~np.isnan(row)
        cells = signal_detection.cells(signals[answered], row[answered])
        counts = weights[:, answered].dot(cells.reshape(-1, 2 * signal_detection.VERDICTS))
        areas.append(signal_detection.auc(counts.reshape(-1, 2, signal_detection.VERDICTS)))
    return np.array(areas)


def _auc(verdicts, signals, seed):
    """The mean AUC of the readers, and its interval."""
    read = ~np.isnan(verdicts).all(axis=0)
    signals = signals[read].astype(int)
    areas, random = _areas(verdicts[:, read], signals, seed), np.random.RandomState(seed + 1)
    value, interval, resampled = float(classifier_metrics.mean(areas[:, 0], axis=0)), [np.nan, np.nan], areas[:, 1:]
    if resampled.size:
        if len(resampled) >= ENOUGH_READERS:
            picks = random.randint(len(resampled), size=resampled.shape)
            resampled = np.take_along_axis(resampled, picks, axis=0)
        resampled = classifier_metrics.mean(resampled, axis=0)
        interval = arm_comparison.interval(resampled, np.bincount(signals).min())
    return dict(auc=value, auc_interval=interval)


def _group(verdicts, signals, seconds, intervals, margin, seed):
    """What `summary` says of some readers and some cases."""
    answered = ~np.isnan(verdicts)
    right = np.where(answered, (verdicts >= signal_detection.LEAST) == signals, np.nan)
    data = collections.OrderedDict(answers=int(answered.sum()), right=int(np.nansum(right)))
    shares, effective = _share('accuracy', right, signals)
    data.update(shares, independent=effective.count if effective else None)
    data.update(_share('sensitivity', right[:, signals], signals[signals])[0])
    data.update(_share('specificity', right[:, ~signals], signals[~signals])[0])
    data.update(p=None, equivalence=None, dprime=None, criterion=None, auc=None, auc_interval=None)
    counts = [
        signal_detection.cells(signals[of_row], row[of_row]).sum(axis=0) for row, of_row in zip(verdicts, answered)
    ]
    data.update(counts=np.sum(counts, axis=0).astype(int).tolist(), seconds=None)
    if effective:
        data['p'] = proportions.binomial(*effective)
        data['equivalence'] = proportions.equivalence(*effective, margin=margin)._asdict()
        both = signal_detection.dprime_and_criterion(np.array(counts), intervals)
        data['dprime'], data['criterion'] = [float(classifier_metrics.mean(each, axis=0)) for each in both]
        data.update(_auc(verdicts, signals, seed))
        data['seconds'] = float(np.nanmedian(seconds))
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
    second one is the signal. ValueError for a reader without answers.
    """
    with np.errstate(invalid='ignore'):  # NaN is no verdict
        signals, labels = np.asarray(signals, bool), np.asarray(labels)
        if np.isnan(verdicts).all(axis=1).any() or not len(verdicts):
            raise ValueError('a reader without answers tells nothing')
        result, options = collections.OrderedDict(readers=[]), (intervals, margin, seed)
        for row, second, took in zip(verdicts, again, seconds):
            data = _group(row[None], signals, took[None], *options)
            data['repeats'] = _repeats(row, second)
            result['readers'].append(data)
        result['pooled'] = _group(verdicts, signals, seconds, *options)
        shares = [data['accuracy'] for data in result['readers']]
        result['pooled']['p_readers'] = None
        if len(shares) >= ENOUGH_READERS and np.ptp(shares):
            result['pooled']['p_readers'] = float(stats.ttest_1samp(shares, 0.5)[1])
        result['classes'] = collections.OrderedDict()
        for name in collections.OrderedDict.fromkeys(labels.tolist()):
            cases = labels == name
            result['classes'][name] = _group(verdicts[:, cases], signals[cases], seconds[:, cases], *options)
        result['agreement'] = _agreement(verdicts, seed)
        return schema.plain(result)


def cases_needed(accuracy, power=0.8, alpha=0.05):
    """Cases that a reader needs for a two-sided test to tell an accuracy from a half (normal approximation)."""
    z = 0.5 * stats.norm.ppf(1 - alpha / 2) + np.sqrt(accuracy * (1 - accuracy)) * stats.norm.ppf(power)
    return int(np.ceil(np.square(z / (accuracy - 0.5))))


def power_table():
    """[(accuracy, cases_needed)] of accuracies that readers have in published studies."""
    return [(accuracy, cases_needed(accuracy)) for accuracy in (0.55, 0.6, 0.65, 0.7)]
