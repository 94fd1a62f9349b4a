"""Figures of README.md that show patches: in the lung window, twice as large, with words and a scale of HU."""

import contextlib
import io
import os
import runpy
import tempfile

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import dataset
from common import hounsfield, images, manifest
from sampling import Generator

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLASSES = 'AIS', 'MIA', 'IA'
EACH = 5  # patches of a class, real and generated
INK = '#222222'


class Sheet:
    """Patches in the lung window, twice as large, with words in the margins and a scale of HU at the right."""

    def __init__(self, width, height, left, top):
        self.size, self.left, self.top = (left + width + 92, top + height + 8), left, top
        self.figure = Figure(figsize=(self.size[0] / 100.0, self.size[1] / 100.0), dpi=100)
        lo, hi = hounsfield.WINDOWS['lung']
        scale = self._axes(left + width + 18, top, 16, height)
        scale.imshow(np.linspace(hi, lo, 256)[:, None], 'gray', aspect='auto', extent=(0, 1, lo, hi))
        scale.yaxis.tick_right()
        scale.set(xticks=[])
        self.text(width + 26, -18, 'HU')

    def _axes(self, x, y, width, height):
        w, h = [float(n) for n in self.size]
        return self.figure.add_axes([x / w, 1 - (y + height) / h, width / w, height / h])

    def patches(self, x, y, batch):
        """A row of patches [N, 1, R, R], gray levels of the paper's window, with their top left corner at x, y."""
        row = np.concatenate(list(batch[:, 0]), axis=1)
        axes = self._axes(self.left + x, self.top + y, 2 * row.shape[1], 2 * row.shape[0])
        shown = hounsfield.to_gray(hounsfield.to_hu(row, hounsfield.WINDOWS['paper']), hounsfield.WINDOWS['lung'])
        axes.imshow(shown, 'gray', vmin=0, vmax=255, interpolation='nearest', aspect='auto')
        axes.axis('off')

    def text(self, x, y, words, ha='center', size=15):
        """Words whose middle is at x, y, from the top left of the patches."""
        at = (self.left + x) / float(self.size[0]), 1 - (self.top + y) / float(self.size[1])
        self.figure.text(at[0], at[1], words, fontsize=size * 0.72, ha=ha, va='center', color=INK)

    def save(self, path):
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        images.save(path, np.asarray(canvas.buffer_rgba())[None, :, :, 0])  # all of it is gray


def interpolation(path, weights):
    """Walks between five latents, as 2-inference.py makes them."""
    script = runpy.run_path(os.path.join(ROOT, '2-inference.py'))['main']
    walk = ['--model', os.path.join(weights, 'MIA.pkl'), '--interpolate', 'slerp', '--number', '5', '--steps', '10']
    quiet = contextlib.redirect_stdout(io.StringIO())
    with tempfile.TemporaryDirectory() as folder, quiet, manifest.another_program():
        script(walk + ['--outdir', folder, '--cpu'])
        rows = np.split(images.read(os.path.join(folder, 'interpolation.png')), 4, axis=1)
    size = rows[0].shape[1]
    sheet = Sheet(20 * size, 8 * (size + 3) - 6, 124, 40)
    for i, row in enumerate(rows):
        sheet.patches(0, 2 * (size + 3) * i, np.stack(np.split(row, 10, axis=2)))
        sheet.text(-10, 2 * (size + 3) * i + size, 'latent %d \u2192 %d' % (i + 1, i + 2), 'right')
    for step in range(10):
        sheet.text(2 * size * (step + 0.5), -18, '%d/9' % step)
    sheet.save(path)


def walk(path, weights):
    """A GIF of a nodule of each class, on a closed walk between the same latents."""
    parts = []
    for name in CLASSES:
        with Generator(os.path.join(weights, name + '.pkl'), cpu=True) as generator:
            parts.append(generator.walk(4, steps=9, seed=5, closed=True))
    frames = []
    for each in zip(*parts):
        row = np.concatenate([np.pad(image, [(0, 0), (0, 0), (0, 2)], 'constant') for image in each], axis=2)[:, :, :-2]
        hu = hounsfield.to_hu(row.repeat(3, axis=1).repeat(3, axis=2), hounsfield.WINDOWS['paper'])
        frames.append(hounsfield.to_gray(hu, hounsfield.WINDOWS['lung']) // 8 * 8)
    images.animate(path, iter(frames), 0.15)


def real_generated(path, weights):
    """Real patches of each class of processData beside generated ones."""
    both = []
    for seed, name in enumerate(CLASSES):
        with Generator(os.path.join(weights, name + '.pkl'), cpu=True) as generator:
            fakes = generator.sample(EACH, seed)
        size = fakes.shape[2]
        reals = dataset.read(dataset.levels(os.path.join(ROOT, 'processData', name))[size.bit_length() - 1], EACH)
        both.append((name, reals, fakes))
    wide, high = 2 * size * EACH, 2 * size + 8
    sheet = Sheet(2 * wide + 24, 3 * high - 8, 56, 40)
    for i, (name, reals, fakes) in enumerate(both):
        sheet.patches(0, high * i, reals)
        sheet.patches(wide + 24, high * i, fakes)
        sheet.text(-10, high * i + size, name, 'right', 17)
    sheet.text(wide / 2.0, -18, 'phantoms', size=17)
    sheet.text(wide * 1.5 + 24, -18, 'generated', size=17)
    sheet.save(path)
