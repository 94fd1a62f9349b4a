"""Volume files that hold something else than their headers say."""

import gzip
import os
import re
import struct

import pytest
import SimpleITK as sitk

from common import capacity
from dataset_tools import ct_volumes, masks
from scans import complaint, picture, write_dicom


def _refused(path, *message):
    return complaint((OSError, ValueError), lambda: ct_volumes.read_volume(path), path, *message)


@pytest.mark.parametrize('form', ['nii', 'nii.gz', 'mha', 'nrrd'])
def test_a_file_that_holds_more_than_its_header_says_is_refused(tmp_path, form):
    path = tmp_path / f'scan.{form}'
    sitk.WriteImage(picture(size=(8, 8, 8)), str(path))
    ct_volumes.read_volume(path)
    if form == 'nii.gz':
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(4)))
    else:
        path.write_bytes(path.read_bytes() + bytes(4))
    _refused(path, 'more than its header says')


def _declare(path, lengths):
    """Let the header of a NIfTI file tell of another size."""
    data = bytearray(path.read_bytes())
    struct.pack_into('<3h', data, 42, *lengths)
    path.write_bytes(bytes(data))


def test_a_volume_that_does_not_fit_the_memory_is_refused_with_both_numbers(tmp_path, monkeypatch):
    for form in ('nii', 'mha', 'nrrd', 'nii.gz'):
        sitk.WriteImage(picture(size=(20, 20, 20)), str(tmp_path / f'scan.{form}'))
    write_dicom(tmp_path / 'series', picture(size=(20, 20, 20)))
    monkeypatch.setattr(capacity, 'free_memory', lambda: 20000)
    for name in ('scan.nii', 'scan.nii.gz', 'scan.mha', 'scan.nrrd', 'series'):
        _refused(tmp_path / name, 'of memory', '20 KB are free')


def test_tera_bytes_that_a_header_declares_are_not_allocated(tmp_path):
    sitk.WriteImage(picture(size=(8, 8, 8)), str(tmp_path / 'scan.nii'))
    _declare(tmp_path / 'scan.nii', (32767, 32767, 32767))
    _refused(tmp_path / 'scan.nii', 'needs about 1.41e+05 GB')
    (tmp_path / 'scan.nii.gz').write_bytes(gzip.compress((tmp_path / 'scan.nii').read_bytes()))
    _refused(tmp_path / 'scan.nii.gz', 'needs about 1.41e+05 GB')
    for form, name in (('mha', b'DimSize = '), ('nrrd', b'sizes: ')):
        path = tmp_path / f'scan.{form}'
        sitk.WriteImage(picture(size=(8, 8, 8)), str(path))
        path.write_bytes(path.read_bytes().replace(name + b'8 8 8', name + b'30000 30000 30000'))
        _refused(path, 'of memory, and')


@pytest.mark.parametrize('name', ['space directions', 'space origin'])
def test_endless_vectors_of_an_nrrd_header_are_refused_and_do_not_end_the_process(tmp_path, name):
    path = tmp_path / 'scan.nrrd'
    sitk.WriteImage(picture(size=(8, 8, 8)), str(path))
    path.write_bytes(path.read_bytes().replace(name.encode() + b': (', name.encode() + b': (' + b'1' * 9000))
    _refused(path, name)


def test_a_long_list_in_an_nrrd_header_is_refused_and_does_not_end_the_process(tmp_path):
    path = tmp_path / 'scan.nrrd'
    sitk.WriteImage(picture(size=(8, 8, 8)), str(path))
    path.write_bytes(path.read_bytes().replace(b'kinds: domain', b'kinds: domain' + b' domain' * 200))
    _refused(path, 'kinds')


@pytest.mark.parametrize(
    'form, line', [('mha', 'Offset'), ('mha', 'ElementSpacing'), ('nrrd', 'space origin'), ('nrrd', 'space directions')]
)
def test_a_header_that_does_not_say_where_the_volume_lies_is_refused(tmp_path, form, line):
    path = tmp_path / f'scan.{form}'
    sitk.WriteImage(picture(size=(8, 8, 8)), str(path))
    path.write_bytes(re.sub(b'\n' + line.encode() + b'[^\n]*', b'', path.read_bytes(), count=1))
    _refused(path, line, 'where it lies') if line != 'space directions' else _refused(path)


@pytest.mark.parametrize('numbers', ['', '1 2', '1 2 x', 'nan 1 2', '1 2 3 4'])
def test_a_metaimage_whose_place_is_no_three_numbers_is_refused(tmp_path, numbers):
    path = tmp_path / 'scan.mha'
    sitk.WriteImage(picture(size=(8, 8, 8)), str(path))
    path.write_bytes(re.sub(b'\nOffset =[^\n]*', b'\nOffset = ' + numbers.encode(), path.read_bytes(), count=1))
    _refused(path)


def test_a_dicom_element_longer_than_its_file_is_not_allocated(tmp_path):
    paths = write_dicom(tmp_path / 'series', picture(size=(8, 8, 4)), slope='1')
    with open(paths[2], 'rb') as file:
        data = file.read()
    place = data.index(b'\x08\0\x16\0')
    with open(paths[2], 'wb') as file:
        file.write(data[:place] + struct.pack('<HHI', 9, 0x1010, 1 << 30) + data[place:])
    complaint(OSError, lambda: ct_volumes.read_volume(tmp_path / 'series'), paths[2], 'truncated', 'again')


@pytest.mark.parametrize('offset', [float('nan'), float('inf'), -4.0, 1e30])
def test_a_nifti_header_with_an_impossible_offset_is_refused(tmp_path, offset):
    path = tmp_path / 'scan.nii'
    sitk.WriteImage(picture(size=(8, 8, 8)), str(path))
    data = bytearray(path.read_bytes())
    struct.pack_into('<f', data, 108, offset)
    path.write_bytes(bytes(data))
    _refused(path)


def test_a_gzip_bomb_is_left_where_it_outgrows_its_header(tmp_path):
    resource = pytest.importorskip('resource')
    path = tmp_path / 'scan.nii.gz'
    sitk.WriteImage(picture(size=(8, 8, 8)), str(path))
    data = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(data + bytes(1 << 28)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _refused(path, 'more than its header says')
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10
    assert os.path.getsize(str(path)) < 1 << 20


@pytest.mark.parametrize('form', ['mhd', 'nhdr'])
def test_a_header_without_its_data_names_the_missing_file(tmp_path, form):
    path = tmp_path / ('scan.' + form)
    sitk.WriteImage(picture(), str(path))
    (data,) = [file for file in tmp_path.iterdir() if file != path]
    data.unlink()
    complaint(OSError, lambda: ct_volumes.read_volume(path), path, data, 'not there')
    complaint(OSError, lambda: masks.read(str(path), 1), path, data, 'not there')
