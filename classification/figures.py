"""Figures of classifiers, as SVG: arms beside each other, ratios, ROC curves and calibration."""

import numpy as np

from common.figures import FAKE, INK, LINE, OTHER, REAL, SOFT, drawn, legend

STYLES = (SOFT, ':', '^'), (OTHER, '-.', 's'), (REAL, '--', 'D'), (FAKE, '-', 'o')  # of up to four arms, in this order
SQUARE = dict(height=2.7, width=2.9)


def forest(rows, paper, chance):
    """Balanced accuracy of arms, with intervals and repeats.

    rows: [(name, colour, whether to fill the mark, {value, interval, repeats})]; paper: [(words, value, interval)].
    """

    def line(axes, at, words, colour, found, marker, fill):
        low, high = [100 * end for end in found['interval']]
        axes.plot([low, high], [at, at], color=colour, linewidth=1.6, solid_capstyle='butt')
        axes.plot([100 * found['value']], [at], marker, color=colour, markersize=6, markerfacecolor=fill)
        side = axes.get_yaxis_transform()
        axes.text(0.005, at - 0.22, words, transform=side, va='bottom', color=colour if colour != SOFT else INK)
        numbers = '%.1f  (%.0f\u2013%.0f)' % (100 * found['value'], low, high)
        axes.text(0.995, at - 0.22, numbers, transform=side, va='bottom', ha='right', color=SOFT)

    def draw(axes):
        axes.axvline(100 * chance, color=SOFT, linewidth=1.1, linestyle=(0, (4, 3)), label='chance')
        for at, (name, colour, full, found) in enumerate(rows):
            repeats = 100 * np.array(found['repeats'])
            axes.plot(repeats, np.full(len(repeats), at + 0.17), '.', color=colour, markersize=4, alpha=0.75)
            line(axes, at, name, colour, found, 'o', colour if full else 'none')
        axes.plot([], [], '.', color=INK, markersize=4, label='one repeat')
        for at, (words, value, interval) in enumerate(paper, len(rows)):
            line(axes, at + 0.25, words, SOFT, dict(value=value, interval=interval), 'D', 'none')
        axes.plot([], [], 'D', color=SOFT, markersize=5, markerfacecolor='none', label='the paper: plain accuracy')
        end = len(rows) + len(paper)
        for at in range(len(rows) - 1):
            axes.axhline(at + 0.38, color=LINE, linewidth=0.6)
        axes.axhline(len(rows) - 0.5, color=SOFT, linewidth=0.8)
        everything = [x for _, _, _, found in rows for x in found['interval'] + found['repeats']]
        everything += [x for _, _, interval in paper for x in interval] + [chance]
        axes.set_xlim(max(100 * min(everything) - 4, -1), min(100 * max(everything) + 4, 101))
        axes.set_ylim(end - 0.2, -0.75)
        axes.set_yticks([])
        axes.set_xlabel('balanced accuracy, %, with 95 % interval')
        axes.set_ylabel('way to train')
        legend(axes)

    return drawn(draw, 'Balanced accuracy of each arm', 0.9 + 0.36 * (len(rows) + len(paper)))


def ratios(curves, level, chance):
    """Balanced accuracy over the ratio. curves: {arm: [(ratio, {value, interval})]}; level: (words, value) or None."""

    def draw(axes):
        places = sorted({ratio for points in curves.values() for ratio, _ in points})
        for i, (arm, points) in enumerate(curves.items()):
            colour, style, marker = STYLES[{'gan': 3, 'duplicates': 2}.get(arm, i % 2)]
            x = np.log2([ratio for ratio, _ in points]) + 0.03 * (i - (len(curves) - 1) / 2)
            y = 100 * np.array([found['value'] for _, found in points])
            errors = np.abs(100 * np.array([found['interval'] for _, found in points]).T - y)
            axes.errorbar(x, y, errors, fmt=marker, ls=style, color=colour, capsize=3, markersize=5, label=arm)
        if level:
            axes.axhline(100 * level[1], color=OTHER, linewidth=1.2, linestyle='-.', label=level[0])
        axes.axhline(100 * chance, color=SOFT, linewidth=1.1, linestyle=(0, (4, 3)), label='chance')
        axes.set_xticks(np.log2(places))
        axes.set_xticklabels(['%g' % ratio for ratio in places])
        axes.grid(axis='y', linewidth=0.6)
        axes.set_xlabel('added images for a real one')
        axes.set_ylabel('balanced accuracy, %')
        legend(axes, 4)

    return drawn(draw, 'Balanced accuracy over the ratio')


def _square(axes, xlabel, ylabel):
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=1, zorder=0)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_aspect('equal')
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)


def roc(curves, rates, title):
    """Mean ROC curves of a class. curves: [(name, style, true-positive rates)]; rates: false-positive ones."""

    def draw(axes):
        _square(axes, 'false-positive rate', 'true-positive rate')
        for name, (colour, style, _), true in curves:
            axes.plot(rates, true, style, color=colour, label=name)
        axes.legend(loc='lower right', handlelength=2.2)

    return drawn(draw, title, **SQUARE)


def reliability(bins, style, title):
    """Calibration of an arm. bins: [{share, confidence, accuracy}] as of metrics.arms.summary."""
    colour, _, _ = style
    confidence, accuracy, share = [
        np.array([row[name] for row in bins]) for name in ('confidence', 'accuracy', 'share')
    ]

    def draw(axes):
        _square(axes, 'highest probability', 'share that is right')
        axes.vlines(confidence, accuracy, confidence, color=colour, linewidth=1, alpha=0.6)
        axes.scatter(confidence, accuracy, 8 + 400 * share, color=colour, alpha=0.75, linewidth=0)

    return drawn(draw, title, **SQUARE)
