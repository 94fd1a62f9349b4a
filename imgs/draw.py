"""Draws the figures of README.md: the networks as they are built, and pictures from the demo weights."""

import os
import re
import runpy
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'imgs')]

from common.commandline import command, parse, settings  # noqa: E402
from drawing import FAINT, LINE, Drawing  # noqa: E402

CLASSES = 'AIS', 'MIA', 'IA'
Settings = settings(
    'Settings',
    outdir=('imgs', 'the output path'),
    weights=('demo/weight', 'the folder of AIS.pkl, MIA.pkl and IA.pkl; figures for which it has none are left out'),
)
GENERATOR_BLOCK = [
    'features, n x n',
    'upscale to 2n x 2n and conv 3x3',
    'leaky ReLU 0.2, pixel normalisation',
    'conv 3x3',
    'leaky ReLU 0.2, pixel normalisation',
    'to gray: conv 1x1',
]
DISCRIMINATOR_BLOCK = [
    'image, 2n x 2n',
    'from gray: conv 1x1, leaky ReLU 0.2',
    'conv 3x3',
    'leaky ReLU 0.2',
    'conv 3x3 and downscale to n x n',
    'leaky ReLU 0.2',
]


def layers(network):
    """How a network is built: its layers, its 1x1 convolutions, its number of parameters.

    {resolution: [(layer, inputs, outputs)]} in the order in which they are built, {resolution: feature maps}, number.
    """
    blocks, gray, total = {}, {}, 0
    top = network.static_kwargs['resolution']
    for local, variable in network.trainables.items():
        total += variable.shape.num_elements()
        if not local.endswith('/weight'):
            continue
        fan_in, fan_out = variable.shape.as_list()[-2:]
        if 'RGB' in local:
            gray[top >> int(re.search(r'lod(\d+)', local).group(1))] = max(fan_in, fan_out)
        else:
            resolution, name = re.match(r'(\d+)x\d+/(\w+)/', local).groups()
            sizes = (fan_out, fan_in) if name == 'Conv0_up' else (fan_in, fan_out)
            blocks.setdefault(int(resolution), []).append((name,) + sizes)
    return blocks, gray, total


def describe(name, inputs, outputs):
    """Words for a layer, and its colour."""
    scaling = {'Conv0_up': 'upscale, conv 3x3', 'Conv1_down': 'conv 3x3, downscale'}
    words = scaling.get(name, 'fully connected' if 'Dense' in name else 'conv 3x3')
    colour = 'dense' if 'Dense' in name else 'scale' if '_' in name else 'conv'
    return '%s  %d > %s' % (words, inputs, '%dx4x4' % (outputs // 16) if name == 'Dense' else outputs), colour


def architecture(path):
    """The full-size networks, layer by layer, with their feature maps, and the order in which they grow."""
    import networks
    import tfutil

    with tfutil.init_tf(cpu=True):
        G = layers(tfutil.Network('G', networks.G_paper, resolution=64))
        D = layers(tfutil.Network('D', networks.D_paper, resolution=64))
    width, step, high, down = 200, 228, 26, 38
    drawing = Drawing(16 + 5 * step, 596)
    for grows, title, (blocks, gray, total), y in ((True, 'Generator', G, 20), (False, 'Discriminator', D, 296)):
        order = sorted(blocks, reverse=not grows)
        drawing.text(16, y, '%s: %.1f million parameters' % (title, total / 1e6), 15, 'left', bold=True)
        ends = None
        for column, resolution in enumerate(order):
            x, colour = 16 + step * column, 'gray' if resolution == 64 else 'past'
            middle = x + width / 2.0
            rows = [describe(*layer) for layer in blocks[resolution]]
            if resolution == 4:
                before = '%d random numbers' % blocks[4][0][1] if grows else 'minibatch stddev: 1 more map'
                rows = [(before, 'plain')] + rows + ([] if grows else [('score: real or generated', 'plain')])
            drawing.text(middle, y + 32, '%d x %d' % (resolution, resolution), 13.5, bold=True)
            top = y + 46 if grows else y + 46 + down
            for i, (words, kind) in enumerate(rows):
                drawing.box(x, top + down * i, width, high, words, kind)
                if i:
                    drawing.arrow((middle, top + down * i - 12), (middle, top + down * i))
            bottom = top + down * (len(rows) - 1) + high
            words = '%s gray: conv 1x1  %s' % (('to', '%d > 1') if grows else ('from', '1 > %d')) % gray[resolution]
            line = LINE if resolution == 64 else FAINT
            if grows:
                drawing.arrow((middle, bottom), (middle, bottom + 12), colour=line)
                drawing.box(x, bottom + 12, width, high, words, colour)
            else:
                drawing.box(x, y + 46, width, high, words, colour)
                drawing.arrow((middle, y + 46 + high), (middle, top), colour=line)
            if ends:
                turn = x - (step - width) / 2.0
                drawing.arrow((x - (step - width), ends), (turn, ends), (turn, top + high / 2.0), (x, top + high / 2.0))
            ends = bottom - high / 2.0
            if grows:
                drawing.text(middle, 238, ('first', 'second', 'third', 'fourth', 'fifth')[column], 12, colour=LINE)
    drawing.arrow((16, 254), (16 + 4 * step + width, 254))
    order = 'trained in this order, each but the first is faded in; the discriminator grows from right to left'
    maps = (
        'Numbers are feature maps, in > out. Each 3x3 convolution is followed by a leaky ReLU and, in the generator, '
    )
    faint = 'The faint layers are used only while the networks grow.'
    for y, words in ((268, order), (568, maps + 'by pixel normalisation.'), (584, faint)):
        drawing.text(16, y, words, 12, 'left', colour=LINE)
    drawing.save(path)


def blocks(path):
    """A block of each network, layer by layer, and how it is faded in."""
    drawing = Drawing(984, 456)
    old = ['to gray: conv 1x1', 'upscale to 2n x 2n'], ['downscale to n x n', 'from gray: conv 1x1, leaky ReLU']

    def colour(words):
        return 'gray' if 'gray' in words else 'scale' if 'scale' in words else 'conv' if 'conv' in words else 'plain'

    generator = 16, 'Generator block', GENERATOR_BLOCK, old[0], 'image, 2n x 2n'
    discriminator = 512, 'Discriminator block', DISCRIMINATOR_BLOCK, old[1], 'features, n x n'
    for x, title, left, right, end in (generator, discriminator):
        wide, beside, narrow, down = 228, x + 252, 204, 48
        drawing.text(x, 20, title, 15, 'left', bold=True)
        for i, words in enumerate(left + ['(1 - t) new + t old', end]):
            drawing.box(x, 42 + down * i, wide, 30, words, colour(words))
            if i:
                drawing.arrow((x + wide / 2.0, 42 + down * i - 18), (x + wide / 2.0, 42 + down * i))
        for i, words in enumerate(right):
            if i:
                drawing.arrow((beside + narrow / 2.0, 162 + down * i - 18), (beside + narrow / 2.0, 162 + down * i))
            drawing.box(beside, 162 + down * i, narrow, 30, words, colour(words))
        blend = 42 + down * len(left) + 15
        drawing.arrow((x + wide, 57), (beside + narrow / 2.0, 57), (beside + narrow / 2.0, 162))
        drawing.arrow((beside + narrow / 2.0, 162 + down + 30), (beside + narrow / 2.0, blend), (x + wide, blend))
        drawing.text(beside + narrow / 2.0 + 8, 110, 'old', 12, 'left', colour=LINE)
        drawing.text(x + wide / 2.0 + 8, blend - 24, 'new', 12, 'left', colour=LINE)
    words = 't falls from 1 to 0 while a resolution is faded in; after that the way on the right is gone.'
    drawing.text(16, 440, words, 12, 'left', colour=LINE)
    drawing.save(path)


def interpolation(path, weights):
    """Walks between five latents, as 2-inference.py writes them."""
    folder = os.path.dirname(path)
    script = runpy.run_path(os.path.join(ROOT, '2-inference.py'))['main']
    walk = ['--model', os.path.join(weights, 'MIA.pkl'), '--interpolate', 'slerp', '--number', '5', '--steps', '10']
    script(walk + ['--outdir', folder, '--cpu'])
    assert os.path.exists(path)


def real_generated(path, weights):
    """Twelve real patches of each class of processData beside twelve generated ones."""
    import dataset
    import tfutil
    from common import images
    from sampling import generate

    rows = []
    for seed, name in enumerate(CLASSES):
        with tfutil.init_tf(cpu=True):
            path_of_weights = os.path.join(weights, name + '.pkl')
            fakes = generate.images(generate.load_generator(path_of_weights), 12, seed).pixels()
            size = fakes.shape[2]
            reals = dataset.read(dataset.levels(os.path.join(ROOT, 'processData', name))[size.bit_length() - 1], 12)
        title = Drawing(48, 2 * size, 1)
        title.text(24, size, name, 15)
        gap = np.full([1, 2 * size, 12], 255, np.uint8)
        rows.append([title.gray(), images.grid(reals, 6), gap, images.grid(fakes, 6)])
    head = Drawing(60 + 12 * size, 24, 1)
    head.text(48 + 3 * size, 12, 'phantoms', 14)
    head.text(60 + 9 * size, 12, 'generated', 14)
    parts, gap = [head.gray()], np.full([1, 8, 60 + 12 * size], 255, np.uint8)
    for row in rows:
        parts += [np.concatenate(row, axis=2), gap]
    images.save(path, np.concatenate(parts, axis=1))


def main(argv=None):
    cfg = parse(Settings, __doc__, argv)
    os.makedirs(cfg.outdir, exist_ok=True)
    architecture(os.path.join(cfg.outdir, 'architecture.png'))
    blocks(os.path.join(cfg.outdir, 'blocks.png'))
    interpolated, compared = (
        (interpolation, 'interpolation.png', ['MIA']),
        (real_generated, 'real-generated.png', CLASSES),
    )
    for draw, name, needed in (interpolated, compared):
        wanted = [os.path.join(cfg.weights, kind + '.pkl') for kind in needed]
        missing = [path for path in wanted if not os.path.exists(path)]
        if missing:
            print('%s is left as it is: there is no %s' % (name, ' and no '.join(missing)))
        else:
            draw(os.path.join(cfg.outdir, name), cfg.weights)


if __name__ == '__main__':
    command(main)
