"""An evaluation as a JSON file and a page."""

import os

import numpy as np

from common import files, hounsfield, page, svg_plots
from metrics import memorisation, radiomics, scorecard, scorecard_sources, topic_verdicts
from metrics.evaluation import LEAST_NODULES
from metrics.metric import TOPICS, wanted_text
from metrics.nodules import known

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'evaluation.html')
PICTURES, FIRST, PAIRS = 48, 12, 6  # pictures of each kind, those before 'more', closest pairs; fewer if large
ARROWS = {'low': '\u2193', 'high': '\u2191', 'as reals': '='}


def _overview(comparisons, real):
    """All metrics in one figure."""
    lines = []
    for row, state in [(comparison.row, comparison.state) for comparison in comparisons]:
        label = '%s  %s' % (row.metric.label, ARROWS[row.metric.wanted])
        lines.append((label, row.fakes, row.reals, state in ('higher', 'lower')))
    axis = 'metric (wanted: \u2193 low, \u2191 high, = as the %s images)' % real
    return svg_plots.against_baseline(lines, 'All metrics, generated minus ' + real, axis, real)


def _distributions(evaluation):
    """The figures of distances, gray values and nodules: [(heading, caption, SVG)]."""
    compared, real = evaluation.sets, evaluation.sets.card.adjective
    length = 'mm' if compared.card.mm_per_pixel else 'pixels'
    gray = compared.card.unit[0].upper() + compared.card.unit[1:]  # HU, or Gray levels
    figures = []
    swd = [row for row in evaluation.rows if row.metric.key == 'swd'][::-1]
    if swd:
        sizes = ['%dx%d' % (row.metric.size, row.metric.size) for row in swd]
        texts = 'SWD by resolution', 'resolution, pixels', 'SWD x1000, with 95 % interval'
        figure = svg_plots.levels(sizes, [row.fakes for row in swd], [row.reals for row in swd], *texts, real=real)
        caption = 'From coarse structure, left, to the finest texture. Lower is better; %s images show how low.' % real
        figures.append(('Sliced Wasserstein distance', caption, figure))
    if evaluation.nodules is None:
        return figures
    pixels = [compared.card.to_hu(x[:500].ravel()) for x in (evaluation.images, compared.heldout_reals)]
    figure = svg_plots.histogram(*pixels, 'density', gray, 'pixels', 60, real=real)
    figures.append(
        (gray + ' of all pixels', 'All pixels: lung on the left, soft tissue and bone on the right.', figure)
    )
    of_nodules = [
        ('mean_hu', gray + ' of the nodules', 'Ground glass on the left, solid ones on the right.', 'mean', gray),
        ('solid_share', 'Solid part', '0 is pure ground glass, 1 is a solid nodule.', 'solid part', 'share'),
        ('diameter_mm', 'Size of the nodules', 'Diameter of a circle of the same area.', 'diameter', length),
        ('elongation', 'Elongation', 'Round nodules on the left.', 'long axis', 'multiples of the short one'),
        ('wall_mm', 'Distance to the chest wall', 'In images that show a wall; 0: they touch.', 'gap', length),
    ]
    for field, heading, caption, title, unit in of_nodules:
        fakes, reals = [known(getattr(measured, field)) for measured in evaluation.nodules]
        if min(len(fakes), len(reals)) >= LEAST_NODULES:
            figures.append((heading, caption, svg_plots.histogram(fakes, reals, title, unit, real=real)))
    return figures


def _pairs(pairs, evaluation, names):
    """Pairs with their pictures, a gray level in the unit of the card, and that unit at the ends of the colours.

    names: of the two pictures, of which the first may name a number.
    """
    step = hounsfield.per_gray_level(evaluation.sets.card.gray_window)
    largest = max(np.nanpercentile(np.abs(pair.difference), 99) for pair in pairs)
    most = 100 * np.ceil(largest * step / 100 + 1e-6)
    tiles = []
    for pair in pairs:
        colours = svg_plots.difference_colours(pair.difference * step, most)
        shown = page.picture(pair.image, names[0] % (pair.index + 1)), page.picture(pair.other, names[1])
        tiles.append((pair, [*shown, page.picture(colours, 'their difference', ct=False)]))
    return dict(pairs=tiles, most=most, step=step)


def _limited(nearest, of, real):
    """The limit, how many are within it and of how many, and the figure of distances to the nearest image of a kind.

    nearest: memorisation.Nearest of generated images and of the reference images, which set the limit.
    """
    fakes, reals = [x.distance for x in nearest]
    limit = memorisation.limit(reals)
    mark = limit, 'nearest 1 % of the reference images'
    figure = svg_plots.histogram(fakes, reals, 'distance to the nearest ' + of, 'gray levels', limit=mark, real=real)
    below = [int((x <= limit).sum()) for x in (fakes, reals)]
    return dict(figure=figure, limit=limit, below=below, numbers=[len(fakes), len(reals)])


def _copies(evaluation):
    """The closest pairs, and the figure of all distances, as values of the template."""
    images, training = evaluation.images, evaluation.sets.training
    count = max(min(PAIRS, page.most(images.shape[1:]) // 6), 1)
    pairs = memorisation.closest_pairs(images, training, evaluation.nearest[0], count)
    names = 'generated image %d', 'its nearest training image'
    result = _limited(evaluation.nearest, 'training image', evaluation.sets.card.adjective)
    return dict(result, **_pairs(pairs, evaluation, names))


def _duplicates(evaluation):
    """As `_copies`, of the closest pairs of generated images, of which each is shown once."""
    images, nearest = evaluation.images, evaluation.nearest_others[0]
    count = max(min(PAIRS // 2, page.most(images.shape[1:]) // 6), 1)
    pairs = []
    for pair in memorisation.closest_pairs(images, images, nearest, 2 * count):
        if not any(pair.index == nearest.index[other.index] for other in pairs):
            pairs.append(pair)
    names = 'generated image %d', 'the generated image nearest to it'
    result = _limited(evaluation.nearest_others, 'other image of the set', evaluation.sets.card.adjective)
    return dict(result, **_pairs(pairs[:count], evaluation, names))


def window_of(data):
    """The window of a page about data with this card.Card; None where its classes have different ones."""
    return data.gray_window if data.unit == 'HU' else None


def write(evaluation, outdir, others=scorecard_sources.ALONE):
    """evaluation.json, scorecard.json and evaluation.html in a folder. others: files that the scorecard takes, too."""
    data = evaluation.record()
    files.write_json(os.path.join(outdir, 'evaluation.json'), data)
    sources = scorecard_sources.Sources(evaluation, others)
    items = scorecard.items(sources)
    files.write_json(os.path.join(outdir, 'scorecard.json'), scorecard.record(items, sources))
    compared, n, comparisons = evaluation.sets, len(evaluation.images), evaluation.comparisons()
    real = compared.card.adjective
    judged = topic_verdicts.verdicts(comparisons, evaluation.trained_on, real)
    count, sets = max(min(PICTURES, page.most(evaluation.images.shape[1:]) // 4), 1), []
    for name, text, images in (('fakes', 'generated', evaluation.images), ('reals', real, compared.heldout_reals)):
        pictures = [page.picture(x, '%s image %d' % (text, i + 1)) for i, x in enumerate(images[:count])]
        sets.append((name, text, pictures))
    page.write(
        os.path.join(outdir, 'evaluation.html'),
        PAGE,
        'Evaluation of ' + os.path.basename(evaluation.facts.model),
        window_of(compared.card),
        verdicts=judged,
        topics=TOPICS,
        summary=topic_verdicts.summary(judged, n, real),
        real=real,
        wanted_text=wanted_text,
        comparisons=comparisons,
        arrows=ARROWS,
        sets=sets,
        first=FIRST,
        overview=_overview(comparisons, real),
        enough=topic_verdicts.ENOUGH,
        number=n,
        distributions=_distributions(evaluation),
        copies=_copies(evaluation),
        duplicates=_duplicates(evaluation),
        shifts=sorted(evaluation.shifts, key=lambda shift: -abs(shift.fakes)),
        features=radiomics.FEATURES,
        scorecard=scorecard.tables(items, real),
        missing=scorecard.MISSING,
        facts=evaluation.titled_facts(),
        notes=evaluation.notes,
        provenance=data['provenance'],
        detection=data['detection'],
        trained_on=evaluation.trained_on,
        warnings=evaluation.warnings,
    )
