"""What lies in a hospital's folder beside the slices of a CT."""

import os
import shutil
import sys

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.testing import assert_array_equal
from pydicom.pixel_data_handlers.util import apply_modality_lut

from dataset_tools import annotations, ct_volumes, dicom_files, itk
from scans import picture, unreadable, write_dicom

PIXELS = sitk.GetArrayFromImage(picture(size=(12, 10, 6)))


def read(folder):
    dicom_files.find_series.cache_clear()
    volume = ct_volumes.read_volume(folder)
    assert_array_equal(sitk.GetArrayFromImage(volume.image), PIXELS)
    return volume


def rewritten(path, target, **elements):
    header = pydicom.dcmread(path)
    for name, value in elements.items():
        setattr(header, name, value)
    header.save_as(str(target))
    return str(target)


def test_one_ct_series_is_taken_and_what_lies_beside_it_is_reported(series):
    folder, paths = series
    beside = folder / 'other'
    beside.mkdir()
    rewritten(paths[0], beside / 'scout.dcm', ImageType=['ORIGINAL', 'PRIMARY', 'LOCALIZER'], SeriesInstanceUID='1.9')
    rewritten(paths[0], beside / 'report.dcm', Modality='SR\nX', SOPClassUID='1.2.840.10008.5.1.4.1.1.88.22')
    rewritten(paths[0], beside / 'dose.dcm', SOPClassUID='1.2.840.10008.5.1.4.1.1.7', SeriesInstanceUID='1.8')
    (beside / 'empty.dcm').write_bytes(b'')
    open(os.fsencode(str(beside)) + b'/caf\xe9.dcm', 'wb').close()
    (beside / 'broken.dcm').symlink_to('nowhere.dcm')
    (folder / 'linked').symlink_to(str(beside), target_is_directory=True)
    for path in paths:
        shutil.copy(path, str(beside / ('copy-' + os.path.basename(path))))
    (line,) = ct_volumes.notes(read(folder))
    for message in (
        f'{folder}: left out: ', '1 x localizer (scout.dcm)', '1 x SR X, not CT (report.dcm)',
        '2 x empty (caf?.dcm, empty.dcm)',
        '1 x no CT image but Secondary Capture Image Storage (dose.dcm)', '1 x broken link (broken.dcm)',
        '1 x link to a folder (linked)', '6 x copy (',
    ):  # fmt: skip
        assert message in line
    assert '\n' not in line


def test_a_folder_of_slices_alone_has_nothing_to_tell(series):
    assert ct_volumes.notes(read(series[0])) == []


def test_a_missing_slice_is_reported_with_what_was_left_out(series):
    folder, paths = series
    open(paths[3], 'wb').close()
    unreadable(ValueError, folder, '2.50 mm', '1 x empty', os.path.basename(paths[3]))


def test_damage_matters_only_where_it_may_be_of_the_series_that_is_used(tmp_path):
    paths = write_dicom(tmp_path / 'b', picture(size=(12, 10, 6)), uid='1.2.4')
    write_dicom(tmp_path / 'a', picture(size=(12, 10, 6)), uid='1.2.3')
    with open(paths[2], 'r+b') as file:
        file.truncate(os.path.getsize(paths[2]) - 100)
    (tmp_path / 'b' / 'junk.dcm').write_bytes(b'<html>')
    volume = ct_volumes.read_volume(tmp_path, '1.2.3')
    assert_array_equal(sitk.GetArrayFromImage(volume.image), PIXELS)
    unreadable(OSError, [tmp_path, '1.2.4'], tmp_path / 'b', 'again')
    os.remove(paths[2])
    unreadable(OSError, [tmp_path, '1.2.4'], 'junk.dcm', 'no DICOM')


def test_a_slice_with_fewer_pixels_than_it_declares_is_refused(tmp_path):
    paths = write_dicom(tmp_path, picture(size=(200, 210, 3)), slope='1')  # large pixels stay in their file
    header = pydicom.dcmread(paths[1])
    header.PixelData = header.PixelData[:-2000]
    header.save_as(paths[1])
    unreadable(OSError, tmp_path, paths[1], 'too few pixels')


def test_a_series_all_of_whose_slices_are_damaged_is_no_missing_series(tmp_path):
    for path in write_dicom(tmp_path / 'a', picture(size=(12, 10, 6)), uid='1.2.3'):
        with open(path, 'r+b') as file:
            file.truncate(os.path.getsize(path) - 100)
    write_dicom(tmp_path / 'b', picture(size=(12, 10, 6)), uid='1.2.4')
    source = ct_volumes.find_volume(annotations.Annotation('line 2', None, '1.2.3', *[None] * 5), str(tmp_path))
    unreadable(OSError, list(source), tmp_path / 'a', 'truncated')


def test_a_truncated_copy_of_a_slice_is_refused(series):
    folder, paths = series
    with open(paths[2], 'rb') as file:
        data = file.read()
    (folder / 'copy.dcm').write_bytes(data[:-10])
    unreadable(OSError, folder, 'copy.dcm', 'truncated')


@pytest.mark.parametrize('syntax', ['DeflatedExplicitVRLittleEndian', 'ImplicitVRLittleEndian', 'ExplicitVRBigEndian'])
def test_every_uncompressed_syntax_is_read(series, syntax):
    folder, paths = series
    uid = getattr(pydicom.uid, syntax)
    for path in paths:
        header = pydicom.dcmread(path)
        values = header.pixel_array
        header.file_meta.TransferSyntaxUID = uid
        little, implicit = uid.is_little_endian, uid.is_implicit_VR
        header.PixelData = values.astype('<i2' if little else '>i2').tobytes()
        if pydicom.__version__ < '3':
            header.is_little_endian, header.is_implicit_VR = little, implicit
            header.save_as(path, write_like_original=False)
        else:
            made = pydicom.Dataset()
            made.update({element.tag: element for element in header})
            made.file_meta = header.file_meta
            made.save_as(path, enforce_file_format=True)
        assert_array_equal(pydicom.dcmread(path).pixel_array, values)
    read(folder)
    for kept in (0.99, 0.6):
        with open(paths[2], 'r+b') as file:
            file.truncate(int(os.path.getsize(paths[2]) * kept))
        unreadable(OSError, folder, paths[2], 'again')


@pytest.mark.parametrize('name', ['IM%d', 'IM%d.dcm'])
@pytest.mark.parametrize('kept', ['meta information', 'elements alone'])
def test_dicom_without_its_preamble_is_read(tmp_path, name, kept):
    names = [name % k for k in range(6)]
    for path in write_dicom(tmp_path, picture(size=(12, 10, 6)), slope='1', names=names):
        length = pydicom.dcmread(path).file_meta.FileMetaInformationGroupLength
        with open(path, 'rb') as file:
            data = file.read()
        with open(path, 'wb') as file:  # preamble 128, DICM 4, and the element of the length 12
            file.write(data[132 if kept == 'meta information' else 144 + length :])
    read(tmp_path)


def ct_files():
    """The CT pictures that pydicom brings along."""
    for parent, _, names in sorted(os.walk(os.path.join(os.path.dirname(pydicom.__file__), 'data', 'test_files'))):
        for name in sorted(names):
            header = pydicom.dcmread(os.path.join(parent, name), force=True, stop_before_pixels=True)
            if header.get('Modality') == 'CT' and 'Rows' in header:
                yield os.path.join(parent, name)


def with_a_second(path, folder):
    """A folder of a slice and of the same 3 mm above it, as one slice is no volume; and HU as pydicom computes them."""
    header = pydicom.dcmread(path)
    folder.mkdir()
    shutil.copy(path, str(folder / 'a.dcm'))
    normal = np.cross(header.ImageOrientationPatient[:3], header.ImageOrientationPatient[3:])
    header.ImagePositionPatient = [round(float(a + 3 * b), 4) for a, b in zip(header.ImagePositionPatient, normal)]
    header.SOPInstanceUID += '.1'
    header.save_as(str(folder / 'b.dcm'))
    try:
        return apply_modality_lut(header.pixel_array, header)
    except Exception:  # compressed, and pydicom has no decoder
        return None


def test_values_of_published_files_are_those_of_pydicom(tmp_path, monkeypatch):
    monkeypatch.setattr(itk.HURangeCheck, 'require_lung', lambda check: None)  # most show no lung
    equal = []
    for path in ct_files():
        name = os.path.basename(path)
        wanted = with_a_second(path, tmp_path / name)
        if wanted is not None and 'LOCALIZER' not in pydicom.dcmread(path).ImageType:
            hu = sitk.GetArrayFromImage(ct_volumes.read_volume(tmp_path / name).image)
            assert_array_equal(hu, np.stack([np.maximum(wanted, -1024)] * 2))
            equal.append(name)
    assert len(equal) >= 5 and 'CT_small.dcm' in equal


def test_pydicom_is_asked_for_when_a_series_is_read(series, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pydicom', None)
    unreadable(OSError, series[0], 'pip install pydicom')
