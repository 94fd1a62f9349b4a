"""A white picture to draw boxes, words and arrows on, with Pillow."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin, __version__

from common import files

COLOURS = {
    'dense': '#ead9bd',
    'conv': '#c3daf0',
    'scale': '#9fc5e8',
    'gray': '#c9e3c1',
    'plain': '#efefef',
    'past': '#ffffff',
}
INK, LINE, FAINT = '#222222', '#666666', '#888888'
FINE = 4  # drawn so many times as large as in pixels of the figure, then scaled down


def font(size):
    """Pillow's own font, or DejaVu Sans of the system for a Pillow without one."""
    try:
        return ImageFont.load_default(size)  # since Pillow 10.1, where it has FreeType
    except (TypeError, ImportError, OSError):
        try:
            return ImageFont.truetype('DejaVuSans.ttf', size)
        except (ImportError, OSError):
            words = 'the figures need Pillow 10.1, or DejaVuSans.ttf among the fonts of the system; this is Pillow %s'
            raise ImportError(words % __version__) from None


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

    def text(self, x, y, words, size=12.0, anchor='middle', bold=False, colour=INK):
        """Words with their middle line at y, and their left end or middle at x."""
        self.words.append(words)
        width = self.width(words, size)
        x -= width / 2 if anchor == 'middle' else 0
        how = dict(stroke_width=self.factor // 3 if bold else 0, stroke_fill=colour)
        self.draw.text(tuple(self.up(x, y)), words, colour, self.fonts[size], anchor='lm', **how)

    def box(self, x, y, width, height, words, colour):
        """A box with words, smaller ones if need be; one that is `past` has a faint border."""
        size = next(size for size in np.arange(12, 1, -0.5) if self.width(words, size) < width - 6)
        corners, edge = self.up(x, y, x + width, y + height), FAINT if colour == 'past' else LINE
        self.draw.rounded_rectangle(corners, self.up(5)[0], COLOURS[colour], edge, self.up(0.9)[0])
        self.text(x + width / 2.0, y + height / 2.0, words, size, colour=FAINT if colour == 'past' else INK)

    def arrow(self, *points, **how):
        """A line through points with a tip at the last one."""
        colour = how.get('colour', LINE)
        (x0, y0), (x1, y1) = points[-2:]
        length = max(abs(x1 - x0), abs(y1 - y0))
        dx, dy = (x1 - x0) / float(length), (y1 - y0) / float(length)  # one of them is 0
        stem = list(points[:-1]) + [(x1 - 5 * dx, y1 - 5 * dy)]
        self.draw.line([tuple(self.up(*point)) for point in stem], colour, self.up(1.3)[0], joint='curve')
        left = x1 - 7 * dx - 3.5 * dy, y1 - 7 * dy - 3.5 * dx
        right = x1 - 7 * dx + 3.5 * dy, y1 - 7 * dy + 3.5 * dx
        tip = (x1, y1), left, right
        self.draw.polygon([tuple(self.up(*point)) for point in tip], colour)

    def save(self, path):
        """A PNG of at most 64 colours, with its words as a description."""

        about = PngImagePlugin.PngInfo()
        about.add_text('Description', '\n'.join(self.words))
        with files.atomic(path) as f:
            self.picture.resize(self.size, Image.BOX).quantize(64).save(f, 'PNG', optimize=True, pnginfo=about)

    def gray(self):
        """The picture as uint8 [1, H, W]."""
        return np.asarray(self.picture.resize(self.size, Image.BOX).convert('L'))[None]
