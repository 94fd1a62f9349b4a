"""Figures of readers, as SVG: accuracies beside each other, ROC curves, how sure they were, and how long they took."""

import numpy as np

from common.svg_plots import FAKE, INK, LINE, OTHER, REAL, SOFT, STYLES, drawn, label_of, legend, row, square
from stats import signal_detection

# Accuracies of radiologists who were shown other images. Wang et al., Quant Imaging Med Surg 2020;10:1249-1264 (how
# many images they read is not reported); Park et al., Radiol Artif Intell 2021, ten readers of 300 CT images each.
PUBLISHED = ('paper, junior', 0.56), ('paper, senior', 0.65), ('Park 2021, ten readers', 0.594)
TENTHS = 10


def forest(several, pooled, margin):
    """Accuracies with intervals of readers, of all together, and published ones; margin: around a half."""
    height = 0.9 + 0.26 * (len(several) + 1 + len(PUBLISHED))
    names = [label_of(one['name']) for one in several] + ['all readers'] + [name for name, _ in PUBLISHED]
    last = len(several) + 0.2
    places = list(range(len(several))) + [last] + [last + 1.2 + i for i in range(len(PUBLISHED))]

    def draw(axes):
        axes.set_position([0.3, 0.1, 0.48, 0.8])  # names on the left, numbers on the right
        margins = [100 * (0.5 - margin), 100 * (0.5 + margin)]
        axes.axvspan(*margins, color=LINE, alpha=0.45, linewidth=0, label='counts as not told apart')
        axes.axvline(50, color=SOFT, linewidth=1.1, linestyle=(0, (4, 3)), label='chance')
        for at, one in zip(places, several):
            row(axes, at, one['accuracy'], one['accuracy_interval'], INK, 'o', INK if one['finished'] else 'none')
        row(axes, last, pooled['accuracy'], pooled['accuracy_interval'], OTHER, 'D', OTHER)
        for at, (_, share) in zip(places[len(several) + 1 :], PUBLISHED):
            row(axes, at, share, None, SOFT, 'D', 'none')
        axes.axhline(last + 0.6, color=SOFT, linewidth=0.8)
        ends = [100 * end for one in several + [pooled] for end in one['accuracy_interval']]
        axes.set_xlim(max(min(ends + margins) - 4, -1), min(max(ends + [68] + margins) + 4, 101))
        axes.set_ylim(places[-1] + 0.7, -0.7)
        axes.set_yticks(places)
        axes.set_yticklabels(names)
        axes.tick_params(axis='y', length=0)
        axes.grid(axis='x', linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel('right answers, %, with 95 % interval')
        axes.set_ylabel('reader', rotation=0, ha='right', va='bottom', color=SOFT)
        axes.yaxis.set_label_coords(-0.02, 1.0)
        legend(axes, 2, (-0.3, 1 + 0.16 / height))

    return drawn(draw, 'Accuracy of each reader', height)


def _styles(several):
    """How to draw each reader's curve, as arguments of plot; more than four look alike, and one has the name."""
    if len(several) <= len(STYLES):
        named = zip(several, STYLES[::-1])
        return [dict(label=label_of(one['name']), color=colour, linestyle=line, marker=marker, markersize=3.5)
                for one, (colour, line, marker) in named]  # fmt: skip
    return [dict(label=None if i else 'each reader', color=SOFT, linewidth=0.7, alpha=0.8) for i in range(len(several))]


def roc(several, pooled, pairs):
    """ROC curves of readers through their points, and of all answers together where readers are many."""

    def draw(axes):
        words = ('left taken for right', 'right found') if pairs else ('generated called real', 'real called real')
        square(axes, *words)
        for one, style in zip(several, _styles(several)):
            axes.plot(*signal_detection.roc(np.array(one['counts'], float)), **style)
        if len(several) > len(STYLES):
            together = signal_detection.roc(np.array(pooled['counts'], float))
            axes.plot(*together, color=OTHER, marker='D', markersize=4, label='all answers together')
        legend(axes, 1)

    return drawn(draw, 'ROC curve of each reader', 2.8, 3)


def answers(counts, pairs):
    """How often each answer was given to noise and to signals; counts: [2][6]."""

    def draw(axes):
        words = ('left one is real', 'right one is real') if pairs else ('generated', 'real')
        styles = dict(facecolor=FAKE, alpha=0.85), dict(facecolor='none', edgecolor=REAL, hatch='//')
        for several, name, style, off in zip(counts, words, styles, (-0.2, 0.2)):
            heights = 100.0 * np.array(several) / max(sum(several), 1)
            axes.bar(np.arange(1, 7) + off, heights, 0.38, label=name, **style)
        axes.axvline(3.5, color=SOFT, linewidth=1, linestyle=':')
        ends = ('the left', 'the right') if pairs else ('generated', 'real')
        axes.set_xticks(range(1, 7))
        axes.set_xticklabels(['surely\n%s' % ends[0], 'rather', 'guess', 'guess', 'rather', 'surely\n%s' % ends[1]])
        axes.tick_params(axis='x', length=0)
        axes.set_xlabel('answer')
        axes.set_ylabel('share of answers to each, %')
        legend(axes, 2)

    return drawn(draw, 'Answers to real and to generated patches', 2.6)


def times(several, seconds):
    """Median seconds of a case over the course of the study. seconds: of each reader's cases, in their order."""

    def draw(axes):
        for took, style in zip(seconds, _styles(several)):
            parts = [part for part in np.array_split(took, TENTHS) if len(part)]
            axes.plot(np.arange(len(parts)) + 1, [np.median(part) for part in parts], **style)
        axes.set_ylim(0, None)
        axes.set_xticks(range(1, TENTHS + 1))
        axes.grid(axis='y', linewidth=0.6)
        axes.set_xlabel("tenth of a reader's cases, in the order they were read")
        axes.set_ylabel('median seconds of a case')
        legend(axes, 2)

    return drawn(draw, 'Seconds over the course of the study', 2.6)
