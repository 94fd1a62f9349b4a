"""The results of an experiment by arm, and the numbers that are computed from them."""

import collections

import numpy as np

from classification.arms import ARMS
from stats import arm_comparison, calibration
from stats.predictions import gathered

REFERENCES = 'duplicates', 'common', 'raw'  # what the other arms are compared with: the first of these that there is
MIN_PROBABILITY = 1e-6  # before a logarithm is taken: probabilities have six decimals

# The results of an arm at a ratio, None where it adds nothing. predictions, tempered: stats.predictions.Predictions, as
# they are and at the temperature of each training; facts: of each training.
ArmResults = collections.namedtuple('ArmResults', 'arm ratio predictions tempered facts')


def collect(results):
    """{name: ArmResults} of {Training: result}; a name is that of the arm, as 'gan x0.5' where ratios are several."""
    several_ratios = len({training.ratio for training in results} - {None}) > 1
    grouped = {}
    for training, result in results.items():
        name = training.arm
        if several_ratios and training.ratio is not None:
            name += ' x%g' % training.ratio
        grouped.setdefault(name, []).append((training, result))
    return {name: _arm_results(pairs) for name, pairs in grouped.items()}


def _arm_results(pairs):
    rows, tempered = [], []
    for training, result in pairs:
        for nodule, label, *probabilities in result['predictions']:
            rows.append((nodule, training.repeat, training.fold, label, probabilities))
            logits = np.log(np.maximum(probabilities, MIN_PROBABILITY))
            tempered.append(calibration.tempered(logits, result['facts']['temperature']))
    columns = list(zip(*rows))
    first = pairs[0][0]
    facts = [result['facts'] for _, result in pairs]
    return ArmResults(first.arm, first.ratio, gathered(*columns), gathered(*columns[:4], probabilities=tempered), facts)


def nearest(by_arm, arm):
    """The name of an arm at the ratio nearest to 1, or None if it was not trained. by_arm: of `collect`."""
    names = [name for name in by_arm if by_arm[name].arm == arm]
    return min(names, key=lambda name: abs(np.log(by_arm[name].ratio or 1.0)), default=None)


def compare(by_arm, classes):
    """arm_comparison.summary of the arms that are tested on real images, and {name: summary} of each other one."""
    real = {name: results.predictions for name, results in by_arm.items() if ARMS[results.arm].tested_on == 'real'}
    candidates = [nearest(by_arm, arm) for arm in REFERENCES] + list(real)
    reference = next(name for name in candidates if name)
    others = {
        name: arm_comparison.summary({name: results.predictions}, classes, name)
        for name, results in by_arm.items()
        if name not in real
    }
    return arm_comparison.summary(real, classes, reference), others


def calibrated(results):
    """{metric: [as predicted, at the temperature of each training]} of calibration_error and brier, of ArmResults."""
    errors, scores = [], []
    for predictions in (results.predictions, results.tempered):
        labels, repeats = predictions.labels, predictions.probabilities
        bins = [calibration.reliability(labels, probabilities) for probabilities in repeats]
        errors.append(float(np.mean([calibration.calibration_error(each) for each in bins])))
        scores.append(float(np.mean([calibration.brier(labels, probabilities) for probabilities in repeats])))
    return dict(calibration_error=errors, brier=scores)


def training_facts(results):
    """{seconds in all, best_steps, temperatures} of the trainings of ArmResults."""
    return dict(
        seconds=round(sum(facts['seconds'] for facts in results.facts), 1),
        best_steps=[facts['step'] for facts in results.facts],
        temperatures=[facts['temperature'] for facts in results.facts],
    )


def balanced_accuracy(summary, name):
    """{value, interval, repeats} of an arm."""
    return summary['arms'][name]['metrics']['balanced_accuracy']


def best(by_arm, summary, arm='gan'):
    """The name of an arm at the ratio with the highest balanced accuracy, or None if it was not trained."""
    names = [name for name in summary['arms'] if by_arm[name].arm == arm]
    return max(names, key=lambda name: balanced_accuracy(summary, name)['value'], default=None)
