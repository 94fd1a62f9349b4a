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

NAN, INF = float('nan'), float('inf')


def _scan(folder, form, pattern=b'', instead=b''):
    """A file of 8x8x8 voxels in which the first match of a pattern is replaced."""
    path = folder / f'scan.{form}'
    sitk.WriteImage(picture(size=(8, 8, 8)), str(path))
    path.write_bytes(re.sub(pattern, instead, path.read_bytes(), count=1))
    return path


def _refused(path, *message):
    return complaint((OSError, ValueError), lambda: ct_volumes.read_volume(path), path, *message)


@pytest.mark.parametrize('form', ['nii', 'nii.gz', 'mha', 'nrrd'])
def test_a_file_that_holds_more_than_its_header_says_is_refused(tmp_path, form):
    path = _scan(tmp_path, form)
    ct_volumes.read_volume(path)
    if form == 'nii.gz':
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(4)))
    else:
        path.write_bytes(path.read_bytes() + bytes(4))
    _refused(path, 'more than its header says')


def _write_into(path, form, place, *numbers):
    """Write other numbers at a place of a header."""
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, place, *numbers)
    path.write_bytes(bytes(data))


def test_a_volume_that_does_not_fit_the_memory_is_refused_with_both_numbers(tmp_path, monkeypatch):
    for form in ('nii', 'mha', 'nrrd', 'nii.gz'):
        sitk.WriteImage(picture(size=(20, 20, 20)), str(tmp_path / f'scan.{form}'))
    write_dicom(tmp_path / 'series', picture(size=(20, 20, 20)))
    monkeypatch.setattr(capacity, 'free_memory', lambda: 20000)
    for name in ('scan.nii', 'scan.nii.gz', 'scan.mha', 'scan.nrrd', 'series'):
        _refused(tmp_path / name, 'of memory', '20 KB are free')


def test_tera_bytes_that_a_header_declares_are_not_allocated(tmp_path):
    path = _scan(tmp_path, 'nii')
    _write_into(path, '<3h', 42, 32767, 32767, 32767)
    _refused(path, 'needs about 1.41e+05 GB')
    (tmp_path / 'scan.nii.gz').write_bytes(gzip.compress(path.read_bytes()))
    _refused(tmp_path / 'scan.nii.gz', 'needs about 1.41e+05 GB')
    for form, name in (('mha', b'DimSize = '), ('nrrd', b'sizes: ')):
        _refused(_scan(tmp_path, form, name + b'8 8 8', name + b'30000 30000 30000'), 'of memory, and')


@pytest.mark.parametrize(
    'name, begin, more, times',
    [('space directions', b'(', b'1', 9000), ('space origin', b'(', b'1', 9000), ('kinds', b'domain', b' domain', 200)],
)
def test_an_endless_line_of_an_nrrd_header_is_refused_and_does_not_end_the_process(tmp_path, name, begin, more, times):
    line = name.encode() + b': ' + begin
    _refused(_scan(tmp_path, 'nrrd', re.escape(line), line + more * times), name)


@pytest.mark.parametrize(
    'form, line', [('mha', 'Offset'), ('mha', 'ElementSpacing'), ('nrrd', 'space origin'), ('nrrd', 'space directions')]
)
def test_a_header_that_does_not_say_where_the_volume_lies_is_refused(tmp_path, form, line):
    path = _scan(tmp_path, form, b'\n' + line.encode() + b'[^\n]*')
    _refused(path, line, 'where it lies') if line != 'space directions' else _refused(path)


@pytest.mark.parametrize('numbers', ['', '1 2', '1 2 x', 'nan 1 2', '1 2 3 4'])
def test_a_metaimage_whose_place_is_no_three_numbers_is_refused(tmp_path, numbers):
    _refused(_scan(tmp_path, 'mha', b'\nOffset =[^\n]*', b'\nOffset = ' + numbers.encode()))


def test_a_dicom_element_longer_than_its_file_is_not_allocated(tmp_path):
    paths = write_dicom(tmp_path / 'series', picture(size=(8, 8, 4)), slope='1')
    with open(paths[2], 'rb') as file:
        data = file.read()
    place = data.index(b'\x08\0\x16\0')
    with open(paths[2], 'wb') as file:
        file.write(data[:place] + struct.pack('<HHI', 9, 0x1010, 1 << 30) + data[place:])
    complaint(OSError, lambda: ct_volumes.read_volume(tmp_path / 'series'), paths[2], 'truncated', 'again')


@pytest.mark.parametrize('offset', [NAN, INF, -4.0, 1e30])
def test_a_nifti_header_with_an_impossible_offset_is_refused(tmp_path, offset):
    path = _scan(tmp_path, 'nii')
    _write_into(path, '<f', 108, offset)
    _refused(path)


@pytest.mark.parametrize('form, offset, value', [('<i', 344, 0)] + [('<f', 80, mm) for mm in (-0.7, 0.0, NAN, INF)])
def test_a_nifti_header_with_a_wrong_magic_or_voxel_size_is_refused_and_no_library_prints(
    tmp_path, caplog, recwarn, form, offset, value
):
    path = _scan(tmp_path, 'nii')
    _write_into(path, form, offset, value)
    for read in (ct_volumes.read_volume, masks.read):
        complaint((OSError, ValueError), lambda: read(str(path)), path)
    assert not caplog.records and not recwarn.list


def test_a_gzip_bomb_is_left_where_it_outgrows_its_header(tmp_path):
    resource = pytest.importorskip('resource')
    path = _scan(tmp_path, 'nii.gz')
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
