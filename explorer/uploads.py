"""Files that the page sends, latents and saved pictures: untrusted input."""

import contextlib
import os
import tempfile

from common import files, images
from sampling import inference, latent_png

MOST_LATENTS = 2**20  # bytes


@contextlib.contextmanager
def _file(content, name):
    """The path of a file of these bytes, until the block ends; a BadFile of the block names it as the user does."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'upload')
        with open(path, 'wb') as f:
            f.write(content)
        try:
            yield path
        except files.BadFile as error:
            raise files.BadFile(name, error.fact, error.remedy) from None


def saved_picture(content):
    """The latent_png.Origin of the bytes of a PNG that the page saved, and its gray levels uint8 [1, H, W]."""
    with _file(content, 'the picture') as path:
        origin = latent_png.load(path)
        width, height = images.size(path)
        return origin, images.load(path, (height, width))


def latents(content, size):
    """Latents float32 [N, size] of the bytes of a .npy file."""
    with _file(content, 'the file') as path:
        rows = inference.load_array(path, size, 'latents of this network')
    if not len(rows) or not rows.any(axis=1).all():
        raise ValueError('the file holds no latents, or some that are zero')
    return rows
