"""The latent of a generated image in its PNG: the picture alone is enough to make the image again."""

import base64
import collections
import json

import numpy as np

from common import files, images

KEYWORD = 'nodule'  # FILE FORMAT: of the compressed text in the PNG, JSON of an Origin with the latent in base64

# model: name of the weight file, without its folder. latent: float32 [L]. label: class of a network with labels, or 0.
# window: HU at gray 0 and 255; mm_per_pixel: of this picture; both None where they are not known.
Origin = collections.namedtuple('Origin', 'model latent label window mm_per_pixel')


def encode(image, f, origin):
    """Write a uint8 image [1, H, W] as PNG with its Origin into a binary file."""
    latent = base64.b64encode(np.asarray(origin.latent, '<f4').tobytes()).decode()
    images.encode(image, f, {KEYWORD: json.dumps(origin._replace(latent=latent)._asdict())})


def load(path):
    """The Origin that `encode` wrote into a PNG; BadFile for another picture, and for one that was tampered with."""
    text = images.text(path, KEYWORD)
    if text is None:
        raise files.BadFile(path, 'holds no latent', 'only PNG files that the explorer saved do')
    try:
        origin = Origin(**json.loads(text))
        latent = np.frombuffer(base64.b64decode(origin.latent, validate=True), '<f4')
        valid = latent.ndim == 1 and np.isfinite(latent).all() and latent.any()
        valid = valid and isinstance(origin.model, str) and type(origin.label) is int and origin.label >= 0
    except (ValueError, TypeError, RecursionError):
        valid = False
    if not valid:
        raise files.BadFile(path, 'holds a latent that is damaged', 'save it again in the explorer')
    return origin._replace(latent=latent)
