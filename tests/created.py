"""What tests of 0-dataset_create.py share."""

import json
import os

import numpy as np
from PIL import Image

import dataset
from common import manifest
from dataset_tools.phantom import phantom_slices

CREATE = '0-dataset_create.py'
PHANTOM = ['phantom', 'MIA', '--resolution', 16, '--seed', 3]


def facts(path):
    with open(str(path / (path.name + '.json'))) as f:
        return json.load(f)


def phantom(kind, rng, size=64, spacing=0.6):
    """The Phantom of one slice."""
    return phantom_slices(kind, rng, size, spacing, 1)[0]


def replace_images(folder, images):
    """Write images [N, C, R, R] in place of those in a folder of the dataset's name, at R x R and below."""
    for level, path in dataset.levels(str(folder)).items():
        if 2**level <= images.shape[-1]:
            os.remove(path)
    dataset.write(str(folder), os.path.basename(str(folder)), images)


def finest(path):
    return dataset.read(list(dataset.levels(str(path)).values())[-1], channels=facts(path).get('channels', 1))


def tree(path):
    return sorted(
        os.path.relpath(os.path.join(parent, name), str(path))
        for parent, _, names in os.walk(str(path))
        for name in names
        if name != manifest.RECORD
    )


def read_picture(path, mode='L'):
    """The pixels of a picture file, which has to be of that mode."""
    with Image.open(str(path)) as opened:
        assert opened.mode == mode
        return np.asarray(opened)


def picture(path, mode='L', size=(16, 16), **keywords):
    """A picture file with something in it."""
    pixels = np.random.RandomState(5).randint(256, size=(size[1], size[0], 3)).astype(np.uint8)
    Image.fromarray(pixels).convert(mode).save(str(path), **keywords)
