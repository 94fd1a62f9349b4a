"""Draws the figures of README.md and docs/design.md: the networks as they are built, and images of the demo weights."""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'imgs')]

import matplotlib.style  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.patches import FancyBboxPatch  # noqa: E402

from common import images  # noqa: E402
from common.commandline import command, parse, settings  # noqa: E402
from sheets import CLASSES, density, interpolation, real_generated  # noqa: E402

Settings = settings(
    'Settings',
    'Draws the figures of README.md: the networks as they are built, and pictures from the demo weights',
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
    '(1 - t) new + t old',
    'image, 2n x 2n',
]
DISCRIMINATOR_BLOCK = [
    'image, 2n x 2n',
    'from gray: conv 1x1, leaky ReLU 0.2',
    'conv 3x3',
    'leaky ReLU 0.2',
    'conv 3x3 and downscale to n x n',
    'leaky ReLU 0.2',
    '(1 - t) new + t old',
    'features, n x n',
]
GENERATOR_BYPASS = ['to gray: conv 1x1', 'upscale to 2n x 2n']
DISCRIMINATOR_BYPASS = ['downscale to n x n', 'from gray: conv 1x1, leaky ReLU']


class Drawing:
    """A white picture whose lengths are in pixels from the top left. It is saved twice as large."""

    def __init__(self, width, height):
        self.figure = Figure(figsize=(width / 100.0, height / 100.0), dpi=100)
        self.texts = []
        self.axes = self.figure.add_axes([0, 0, 1, 1])
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.axis('off')

    def text(self, x, y, text, size=12.0, ha='center', color=INK, **kwargs):
        """Draws text whose middle line is at y."""
        self.texts.append(text)
        self.axes.text(x, y, text, fontsize=size * 0.72, ha=ha, va='center_baseline', color=color, **kwargs)

    def box(self, x, y, width, height, text, kind):
        """Draws a box of a kind of COLOURS with text, in a smaller font if need be."""
        ink, edge = (FAINT, FAINT) if kind == 'past' else (INK, LINE)
        style = dict(facecolor=COLOURS[kind], edgecolor=edge, linewidth=0.7)
        self.axes.add_patch(FancyBboxPatch((x, y), width, height, 'round,pad=0,rounding_size=5', **style))
        size = min(12.0, (width - 8) / (0.56 * len(text)))
        self.text(x + width / 2.0, y + height / 2.0, text, size, color=ink)

    def arrow(self, *points, colour=LINE):
        """Draws a line through points with a tip at the last one."""
        self.axes.plot(*zip(*points[:-1]), color=colour, linewidth=0.9, solid_joinstyle='miter')
        tip = dict(arrowstyle='-|>,head_width=0.16,head_length=0.35', shrinkA=0, shrinkB=0, color=colour, linewidth=0.9)
        self.axes.annotate('', points[-1], points[-2], arrowprops=tip)

    def save(self, path):
        """Writes a PNG whose description holds the texts."""
        self.figure.set_dpi(200)
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3].transpose(2, 0, 1)
        images.save_drawing(path, pixels, '\n'.join(self.texts))


def layers(network):
    """Layers, 1x1 convolutions and number of parameters of a network.

    Returns {resolution: [(layer, inputs, outputs)]} in the order in which they are built, {resolution: feature maps}
    and the number.
    """
    blocks, gray, parameters = {}, {}, 0
    top = network.static_kwargs['resolution']
    for local, variable in network.trainables.items():
        parameters += variable.shape.num_elements()
        if not local.endswith('/weight'):
            continue
        inputs, outputs = variable.shape.as_list()[-2:]
        if 'RGB' in local:
            lod = int(re.search(r'lod(\d+)', local).group(1))
            gray[top >> lod] = max(inputs, outputs)
        else:
            resolution, name = re.match(r'(\d+)x\d+/(\w+)/', local).groups()
            if name == 'Conv0_up':  # a transposed convolution: [height, width, out, in]
                inputs, outputs = outputs, inputs
            blocks.setdefault(int(resolution), []).append((name, inputs, outputs))
    return blocks, gray, parameters


def describe(name, inputs, outputs):
    """The text of a layer's box and its kind."""
    if 'Dense' in name:
        text, kind = 'fully connected', 'dense'
    elif name == 'Conv0_up':
        text, kind = 'upscale, conv 3x3', 'scale'
    elif name == 'Conv1_down':
        text, kind = 'conv 3x3, downscale', 'scale'
    else:
        text, kind = 'conv 3x3', 'conv'
    maps = '%dx4x4' % (outputs // 16) if name == 'Dense' else str(outputs)
    return '%s  %d > %s' % (text, inputs, maps), kind


def architecture(path):
    """Draws the full-size networks, layer by layer, with their feature maps and the order in which they grow."""
    import networks
    import tfutil

    with tfutil.init_tf(cpu=True):
        G = layers(tfutil.Network('G', networks.G_paper, resolution=64))
        D = layers(tfutil.Network('D', networks.D_paper, resolution=64))
    width, step, high, down = 216, 244, 26, 38
    drawing = Drawing(16 + 5 * step, 596)
    for grows, title, (blocks, gray, parameters), y in ((True, 'Generator', G, 20), (False, 'Discriminator', D, 296)):
        drawing.text(16, y, '%s: %.1f million parameters' % (title, parameters / 1e6), 15, 'left', weight='bold')
        previous = None  # y of the last layer of the column before
        for column, resolution in enumerate(sorted(blocks, reverse=not grows)):
            x = 16 + step * column
            middle = x + width / 2.0
            rows = [describe(*layer) for layer in blocks[resolution]]
            if resolution == 4 and grows:
                rows.insert(0, ('%d random numbers' % blocks[4][0][1], 'plain'))
            elif resolution == 4:
                rows.insert(0, ('minibatch stddev: 1 more map', 'plain'))
                rows.append(('score: real or generated', 'plain'))
            drawing.text(middle, y + 32, '%d x %d' % (resolution, resolution), 13.5, weight='bold')
            top = y + 46 if grows else y + 46 + down
            for i, (text, kind) in enumerate(rows):
                drawing.box(x, top + down * i, width, high, text, kind)
                if i:
                    drawing.arrow((middle, top + down * i - 12), (middle, top + down * i))
            bottom = top + down * (len(rows) - 1) + high
            kind, line = ('gray', LINE) if resolution == 64 else ('past', FAINT)
            if grows:
                drawing.arrow((middle, bottom), (middle, bottom + 12), colour=line)
                drawing.box(x, bottom + 12, width, high, 'to gray: conv 1x1  %d > 1' % gray[resolution], kind)
            else:
                drawing.box(x, y + 46, width, high, 'from gray: conv 1x1  1 > %d' % gray[resolution], kind)
                drawing.arrow((middle, y + 46 + high), (middle, top), colour=line)
            if previous:
                turn = x - (step - width) / 2.0
                first = top + high / 2.0
                drawing.arrow((x - (step - width), previous), (turn, previous), (turn, first), (x, first))
            previous = bottom - high / 2.0
            if grows:
                drawing.text(middle, 238, ('first', 'second', 'third', 'fourth', 'fifth')[column], 12, color=LINE)
    drawing.arrow((16, 254), (16 + 4 * step + width, 254))
    notes = (
        (268, 'trained in this order, each but the first is faded in; the discriminator grows from right to left'),
        (
            568,
            'Numbers are feature maps, in > out. Each 3x3 convolution is followed by a leaky ReLU and, in the '
            'generator, by pixel normalisation.',
        ),
        (584, 'The faint layers are used only while the networks grow.'),
    )
    for y, text in notes:
        drawing.text(16, y, text, 12, 'left', color=LINE)
    drawing.save(path)


def kind_of(text):
    """The kind, of COLOURS, of a step of a block."""
    if 'gray' in text:
        return 'gray'
    if 'scale' in text:
        return 'scale'
    return 'conv' if 'conv' in text else 'plain'


def blocks(path):
    """Draws a block of each network, layer by layer, and how it is faded in."""
    drawing = Drawing(984, 456)
    generator = 16, 'Generator block', GENERATOR_BLOCK, GENERATOR_BYPASS
    discriminator = 512, 'Discriminator block', DISCRIMINATOR_BLOCK, DISCRIMINATOR_BYPASS
    for x, title, steps, bypass in (generator, discriminator):
        wide, beside, narrow, down = 228, x + 252, 204, 48
        middle, middle_beside = x + wide / 2.0, beside + narrow / 2.0
        drawing.text(x, 20, title, 15, 'left', weight='bold')
        for i, text in enumerate(steps):
            drawing.box(x, 42 + down * i, wide, 30, text, kind_of(text))
            if i:
                drawing.arrow((middle, 42 + down * i - 18), (middle, 42 + down * i))
        for i, text in enumerate(bypass):
            if i:
                drawing.arrow((middle_beside, 162 + down * i - 18), (middle_beside, 162 + down * i))
            drawing.box(beside, 162 + down * i, narrow, 30, text, kind_of(text))
        blend = 42 + down * (len(steps) - 2) + 15
        drawing.arrow((x + wide, 57), (middle_beside, 57), (middle_beside, 162))
        drawing.arrow((middle_beside, 162 + down + 30), (middle_beside, blend), (x + wide, blend))
        drawing.text(middle_beside + 8, 110, 'old', 12, 'left', color=LINE)
        drawing.text(middle + 8, blend - 24, 'new', 12, 'left', color=LINE)
    text = 't falls from 1 to 0 while a resolution is faded in; after that the way on the right is gone.'
    drawing.text(16, 440, text, 12, 'left', color=LINE)
    drawing.save(path)


def main(argv=None):
    cfg = parse(Settings, argv)
    os.makedirs(cfg.outdir, exist_ok=True)
    matplotlib.style.use('default')  # whatever the user has configured
    architecture(os.path.join(cfg.outdir, 'architecture.png'))
    blocks(os.path.join(cfg.outdir, 'blocks.png'))
    figures = (
        (interpolation, 'interpolation.png', ['MIA']),
        (real_generated, 'real-generated.png', CLASSES),
        (density, 'nodules.webp', CLASSES),
    )
    for draw, name, classes in figures:
        weights = [os.path.join(cfg.weights, each + '.pkl') for each in classes]
        missing = [path for path in weights if not os.path.exists(path)]
        if missing:
            print('%s is left as it is: there is no %s' % (name, ' and no '.join(missing)))
        else:
            draw(os.path.join(cfg.outdir, name), cfg.weights)


if __name__ == '__main__':
    command(main)
