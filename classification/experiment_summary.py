"""The results of an experiment by arm, and the numbers that are computed from them."""

import collections

import numpy as np

from classification import comparisons
from classification.arms import ARMS
from stats import arm_comparison, calibration
from stats.predictions import gathered

MIN_PROBABILITY = 1e-6  # before a logarithm is taken: probabilities have six decimals

# The results of an arm at a ratio, None where it adds nothing. predictions, tempered: stats.predictions.Predictions, as
# they are and at the temperature of each training; facts: of each training.
ArmResults = collections.namedtuple('ArmResults', 'arm ratio predictions tempered facts')


def collect(results, patient_of):
    """{name: ArmResults} of {Training: result}; names are those of comparisons.names.

    patient_of: a function that gives the patient of a nodule.
    """
    grouped = {}
    for training, result in results.items():
        grouped.setdefault((training.arm, training.ratio), []).append((training, result))
    named = comparisons.names(grouped)
    return {named[pair]: _arm_results(of_arm, patient_of) for pair, of_arm in grouped.items()}


def _arm_results(pairs, patient_of):
    rows, tempered = [], []
    for training, result in pairs:
        for nodule, label, *probabilities in result['predictions']:
            rows.append((nodule, patient_of(nodule), training.repeat, training.fold, label, probabilities))
            logits = np.log(np.maximum(probabilities, MIN_PROBABILITY))
            tempered.append(calibration.tempered(logits, result['facts']['temperature']))
    columns = list(zip(*rows))
    first = pairs[0][0]
    facts = [result['facts'] for _, result in pairs]
    return ArmResults(first.arm, first.ratio, gathered(*columns), gathered(*columns[:5], probabilities=tempered), facts)


def nearest(by_arm, arm):
    """The name of an arm at the ratio nearest to 1, or None if it was not trained. by_arm: of `collect`."""
    names = [name for name in by_arm if by_arm[name].arm == arm]
    return min(names, key=lambda name: abs(np.log(by_arm[name].ratio or 1.0)), default=None)


def compare(by_arm, classes):
    """arm_comparison.summary of the arms that are tested on real images, and {name: summary} of each other one."""
    real = {name: results for name, results in by_arm.items() if ARMS[results.arm].tested_on == 'real'}
    pairs = [(results.arm, results.ratio) for results in real.values()]
    others = {
        name: arm_comparison.summary({name: results.predictions}, classes, {})
        for name, results in by_arm.items()
        if name not in real
    }
    predicted = {name: results.predictions for name, results in real.items()}
    return arm_comparison.summary(predicted, classes, comparisons.controls(pairs), comparisons.primary(pairs)), others


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
