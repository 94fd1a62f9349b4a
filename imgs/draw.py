"""Draws the figures of README.md: the networks as they are built, and pictures from the demo weights."""
import os
import re
import runpy
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin, __version__

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import commandline      # noqa: E402
import config           # noqa: E402

CLASSES = 'AIS', 'MIA', 'IA'
COLOURS = {'dense': '#ead9bd', 'conv': '#c3daf0', 'scale': '#9fc5e8', 'gray': '#c9e3c1', 'plain': '#efefef', 'past': '#ffffff'}
INK, LINE, FAINT = '#222222', '#666666', '#888888'
FINE = 4                # drawn so many times as large as in pixels of the figure, then scaled down


def font(size):
    """Pillow's own font, or DejaVu Sans of the system for a Pillow without one."""
    try:
        return ImageFont.load_default(size)             # since Pillow 10.1, where it has FreeType
    except (TypeError, ImportError, OSError):
        try:
            return ImageFont.truetype('DejaVuSans.ttf', size)
        except (ImportError, OSError):
            raise ImportError('the figures need Pillow 10.1, or DejaVuSans.ttf among the fonts of the system; this is Pillow %s' % __version__) from None


class Drawing:
    """A white picture. Lengths are in pixels of a figure at its normal size; it is saved `scale` times as large."""

    def __init__(self, width, height, scale=2):
        self.size, self.factor = (width * scale, height * scale), scale * FINE
        self.picture = Image.new('RGB', (width * self.factor, height * self.factor), 'white')
        self.draw, self.fonts, self.words = ImageDraw.Draw(self.picture), {}, []

    def up(self, *numbers):
        return [int(round(number * self.factor)) for number in numbers]

    def width(self, words, size):
        """Width of words in pixels of the figure."""
        if size not in self.fonts:
            self.fonts[size] = font(self.up(size)[0])
        return self.draw.textbbox((0, 0), words, font=self.fonts[size])[2] / float(self.factor)

    def text(self, x, y, words, size=12., anchor='middle', bold=False, colour=INK):
        """Words with their middle line at y, and their left end or middle at x."""
        self.words.append(words)
        width = self.width(words, size)
        x -= width / 2 if anchor == 'middle' else 0
        self.draw.text(tuple(self.up(x, y)), words, colour, self.fonts[size], anchor='lm', stroke_width=self.factor // 3 if bold else 0, stroke_fill=colour)

    def box(self, x, y, width, height, words, colour):
        """A box with words, smaller ones if need be; one that is `past` has a faint border."""
        size = next(size for size in np.arange(12, 1, -0.5) if self.width(words, size) < width - 6)
        self.draw.rounded_rectangle(self.up(x, y, x + width, y + height), self.up(5)[0], COLOURS[colour], FAINT if colour == 'past' else LINE, self.up(0.9)[0])
        self.text(x + width / 2., y + height / 2., words, size, colour=FAINT if colour == 'past' else INK)

    def arrow(self, *points, **how):
        """A line through points with a tip at the last one."""
        colour = how.get('colour', LINE)
        (x0, y0), (x1, y1) = points[-2:]
        length = max(abs(x1 - x0), abs(y1 - y0))
        dx, dy = (x1 - x0) / float(length), (y1 - y0) / float(length)         # one of them is 0
        stem = list(points[:-1]) + [(x1 - 5 * dx, y1 - 5 * dy)]
        self.draw.line([tuple(self.up(*point)) for point in stem], colour, self.up(1.3)[0], joint='curve')
        tip = (x1, y1), (x1 - 7 * dx - 3.5 * dy, y1 - 7 * dy - 3.5 * dx), (x1 - 7 * dx + 3.5 * dy, y1 - 7 * dy + 3.5 * dx)
        self.draw.polygon([tuple(self.up(*point)) for point in tip], colour)

    def save(self, path):
        """A PNG of at most 64 colours, with its words as a description."""
        import files
        about = PngImagePlugin.PngInfo()
        about.add_text('Description', '\n'.join(self.words))
        with files.atomic(path) as f:
            self.picture.resize(self.size, Image.BOX).quantize(64).save(f, 'PNG', optimize=True, pnginfo=about)

    def gray(self):
        """The picture as uint8 [1, H, W]."""
        return np.asarray(self.picture.resize(self.size, Image.BOX).convert('L'))[None]


def layers(network):
    """Of a network: {resolution: [(layer, inputs, outputs)]} in the order in which they are built, {resolution: feature maps of its 1x1 convolution}, and
    the number of parameters."""
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
            blocks.setdefault(int(resolution), []).append((name,) + ((fan_out, fan_in) if name == 'Conv0_up' else (fan_in, fan_out)))
    return blocks, gray, total


def describe(name, inputs, outputs):
    """Words for a layer, and its colour."""
    words = {'Conv0_up': 'upscale, conv 3x3', 'Conv1_down': 'conv 3x3, downscale'}.get(name, 'fully connected' if 'Dense' in name else 'conv 3x3')
    colour = 'dense' if 'Dense' in name else 'scale' if '_' in name else 'conv'
    return '%s  %d > %s' % (words, inputs, '%dx4x4' % (outputs // 16) if name == 'Dense' else outputs), colour


def architecture(path):
    """The full-size generator and discriminator, layer by layer, with the feature maps of their variables, and the order in which they grow."""
    import networks
    import tfutil
    with tfutil.init_tf(cpu=True):
        G, D = [layers(tfutil.Network(name, build, resolution=64)) for name, build in (('G', networks.G_paper), ('D', networks.D_paper))]
    width, step, high, down = 200, 228, 26, 38
    drawing = Drawing(16 + 5 * step, 596)
    for grows, (title, (blocks, gray, total), y) in zip((True, False), (('Generator', G, 20), ('Discriminator', D, 296))):
        order = sorted(blocks, reverse=not grows)
        drawing.text(16, y, '%s: %.1f million parameters' % (title, total / 1e6), 15, 'left', bold=True)
        ends = None
        for column, resolution in enumerate(order):
            x, middle, colour = 16 + step * column, 16 + step * column + width / 2., 'gray' if resolution == 64 else 'past'
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
                turn = x - (step - width) / 2.
                drawing.arrow((x - (step - width), ends), (turn, ends), (turn, top + high / 2.), (x, top + high / 2.))
            ends = bottom - high / 2.
            if grows:
                drawing.text(middle, 238, ('first', 'second', 'third', 'fourth', 'fifth')[column], 12, colour=LINE)
    drawing.arrow((16, 254), (16 + 4 * step + width, 254))
    drawing.text(16, 268, 'trained in this order, each but the first is faded in; the discriminator grows from right to left', 12, 'left', colour=LINE)
    for y, words in ((568, 'Numbers are feature maps, in > out. Each 3x3 convolution is followed by a leaky ReLU and, in the generator, by pixel normalisation.'),
                     (584, 'The faint layers are used only while the networks grow.')):
        drawing.text(16, y, words, 12, 'left', colour=LINE)
    drawing.save(path)


def blocks(path):
    """A block of each network, layer by layer, and how it is faded in."""
    drawing = Drawing(984, 456)
    new = (['features, n x n', 'upscale to 2n x 2n and conv 3x3', 'leaky ReLU 0.2, pixel normalisation', 'conv 3x3', 'leaky ReLU 0.2, pixel normalisation',
            'to gray: conv 1x1'],
           ['image, 2n x 2n', 'from gray: conv 1x1, leaky ReLU 0.2', 'conv 3x3', 'leaky ReLU 0.2', 'conv 3x3 and downscale to n x n', 'leaky ReLU 0.2'])
    old = ['to gray: conv 1x1', 'upscale to 2n x 2n'], ['downscale to n x n', 'from gray: conv 1x1, leaky ReLU']

    def colour(words):
        return 'gray' if 'gray' in words else 'scale' if 'scale' in words else 'conv' if 'conv' in words else 'plain'
    for x, title, left, right, end in ((16, 'Generator block', new[0], old[0], 'image, 2n x 2n'), (512, 'Discriminator block', new[1], old[1], 'features, n x n')):
        wide, beside, narrow, down = 228, x + 252, 204, 48
        drawing.text(x, 20, title, 15, 'left', bold=True)
        for i, words in enumerate(left + ['(1 - t) new + t old', end]):
            drawing.box(x, 42 + down * i, wide, 30, words, colour(words))
            if i:
                drawing.arrow((x + wide / 2., 42 + down * i - 18), (x + wide / 2., 42 + down * i))
        for i, words in enumerate(right):
            if i:
                drawing.arrow((beside + narrow / 2., 162 + down * i - 18), (beside + narrow / 2., 162 + down * i))
            drawing.box(beside, 162 + down * i, narrow, 30, words, colour(words))
        blend = 42 + down * len(left) + 15
        drawing.arrow((x + wide, 57), (beside + narrow / 2., 57), (beside + narrow / 2., 162))
        drawing.arrow((beside + narrow / 2., 162 + down + 30), (beside + narrow / 2., blend), (x + wide, blend))
        drawing.text(beside + narrow / 2. + 8, 110, 'old', 12, 'left', colour=LINE)
        drawing.text(x + wide / 2. + 8, blend - 24, 'new', 12, 'left', colour=LINE)
    drawing.text(16, 440, 't falls from 1 to 0 while a resolution is faded in; after that the way on the right is gone.', 12, 'left', colour=LINE)
    drawing.save(path)


def interpolation(path, weights):
    """Walks between five latents, as 2-inference.py writes them."""
    folder = os.path.dirname(path)
    script = runpy.run_path(os.path.join(ROOT, '2-inference.py'))['main']
    script(['--model', os.path.join(weights, 'MIA.pkl'), '--interpolate', 'slerp', '--number', '5', '--steps', '10', '--outdir', folder, '--cpu'])
    assert os.path.exists(path)


def real_generated(path, weights):
    """Twelve real patches of each class of processData beside twelve generated ones."""
    import dataset
    import images
    import networks
    import tfutil
    rows = []
    for seed, name in enumerate(CLASSES):
        with tfutil.init_tf(cpu=True):
            Gs, = tfutil.load(os.path.join(weights, name + '.pkl'), networks.BUILDERS, 'Gs')
            latent_size, label_size = (int(tensor.shape[1]) for tensor in Gs.inputs)
            latents = np.array([np.random.RandomState([seed, i]).randn(latent_size) for i in range(12)])
            fakes = images.to_uint8(Gs.run(latents, np.eye(label_size)[np.arange(12) % label_size] if label_size else np.zeros([12, 0])))
            size = fakes.shape[2]
            reals = dataset.read(dataset.levels(os.path.join(ROOT, 'processData', name))[size.bit_length() - 1], 12)
        title = Drawing(48, 2 * size, 1)
        title.text(24, size, name, 15)
        rows.append([title.gray(), images.grid(reals, 6), np.full([1, 2 * size, 12], 255, np.uint8), images.grid(fakes, 6)])
    head = Drawing(60 + 12 * size, 24, 1)
    head.text(48 + 3 * size, 12, 'phantoms', 14)
    head.text(60 + 9 * size, 12, 'generated', 14)
    gap = np.full([1, 8, 60 + 12 * size], 255, np.uint8)
    images.save(path, np.concatenate([head.gray()] + [part for row in rows for part in (np.concatenate(row, axis=2), gap)], axis=1))


def main(argv=None):
    cfg = commandline.parse(config.Figures, __doc__, argv)
    os.makedirs(cfg.outdir, exist_ok=True)
    architecture(os.path.join(cfg.outdir, 'architecture.png'))
    blocks(os.path.join(cfg.outdir, 'blocks.png'))
    for draw, name, needed in ((interpolation, 'interpolation.png', ['MIA']), (real_generated, 'real-generated.png', CLASSES)):
        missing = [path for path in (os.path.join(cfg.weights, kind + '.pkl') for kind in needed) if not os.path.exists(path)]
        if missing:
            print('%s is left as it is: there is no %s' % (name, ' and no '.join(missing)))
        else:
            draw(os.path.join(cfg.outdir, name), cfg.weights)


if __name__ == '__main__':
    commandline.command(main)
