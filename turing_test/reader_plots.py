"""Figures of readers, as SVG: accuracies beside each other, ROC curves, how sure they were, and how long they took."""

import numpy as np

from common.svg_plots import FAKE, INK, LINE, OTHER, REAL, SOFT, STYLES, drawn, label_of, legend, row, square
from stats import signal_detection

# Accuracies of radiologists who were shown other images. Wang et al., Quant Imaging Med Surg 2020;10:1249-1264 (how
# many images they read is not reported); Park et al., JMIR Med Inform 2021;9:e23328, ten readers of 300 images of body
# CT each.
PUBLISHED = ('paper, junior', 0.56), ('paper, senior', 0.65), ('Park 2021, ten readers', 0.594)
TENTHS = 10


def forest(readers, pooled, margin):
    """Accuracies with intervals of readers, of all together, and published ones; margin: around a half."""
    height = 0.9 + 0.26 * (len(readers) + 1 + len(PUBLISHED))
    names = [label_of(reader['name']) for reader in readers] + ['all readers'] + [name for name, _ in PUBLISHED]
    last = len(readers) + 0.2
    places = list(range(len(readers))) + [last] + [last + 1.2 + i for i in range(len(PUBLISHED))]

    def draw(axes):
        axes.set_position([0.3, 0.1, 0.48, 0.8])  # names on the left, numbers on the right
        margins = [100 * (0.5 - margin), 100 * (0.5 + margin)]
        axes.axvspan(*margins, color=LINE, alpha=0.45, linewidth=0, label='margin')
        axes.axvline(50, color=SOFT, linewidth=1.1, linestyle=(0, (4, 3)), label='chance')
        for y, reader in zip(places, readers):
            fill = INK if reader['finished'] else 'none'
            row(axes, y, reader['accuracy'], reader['accuracy_interval'], INK, 'o', fill)
        row(axes, last, pooled['accuracy'], pooled['accuracy_interval'], OTHER, 'D', OTHER)
        for y, (_, accuracy) in zip(places[len(readers) + 1 :], PUBLISHED):
            row(axes, y, accuracy, None, SOFT, 'D', 'none')
        axes.axhline(last + 0.6, color=SOFT, linewidth=0.8)
        ends = [100 * end for group in readers + [pooled] for end in group['accuracy_interval'] or []]
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


def _styles(readers):
    """How to draw each reader's curve, as arguments of plot; more than four look alike, and only one has a label."""
    if len(readers) > len(STYLES):
        style = dict(color=SOFT, linewidth=0.7, alpha=0.8)
        return [dict(style, label='each reader')] + [style] * (len(readers) - 1)
    return [dict(label=label_of(reader['name']), color=colour, linestyle=line, marker=marker, markersize=3.5)
            for reader, (colour, line, marker) in zip(readers, STYLES[::-1])]  # fmt: skip


def roc(readers, pooled, pairs, word):
    """ROC curves of readers through their points, and of all answers together where readers are many.

    word: real, or simulated.
    """

    def draw(axes):
        singles = 'generated called ' + word, '%s called %s' % (word, word)
        square(axes, *(('left taken for right', 'right found') if pairs else singles))
        for reader, style in zip(readers, _styles(readers)):
            axes.plot(*signal_detection.roc(np.array(reader['counts'], float)), **style)
        if len(readers) > len(STYLES):
            pooled_curve = signal_detection.roc(np.array(pooled['counts'], float))
            axes.plot(*pooled_curve, color=OTHER, marker='D', markersize=4, label='all answers together')
        legend(axes, 1)

    return drawn(draw, 'ROC curve of each reader', 2.8, 3)


def answers(counts, pairs, word):
    """How often each answer was given to noise and to signals; counts: [2][6]; word: real, or simulated."""

    def draw(axes):
        names = ['%s one is %s' % (side, word) for side in ('left', 'right')] if pairs else ('generated', word)
        styles = dict(facecolor=FAKE, alpha=0.85), dict(facecolor='none', edgecolor=REAL, hatch='//')
        for of_kind, name, style, shift in zip(counts, names, styles, (-0.2, 0.2)):
            heights = 100.0 * np.array(of_kind) / max(sum(of_kind), 1)
            axes.bar(np.arange(1, 7) + shift, heights, 0.38, label=name, **style)
        axes.axvline(3.5, color=SOFT, linewidth=1, linestyle=':')
        ends = ('the left', 'the right') if pairs else ('generated', word)
        axes.set_xticks(range(1, 7))
        axes.set_xticklabels(['surely\n%s' % ends[0], 'rather', 'guess', 'guess', 'rather', 'surely\n%s' % ends[1]])
        axes.tick_params(axis='x', length=0)
        axes.set_xlabel('answer')
        axes.set_ylabel('share of answers to each, %')
        legend(axes, 2)

    return drawn(draw, 'Answers to both kinds of patches', 2.6)


def times(readers, seconds):
    """Median seconds of a case over the course of the study. seconds: of each reader's cases, in their order."""

    def draw(axes):
        for reader_seconds, style in zip(seconds, _styles(readers)):
            parts = [part for part in np.array_split(reader_seconds, TENTHS) if len(part)]
            axes.plot(np.arange(len(parts)) + 1, [np.median(part) for part in parts], **style)
        axes.set_ylim(0, None)
        axes.set_xticks(range(1, TENTHS + 1))
        axes.grid(axis='y', linewidth=0.6)
        axes.set_xlabel("tenth of a reader's cases, in the order they were read")
        axes.set_ylabel('median seconds of a case')
        legend(axes, 2)

    return drawn(draw, 'Seconds over the course of the study', 2.6)
