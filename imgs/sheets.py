"""Figures of README.md with patches: in the lung window, twice as large, with labels and a scale of HU."""

import os

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import dataset
from common import hounsfield, images
from sampling import Generator

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLASSES = 'AIS', 'MIA', 'IA'
N = 5  # latents of a walk; patches of a class, real and generated
STEPS = 10  # from one latent to the next
GAP = 6  # pixels between rows
INK = '#222222'


def in_lung_window(gray):
    """Gray levels in the lung window of gray levels in the paper's window."""
    return hounsfield.to_gray(hounsfield.to_hu(gray, hounsfield.WINDOWS['paper']), hounsfield.WINDOWS['lung'])


class Sheet:
    """Patches in the lung window, twice as large, with labels in the margins and a scale of HU at the right."""

    def __init__(self, width, height, left, top):
        self.width = float(left + width + 92)
        self.height = float(top + height + 8)
        self.left = left
        self.top = top
        self.figure = Figure(figsize=(self.width / 100.0, self.height / 100.0), dpi=100)
        low, high = hounsfield.WINDOWS['lung']
        scale = self._axes(left + width + 18, top, 16, height)
        scale.imshow(np.linspace(high, low, 256)[:, None], 'gray', aspect='auto', extent=(0, 1, low, high))
        scale.yaxis.tick_right()
        scale.set(xticks=[])
        self.text(width + 26, -18, 'HU')

    def _axes(self, x, y, width, height):
        bottom = 1 - (y + height) / self.height
        return self.figure.add_axes([x / self.width, bottom, width / self.width, height / self.height])

    def patches(self, x, y, batch):
        """Draws a row of patches [N, 1, R, R], gray levels of the paper's window, with its top left corner at x, y."""
        row = np.concatenate(list(batch[:, 0]), axis=1)
        axes = self._axes(self.left + x, self.top + y, 2 * row.shape[1], 2 * row.shape[0])
        axes.imshow(in_lung_window(row), 'gray', vmin=0, vmax=255, interpolation='nearest', aspect='auto')
        axes.axis('off')

    def text(self, x, y, text, ha='center', size=15):
        """Draws text whose middle is at x, y, from the top left of the patches."""
        right = (self.left + x) / self.width
        up = 1 - (self.top + y) / self.height
        self.figure.text(right, up, text, fontsize=size * 0.72, ha=ha, va='center', color=INK)

    def save(self, path):
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        images.save(path, np.asarray(canvas.buffer_rgba())[None, :, :, 0])  # all of it is gray


def interpolation(path, weights):
    """Draws walks between latents, a row from each to the next."""
    with Generator(os.path.join(weights, 'MIA.pkl'), cpu=True) as generator:
        latents = generator.latents(N)
        rows = [generator.walk(latents[i : i + 2], STEPS) for i in range(N - 1)]
    size = 2 * rows[0].shape[-1]
    sheet = Sheet(STEPS * size, (N - 1) * (size + GAP) - GAP, 124, 40)
    for i, row in enumerate(rows):
        sheet.patches(0, (size + GAP) * i, row)
        sheet.text(-10, (size + GAP) * i + size / 2.0, 'latent %d \u2192 %d' % (i + 1, i + 2), 'right')
    for step in range(STEPS):
        sheet.text(size * (step + 0.5), -18, '%d/%d' % (step, STEPS - 1))
    sheet.save(path)


def walk(path, weights):
    """Writes a GIF of a nodule of each class, on a closed walk between the same latents."""
    walks = []
    for name in CLASSES:
        with Generator(os.path.join(weights, name + '.pkl'), cpu=True) as generator:
            walks.append(generator.walk(4, steps=7, seed=5, closed=True))
    frames = []
    for patches in zip(*walks):
        padded = [np.pad(patch, [(0, 0), (0, 0), (0, 2)], 'constant') for patch in patches]
        row = np.concatenate(padded, axis=2)[:, :, :-2]
        enlarged = row.repeat(3, axis=1).repeat(3, axis=2)
        frames.append(in_lung_window(enlarged) // 8 * 8)  # 32 gray levels, for a smaller file
    images.animate(path, iter(frames), 0.2)


def real_generated(path, weights):
    """Draws real patches of each class of processData beside generated ones."""
    rows = []
    for seed, name in enumerate(CLASSES):
        with Generator(os.path.join(weights, name + '.pkl'), cpu=True) as generator:
            fakes = generator.sample(N, seed)
            level = generator.resolution.bit_length() - 1
        reals = dataset.read(dataset.levels(os.path.join(ROOT, 'processData', name))[level], N)
        rows.append((name, reals, fakes))
    size = 2 * fakes.shape[2]
    width, height = N * size, size + 8
    sheet = Sheet(2 * width + 24, 3 * height - 8, 56, 40)
    for i, (name, reals, fakes) in enumerate(rows):
        sheet.patches(0, height * i, reals)
        sheet.patches(width + 24, height * i, fakes)
        sheet.text(-10, height * i + size / 2.0, name, 'right', 17)
    sheet.text(width / 2.0, -18, 'phantoms', size=17)
    sheet.text(width * 1.5 + 24, -18, 'generated', size=17)
    sheet.save(path)
