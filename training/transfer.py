"""Weights of another run for the networks of this one."""

import os
import re

import numpy as np

from common import safe_pickle

_RGB = re.compile(r'(\w*RGB_lod)(\d{1,2})(/.*)?$')


def _counted_from(local, levels):
    """To-RGB and from-RGB layers count from the full resolution; their name where that is `levels` levels finer."""
    match = _RGB.match(local)
    return '%s%d%s' % (match.group(1), int(match.group(2)) + levels, match.group(3) or '') if match else local


def read(path):
    """The states of a published pickle of generator and discriminator; ValueError where they cannot be taken over."""
    if not os.path.exists(path):
        raise FileNotFoundError('%s does not exist; name a published pickle with --transfer' % path)
    states = safe_pickle.read(path)
    for state in states:
        resolution = state['static_kwargs'].get('resolution', 32)
        if type(resolution) is not int or resolution not in [2**level for level in range(2, 12)]:
            words = '%s cannot be used: the resolution of its network %s is %.20s, not a power of two from 4 to 2048'
            raise ValueError(words % (path, state['name'], resolution))
        for local, array in state['variables']:
            if not np.isfinite(array).all():
                words = '%s cannot be used: variable %s of network %s is not finite: its training had diverged'
                raise ValueError(words % (path, local, state['name']))
    return states


def matching_variables(path, states, trainer):
    """Variables of the states of a pickle that fit this run's networks by name and shape, and a line that says so.

    The variables are {'G': {local: array}, ...}; to-RGB and from-RGB layers are matched by their resolution.
    """
    found, taken, left = {}, 0, []
    for role, state in zip(('G', 'D', 'Gs'), states):
        network = getattr(trainer.first, role)
        top = int(network.static_kwargs['resolution']).bit_length() - 1
        other = int(state['static_kwargs'].get('resolution', 32)).bit_length() - 1
        found[role] = {}
        for local, array in state['variables']:
            variable = network.trainables.get(_counted_from(local, top - other))
            if variable is not None and tuple(variable.shape.as_list()) == array.shape:
                found[role][_counted_from(local, top - other)] = array
        taken += len(found[role])
        left += ['%s/%s' % (role, local) for local in network.trainables if local not in found[role]]
    if not taken:
        raise ValueError('%s has no variable that fits a network of this resolution and --fmap-base, --fmap-max' % path)
    new = ': ' + ' '.join(left) if left else ''
    return found, 'transfer from %s: took %d variables, new are %d%s' % (path, taken, len(left), new)
