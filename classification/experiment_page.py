"""An experiment as classification.json and as a page, classification.html."""

import collections
import json
import os

import numpy as np

import dataset
from classification import arms, classifier_plots, experiment, experiment_findings, gathering
from common import files, page
from common.svg_plots import FAKE, INK, REAL, SOFT, STYLES
from metrics import training_data
from stats.proportions import wilson

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'classification.html')
SHOWN = 6  # examples of each kind
# Accuracies of the founding paper, of 206 nodules: Wang et al., Quant Imaging Med Surg 2020;10:1249-1264
PAPER = collections.OrderedDict(raw=0.37, common=0.532, gan=0.605)
PAPER_NODULES, PAPER_AUC = 206, 0.83

# What the arm that is shown says of a nodule: probabilities [K], mean over repeats; predicted: a class.
Example = collections.namedtuple('Example', 'picture nodule label predicted probabilities')


def _about(several):
    """What NAME.json says of the nodules of the first fold's first class."""
    return dataset.about(os.path.join(several.path, 'fold0', 'test', several.classes[0]))


def _middles(several, wanted):
    """{nodule: its middle patch} of {nodule: fold}; patches of a nodule stand in the order of their slices."""
    patches = {}
    for fold in sorted(set(wanted.values())):
        side = several.sides(fold)[1]
        for nodule in [nodule for nodule, own in wanted.items() if own == fold]:
            places = [i for i, name in enumerate(side.nodules) if name == nodule]
            patches[nodule] = side.images[places[len(places) // 2]]
    return patches


def _examples(several, found, ct):
    """[(heading, [Example])] of Predictions: nodules most surely right, and those most surely wrong."""
    means = found.probabilities.mean(axis=0)
    predicted, top, groups = means.argmax(axis=1), means.max(axis=1), []
    for words, chosen in (('right', predicted == found.labels), ('wrong', predicted != found.labels)):
        order = np.argsort(-np.where(chosen, top, -1), kind='mergesort')[: min(SHOWN, int(chosen.sum()))]
        patches = _middles(several, {found.nodules[i]: found.folds[i] for i in order})
        shown = []
        for i in order:
            nodule, label = str(found.nodules[i]), several.classes[found.labels[i]]
            picture = page.picture(patches[nodule], '%s, %s' % (nodule, label), ct)
            odds = list(zip(several.classes, means[i].tolist()))
            shown.append(Example(picture, nodule, label, several.classes[predicted[i]], odds))
        groups.append(('Most surely ' + words, shown))
    return groups


def _forest(summary, others, cases):
    colours = dict(gan=FAKE, shuffled=SOFT)
    rows = []
    for name, job in cases.items():
        alone = name in others
        found = (others[name] if alone else summary)['arms'][name]['metrics']['balanced_accuracy']
        colour = REAL if name == summary['reference'] else colours.get(job.arm, INK)
        rows.append((name + ('*' if alone else ''), colour, not alone, found))
    reported = [('paper: ' + name, value, _wilson(value)) for name, value in PAPER.items()]
    return classifier_plots.forest(rows, reported, 1.0 / len(summary['classes']))


def _wilson(share):
    return wilson(share * PAPER_NODULES, PAPER_NODULES)


def _over_ratios(summary, cases):
    """The figure over the ratio, or None where there is one ratio."""
    curves = collections.OrderedDict()
    for name in summary['arms']:
        if cases[name].ratio is not None:
            found = experiment_findings.balanced(summary, name)
            curves.setdefault(cases[name].arm, []).append((cases[name].ratio, found))
    if max([len(points) for points in curves.values()] or [0]) < 2:
        return None
    level = (
        ('common', experiment_findings.balanced(summary, 'common')['value']) if 'common' in summary['arms'] else None
    )
    return classifier_plots.ratios(curves, level, 1.0 / len(summary['classes']))


def _curves(summary, few):
    """[(class, SVG)] of ROC curves, and [(arm, SVG)] of calibration, of {arm: style}."""
    rocs, rates, calibrations = [], summary['false_positive_rates'], []
    for label in summary['classes']:
        curves = [(name, style, summary['arms'][name]['roc'][label]) for name, style in few.items()]
        if None not in curves[0][2]:
            rocs.append((label, classifier_plots.roc(curves, rates, 'ROC curves of ' + label)))
    for name, style in few.items():
        bins = summary['arms'][name]['reliability']
        calibrations.append((name, classifier_plots.reliability(bins, style, 'Calibration of ' + name)))
    return rocs, calibrations


def _beside_the_paper(summary, cases):
    """[(arm, the paper's accuracy, its interval, this experiment's metrics or None)]"""
    for arm, value in PAPER.items():
        name = gathering.nearest(cases, arm)
        yield arm, value, _wilson(value), summary['arms'][name]['metrics'] if name else None


def _few(summary, cases):
    """{arm: style} of the arms whose curves are shown: raw, common, the reference and the best gan."""
    names = ['raw', 'common', summary['reference'], gathering.best(cases, summary)]
    found = collections.OrderedDict()
    for name, style in zip(names, STYLES):
        if name in summary['arms']:
            found.setdefault(name, style)
    return found


def result(cfg, several, found):
    """What classification.json holds, and the gathering.Gathered of it."""
    gathered = gathering.gather(found)
    summary, others = gathering.summaries(gathered, several.classes)
    phantoms = str(_about(several).get('source', '')).startswith('phantoms')
    checks = experiment_findings.checks(summary, gathered.cases, phantoms)
    data = collections.OrderedDict(first_sentence=experiment_findings.first_sentence(summary, gathered.cases, phantoms))
    data.update(remarks=experiment_findings.notes(summary, gathered.cases), phantoms=phantoms)
    data.update(warnings=[check.words for check in checks if check.tone == 'bad'])
    data.update(summary=summary, tested_on_generated=others, scaled=gathering.scaled(gathered))
    data.update(trainings=gathering.trainings(gathered), settings=cfg._asdict())
    accuracy = {arm: dict(value=value, interval=_wilson(value)) for arm, value in PAPER.items()}
    data.update(paper=dict(nodules=PAPER_NODULES, accuracy=accuracy, auc=PAPER_AUC))
    return data, gathered, checks


def write(cfg, several, found):
    """classification.json and classification.html in cfg.outdir; the first sentence of the page.

    cfg: settings.Run; several: folds.Folds; found: [(parts.Job, what it gave)], as of experiment.run.
    """
    data, gathered, checks = result(cfg, several, found)
    with files.atomic(os.path.join(cfg.outdir, 'classification.json')) as f:
        f.write(json.dumps(data, indent=1).encode())
    summary, cases = data['summary'], gathered.cases
    window = training_data.scale(dataset.Pyramid(several.folder(0, 'test')))['window']
    few = _few(summary, cases)
    rocs, calibrations = _curves(summary, few)
    shown = gathering.best(cases, summary) or summary['reference']
    values = dict(data, cases=cases, checks=checks, ct=bool(window), few=few, rocs=rocs, calibrations=calibrations)
    values.update(outcomes={name: experiment_findings.outcome(summary, name) for name in summary['arms']})
    values.update(main=gathering.nearest(cases, 'gan'), number=sum(summary['per_class']), inner=experiment.INNER)
    values.update(forest=_forest(summary, data['tested_on_generated'], cases), ratios=_over_ratios(summary, cases))
    values.update(beside=list(_beside_the_paper(summary, cases)), shown=shown, meaning=arms.MEANING)
    values.update(examples=_examples(several, gathered.predictions[shown], bool(window)))
    values.update(folds=several.number, minutes=sum(x['seconds'] for x in data['trainings'].values()) / 60)
    page.write(os.path.join(cfg.outdir, 'classification.html'), PAGE, 'Do generated nodules help a classifier?',
               window or (0.0, 255.0), **values)  # fmt: skip
    return data['first_sentence']
