"""Figures of README.md with patches, in the lung window."""

import os

import numpy as np
from matplotlib import patheffects
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from scipy import ndimage

import dataset
from common import files, hounsfield, images
from explorer import editing, models
from sampling import Generator
from sampling.generator import random_latent

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLASSES = 'AIS', 'MIA', 'IA'
N = 5  # latents of a walk; patches of a class, real and generated
STEPS = 10  # from one latent to the next
GAP = 6  # pixels between patches
INK = '#222222'
SEED = 10  # of the nodules whose density changes
CHANGES = range(-120, 50, 10)  # HU
SHOWN = ('diameter', 1), ('mean', 0)  # kinds of attributes, and digits after the point
FRAME = 900.0, 352.0  # pixels
SIDE = 280.0  # of a nodule in it


def in_lung_window(gray):
    """Gray levels in the lung window of gray levels in the paper's window."""
    return hounsfield.in_window(gray, hounsfield.WINDOWS['paper'], hounsfield.WINDOWS['lung'])


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
        size = 2 * batch.shape[-1]
        for i, patch in enumerate(in_lung_window(batch[:, 0])):
            axes = self._axes(self.left + x + i * (size + GAP), self.top + y, size, size)
            axes.imshow(patch, 'gray', vmin=0, vmax=255, interpolation='nearest', aspect='auto')
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
    pitch = size + GAP
    sheet = Sheet(STEPS * pitch - GAP, (N - 1) * pitch - GAP, 124, 40)
    for i, row in enumerate(rows):
        sheet.patches(0, pitch * i, row)
        sheet.text(-10, pitch * i + size / 2.0, 'latent %d \u2192 %d' % (i + 1, i + 2), 'right')
    for step in range(STEPS):
        sheet.text(pitch * step + size / 2.0, -18, '%d/%d' % (step, STEPS - 1))
    sheet.save(path)


def _densities(path):
    """(gray levels [R, R], mask [R, R], caption, mm per pixel) of a nodule at each of CHANGES."""
    model = models.Model(path, cpu=True)
    with model.generator:
        kinds = {attribute.kind: attribute for attribute in model.attributes}
        base = random_latent(SEED, model.latent_size)
        held = [kinds['diameter'].name] + model.held
        found = np.isfinite(editing.values(model, base, 0)[kinds['mean'].name])
        for change in CHANGES:
            latent = editing.edited(model, base, 0, None, {kinds['mean'].name: change * found}, held)
            pixels = images.to_uint8(model.images(latent[None]))
            measured, masks = model.measure(pixels)
            texts = ['%.*f %s' % (digits, measured[kinds[kind].name][0], kinds[kind].unit) for kind, digits in SHOWN]
            yield pixels[0, 0], masks[0], ' · '.join(texts).replace('-', '\u2212'), model.mm


def _panel(figure, x, name, pixels, mask, caption, mm):
    """Draws a nodule with its outline, a scale bar and what is measured, SIDE pixels large at x in a FRAME."""
    width, height = FRAME
    axes = figure.add_axes([x / width, 36 / height, SIDE / width, SIDE / height])
    axes.imshow(in_lung_window(pixels), 'gray', vmin=0, vmax=255, interpolation='bicubic')
    if mask.any():
        axes.contour(ndimage.gaussian_filter(mask.astype(float), 0.8), [0.5], colors='#ffb000', linewidths=1.5)
    if mm:
        end = len(pixels) - 4
        edge = [patheffects.withStroke(linewidth=4, foreground=INK)]
        axes.plot([end - 10 / mm, end], [end, end], color='white', lw=2.5, solid_capstyle='butt', path_effects=edge)
        edge = [patheffects.withStroke(linewidth=2, foreground=INK)]
        middle = end - 5 / mm
        axes.text(middle, end - 2, '10 mm', color='white', ha='center', va='bottom', fontsize=10, path_effects=edge)
    axes.axis('off')
    middle = (x + SIDE / 2) / width
    figure.text(middle, 1 - 18 / height, name, fontsize=14, ha='center', va='center', color=INK)
    figure.text(middle, 17 / height, caption, fontsize=12, ha='center', va='center', color=INK)


def density(path, weights):
    """Writes an animation of a nodule of each class, of the same latent, that gets denser and thinner again."""
    columns = [list(_densities(os.path.join(weights, name + '.pkl'))) for name in CLASSES]
    frames = []
    for row in zip(*columns):
        figure = Figure(figsize=(FRAME[0] / 100, FRAME[1] / 100), dpi=100)
        for i, (name, panel) in enumerate(zip(CLASSES, row)):
            _panel(figure, i * (SIDE + (FRAME[0] - 3 * SIDE) / 2), name, *panel)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        frames.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]))
    frames += frames[-2:0:-1]
    options = dict(append_images=frames[1:], duration=80, loop=0, quality=75, method=6)
    with files.atomic(path) as f:
        frames[0].save(f, 'WEBP', save_all=True, **options)


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
    pitch = size + GAP
    width = N * pitch - GAP
    sheet = Sheet(2 * width + 24, 3 * pitch - GAP, 56, 40)
    for i, (name, reals, fakes) in enumerate(rows):
        sheet.patches(0, pitch * i, reals)
        sheet.patches(width + 24, pitch * i, fakes)
        sheet.text(-10, pitch * i + size / 2.0, name, 'right', 17)
    sheet.text(width / 2.0, -18, 'phantoms', size=17)
    sheet.text(width * 1.5 + 24, -18, 'generated', size=17)
    sheet.save(path)
