"""Networks in a safetensors file: arrays and their names, and nothing that could run. Untrusted input.

FILE FORMAT: eight bytes, the length of the header; the header, JSON: {name: {dtype, shape, data_offsets}}; the bytes of
all arrays without gaps. `__metadata__` in the header is text to text; there, `networks` is JSON: [{name, role, builder,
options}], and an array is named ROLE/VARIABLE. The layout is that of github.com/huggingface/safetensors.
"""

import collections
import functools
import json
import operator
import os
import struct

import numpy as np

from common import files, schema, types

SUFFIX = '.safetensors'
_LONGEST = 10**7  # bytes of a header
_DTYPES = dict(F64='<f8', F32='<f4', F16='<f2', I64='<i8', I32='<i4', I16='<i2', I8='i1', U8='u1')
_NETWORKS = [dict(name=types.text, role=types.text, builder=types.text, options=types.mapping)]


def write(path, states, roles, facts):
    """Write the states of networks, as `safe_pickle.read` gives them. roles: of each; facts: {key: text}."""
    arrays = [('%s/%s' % (role, name), value) for role, x in zip(roles, states) for name, value in x['variables']]
    arrays = [(name, np.asarray(value, np.float32)) for name, value in arrays]
    described = [
        dict(name=state['name'], role=role, builder=state['build_func_name'], options=state['static_kwargs'])
        for role, state in zip(roles, states)
    ]
    header, end = {'__metadata__': dict(facts, networks=json.dumps(described))}, 0
    for name, array in arrays:
        header[name] = dict(dtype='F32', shape=list(array.shape), data_offsets=[end, end + array.nbytes])
        end += array.nbytes
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)  # so that the arrays are aligned
    with files.atomic(path, durable=True) as f:
        f.write(struct.pack('<Q', len(text)) + text)
        for _, array in arrays:
            f.write(array.astype('<f4').tobytes())


def read(path):
    """[(role, state)] of the networks in a file; states as `safe_pickle.read` gives them.

    Raises OSError, or ValueError with one line that names the file and the remedy.
    """
    files.require_regular(path)
    with open(path, 'rb') as f:
        data = f.read()
    try:
        arrays, metadata = _arrays(data)
        described = json.loads(metadata['networks'])
        if schema.problem(described, _NETWORKS):
            raise ValueError
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, struct.error):
        remedy = 'it has to be one that 8-export.py safetensors wrote; copy or download it again'
        raise files.BadFile(path, 'is damaged, or holds no networks of this project', remedy) from None
    states = []
    for x in described:
        start = x['role'] + '/'
        variables = [(name[len(start) :], value) for name, value in arrays.items() if name.startswith(start)]
        state = dict(version=2, name=x['name'], static_kwargs=x['options'], build_module_src='')
        states.append((x['role'], dict(state, build_func_name=x['builder'], variables=variables)))
    return states


def _unique(pairs):
    """A dict of pairs; ValueError if a key comes twice, of which readers would take different ones."""
    result = collections.OrderedDict(pairs)
    if len(result) < len(pairs):
        raise ValueError
    return result


def _arrays(data):
    """({name: array}, metadata) of the bytes of a file; ValueError or another exception if they are damaged."""
    (length,) = struct.unpack_from('<Q', data)
    if not 2 <= length <= min(len(data) - 8, _LONGEST) or data[8:9] != b'{':
        raise ValueError
    header = json.loads(data[8 : 8 + length].decode(), object_pairs_hook=_unique)
    metadata = header.pop('__metadata__')
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError
    arrays, end = collections.OrderedDict(), 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]['data_offsets']):
        (begin, after), shape, dtype = entry['data_offsets'], entry['shape'], np.dtype(_DTYPES[entry['dtype']])
        if set(entry) != {'dtype', 'shape', 'data_offsets'} or begin != end:
            raise ValueError
        if not all(type(n) is int and 0 <= n < 2**48 for n in shape + [begin, after]) or len(shape) > 8:
            raise ValueError
        if after - begin != dtype.itemsize * functools.reduce(operator.mul, shape, 1):
            raise ValueError
        arrays[name] = np.frombuffer(data[8 + length + begin : 8 + length + after], dtype).reshape(shape)
        end = after
    if end != len(data) - 8 - length:
        raise ValueError
    return arrays, metadata


def has_suffix(path):
    """Whether a file is named as one of this format."""
    return os.path.splitext(path)[1].lower() == SUFFIX
