"""Published, foreign and hostile pickles."""

import collections
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from common import files, safe_pickle
from pickles import STATE
from places import visible


@pytest.mark.parametrize('protocol', [2, 3, 4] + [5] * (pickle.HIGHEST_PROTOCOL >= 5))
def test_reads_what_pickle_writes(publish, protocol):
    states = safe_pickle.read(
        publish(lambda network: tuple(network(dict(STATE, name=name)) for name in ('G', 'D', 'Gs')), protocol)
    )
    assert [state['name'] for state in states] == ['G', 'D', 'Gs']
    assert states[0]['static_kwargs'] == {'resolution': 4}
    for (name, value), (expected_name, expected) in zip(states[2]['variables'], STATE['variables']):
        assert name == expected_name
        assert_array_equal(value, expected)


def test_ordered_dicts_and_numpy_scalars_in_options_are_read(publish):
    options = collections.OrderedDict(resolution=np.int64(8), fmap_decay=np.float64(1.5))
    states = safe_pickle.read(publish(lambda network: (network(dict(STATE, static_kwargs=options)),) * 3))
    assert states[0]['static_kwargs'] == {'resolution': 8, 'fmap_decay': 1.5}


@pytest.mark.parametrize(
    'data, word',
    [
        (b'', 'empty'),
        (b'<!DOCTYPE html><html>', 'web page'),
        (b'\n<html>', 'web page'),
        (b'\x1f\x8b\x08' + b'0' * 99, 'gunzip'),
        (b'PK\x03\x04', 'unpack'),
        (b'\x89PNG\r\n', 'PNG'),
        (b'hello', 'not a pickle'),
        (b'\x80', 'not a pickle'),
        (b'\x80\x04', 'damaged'),
    ],
)
def test_other_files_are_named_for_what_they_are(refused, data, word):
    assert word in refused(data)


def test_other_pickles_are_refused_in_words(refused, publish):
    assert '3 networks' in refused(pickle.dumps([1, 2, 3]))
    assert '3 networks' in refused(pickle.dumps({'G': 1}))
    assert 'StyleGAN, another format' in refused(b'\x80\x02cdnnlib.tflib.network\nNetwork\n.')
    assert 'HDF5 file, as Keras writes; that is another format' in refused(b'\x89HDF\r\n')
    for value, word in (
        (lambda n: (n(STATE),) * 2, 'python -m pix2pix generate'),
        (lambda n: (n(STATE),) * 4, '3 networks'),
        (lambda n: (n(dict(STATE, components={})),) * 3, 'StyleGAN, another format'),
        (lambda n: (n(STATE), n(STATE), 3), '3 networks'),
        (lambda n: (n({'version': 2}),) * 3, 'lacks'),
        (lambda n: (n(dict(STATE, version=1)),) * 3, 'version'),
        (lambda n: (n(dict(STATE, static_kwargs={'a' * 65: 1})),) * 3, 'up to 64 characters'),
        (lambda n: (n(dict(STATE, name='n' * 65)),) * 3, 'up to 64 characters'),
        (lambda n: (n(dict(STATE, variables=[('w', 10**400)])),) * 3, 'array of numbers'),
        (lambda n: (n(dict(STATE, variables=[('w', 'text')])),) * 3, 'variable'),
        (lambda n: (n(dict(STATE, variables=[('w', 1, 2)])),) * 3, 'damaged'),
    ):
        with pytest.raises(ValueError, match=word):
            safe_pickle.read(publish(value))


def test_a_save_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / 'g.pkl'
    with files.atomic(str(path)) as f:
        f.write(b'old')
    with pytest.raises((pickle.PicklingError, AttributeError)):
        safe_pickle.write(str(path), (lambda: 0,) * 3)
    assert path.read_bytes() == b'old' and visible(tmp_path) == ['g.pkl']
