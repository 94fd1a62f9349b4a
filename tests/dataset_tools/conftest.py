import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from created import CREATE
from dataset_tools import ct_volumes, writer
from scans import lopsided, picture, write_dicom


@pytest.fixture
def pages():
    """For a test of the pages that are written beside data sets; others do without, as each takes a second."""


@pytest.fixture(autouse=True)
def _without_pages(request, monkeypatch):
    if 'pages' not in request.fixturenames:
        monkeypatch.setattr(writer, 'write_page', lambda *arguments: None)


@pytest.fixture(scope='session')
def scan(tmp_path_factory):
    path = tmp_path_factory.mktemp('scan') / 'scan.mha'
    sitk.WriteImage(picture(lopsided), str(path))
    return ct_volumes.read_volume(path)


@pytest.fixture
def series(tmp_path):
    """A small DICOM series: (folder, paths in the order of the positions)."""
    paths = write_dicom(tmp_path / 'series', picture(size=(12, 10, 6)), slope='1')
    return tmp_path / 'series', paths


@pytest.fixture
def made(succeeds, tmp_path):
    """Runs the script, which has to succeed; returns its output."""
    return lambda *arguments: succeeds(CREATE, *arguments, '--outdir', tmp_path / 'out')


@pytest.fixture
def volumes(script, tmp_path):
    """Runs `volumes` on tmp_path/nodules.csv of this text, at 16x16 unless told; returns exit code, stdout, stderr."""

    def call(text, *flags):
        (tmp_path / 'nodules.csv').write_text(text)
        flags = ['--resolution', 16, '--outdir', tmp_path / 'out', *flags]
        return script(CREATE, 'volumes', tmp_path / 'nodules.csv', *flags)

    return call


@pytest.fixture
def folder(tmp_path, random):
    """Five gray PNG files of 16x16."""
    (tmp_path / 'scans').mkdir()
    for i in range(5):
        Image.fromarray(random.randint(256, size=(16, 16)).astype(np.uint8)).save(
            str(tmp_path / 'scans' / ('%d.png' % i))
        )
    return tmp_path / 'scans'
