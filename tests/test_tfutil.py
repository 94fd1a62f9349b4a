"""Networks in files."""

import io
import os
import pickle
import subprocess
import sys
import types

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import networks
import tfutil
from places import DATA, ONCE, ROOT


def _numpy_names(data):
    """What the reading NumPy would have to provide."""

    class Spy(pickle.Unpickler):
        names = set()

        def find_class(self, module, name):
            self.names.add((module, name))
            return super().find_class(module, name) if module != 'tfutil' else types.SimpleNamespace

    networks_read = Spy(io.BytesIO(data)).load()
    return Spy.names, networks_read


def test_written_files_name_nothing_but_the_network_and_numpys_array(session, tmp_path):
    G = tfutil.Network('G', networks.G_paper, resolution=8, fmap_max=4, fmap_base=32)
    path = str(tmp_path / 'g.pkl')
    tfutil.save(path, (G, G, G))
    names, unpickled = _numpy_names(open(path, 'rb').read())
    assert names == {('tfutil', 'Network'), ('numpy', 'ndarray')}
    for (name, value), (expected_name, expected) in zip(unpickled[2].variables, G.values().items()):
        assert name == expected_name
        assert_array_equal(value, expected)


@pytest.mark.parametrize('writer', ['tf1.12-numpy1', 'tf2.21-numpy2'])
def test_files_written_under_either_tensorflow_give_the_same_images(session, writer):
    (Gs,) = tfutil.load(os.path.join(DATA, writer + '.pkl'), networks.BUILDERS, 'Gs')
    with np.load(os.path.join(DATA, writer + '.npz')) as expected:
        assert np.abs(Gs.run(expected['latents'], expected['labels']) - expected['images']).max() <= 1e-5


@pytest.mark.parametrize(
    'change, word',
    [
        (lambda s: s.update(build_func_name='G_style'), 'G_style'),
        (lambda s: s.update(static_kwargs=dict(s['static_kwargs'], fmap_max=8)), 'shape'),
        (
            lambda s: s.update(static_kwargs=dict(s['static_kwargs'], fmap_max=10**12, fmap_base=10**15)),
            'too large a number',
        ),
        (lambda s: s.update(static_kwargs=dict(s['static_kwargs'], fmap_decay=float('nan'))), 'NaN'),
        (lambda s: s.update(static_kwargs=dict(s['static_kwargs'], fmap_max=[8])), 'neither a number nor text'),
        (lambda s: s.update(static_kwargs=dict(s['static_kwargs'], resolution=16)), 'lacks|shape'),
        (lambda s: s.update(static_kwargs=dict(s['static_kwargs'], resolution=2**30)), 'power of two'),
        (lambda s: s.update(static_kwargs=dict(s['static_kwargs'], fmap_decay='x')), 'options'),
        (lambda s: s['variables'].pop(), 'lacks'),
        (lambda s: s['variables'].append(('8x8/Extra/bias', np.zeros(3, np.float32))), 'Extra'),
        (lambda s: s['variables'].__setitem__(3, ('4x4/Conv/weight', np.zeros([3, 3], np.float32))), 'shape'),
        (lambda s: s['variables'].__setitem__(2, ('4x4/Dense/bias', np.full([4], np.nan, np.float32))), 'finite'),
    ],
)
def test_networks_that_do_not_fit_their_builder_are_refused_in_words(session, change, word):
    state = tfutil.Network('G', networks.G_paper, resolution=8, fmap_max=4, fmap_base=32).__getstate__()
    assert state['variables'][2][0] == '4x4/Dense/bias' and state['variables'][3][0] == '4x4/Conv/weight'
    change(state)
    with pytest.raises(ValueError, match=word):
        tfutil.Network.from_state(state, networks.BUILDERS)


def test_options_that_a_builder_does_not_know_are_ignored_with_one_line(session, capsys):
    G = tfutil.Network('G', networks.G_paper, resolution=8, fmap_max=4, fmap_base=32)
    foreign = dict(mbstd_group_size=16, sizes=[1, {'a': 2}], large=10**400, nan=float('nan'), level=3, data_format='x')
    state = dict(G.__getstate__(), static_kwargs=dict(G.static_kwargs, **foreign))
    same = tfutil.Network.from_state(state, networks.BUILDERS)
    latents, labels = np.ones([2, 4], np.float32), np.zeros([2, 0], np.float32)
    assert_array_equal(same.run(latents, labels), G.run(latents, labels))
    err = capsys.readouterr().err
    assert err.count('\n') == 1 and 'ignored data_format large level mbstd_group_size nan sizes' in err
    assert same.static_kwargs == G.static_kwargs


NOTEBOOK = """
import logging, os, sys
import tensorflow
hook, variables, level = sys.excepthook, dict(os.environ), logging.getLogger('tensorflow').level
x = tensorflow.constant([1.0, -2.0])
import numpy as np, networks, tfutil
assert (hook, variables, level) == (sys.excepthook, dict(os.environ), logging.getLogger('tensorflow').level)
with tfutil.init_tf(cpu=True):
    G = tfutil.Network('G', networks.G_paper, resolution=4, fmap_max=4, fmap_base=32)
    assert G.run(np.ones([2, 4]), np.zeros([2, 0])).shape == (2, 1, 4, 4)
if hasattr(tensorflow, 'function'):
    absolute = tensorflow.function(lambda x: tensorflow.cond(x[0] > 0, lambda: x, lambda: -x))
    assert tensorflow.executing_eagerly() and absolute(x).numpy()[1] == -2 and tensorflow.Variable(3.0).numpy() == 3
"""


@pytest.mark.slow
@ONCE
def test_a_notebook_keeps_its_hooks_variables_and_eager_tensors():
    subprocess.check_call([sys.executable, '-c', NOTEBOOK], cwd=ROOT)


@pytest.mark.slow
@ONCE
def test_keras_is_loaded_by_whoever_asks_for_it_and_not_before():
    code = "import sys, tfutil; assert 'keras' not in sys.modules; tfutil.tf.keras.layers.Dense; import keras"
    subprocess.check_call([sys.executable, '-c', code], cwd=ROOT)
