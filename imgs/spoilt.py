"""Draws what the metrics say of phantoms that were spoilt on purpose: docs/spoilt.png."""

import contextlib
import io
import os
import runpy
import sys
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'imgs')]

from matplotlib.figure import Figure  # noqa: E402

import drawing  # noqa: E402
from common import hounsfield, manifest, page  # noqa: E402
from common.commandline import command, parse, settings  # noqa: E402
from common.types import positive  # noqa: E402
from metrics import real_reference, sets, suite  # noqa: E402
from metrics.filters import binomial_blur  # noqa: E402

Settings = settings(
    'Settings',
    number=(1000, 'phantoms of each kind', positive),
    audit=(300, 'phantoms to look for copies of', positive),
    outdir=('docs', 'the output path'),
)
SPOIL = (
    ('other phantoms', lambda x, training, random: x),
    ('blurred, 5x5', lambda x, training, random: np.rint(binomial_blur(x.astype(np.float32))).astype(np.uint8)),
    ('noise, 10 gray levels', lambda x, training, random: _gray(x + 10 * random.randn(*x.shape))),
    ('a twentieth,\n20 times each', lambda x, training, random: np.resize(x[: max(len(x) // 20, 2)], x.shape)),
    (
        'training images,\nturned by 90\N{DEGREE SIGN}',
        lambda x, training, random: np.rot90(training, axes=(2, 3)).copy(),
    ),
)
CLEAR, INK, FAINT = '#f6cfa8', '#222222', '#767676'


def _gray(x):
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)


def _phantoms(folder, number, seed):
    create = runpy.run_path(os.path.join(ROOT, '0-dataset_create.py'))['main']
    outdir = os.path.join(folder, str(seed))
    with contextlib.redirect_stdout(io.StringIO()), manifest.another_program():
        create(['phantom', 'AIS', '--number', str(number), '--seed', str(seed), '--outdir', outdir])
    return os.path.join(outdir, 'AIS')


def measure(number, audit):
    """[(words, an image, its evaluation.Evaluation)] of each way to spoil phantoms."""
    random, found = np.random.RandomState(0), []
    with tempfile.TemporaryDirectory() as folder:
        training, heldout, other = [
            _phantoms(folder, n, seed) for seed, n in ((1, 2 * number), (2, number), (3, number))
        ]
        compared = sets.choose(training, heldout, number, 0)
        others = sets.choose(other, heldout, number, 0).training
    known = real_reference.Reference(compared)
    for words, spoil in SPOIL:
        fakes = spoil(others, compared.training[:number], random)
        found.append((words, fakes[0, 0], suite.evaluate([fakes], known, audit)[0]))
    return found


def draw(found, path):
    """A table: metrics down, ways to spoil across, with an image of each."""
    names = [row.metric for row in found[0][2].rows]
    wide, high, left, top = 150, 27, 270, 190
    size = left + wide * len(found) + 10, top + high * len(names) + 10
    figure = Figure(figsize=(size[0] / 100.0, size[1] / 100.0), dpi=130)
    axes = figure.add_axes([0, 0, 1, 1])
    axes.set(xlim=(0, size[0]), ylim=(size[1], 0))
    axes.axis('off')

    def text(x, y, words, ha='left', colour=INK, size=8.5):
        axes.text(x, y, words, ha=ha, va='center', color=colour, fontsize=size, linespacing=1.3)

    for i, (words, image, evaluation) in enumerate(found):
        x = left + wide * i
        shown = hounsfield.to_gray(hounsfield.to_hu(image, hounsfield.WINDOWS['paper']), hounsfield.WINDOWS['lung'])
        axes.imshow(shown, 'gray', vmin=0, vmax=255, extent=(x + 10, x + 138, 138, 10), aspect='auto', zorder=2)
        text(x + 74, 163, words, 'center')
        for k, comparison in enumerate(evaluation.comparisons()):
            y, row = top + high * k, comparison.row
            if comparison.state in ('higher', 'lower'):
                axes.fill_between([x + 10, x + 138], y - high / 2.0 + 2, y + high / 2.0 - 2, color=CLEAR, linewidth=0)
            text(x + 74, y, page.number(row.fakes.value), 'center')
    for k, name in enumerate(names):
        text(10, top + high * k, name)
    text(10, 60, '{:,} phantoms of each kind'.format(len(found[0][2].fakes)), size=10)
    text(10, 92, 'orange: clearly different\nfrom the reals', colour=FAINT)
    axes.set(xlim=(0, size[0]), ylim=(size[1], 0))
    drawing.save(figure, path, '; '.join(names))


def main(argv=None):
    cfg = parse(Settings, __doc__, argv)
    os.makedirs(cfg.outdir, exist_ok=True)
    path = os.path.join(cfg.outdir, 'spoilt.png')
    draw(measure(cfg.number, cfg.audit), path)
    print('%s is drawn' % path)


if __name__ == '__main__':
    command(main)
