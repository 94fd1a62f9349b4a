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
def made(script, tmp_path):
    """Runs the script, which has to succeed; returns its output."""

    def call(*arguments):
        code, out, err = script(CREATE, *arguments, '--outdir', tmp_path / 'out')
        assert code == 0, err
        return out

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
