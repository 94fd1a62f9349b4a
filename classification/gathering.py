"""What the trainings of an experiment gave, gathered by arm, and the figures that are computed of it."""

import collections

import numpy as np

from classification.arms import ARMS
from stats import arm_comparison, calibration
from stats.predictions import gathered

REFERENCES = 'duplicates', 'common', 'raw'  # what the other arms are compared with: the first of these that there is
LEAST = 1e-6  # of a probability before its logarithm: they have six decimals

# cases: {name: Job} of any one training of each arm and ratio; apart: names of those that are tested on other images;
# predictions, tempered: {name: Predictions}, as they are and at the temperature of each training; facts: {name: [facts
# of a training]}.
Gathered = collections.namedtuple('Gathered', 'cases apart predictions tempered facts')


def gather(found):
    """The Gathered of [(Job, what it gave)]. ValueError if no arm was tested on real images."""
    several = len({job.ratio for job, _ in found if job.ratio is not None}) > 1
    jobs = collections.OrderedDict()
    for job, gave in found:
        name = '%s x%g' % (job.arm, job.ratio) if several and job.ratio is not None else job.arm
        jobs.setdefault(name, []).append((job, gave))
    cases = collections.OrderedDict((name, own[0][0]) for name, own in jobs.items())
    apart = [name for name, job in cases.items() if ARMS[job.arm].tested != 'real']
    if len(apart) == len(cases):
        raise ValueError('--arms %s: none of them is tested on real images; add one, as common' % ','.join(cases))
    facts = {name: [gave['facts'] for _, gave in own] for name, own in jobs.items()}
    predictions, tempered = collections.OrderedDict(), {}
    for name, own in jobs.items():
        rows, scaled = [], []
        for job, gave in own:
            for nodule, label, *probabilities in gave['predictions']:
                rows.append((nodule, job.repeat, job.fold, label, probabilities))
                logits = np.log(np.maximum(probabilities, LEAST))
                scaled.append(calibration.tempered(logits, gave['facts']['temperature']))
        columns = list(zip(*rows))
        predictions[name] = gathered(*columns)
        tempered[name] = gathered(*columns[:4], probabilities=scaled)
    return Gathered(cases, apart, predictions, tempered, facts)


def nearest(cases, arm):
    """The name of an arm at the ratio that is nearest 1, or None without that arm."""
    own = [name for name, job in cases.items() if job.arm == arm]
    return min(own, key=lambda name: abs(np.log(cases[name].ratio or 1.0)), default=None)


def summaries(gathering, classes):
    """The summary of the arms that are tested on real images, and {name: summary} of each other one alone."""
    real = collections.OrderedDict(
        (name, x) for name, x in gathering.predictions.items() if name not in gathering.apart
    )
    cases = {name: gathering.cases[name] for name in real}
    reference = next(filter(None, (nearest(cases, arm) for arm in REFERENCES)), next(iter(real)))
    alone = [(name, {name: gathering.predictions[name]}) for name in gathering.apart]
    others = collections.OrderedDict((name, arm_comparison.summary(own, classes, name)) for name, own in alone)
    return arm_comparison.summary(real, classes, reference), others


def scaled(gathering):
    """{name: {metric: [as predicted, at the temperature of each training]}} of calibration_error and brier."""
    result = collections.OrderedDict()
    for name in gathering.predictions:
        several = gathering.predictions[name], gathering.tempered[name]
        errors = [
            np.mean([calibration.calibration_error(calibration.reliability(x.labels, y)) for y in x.probabilities])
            for x in several
        ]
        scores = [np.mean([calibration.brier(x.labels, y) for y in x.probabilities]) for x in several]
        result[name] = dict(calibration_error=list(map(float, errors)), brier=list(map(float, scores)))
    return result


def trainings(gathering):
    """{name: {seconds in all, best_steps, temperatures}} of the trainings of each arm."""
    result = collections.OrderedDict()
    for name, facts in gathering.facts.items():
        seconds = round(sum(one['seconds'] for one in facts), 1)
        result[name] = collections.OrderedDict(seconds=seconds, best_steps=[one['step'] for one in facts])
        result[name].update(temperatures=[one['temperature'] for one in facts])
    return result


def best(cases, summary, arm='gan'):
    """The name of an arm at the ratio of highest balanced accuracy, or None without that arm."""
    own = [name for name in summary['arms'] if cases[name].arm == arm]
    return max(own, key=lambda name: summary['arms'][name]['metrics']['balanced_accuracy']['value'], default=None)
