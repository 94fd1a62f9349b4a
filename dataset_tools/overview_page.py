"""The page NAME.html of a data set: its pictures, distributions, folds, and what was left out or looks odd."""

import os

import numpy as np

from common import hounsfield, page, svg_plots
from dataset_tools.overview import FACTS, SAMPLES
from metrics import nodules, outline_inference

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'overview.html')
PICTURES, FIRST = 48, 12  # of a class, and those before 'more'
SETTINGS = dict(
    mm_per_pixel='mm per pixel',
    slices='slices of a nodule',
    interpolation='interpolation',
    seed='seed',
    channels='channels',
    coordinates='coordinates',
    versions='versions',
)


def write(path, overview, notes=(), warnings=(), left_out=(), folds=()):
    """Write the page of an Overview.

    notes, warnings, left_out: sentences. folds: [(folder of a split, [number of nodules of each class])].
    """
    head = overview.head
    classes = [(label or 'all images', summary) for label, summary in overview.sorted()]
    summaries = [summary for _, summary in classes]
    room = page.most([1, head['resolution'], head['resolution']])
    count = max(min(PICTURES, room // len(classes)), 1)
    rows = []
    for name, summary in classes:
        rows.append((name, summary.images, len(summary.nodules), _tiles(summary, name, head, count)))
    page.write(
        path,
        PAGE,
        'Data set ' + os.path.splitext(os.path.basename(path))[0],
        head.get('window') or hounsfield.GRAY,
        classes=rows,
        first=FIRST,
        size=head['resolution'],
        mm=head.get('mm_per_pixel'),
        ct=bool(head.get('window')),
        images=sum(summary.images for summary in summaries),
        counts=_counts(summaries),
        sampled=SAMPLES if max(summary.images for summary in summaries) > SAMPLES else 0,
        charts=_charts(overview),
        facts=_fact_tables(summaries),
        labels=[label or 'all' for label, _ in overview.sorted()],
        folds=list(folds),
        warnings=list(warnings),
        notes=list(notes),
        left_out=list(left_out),
        about=_settings(head),
    )


def _tiles(summary, class_name, head, count):
    """[(Picture, path of the nodule's outline, radius of the annotated diameter or None)] of a class."""
    samples = summary.draw(count)
    mm = head.get('mm_per_pixel')
    images = np.stack([sample.pixels for sample in samples])
    measured = _measure(images, head.get('window'), mm).masks
    tiles = []
    for sample, mask in zip(samples, measured):
        picture = page.picture(sample.pixels, f'{class_name}, image {sample.index + 1}', bool(head.get('window')))
        outline = page.outline(mask if sample.mask is None else sample.mask)
        radius = sample.diameter_mm / mm / 2 if sample.diameter_mm and mm else None
        tiles.append((picture, outline, radius))
    return tiles


def _measure(images, window, mm):
    return nodules.measure(images, window, mm, probabilities=outline_inference.probabilities)


def _charts(overview):
    """[(heading, caption, SVG)]"""
    mm, window = overview.head.get('mm_per_pixel'), overview.head.get('window')
    level, unit = ('density', 'HU') if window else ('gray level', 'of 255')
    length = 'mm' if mm else 'pixels'
    pixels, measured, annotated = {}, {}, {}
    for label, summary in overview.sorted():
        label = label or 'all'
        images = summary.pixels()
        pixels[label] = _in_unit(images.ravel(), window)
        measured[label] = _measure(images, window, mm)
        if summary.diameters:
            annotated[label] = np.array(summary.diameters)
    charts = [
        (
            'All pixels',
            'Lung on the left, soft tissue and bone on the right.',
            svg_plots.distributions(pixels, level, unit, 'pixels', 60),
        )
    ]
    of_nodules = [
        ('mean_hu', 'The nodules', 'Nodules in the middle of the images, outlined by a small network.', 'mean', unit),
        ('solid_share', 'Solid part', 'Part of the nodule of %g HU or more.' % nodules.SOLID, 'solid part', 'share'),
        ('diameter_mm', 'Measured sizes', 'Diameter of a circle of the same area.', 'measured diameter', length),
        ('elongation', 'Elongation', 'Round nodules on the left.', 'long axis', 'multiples of the short one'),
        ('wall_mm', 'Distance to the chest wall', 'In images that show a wall; 0: they touch.', 'gap', length),
    ]
    for field, heading, caption, title, unit in of_nodules:
        values = {label: nodules.known(getattr(of_class, field)) for label, of_class in measured.items()}
        values = {label: numbers for label, numbers in values.items() if len(numbers)}
        if values:
            charts.append((heading, caption, svg_plots.distributions(values, title, unit)))
    if annotated:
        figure = svg_plots.distributions(annotated, 'annotated diameter', 'mm')
        charts.append(('Annotated sizes', 'Diameters as they are annotated.', figure))
    return charts


def _in_unit(gray, window):
    """Gray levels in HU, or as they are if the window is not known."""
    return hounsfield.to_hu(gray, window) if window else np.asarray(gray, float)


def _fact_tables(summaries):
    """[(heading, [(value, [number of images of each class])])] of the facts about the scans."""
    tables = []
    for name, (heading, _) in FACTS.items():
        counts = [summary.fact_counts[name] for summary in summaries]
        values = sorted(set().union(*counts))
        if values:
            tables.append((heading, [(value, [count[value] for count in counts]) for value in values]))
    return tables


def _counts(summaries):
    """How many nodules, scans and patients there are, as text."""
    names = [
        ('nodule', [summary.nodules for summary in summaries]),
        ('scan', [summary.scans for summary in summaries]),
        ('patient', [summary.patients for summary in summaries]),
    ]
    parts = []
    for noun, sets in names:
        count = len(set().union(*sets))
        if count:
            parts.append(f'{count} {noun}' + ('' if count == 1 else 's'))
    return ', '.join(parts)


def _settings(head):
    """[(name, value)] of how the data set was made."""
    rows = []
    for key, name in SETTINGS.items():
        value = head.get(key)
        if isinstance(value, dict):
            value = ', '.join(f'{library} {version}' for library, version in value.items())
        if value is not None:
            rows.append((name, value))
    return rows
