"""The page NAME.html of a data set: its pictures, distributions, folds, and what was left out or looks odd."""

import os

import numpy as np

from common import hounsfield, page, svg_plots
from dataset_tools.overview import FACTS, KEPT
from metrics import nodules

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'overview.html')
SHOWN, FIRST = 48, 12  # pictures of a class, and those before 'more'


def _tiles(found, words, mm, ct, most):
    """[(Picture, path of the nodule's outline, radius of the annotated diameter or None)] of a class."""
    shown, tiles = found.shown(most), []
    for kept, mask in zip(shown, nodules.masks(_pixels(shown))):
        alt = '%s, image %d' % (words, kept.index + 1)
        radius = kept.diameter_mm / mm / 2 if kept.diameter_mm and mm else None
        outline = page.outline(mask if kept.mask is None else kept.mask)
        tiles.append((page.picture(kept.pixels, alt, ct), outline, radius))
    return tiles


def _pixels(kept):
    return np.stack([one.pixels for one in kept])


def _charts(overview):
    """[(heading, caption, SVG)]"""
    head, classes = overview.head, [(label or 'all', found) for label, found in overview.sorted()]
    mm, window = head.get('mm_per_pixel'), head.get('window')
    level, unit = ('density', 'HU') if window else ('gray level', 'of 255')
    kept = {label: _pixels(found.kept) for label, found in classes}
    measured = {label: nodules.nodules(images) for label, images in kept.items()}

    def shade(gray):
        return hounsfield.to_hu(gray, window) if window else np.asarray(gray, float)

    pixels = {label: shade(images.ravel()) for label, images in kept.items()}
    charts = [
        ('All pixels', 'Lung on the left, soft tissue and bone on the right.',
         svg_plots.distributions(pixels, level, unit, 'pixels', 60)),
        ('The nodules', 'Mean of the nodule in the middle of each image, measured by one rule.',
         svg_plots.distributions({label: shade(x.gray) for label, x in measured.items()}, 'mean of the nodule', unit)),
    ]  # fmt: skip
    sizes = {label: x.diameter * (mm or 1) for label, x in measured.items()}
    charts.append(('Measured sizes', 'Diameter of a circle of the same area as the measured nodule.',
                   svg_plots.distributions(sizes, 'measured diameter', 'mm' if mm else 'pixels')))  # fmt: skip
    annotated = {label: np.array(found.diameters) for label, found in classes if found.diameters}
    if annotated:
        words = 'Diameters as they are annotated.'
        charts.append(('Annotated sizes', words, svg_plots.distributions(annotated, 'annotated diameter', 'mm')))
    return charts


def _facts(overview):
    """[(heading, [(value, [number of images of each class])])] of what is known of the scans."""
    tables = []
    for name, (heading, _) in FACTS.items():
        counts = [found.facts[name] for _, found in overview.sorted()]
        values = sorted(set().union(*counts))
        if values:
            tables.append((heading, [(value, [count[value] for count in counts]) for value in values]))
    return tables


def write(path, overview, notes=(), doubts=(), left_out=(), folds=()):
    """Write the page of an Overview.

    notes, doubts, left_out: sentences. folds: [(fold and side, [number of nodules of each class])].
    """
    head, mm = overview.head, overview.head.get('mm_per_pixel')
    ct, classes, most = bool(head.get('window')), [], page.most([1, head['resolution'], head['resolution']])
    for label, found in overview.sorted():
        words = label or 'all images'
        tiles = _tiles(found, words, mm, ct, max(min(SHOWN, most // len(overview.classes)), 1))
        classes.append((words, found.images, len(found.names['nodule']), tiles))
    several = [found for _, found in overview.sorted()]
    sampled = KEPT if max(found.images for found in several) > KEPT else 0
    values = dict(classes=classes, first=FIRST, size=head['resolution'], mm=mm, charts=_charts(overview), ct=ct)
    values.update(images=sum(found.images for found in several), counts=_counts(several), sampled=sampled)
    values.update(doubts=list(doubts), notes=list(notes), left_out=list(left_out), folds=list(folds))
    values.update(facts=_facts(overview), about=_about(head), labels=[label or 'all' for label, _ in overview.sorted()])
    title = 'Data set ' + os.path.splitext(os.path.basename(path))[0]
    page.write(path, PAGE, title, head.get('window') or (0.0, 255.0), **values)


def _counts(classes):
    """How many nodules, scans and patients there are, in words."""
    words = []
    for kind in ('nodule', 'scan', 'patient'):
        number = len(set().union(*(found.names[kind] for found in classes)))
        words += ['%d %s%s' % (number, kind, 's' * (number != 1))] if number else []
    return ', '.join(words)


def _about(head):
    """[(name, value)] of how the data set was made."""
    names = dict(mm_per_pixel='mm per pixel', slices='slices of a nodule', interpolation='interpolation', seed='seed')
    names.update(channels='channels', coordinates='coordinates', versions='versions')
    for name, words in names.items():
        value = head.get(name)
        if value is not None:
            yield words, ', '.join('%s %s' % item for item in value.items()) if isinstance(value, dict) else value
