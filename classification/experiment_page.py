"""An experiment as classification.json and as a page, classification.html."""

import collections
import os

import numpy as np

import dataset
from classification import arms, classifier_plots, experiment_findings, experiment_summary
from classification.experiment_summary import nearest
from common import card, files, page
from common.svg_plots import STYLES
from stats import power
from stats.proportions import wilson

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'classification.html')
EXAMPLES = 6  # of each kind
# Accuracies of the founding paper, of 206 nodules: Wang et al., Quant Imaging Med Surg 2020;10:1249-1264
PAPER_NODULES, PAPER_AUC = 206, 0.83
PAPER = {arm: dict(value=value, interval=wilson(value * PAPER_NODULES, PAPER_NODULES))
         for arm, value in dict(raw=0.37, common=0.532, gan=0.605).items()}  # fmt: skip

# A nodule as an arm predicts it. probabilities: [(class, mean over repeats)]; predicted: a class.
Example = collections.namedtuple('Example', 'picture nodule label predicted probabilities')


def write(cfg, folds, results, comparison):
    """Write classification.json and classification.html into cfg.outdir; the first sentence of the page.

    cfg: classify_settings.Run; folds: cross_validation.Folds; results: {Training: result} of training_results;
    comparison: of comparisons.plan.
    """
    by_arm = experiment_summary.collect(results, folds.patient_of)
    data = dict(_findings(cfg, folds, by_arm), comparison=comparison)
    files.write_json(os.path.join(cfg.outdir, 'classification.json'), data)
    summary = data['summary']
    window = dataset.Pyramid(folds.folder(0, 'test')).card.window
    rocs, calibrations = _curves(data, by_arm)
    example_arm = summary['primary'] or next(iter(summary['arms']))
    page.write(
        os.path.join(cfg.outdir, 'classification.html'),
        PAGE,
        'Do generated nodules help a classifier?',
        window or (0.0, 255.0),
        by_arm=by_arm,
        meaning={name: arms.ARMS[by_arm[name].arm].meaning for name in by_arm},
        ct=bool(window),
        nodules=sum(summary['per_class']),
        folds=folds.count,
        near_pairs=_near_pairs(folds, bool(window)),
        target=power.TARGET,
        minutes=sum(facts['seconds'] for facts in data['trainings'].values()) / 60,
        arms_of_paper={arm: nearest(by_arm, arm) for arm in PAPER},
        forest=classifier_plots.forest(data, by_arm),
        ratios=classifier_plots.ratios(summary, by_arm),
        rocs=rocs,
        calibrations=calibrations,
        example_arm=example_arm,
        examples=_examples(folds, by_arm[example_arm].predictions, bool(window)),
        **data,
    )
    return data['first_sentence']


def _findings(cfg, folds, by_arm):
    """FILE FORMAT: what classification.json holds."""
    summary, others = experiment_summary.compare(by_arm, folds.classes)
    phantoms = card.of_data(os.path.join(folds.path, 'fold0', 'test', folds.classes[0])).phantoms
    return dict(
        outcome=experiment_findings.outcome(summary, summary['primary']),
        first_sentence=experiment_findings.first_sentence(summary, by_arm, phantoms),
        notes=experiment_findings.notes(summary, by_arm),
        checks=experiment_findings.checks(summary, by_arm, phantoms),
        phantoms=phantoms,
        summary=summary,
        outcomes={name: experiment_findings.outcome(summary, name) for name in summary['arms']},
        tested_on_generated=others,
        scaled={name: experiment_summary.calibrated(results) for name, results in by_arm.items()},
        trainings={name: experiment_summary.training_facts(results) for name, results in by_arm.items()},
        settings=cfg._asdict(),
        paper=dict(nodules=PAPER_NODULES, accuracy=PAPER, auc=PAPER_AUC),
    )


def _near_pairs(folds, ct):
    """[(picture, picture)] of the two images of each of Folds.near_pairs."""
    return [
        (page.picture(pair.image, name, ct), page.picture(pair.other, other, ct))
        for name, other, pair in folds.near_pairs
    ]


def _curves(data, by_arm):
    """[(class, figure)] of ROC curves, and [(arm, figure)] of calibration, of the arms that matter most."""
    summary = data['summary']
    names = ['raw', 'common', data['comparison']['control'], summary['primary']]
    styles = {}
    for name, style in zip(names, STYLES):
        if name in summary['arms']:
            styles.setdefault(name, style)
    rocs, calibrations = [], []
    for label in summary['classes']:
        curves = [(name, style, summary['arms'][name]['roc'][label]) for name, style in styles.items()]
        if None not in curves[0][2]:  # not defined where a class is alone in its folds
            figure = classifier_plots.roc(curves, summary['false_positive_rates'], 'ROC curves of ' + label)
            rocs.append((label, figure))
    for name, style in styles.items():
        bins = summary['arms'][name]['reliability']
        calibrations.append((name, classifier_plots.reliability(bins, style, 'Calibration of ' + name)))
    return rocs, calibrations


def _examples(folds, predictions, ct):
    """[(heading, [Example])] of Predictions: nodules most surely right, and those most surely wrong."""
    means = predictions.probabilities.mean(axis=0)
    predicted = means.argmax(axis=1)
    is_right = predicted == predictions.labels
    groups = []
    for heading, chosen in (('Most surely right', is_right), ('Most surely wrong', ~is_right)):
        order = np.argsort(-np.where(chosen, means.max(axis=1), -1), kind='mergesort')
        order = order[: min(EXAMPLES, int(chosen.sum()))]
        patches = middle_patches(folds, {predictions.nodules[i]: predictions.folds[i] for i in order})
        examples = []
        for i in order:
            nodule, label = str(predictions.nodules[i]), folds.classes[predictions.labels[i]]
            picture = page.picture(patches[nodule], '%s, %s' % (nodule, label), ct)
            probabilities = list(zip(folds.classes, means[i].tolist()))
            examples.append(Example(picture, nodule, label, folds.classes[predicted[i]], probabilities))
        groups.append((heading, examples))
    return groups


def middle_patches(folds, fold_of):
    """{nodule: its middle patch} of {nodule: fold}; patches of a nodule are in the order of their slices."""
    patches = {}
    for fold in sorted(set(fold_of.values())):
        test = folds.test_split(fold)
        for nodule in [nodule for nodule in fold_of if fold_of[nodule] == fold]:
            places = [i for i, name in enumerate(test.nodules) if name == nodule]
            patches[nodule] = test.images[places[len(places) // 2]]
    return patches
