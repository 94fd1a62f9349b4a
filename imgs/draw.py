"""Draws the figures of README.md: the networks as they are built, and pictures from the demo weights."""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'imgs')]

import matplotlib.style  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.patches import FancyBboxPatch  # noqa: E402

import drawing  # noqa: E402
from common.commandline import command, parse, settings  # noqa: E402
from sheets import CLASSES, interpolation, real_generated, walk  # noqa: E402

Settings = settings(
    'Settings',
    outdir=('imgs', 'the output path'),
    weights=('demo/weight', 'the folder of AIS.pkl, MIA.pkl and IA.pkl; figures for which it has none are left out'),
)
COLOURS = {
    'dense': '#ead9bd',
    'conv': '#c3daf0',
    'scale': '#9fc5e8',
    'gray': '#c9e3c1',
    'plain': '#efefef',
    'past': '#ffffff',
}
INK, LINE, FAINT = '#222222', '#555555', '#767676'
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


class Drawing:
    """A white picture whose lengths are in pixels, from the top left; it is saved twice as large."""

    def __init__(self, width, height):
        self.figure, self.words = Figure(figsize=(width / 100.0, height / 100.0), dpi=100), []
        self.axes = self.figure.add_axes([0, 0, 1, 1])
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.axis('off')

    def text(self, x, y, words, size=12.0, ha='center', **how):
        """Words whose middle line is at y."""
        self.words.append(words)
        how = dict(dict(color=INK, va='center_baseline'), **how)
        self.axes.text(x, y, words, fontsize=size * 0.72, ha=ha, **how)

    def box(self, x, y, width, height, words, kind):
        """A box with words, smaller ones if need be; one that is `past` is faint."""
        ink, edge = (FAINT, FAINT) if kind == 'past' else (INK, LINE)
        how = dict(facecolor=COLOURS[kind], edgecolor=edge, linewidth=0.7)
        self.axes.add_patch(FancyBboxPatch((x, y), width, height, 'round,pad=0,rounding_size=5', **how))
        self.text(x + width / 2.0, y + height / 2.0, words, min(12.0, (width - 8) / (0.56 * len(words))), color=ink)

    def arrow(self, *points, colour=LINE):
        """A line through points with a tip at the last one."""
        self.axes.plot(*zip(*points[:-1]), color=colour, linewidth=0.9, solid_joinstyle='miter')
        tip = dict(arrowstyle='-|>,head_width=0.16,head_length=0.35', shrinkA=0, shrinkB=0, color=colour, linewidth=0.9)
        self.axes.annotate('', points[-1], points[-2], arrowprops=tip)

    def save(self, path):
        """A PNG with its words as a description."""
        self.figure.set_dpi(200)
        drawing.save(self.figure, path, '\n'.join(self.words))


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
    width, step, high, down = 216, 244, 26, 38
    drawing = Drawing(16 + 5 * step, 596)
    for grows, title, (blocks, gray, total), y in ((True, 'Generator', G, 20), (False, 'Discriminator', D, 296)):
        order = sorted(blocks, reverse=not grows)
        drawing.text(16, y, '%s: %.1f million parameters' % (title, total / 1e6), 15, 'left', weight='bold')
        ends = None
        for column, resolution in enumerate(order):
            x, colour = 16 + step * column, 'gray' if resolution == 64 else 'past'
            middle = x + width / 2.0
            rows = [describe(*layer) for layer in blocks[resolution]]
            if resolution == 4:
                before = '%d random numbers' % blocks[4][0][1] if grows else 'minibatch stddev: 1 more map'
                rows = [(before, 'plain')] + rows + ([] if grows else [('score: real or generated', 'plain')])
            drawing.text(middle, y + 32, '%d x %d' % (resolution, resolution), 13.5, weight='bold')
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
                drawing.text(middle, 238, ('first', 'second', 'third', 'fourth', 'fifth')[column], 12, color=LINE)
    drawing.arrow((16, 254), (16 + 4 * step + width, 254))
    order = 'trained in this order, each but the first is faded in; the discriminator grows from right to left'
    maps = (
        'Numbers are feature maps, in > out. Each 3x3 convolution is followed by a leaky ReLU and, in the generator, '
    )
    faint = 'The faint layers are used only while the networks grow.'
    for y, words in ((268, order), (568, maps + 'by pixel normalisation.'), (584, faint)):
        drawing.text(16, y, words, 12, 'left', color=LINE)
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
        drawing.text(x, 20, title, 15, 'left', weight='bold')
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
        drawing.text(beside + narrow / 2.0 + 8, 110, 'old', 12, 'left', color=LINE)
        drawing.text(x + wide / 2.0 + 8, blend - 24, 'new', 12, 'left', color=LINE)
    words = 't falls from 1 to 0 while a resolution is faded in; after that the way on the right is gone.'
    drawing.text(16, 440, words, 12, 'left', color=LINE)
    drawing.save(path)


def main(argv=None):
    cfg = parse(Settings, __doc__, argv)
    os.makedirs(cfg.outdir, exist_ok=True)
    matplotlib.style.use('default')  # whatever the user has configured
    architecture(os.path.join(cfg.outdir, 'architecture.png'))
    blocks(os.path.join(cfg.outdir, 'blocks.png'))
    pictures = (
        (interpolation, 'interpolation.png', ['MIA']),
        (real_generated, 'real-generated.png', CLASSES),
        (walk, 'nodules.gif', CLASSES),
    )
    for draw, name, needed in pictures:
        wanted = [os.path.join(cfg.weights, kind + '.pkl') for kind in needed]
        missing = [path for path in wanted if not os.path.exists(path)]
        if missing:
            print('%s is left as it is: there is no %s' % (name, ' and no '.join(missing)))
        else:
            draw(os.path.join(cfg.outdir, name), cfg.weights)


if __name__ == '__main__':
    command(main)
