"""Files that the page sends: pictures and latents, of which nothing is run and little is believed."""

import contextlib
import os
import tempfile

from common import file_types, gray_range, images
from sampling import inference

MOST_PICTURE, MOST_LATENTS = 4 * 2**20, 2**20  # bytes


@contextlib.contextmanager
def _file(content, name):
    """The path of a file of these bytes, until the block ends; ValueErrors of the block name it as the user does."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'upload')
        with open(path, 'wb') as f:
            f.write(content)
        try:
            yield path
        except ValueError as error:
            raise ValueError(str(error).replace(path, name)) from None


def picture(content, size):
    """Gray levels uint8 [1, size, size] of the bytes of a PNG."""
    if not content.startswith(b'\x89PNG'):
        found = (file_types.describe_file_type(content[:16]) or 'no picture that is known here').split(':')[0]
        raise ValueError('that is %s; drop a gray PNG of %d x %d pixels' % (found, size, size))
    with _file(content, 'the picture') as path:
        try:
            with gray_range.remedy('scale it to 8 bits, or use 2-inference.py --project, which takes --range'):
                return images.load(path, size)
        except gray_range.RangeNeeded:
            raise
        except ValueError as error:  # the remedy after the semicolon is for another program
            words = '%s; wanted is a gray PNG of %d x %d pixels with 8 or 16 bits'
            raise ValueError(words % (str(error).split('; ')[0], size, size)) from None


def latents(content, size):
    """Latents float32 [N, size] of the bytes of a .npy file."""
    with _file(content, 'the file') as path:
        found = inference.load_array(path, size, 'latents of this network')
    if not len(found) or not found.any(axis=1).all():
        raise ValueError('the file holds no latents, or some that are zero')
    return found
