"""Files that the page sends, pictures and latents: untrusted input."""

import contextlib
import os
import tempfile

from common import files, images
from sampling import inference

MOST_PICTURE, MOST_LATENTS = 4 * 2**20, 2**20  # bytes


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


def picture(content, size):
    """Gray levels uint8 [1, size, size] of the bytes of a PNG."""
    wanted = 'wanted is a gray PNG of %d x %d pixels with 8 or 16 bits' % (size, size)
    if not content.startswith(b'\x89PNG'):
        kind = files.file_type(content[:16])
        raise files.BadFile('the picture', 'is ' + kind.name if kind else 'is of a type that is not known here', wanted)
    scale = 'scale it to 8 bits, or use 2-inference.py --project, which takes --range'
    remedies = {images.BadPicture: wanted, images.RangeNeeded: scale}
    with _file(content, 'the picture') as path, images.remedies(remedies):
        return images.load(path, size)


def latents(content, size):
    """Latents float32 [N, size] of the bytes of a .npy file."""
    with _file(content, 'the file') as path:
        rows = inference.load_array(path, size, 'latents of this network')
    if not len(rows) or not rows.any(axis=1).all():
        raise ValueError('the file holds no latents, or some that are zero')
    return rows
