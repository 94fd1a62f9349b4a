import os
import re
import runpy
import shutil
import sys

import pytest

import common
from common import commandline, log, manifest
from places import ROOT

# Files that take minutes begin first, so that no core has one of them alone at the end.
LONGEST = ['test_%s.py' % name for name in 'docs resume workers suite overfit generator_training'.split()]


def pytest_configure(config):
    config.option.loadscopereorder = False  # else pytest-xdist begins with the files of most tests
    common.prepare_libraries()  # NumPy and TensorFlow are not loaded yet


def pytest_collection_modifyitems(items):
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(os.path.basename(str(item.fspath)), len(order)))


@pytest.fixture
def session():
    import tfutil

    with tfutil.init_tf() as current:
        yield current


@pytest.fixture(scope='session')
def cache_folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp('cache'))


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, cache_folder):
    """Tests leave the user's cache and key alone, as do the processes that they start."""
    monkeypatch.setenv('XDG_CACHE_HOME', cache_folder)
    monkeypatch.setenv('XDG_CONFIG_HOME', cache_folder)


@pytest.fixture(autouse=True)
def _no_program():
    """No test runs as the program that the test before it has run in this process, nor is as quiet."""
    manifest.begin(None, [])
    log.set_verbosity(False, False)


@pytest.fixture
def random():
    import numpy as np

    return np.random.RandomState(1)


@pytest.fixture
def outcome(capsys):
    """Runs a main as the shell would; returns exit code, stdout and stderr."""

    def call(main, *arguments):
        capsys.readouterr()
        code = 0
        try:
            commandline.command(lambda: main([str(a) for a in arguments]))
        except SystemExit as stop:
            code = stop.code
        return (code,) + tuple(capsys.readouterr())

    return call


@pytest.fixture
def script(outcome, monkeypatch):
    """Runs a script; returns as outcome."""

    def call(name, *arguments):
        monkeypatch.setattr(sys, 'argv', [name])
        return outcome(runpy.run_path(os.path.join(ROOT, name))['main'], *arguments)

    return call


@pytest.fixture
def succeeds(script):
    """Runs a script that has to succeed; returns what it prints."""

    def call(name, *arguments):
        code, out, err = script(name, *arguments)
        assert code == 0, err
        return out

    return call


@pytest.fixture
def complains(script):
    """Runs a script that has to end with exit code 2 and one line that holds all `parts`; returns that line."""

    def call(name, *arguments, parts=()):
        code, out, err = script(name, *arguments)
        assert code == 2 and err.count('\n') == 1 and 'Traceback' not in err, (out, err)
        for part in parts:
            assert str(part) in err
        return err

    return call


@pytest.fixture
def refuses(complains, tmp_path):
    """As complains, of a script that leaves nothing in its --outdir but, hidden, what a run may go on from."""

    def call(name, *arguments, parts=()):
        outdir = tmp_path / 'refused'
        complains(name, *arguments, '--outdir', outdir, parts=parts)
        left = os.listdir(str(outdir)) if outdir.exists() else []
        assert all(re.match(r'\..*\.unfinished$', entry) for entry in left), left
        shutil.rmtree(str(outdir), ignore_errors=True)

    return call


@pytest.fixture(scope='session')
def training_data(tmp_path_factory):
    """A dataset of 40 images of 8x8."""
    import numpy as np

    import dataset

    folder = str(tmp_path_factory.mktemp('data') / 'AIS')
    random = np.random.RandomState(0)
    dataset.write(folder, 'AIS', (random.randint(256) * random.rand(40, 1, 8, 8)).astype(np.uint8))
    return folder


@pytest.fixture(scope='session')
def pairs(tmp_path_factory):
    """A folder of 13 CT | mask pictures of 32x32; the nodule is bright where the mask is white."""
    import numpy as np

    from common import images
    from pix2pix import data

    folder, random = tmp_path_factory.mktemp('pairs'), np.random.RandomState(0)
    for i in range(13):
        mask = data.draw('ellipse', random.uniform(6, 12), 32, random)
        patch = np.clip(80 + 70.0 * (mask > 0) + 5 * random.randn(1, 32, 32), 0, 255).astype(np.uint8)
        images.save(str(folder / ('%02d.png' % i)), np.concatenate([patch, mask], axis=2))
    (folder / (folder.name + '.json')).write_text('{"window": [-1000, 400], "mm_per_pixel": 0.7}')
    return str(folder)
