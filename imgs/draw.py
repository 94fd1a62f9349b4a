"""Draws the figures of README.md: the networks as they are built, and pictures from the demo weights. `python imgs/draw.py`."""
import html
import os
import re
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import commandline      # noqa: E402

CLASSES = 'AIS', 'MIA', 'IA'
COLOURS = {'dense': '#e8d5b5', 'conv': '#bcd6ee', 'scale': '#9cc0e4', 'rgb': '#cfe5c8', 'plain': '#eeeeee'}


class Drawing:
    """An SVG picture."""

    def __init__(self, width, height):
        self.parts, self.width, self.height = [], width, height

    def box(self, x, y, width, height, lines, colour='plain'):
        self.parts.append('<rect x="%d" y="%d" width="%d" height="%d" rx="5" fill="%s" stroke="#777"/>' % (x, y, width, height, COLOURS[colour]))
        for i, line in enumerate(lines):
            self.text(x + width / 2., y + height / 2. + 4.5 + 15 * (i - (len(lines) - 1) / 2.), line)

    def text(self, x, y, words, size=12, anchor='middle', weight='normal'):
        self.parts.append('<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s" font-weight="%s">%s</text>' % (x, y, size, anchor, weight, html.escape(words)))

    def arrow(self, *points):
        self.parts.append('<polyline points="%s" fill="none" stroke="#555" stroke-width="1.4" marker-end="url(#tip)"/>' % ' '.join('%d,%d' % p for p in points))

    def save(self, path):
        import files
        with files.atomic(path) as f:
            f.write(('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="Helvetica, Arial, sans-serif" fill="#222">'
                     '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" '
                     'fill="#555"/></marker></defs><rect width="100%%" height="100%%" fill="white"/>%s</svg>\n' % (
                         self.width, self.height, self.width, self.height, '\n'.join(self.parts))).encode())


def layers(network):
    """{resolution: [(name, inputs, outputs)]} of a network, in the order in which they are built, and its number of parameters."""
    found, total = {}, 0
    for local, variable in network.trainables.items():
        total += variable.shape.num_elements()
        if local.endswith('weight') and 'RGB' not in local:
            resolution, name = re.match(r'(\d+)x\d+/(\w+)/', local).groups()
            shape = variable.shape.as_list()[-2:]
            found.setdefault(int(resolution), []).append((name,) + tuple(shape[::-1] if name == 'Conv0_up' else shape))
    return found, total


def describe(name, inputs, outputs):
    """Words for a layer in a list, and its colour."""
    words = {'Dense': 'fully connected', 'Dense0': 'fully connected', 'Dense1': 'fully connected', 'Conv0_up': 'upscale, conv 3x3', 'Conv1_down': 'conv 3x3, downscale'}
    if name == 'Dense':
        outputs = outputs // 16
    return ['%s  %d > %d' % (words.get(name, 'conv 3x3'), inputs, outputs)], 'dense' if 'Dense' in name else 'scale' if '_' in name else 'conv'


def architecture(path):
    """The full-size generator and discriminator, layer by layer, with the feature maps of their variables."""
    import networks
    import tfutil
    with tfutil.init_tf(cpu=True):
        G, D = [layers(tfutil.Network(name, build, resolution=64)) for name, build in (('G', networks.G_paper), ('D', networks.D_paper))]
    drawing, width, step = Drawing(1120, 440), 196, 218
    for row, (title, (blocks, total), order) in enumerate((('Generator', G, sorted(G[0])), ('Discriminator', D, sorted(D[0], reverse=True)))):
        y = 40 + 185 * row
        drawing.text(16, y - 14, '%s: %.1f million parameters' % (title, total / 1e6), 15, 'start', 'bold')
        for column, resolution in enumerate(order):
            x = 16 + step * column
            drawing.text(x + width / 2., y + 12, '%d x %d' % (resolution, resolution), 13, weight='bold')
            first = y + (20 if row == 0 else 68)
            for i, layer in enumerate(blocks[resolution]):
                drawing.box(x, first + 34 * i, width, 28, *describe(*layer))
            below = first + 34 * len(blocks[resolution]) - 6
            if row == 0:
                drawing.arrow((x + width // 2, below), (x + width // 2, below + 20))
                drawing.box(x + 30, below + 22, width - 60, 24, ['to gray: conv 1x1'], 'rgb')
            else:
                drawing.box(x + 30, y + 20, width - 60, 24, ['from gray: conv 1x1'], 'rgb')
                drawing.arrow((x + width // 2, y + 44), (x + width // 2, first - 2))
            if column:
                drawing.arrow((x - (step - width), first + 14), (x - 2, first + 14))
    drawing.text(16, 426, 'Training begins at 4x4; the other blocks are faded in one by one, in G to the right, in D to the left. Numbers: feature maps in > out. '
                 'D sees the standard deviation over the minibatch as one more map at 4x4.', 12, 'start')
    drawing.save(path)


def blocks(path):
    """A block of each network and how it is faded in."""
    drawing = Drawing(900, 400)
    for x, title, steps, fade in (
            (20, 'Generator block', ['features, n x n', 'upscale x2 and conv 3x3', 'leaky ReLU 0.2, pixel norm', 'conv 3x3', 'leaky ReLU 0.2, pixel norm', 'to gray: conv 1x1'],
             ['to gray, upscale x2']),
            (470, 'Discriminator block', ['image, 2n x 2n', 'from gray: conv 1x1', 'conv 3x3, leaky ReLU 0.2', 'conv 3x3 and downscale x2', 'leaky ReLU 0.2'],
             ['downscale x2, from gray'])):
        drawing.text(x, 26, title, 15, 'start', 'bold')
        for i, words in enumerate(steps):
            colour = 'rgb' if 'gray' in words else 'scale' if 'scale' in words else 'conv' if 'conv' in words else 'plain'
            drawing.box(x, 42 + 48 * i, 210, 32, [words], colour)
            if i:
                drawing.arrow((x + 105, 42 + 48 * i - 16), (x + 105, 42 + 48 * i - 1))
        bottom = 42 + 48 * len(steps)
        drawing.box(x, bottom, 210, 32, ['(1 - t) new + t old'], 'plain')
        drawing.arrow((x + 105, bottom - 16), (x + 105, bottom - 1))
        drawing.box(x + 240, 186, 180, 32, fade, 'rgb')
        drawing.arrow((x + 210, 58), (x + 330, 58), (x + 330, 185))
        drawing.arrow((x + 330, 218), (x + 330, bottom + 16), (x + 212, bottom + 16))
        drawing.text(x + 336, 120, 'old', 12, 'start')
    drawing.text(20, 390, 't falls from 1 to 0 while a resolution is faded in; then the path on the right is gone.', 12, 'start')
    drawing.save(path)


def from_weights(folder):
    """The strip between latents and the sheet of real and generated patches; needs the demo weights."""
    import dataset
    import images
    import latent
    import networks
    import tfutil
    sheets = []
    for seed, name in enumerate(CLASSES):
        with tfutil.init_tf(cpu=True):
            Gs, = tfutil.load(os.path.join(ROOT, 'demo', 'weight', name + '.pkl'), networks.BUILDERS, 'Gs')
            keys = np.array([np.random.RandomState([seed, i]).randn(int(Gs.inputs[0].shape[1])) for i in range(12)])
            fakes = images.to_uint8(Gs.run(keys, np.zeros([12, 0])))
            reals = dataset.read(os.path.join(ROOT, 'processData', name, name + '-r06.tfrecords'), 12)
            sheets.append(np.concatenate([images.grid(reals, 6), np.full([1, 128, 12], 255, np.uint8), images.grid(fakes, 6)], axis=2))
            if name == 'MIA':
                walk = latent.path(keys[:5], 10, latent.spherical)
                images.save(os.path.join(folder, 'interpolation.png'), images.grid(images.to_uint8(Gs.run(walk, np.zeros([len(walk), 0]))), 10))
    gap = np.full([1, 12, sheets[0].shape[2]], 255, np.uint8)
    images.save(os.path.join(folder, 'real-generated.png'), np.concatenate([sheets[0], gap, sheets[1], gap, sheets[2]], axis=1))


def main():
    folder = os.path.join(ROOT, 'imgs')
    architecture(os.path.join(folder, 'architecture.svg'))
    blocks(os.path.join(folder, 'blocks.svg'))
    from_weights(folder)


if __name__ == '__main__':
    commandline.command(main)
