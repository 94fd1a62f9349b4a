"""Latents that the page sends: untrusted input."""

import os
import tempfile

from common import files
from sampling import inference

MOST_LATENTS = 2**20  # bytes


def latents(content, size):
    """Latents float32 [N, size] of the bytes of a .npy file; a BadFile names it as the user does."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'upload')
        with open(path, 'wb') as f:
            f.write(content)
        try:
            rows = inference.load_array(path, size, 'latents of this network')
        except files.BadFile as error:
            raise files.BadFile('the file', error.fact, error.remedy) from None
    if not len(rows) or not rows.any(axis=1).all():
        raise ValueError('the file holds no latents, or some that are zero')
    return rows
