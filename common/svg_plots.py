"""Figures for pages, as inline SVG by Matplotlib: generated against real images, in the colours of the page."""

import html
import io
import re
import warnings

import numpy as np

try:
    import matplotlib.style
except ImportError:
    raise ImportError('figures are drawn with Matplotlib: pip install matplotlib') from None
from matplotlib.figure import Figure

# Colours that the SVG is drawn with, and the variables of the page's style that take their place, dark or light.
INK, SOFT, LINE, FAKE, REAL, OTHER = '#010101', '#010102', '#010103', '#010104', '#010105', '#010106'
VARIABLES = {INK: '--ink', SOFT: '--soft', LINE: '--line', FAKE: '--fake', REAL: '--real', OTHER: '--other'}
STYLE = {
    'svg.fonttype': 'none',  # text stays text
    'svg.hashsalt': 'figure',  # the same figure is the same text
    'font.family': 'sans-serif',
    'font.size': 8.5,
    'axes.edgecolor': SOFT,
    'axes.labelcolor': INK,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.unicode_minus': True,
    'xtick.color': SOFT,
    'ytick.color': SOFT,
    'text.color': INK,
    'legend.frameon': False,
    'grid.color': LINE,
    'lines.linewidth': 1.6,
}
STYLES = (
    (SOFT, ':', '^'),
    (OTHER, '-.', 's'),
    (REAL, '--', 'D'),
    (FAKE, '-', 'o'),
)  # of up to four curves, in this order
WIDTH, HEIGHT = 4.4, 2.9  # inches of 72 units; on the page a figure is as wide as its column


def drawn(draw, title, height=HEIGHT, width=WIDTH):
    """The SVG of what draw(axes) draws, inches high and wide; title: for those who do not see it."""
    with matplotlib.style.context(['default', STYLE]), warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Glyph')  # the browser has the letters of all scripts
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes([0.1, 0.1, 0.89, 0.8])
        draw(axes)
        for axis in (axes.xaxis, axes.yaxis):
            assert axis.label.get_text(), 'an axis needs a label'
            axis.label.set_gid(axis.axis_name + '-label')
        f = io.BytesIO()
        figure.savefig(f, format='svg', bbox_inches='tight', pad_inches=0.06, transparent=True, metadata={'Date': None})
    text = f.getvalue().decode()
    text = re.sub(r'<metadata>.*?</metadata>', '', text[text.index('<svg') :], flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"| (width|height)="[\d.]+pt"', '', text)
    prefix = re.sub(r'\W+', '-', title.lower()) + '-'  # ids of several figures differ
    text = re.sub(r' id="', ' id="' + prefix, text)
    text = re.sub(r'(href="|url\()#', r'\g<1>#' + prefix, text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, 'var(%s)' % variable)
    return text.replace('<svg', '<svg role="img" aria-label="%s"' % html.escape(title), 1)


def legend(axes, columns=3, at=(-0.02, 1.0)):
    """The legend of a figure, above its axes; at: of its lower left corner, in shares of them."""
    spacing = dict(columnspacing=1.4, handlelength=1.6, borderaxespad=0.2)
    axes.legend(loc='lower left', bbox_to_anchor=at, ncol=columns, **spacing)


def label_of(text):
    """A text by anyone as a label: never a formula nor hidden, and cut to 22 characters."""
    text = ' '.join(text.split())
    text = text if len(text) <= 22 else text[:21] + '\u2026'
    return ('\u00a0' if text.startswith('_') else '') + text.replace('$', '\\$')


def row(axes, at, share, interval, colour, marker, fill):
    """A line of a forest plot: a share with its interval or None, in percent, and as text right of the axes."""
    numbers = '%.1f' % (100 * share)
    if interval:
        ends = [100 * end for end in interval]
        axes.plot(ends, [at, at], color=colour, linewidth=1.6, solid_capstyle='butt')
        numbers += ' (%.0f\u2013%.0f)' % tuple(ends)
    axes.plot([100 * share], [at], marker, color=colour, markersize=6, markerfacecolor=fill)
    axes.text(1.03, at, numbers, transform=axes.get_yaxis_transform(), va='center', color=SOFT)


def square(axes, xlabel, ylabel):
    """Axes from 0 to 1 both ways, with their diagonal."""
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=1, zorder=0)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([0, 0.5, 1])
        axis.set_major_formatter('{x:g}')
    axes.set_aspect('equal')
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)


def _edges(values, fewest, most):
    """Edges of bins for values, without the outermost; as many bins as Rice's rule has for the fewest, 6 to `most`."""
    lo, hi = np.percentile(values, [0.2, 99.8])
    bins = int(np.clip(2 * fewest ** (1 / 3.0), 6, most))
    return np.linspace(lo, hi if hi > lo else lo + 1, bins + 1)


def _outline(values, edges):
    """(x, y) of the outline of a histogram; y: share of the values in percent."""
    share = 100.0 * np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values)
    return np.repeat(edges, 2), np.concatenate([[0], np.repeat(share, 2), [0]])


def _label_histogram(axes, title, unit, of):
    axes.set_ylim(0, None)
    axes.set_xlabel('%s, %s' % (title, unit))
    axes.set_ylabel('share of %s, %%' % of)


def histogram(fakes, reals, title, unit, of='images', most=40, limit=None, real='real'):
    """How numbers of generated and of real images, or pixels, are distributed.

    most: bins. limit: (value, label) of a line to draw. real: what real images are called.
    """
    edges = _edges(np.concatenate([fakes, reals]).astype(float), len(fakes), most)

    def draw(axes):
        axes.fill_between(*_outline(reals, edges), color=REAL, alpha=0.3, linewidth=0, label=real)
        axes.plot(*_outline(reals, edges), color=REAL, linewidth=0.8)
        axes.plot(*_outline(fakes, edges), color=FAKE, linewidth=1.8, label='generated')
        if limit:
            axes.axvline(limit[0], color=INK, linewidth=1.2, linestyle=':', label=limit[1])
        _label_histogram(axes, title, unit, of)
        legend(axes)

    return drawn(draw, title)


def distributions(groups, title, unit, of='images', most=40):
    """How numbers are distributed in each of some groups, {name: numbers}; most: bins."""
    fewest = min(len(values) for values in groups.values())
    edges = _edges(np.concatenate(list(groups.values())).astype(float), fewest, most)

    def draw(axes):
        for i, (name, values) in enumerate(groups.items()):
            colour = (REAL, FAKE, OTHER, SOFT)[i % 4]
            style = ('-', '--', ':', '-.')[i // 4 % 4]
            axes.plot(*_outline(values, edges), style, color=colour, label=name)
        _label_histogram(axes, title, unit, of)
        if len(groups) > 1:
            legend(axes)

    return drawn(draw, title)


def levels(names, fakes, reals, title, xlabel, ylabel, real='real'):
    """Numbers with intervals of generated and real images, side by side for each name; both lists of Estimate."""

    def draw(axes):
        both = (reals, real, REAL, 's', 0.1), (fakes, 'generated', FAKE, 'o', -0.1)
        for estimates, name, colour, marker, off in both:
            y = np.array([x.value for x in estimates])
            errors = np.abs(np.array([x.interval for x in estimates]).T - y)
            axes.errorbar(np.arange(len(y)) + off, y, errors, fmt=marker, color=colour, capsize=3, label=name)
        axes.set_xticks(range(len(names)))
        axes.set_xticklabels(names)
        axes.set_xlim(-0.6, len(names) - 0.4)
        axes.set_ylim(0, None)
        axes.grid(axis='y', linewidth=0.6)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        legend(axes)

    return drawn(draw, title)


def curve(x, values, intervals, reals, title, xlabel, real='real'):
    """A number with its interval over the course of a training. reals: (value, interval) of real images."""

    def draw(axes):
        lo, hi = np.transpose(intervals)
        axes.axhspan(*reals[1], color=REAL, alpha=0.18, linewidth=0)
        axes.axhline(reals[0], color=REAL, linewidth=1.2, label=real)
        axes.fill_between(x, lo, hi, color=FAKE, alpha=0.2, linewidth=0)
        axes.plot(x, values, 'o-', color=FAKE, markersize=4, label='generated')
        axes.grid(axis='y', linewidth=0.6)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(title)
        legend(axes)

    return drawn(draw, title)


def against_baseline(rows, title, ylabel, real='real'):
    """Generated less real, for many metrics on one scale: 1 is half of the interval of the real images.

    rows: [(label, fakes, reals, whether they differ clearly)] with Estimates.
    """
    points = []  # value, low and high end
    for _, fakes, reals, _ in rows:
        unit = (reals.interval[1] - reals.interval[0]) / 2 or (fakes.interval[1] - fakes.interval[0]) / 2 or 1.0
        points.append(np.clip((np.array([fakes.value] + list(fakes.interval)) - reals.value) / unit, -1e3, 1e3))
    furthest = max(2.0, np.abs(points).max())

    def draw(axes):
        axes.axvspan(-1, 1, color=REAL, alpha=0.18, linewidth=0, label='95 %% interval of %s images' % real)
        axes.axvline(0, color=REAL, linewidth=1.2)
        names = {False: 'generated', True: 'generated, clearly different'}
        for i, ((label, _, _, clear), (x, low, high)) in enumerate(zip(rows, points)):
            axes.plot([low, high], [i, i], color=FAKE, linewidth=1.4, solid_capstyle='butt')
            fill = FAKE if clear else 'none'
            axes.plot([x], [i], 'o', color=FAKE, markersize=6, markerfacecolor=fill, label=names.pop(clear, None))
            axes.text(0.005, i - 0.2, label, transform=axes.get_yaxis_transform(), va='bottom')
        xlabel = 'generated \u2212 %s; 1 is half of the latter\u2019s 95 %% interval' % real
        if furthest > 6:
            ticks = [sign * n for n in (1, 3, 10, 30, 100, 300, 1000) if n <= furthest * 1.5 for sign in (-1, 1)]
            axes.set_xscale('symlog', linthresh=3, linscale=1.2)
            axes.set_xticks([0] + ticks)
            axes.set_xticklabels([str(tick).replace('-', '\u2212') for tick in [0] + ticks])
            axes.minorticks_off()
            xlabel += '\n(logarithmic beyond 3)'
        axes.set_xlim(-1.25 * furthest, 1.25 * furthest)
        axes.set_ylim(len(rows) - 0.6, -0.9)
        axes.set_yticks([])
        for i in range(len(rows) - 1):
            axes.axhline(i + 0.36, color=LINE, linewidth=0.6)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        legend(axes, 2)

    return drawn(draw, title, 0.9 + 0.36 * len(rows))


def difference_colours(values, most):
    """Colours uint8 [3, H, W] of differences [H, W]: blue at -most, white at 0, red at most; NaN is gray."""
    at, points = np.clip(values / float(most), -1, 1), [-1, -0.5, 0, 0.5, 1]
    anchors = [[5, 113, 176], [146, 197, 222], [247, 247, 247], [244, 165, 130], [202, 0, 32]]  # ColorBrewer's RdBu
    colours = np.stack([np.interp(at, points, channel) for channel in np.transpose(anchors)])
    return np.where(np.isfinite(values), np.rint(colours), 128).astype(np.uint8)
