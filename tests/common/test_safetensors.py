"""Networks in safetensors files."""

import json
import os
import struct

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from common import safetensors, weight_files
from pickles import STATE
from soak.mutations import mutate

ROLES = 'G', 'D', 'Gs'
STATES = [dict(STATE, name=role) for role in ROLES]


@pytest.fixture
def path(tmp_path):
    path = str(tmp_path / 'a.safetensors')
    safetensors.write(path, STATES, ROLES, dict(license='mit'))
    return path


def test_networks_come_back_as_they_were_written(path):
    for state, expected in zip(weight_files.read(path), STATES):
        assert {key: state[key] for key in ('name', 'static_kwargs', 'build_func_name')} == {
            key: expected[key] for key in ('name', 'static_kwargs', 'build_func_name')
        }
        assert [name for name, _ in state['variables']] == [name for name, _ in expected['variables']]
        for (_, value), (_, wanted) in zip(state['variables'], expected['variables']):
            assert_array_equal(value, wanted)


def test_the_package_safetensors_reads_the_same(path):
    package = pytest.importorskip('safetensors')
    with package.safe_open(path, 'np') as f:
        assert f.metadata()['license'] == 'mit'
        assert set(f.keys()) == {'%s/%s' % (role, name) for role in ROLES for name, _ in STATE['variables']}
        for name, expected in STATE['variables']:
            assert_array_equal(f.get_tensor('Gs/' + name), expected)


def written(path, header, data=b''):
    text = json.dumps(header).encode() if isinstance(header, dict) else header
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + data)


ENTRY = dict(dtype='F32', shape=[2], data_offsets=[0, 8])
META = {'networks': '[{"name": "G", "role": "G", "builder": "G_paper", "options": {}}]'}


@pytest.mark.parametrize(
    'header, data',
    [
        ({'__metadata__': META, 'G/a': dict(ENTRY, shape=[3])}, bytes(8)),
        ({'__metadata__': META, 'G/a': dict(ENTRY, shape=[-2])}, bytes(8)),
        ({'__metadata__': META, 'G/a': dict(ENTRY, shape=[2**40, 2**40])}, bytes(8)),
        ({'__metadata__': META, 'G/a': dict(ENTRY, dtype='O')}, bytes(8)),
        ({'__metadata__': META, 'G/a': dict(ENTRY, data_offsets=[4, 12])}, bytes(12)),
        ({'__metadata__': META, 'G/a': ENTRY}, bytes(12)),
        ({'__metadata__': META, 'G/a': ENTRY}, bytes(4)),
        ({'__metadata__': META, 'G/a': ENTRY, 'G/b': ENTRY}, bytes(8)),
        ({'__metadata__': dict(META, n=3), 'G/a': ENTRY}, bytes(8)),
        ({'__metadata__': {'networks': '[' * 100000}, 'G/a': ENTRY}, bytes(8)),
        ({'G/a': ENTRY}, bytes(8)),
        (b'{"a": 1, "a": 1}', b''),
        (b'', b''),
        (b'[]', b''),
    ],
)
def test_files_that_readers_could_understand_differently_are_refused(tmp_path, header, data):
    path = str(tmp_path / 'a.safetensors')
    written(path, header, data)
    with pytest.raises(ValueError) as refused:
        weight_files.read(path, None)
    assert path in str(refused.value) and '\n' not in str(refused.value)


def test_a_damaged_file_is_refused_or_read_as_the_package_reads_it(path, random):
    with open(path, 'rb') as f:
        whole = f.read()
    counts = [0, 0]
    for _ in range(1000):
        data = mutate(whole, whole, random)
        with open(path, 'wb') as f:
            f.write(data)
        try:
            networks = safetensors.read(path)
        except ValueError as error:
            assert path in str(error) and '\n' not in str(error)
            counts[0] += 1
            continue
        counts[1] += 1
        try:
            from safetensors import numpy as package
        except ImportError:
            continue
        arrays = package.load(data)
        for role, state in networks:
            for name, value in state['variables']:
                assert_array_equal(value, arrays[role + '/' + name])
    assert min(counts) > 10, counts


def test_other_networks_than_those_that_are_needed_are_refused(path):
    with pytest.raises(ValueError, match='C are needed'):
        weight_files.read(path, ('C',))


def test_a_pickle_with_this_name_is_refused(tmp_path):
    path = tmp_path / 'a.safetensors'
    path.write_bytes(b'\x80\x04N.' * 9)
    with pytest.raises(ValueError, match='8-export.py'):
        weight_files.read(str(path))


def test_only_arrays_of_networks_are_written(path):
    assert os.path.getsize(path) < 3 * sum(np.asarray(value).size * 4 for _, value in STATE['variables']) + 4000
