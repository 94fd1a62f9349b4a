"""Loops through nodules: frames between states, as a GIF or as PNG files in an archive."""

import io
import zipfile

import numpy as np

from common import images
from sampling import generate, interpolation

MOST_STEPS = 60
TOGETHER = 16  # frames that are computed at a time


def frames(model, stops, steps, breathe):
    """Gray levels uint8 [stops * steps, 1, R, R] of a closed loop through several States of one model.

    breathe: is called several times a second.
    """
    latents = np.stack([model.latent(shown) for shown in stops])
    labels = generate.one_hot(np.array([shown.label for shown in stops]), model.labels)
    latents = interpolation.tour(latents, steps + 1, interpolation.spherical, closed=True)
    labels = interpolation.tour(labels, steps + 1, interpolation.linear, closed=True)
    found = []
    for begin in range(0, len(latents), TOGETHER):
        part = slice(begin, begin + TOGETHER)
        found.append(images.to_uint8(model.generator.run(latents[part], labels[part])))
        breathe()
    return np.concatenate(found)


def gif(shown, seconds):
    """The bytes of a GIF of frames [N, 1, R, R] that takes so many seconds."""
    f = io.BytesIO()
    images.encode_animation(iter(shown), f, max(seconds / len(shown), 0.02))
    return f.getvalue()


def archive(shown):
    """The bytes of a zip archive of frames [N, 1, R, R] as PNG."""
    f = io.BytesIO()
    with zipfile.ZipFile(f, 'w') as found:
        for i, frame in enumerate(shown):
            picture = io.BytesIO()
            images.encode(frame, picture)
            found.writestr('frame_%03d.png' % i, picture.getvalue())
    return f.getvalue()
