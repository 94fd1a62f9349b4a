"""Figures of classifiers, as SVG: arms beside each other, ratios, ROC curves and calibration."""

import numpy as np

from classification.experiment_summary import balanced_accuracy
from common.svg_plots import FAKE, INK, OTHER, REAL, SOFT, STYLES, drawn, legend, row, square


def forest(data, by_arm):
    """Balanced accuracy of all arms, with intervals and repeats, and of the paper; data: of classification.json.

    A star marks arms that are tested on generated images.
    """
    summary, others = data['summary'], data['tested_on_generated']
    chance = 1.0 / len(summary['classes'])
    paper = [('paper: ' + arm, accuracy) for arm, accuracy in data['paper']['accuracy'].items()]
    rows = []
    for name, results in by_arm.items():
        colour = dict(duplicates=REAL, gan=FAKE, shuffled=SOFT).get(results.arm, INK)
        if name in others:
            rows.append((name + '*', colour, 'none', balanced_accuracy(others[name], name)))
        else:
            rows.append((name, colour, colour, balanced_accuracy(summary, name)))
    height = 0.8 + 0.26 * (len(rows) + len(paper))
    places = list(range(len(rows))) + [len(rows) + 0.3 + i for i in range(len(paper))]
    names = [name for name, *_ in rows] + [name for name, *_ in paper]

    def draw(axes):
        axes.set_position([0.27, 0.1, 0.5, 0.8])  # names on the left, numbers on the right
        axes.axvline(100 * chance, color=SOFT, linewidth=1.1, linestyle=(0, (4, 3)), label='chance')
        for y, (_, colour, fill, accuracy) in enumerate(rows):
            row(axes, y, accuracy['value'], accuracy['interval'], colour, 'o', fill)
            repeats = 100 * np.array(accuracy['repeats'])
            axes.plot(repeats, np.full(len(repeats), y + 0.3), '.', color=colour, markersize=4, alpha=0.75)
        axes.plot([], [], '.', color=INK, markersize=4, label='one repeat')
        for y, (_, accuracy) in zip(places[len(rows) :], paper):
            row(axes, y, accuracy['value'], accuracy['interval'], SOFT, 'D', 'none')
        axes.plot([], [], 'D', color=SOFT, markersize=5, markerfacecolor='none', label='the paper, plain accuracy')
        axes.axhline(len(rows) - 0.35, color=SOFT, linewidth=0.8)
        values = [x for *_, accuracy in rows for x in accuracy['interval'] + accuracy['repeats']]
        values += [x for _, accuracy in paper for x in accuracy['interval']] + [chance]
        axes.set_xlim(max(100 * min(values) - 4, -1), min(100 * max(values) + 4, 101))
        axes.set_ylim(places[-1] + 0.7, -0.6)
        axes.set_yticks(places)
        axes.set_yticklabels(names)
        axes.tick_params(axis='y', length=0)
        for label, (_, colour, _, _) in zip(axes.get_yticklabels(), rows):
            label.set_color(INK if colour == SOFT else colour)
        axes.grid(axis='x', linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel('balanced accuracy, %, with 95 % interval')
        axes.set_ylabel('trained on', rotation=0, ha='right', va='bottom', color=SOFT)
        axes.yaxis.set_label_coords(-0.02, 1.0)
        legend(axes, 3, (-0.42, 1 + 0.16 / height))

    return drawn(draw, 'Balanced accuracy of each arm', height)


def ratios(summary, by_arm):
    """Balanced accuracy over the ratio, or None where there is one ratio."""
    curves = {}
    for name in summary['arms']:
        arm, ratio = by_arm[name][:2]
        if ratio is not None:
            curves.setdefault(arm, []).append((ratio, balanced_accuracy(summary, name)))
    if not any(len(points) > 1 for points in curves.values()):
        return None

    def draw(axes):
        places = sorted({ratio for points in curves.values() for ratio, _ in points})
        for i, (arm, points) in enumerate(curves.items()):
            colour, style, marker = STYLES[{'gan': 3, 'duplicates': 2}.get(arm, i % 2)]
            x = np.log2([ratio for ratio, _ in points]) + 0.03 * (i - (len(curves) - 1) / 2)
            y = 100 * np.array([accuracy['value'] for _, accuracy in points])
            errors = np.abs(100 * np.array([accuracy['interval'] for _, accuracy in points]).T - y)
            axes.errorbar(x, y, errors, fmt=marker, ls=style, color=colour, capsize=3, markersize=5, label=arm)
        if 'common' in summary['arms']:
            common = 100 * balanced_accuracy(summary, 'common')['value']
            axes.axhline(common, color=OTHER, linewidth=1.2, linestyle='-.', label='common')
        axes.axhline(100.0 / len(summary['classes']), color=SOFT, linewidth=1.1, linestyle=(0, (4, 3)), label='chance')
        axes.set_xticks(np.log2(places))
        axes.set_xticklabels(['%g' % ratio for ratio in places])
        axes.grid(axis='y', linewidth=0.6)
        axes.set_xlabel('added images for a real one')
        axes.set_ylabel('balanced accuracy, %')
        legend(axes, 4)

    return drawn(draw, 'Balanced accuracy over the ratio')


def roc(curves, rates, title):
    """Mean ROC curves of a class. curves: [(name, style, true-positive rates)]; rates: false-positive rates."""

    def draw(axes):
        square(axes, 'false-positive rate', 'true-positive rate')
        for name, (colour, style, _), true_rates in curves:
            axes.plot(rates, true_rates, style, color=colour, label=name)
        axes.legend(loc='lower right', handlelength=2.2)

    return drawn(draw, title, 2.8, 3)


def reliability(bins, style, title):
    """Calibration of an arm. bins: [{share, confidence, accuracy}] as of stats.arm_comparison.summary."""
    colour, _, _ = style
    confidence, accuracy, share = [
        np.array([row[name] for row in bins]) for name in ('confidence', 'accuracy', 'share')
    ]

    def draw(axes):
        square(axes, 'highest probability', 'share that is right')
        axes.vlines(confidence, accuracy, confidence, color=colour, linewidth=1, alpha=0.6)
        axes.scatter(confidence, accuracy, 8 + 400 * share, color=colour, alpha=0.75, linewidth=0)

    return drawn(draw, title, 2.2, 2.4)
