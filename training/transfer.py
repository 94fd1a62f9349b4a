"""Weights of another run for the networks of this one."""

import os
import re

import numpy as np

from common import weight_files

_CONV0 = re.compile(r'(\d{1,4}x\d{1,4}/Conv0)(_up)?(/\w+)$')
_RGB = re.compile(r'(\w*RGB_lod)(\d{1,2})(/.*)?$')


def _renumbered(local, levels):
    """A variable's name in a network with `levels` more resolutions: ToRGB_lod0 becomes ToRGB_lod2."""
    match = _RGB.match(local)
    return '%s%d%s' % (match.group(1), int(match.group(2)) + levels, match.group(3) or '') if match else local


def read(path, use_wscale=True):
    """The states of a published pickle of generator and discriminator; ValueError where they cannot be taken over.

    use_wscale: that of the networks to come, in which the same numbers are other weights.
    """
    if not os.path.exists(path):
        raise FileNotFoundError('%s does not exist; name a published pickle with --transfer' % path)
    states = weight_files.read(path)
    for state in states:
        resolution = state['static_kwargs'].get('resolution', 32)
        if type(resolution) is not int or resolution not in [2**level for level in range(2, 12)]:
            message = '%s cannot be used: the resolution of its network %s is %.20s, not a power of two from 4 to 2048'
            raise ValueError(message % (path, state['name'], resolution))
        if bool(state['static_kwargs'].get('use_wscale', True)) != use_wscale:
            remedy = 'leave out --no-wscale' if not use_wscale else 'add --no-wscale'
            raise ValueError('%s cannot be used: its weights are scaled at another place; %s' % (path, remedy))
    require_finite(path, states)
    return states


def require_finite(path, states):
    """ValueError if a weight of the states of a pickle is not finite."""
    for state in states:
        for local, array in state['variables']:
            if not np.isfinite(array).all():
                message = '%s cannot be used: variable %s of network %s is not finite: its training had diverged'
                raise ValueError(message % (path, local, state['name']))


def resolution(states):
    """The finest resolution that the networks of the states of a pickle were trained at.

    A snapshot of a run that is growing holds finer layers, too, which `lod` leaves out.
    """
    state = states[-1]
    lod = float(dict(state['variables']).get('lod', 0))
    top = int(state['static_kwargs'].get('resolution', 32)).bit_length() - 1
    return 2 ** int(np.clip(top - np.ceil(lod), 2, top))


def _otherwise_scaled(local, array):
    """Name and array of a generator's variable, trained without fused scaling, in a network with it, or vice versa.

    Exact: a transposed convolution takes its kernel turned by half, with its channels exchanged. A discriminator has no
    such equal: without fused scaling it averages after the activation, with it before.
    """
    module, up, kind = _CONV0.match(local).groups()
    name = module + ('' if up else '_up') + kind
    return name, array[::-1, ::-1].transpose(0, 1, 3, 2) if array.ndim == 4 else array


def matching_variables(path, states, networks):
    """Variables of the states of a pickle that fit networks, {role: network}, by name and shape; and a line on them.

    The variables are {role: {local name: array}}; to-RGB and from-RGB layers are matched by their resolution.
    """
    matching, left_out, turned = {}, [], 0
    for (role, network), state in zip(networks.items(), states):
        top = int(network.static_kwargs['resolution']).bit_length() - 1
        levels = top - (int(state['static_kwargs'].get('resolution', 32)).bit_length() - 1)
        is_fused = [bool(x.get('fused_scale', True)) for x in (state['static_kwargs'], network.static_kwargs)]
        is_other = role != 'D' and is_fused[0] != is_fused[1]
        matching[role] = {}
        for local, array in state['variables']:
            if is_other and _CONV0.match(local):
                local, array = _otherwise_scaled(local, array)
                turned += array.ndim == 4
            local = _renumbered(local, levels)
            variable = network.trainables.get(local)
            if variable is not None and tuple(variable.shape.as_list()) == array.shape:
                matching[role][local] = array
        left_out += ['%s/%s' % (role, local) for local in network.trainables if local not in matching[role]]
    taken = sum(map(len, matching.values()))
    if not taken:
        raise ValueError('%s has no variable that fits a network of this resolution and --fmap-base, --fmap-max' % path)
    line = 'transfer from %s: took %d variables' % (path, taken)
    if turned:
        line += ' (%d kernels turned, exactly, for the other kind of scaling)' % turned
    line += ', new are %d' % len(left_out)
    return matching, line + (': ' + ' '.join(left_out) if left_out else '')
