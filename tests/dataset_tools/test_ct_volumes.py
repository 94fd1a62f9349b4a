import gzip
import struct
import sys

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.testing import assert_allclose, assert_array_equal

from dataset_tools import annotations, ct_volumes
from scans import (
    FLAT,
    PAPER_GRAY,
    POINT,
    SIZE,
    SPACING,
    centred_origin,
    complaint,
    grid,
    lopsided,
    picture,
    pixels,
    turned,
    unreadable,
    write,
    write_dicom,
)


def wanted(uid, path=None):
    return annotations.Annotation('line 2', path, uid, (0.0, 0.0, 0.0), 'world', None, None, 'n')


@pytest.mark.parametrize('form', ['mhd', 'mha', 'nii', 'nii.gz', 'nrrd'])
def test_a_series_is_found_as_a_file_in_a_sub_folder(tmp_path, form):
    (tmp_path / 'subset0').mkdir()
    (tmp_path / 'subset0' / f'1.2.3.{form}').write_text('')
    (tmp_path / 'subset0' / '1.2.3.raw').write_text('')
    assert ct_volumes.find_volume(wanted('1.2.3'), str(tmp_path)) == (str(tmp_path / 'subset0' / f'1.2.3.{form}'), None)


def test_a_series_is_found_as_a_folder(tmp_path):
    (tmp_path / 'patient' / '1.2.3').mkdir(parents=True)
    assert ct_volumes.find_volume(wanted('1.2.3'), str(tmp_path)) == (str(tmp_path / 'patient' / '1.2.3'), None)


def test_a_dicom_series_is_found_by_its_uid_among_others_and_beside_files_without_pixels(tmp_path):
    write_dicom(tmp_path / 'p1' / 'study', picture(size=(6, 6, 3)), uid='1.2.3')
    write_dicom(
        tmp_path / 'p1' / 'study', picture(lopsided, size=(6, 6, 4)), uid='1.2.4', names=[f'B{k}' for k in range(4)]
    )
    report = b'\0' * 128 + b'DICM' + b'\x08\0\x60\0CS\x02\0SR' + b'text'
    (tmp_path / 'p1' / 'report.dcm').write_bytes(report)
    (tmp_path / 'p1' / 'DICOMDIR').write_bytes(report[:132])
    (tmp_path / 'notes.txt').write_text('hello')
    source = ct_volumes.find_volume(wanted('1.2.4'), str(tmp_path))
    assert source == (str(tmp_path / 'p1' / 'study'), '1.2.4')
    assert ct_volumes.read_volume(*source).image.GetSize() == (6, 6, 4)


def test_what_cannot_be_found_is_named_with_the_line_of_the_table(tmp_path):
    complaint(FileNotFoundError, lambda: ct_volumes.find_volume(wanted('9.9'), str(tmp_path)), '9.9', tmp_path, 'DICOM')
    complaint(FileNotFoundError, lambda: ct_volumes.find_volume(wanted(None, 'lost.nii'), '.'), 'lost.nii', 'folder')


def test_a_mask_with_the_name_of_the_scan_is_not_taken_for_it(tmp_path):
    for folder in ('seg-lungs-LUNA16', 'subset0', 'subset1'):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / '1.2.3.mhd').write_text('')
        if folder == 'subset0':
            result = ct_volumes.find_volume(wanted('1.2.3'), str(tmp_path))
            assert result == (str(tmp_path / 'subset0' / '1.2.3.mhd'), None)
            ct_volumes.clear_caches()
    message = 'subset0', 'subset1', 'same name'
    complaint(ValueError, lambda: ct_volumes.find_volume(wanted('1.2.3'), str(tmp_path)), *message)


def by_hand(folder, form, hu, steps, origin):
    """A file written without SimpleITK, so that a mistake of its writer does not cancel one of its reader."""
    data = hu.astype('<i2').tobytes()
    if form == 'nii':
        ras = np.diag([-1.0, -1, 1]) @ np.column_stack([steps, origin])
        header = bytearray(352)
        struct.pack_into('<i', header, 0, 348)
        struct.pack_into('<8h', header, 40, 3, *(hu.shape[::-1] + (1, 1, 1, 1)))  # dim
        struct.pack_into('<hh', header, 70, 4, 16)  # datatype int16, bitpix
        struct.pack_into('<4f', header, 76, 1, *np.linalg.norm(steps, axis=0))  # pixdim
        struct.pack_into('<3f', header, 108, 352, 1, 0)  # vox_offset, scl_slope, scl_inter
        struct.pack_into('<B', header, 123, 2)  # mm
        struct.pack_into('<hh', header, 252, 0, 1)  # qform_code, sform_code
        struct.pack_into('<12f', header, 280, *ras.ravel())
        header[344:348] = b'n+1\0'
        (folder / 'hand.nii').write_bytes(bytes(header) + data)
    else:
        lengths = np.linalg.norm(steps, axis=0)
        lines = [
            'ObjectType = Image',
            'NDims = 3',
            'BinaryData = True',
            'BinaryDataByteOrderMSB = False',
            'CompressedData = False',
            'TransformMatrix = ' + ' '.join(map(repr, map(float, (steps / lengths).T.ravel()))),
            'Offset = ' + ' '.join(map(repr, map(float, origin))),
            'ElementSpacing = ' + ' '.join(map(repr, map(float, lengths))),
            'DimSize = %d %d %d' % hu.shape[::-1],
            'ElementType = MET_SHORT',
            'ElementDataFile = hand.raw',
            '',
        ]
        (folder / 'hand.mhd').write_text('\n'.join(lines))
        (folder / 'hand.raw').write_bytes(data)
    return folder / f'hand.{form}'


@pytest.mark.parametrize(
    'direction', [FLAT, np.diag([-1.0, -1, 1]), turned(12, -8, 15)], ids=['straight', 'RAS', 'oblique']
)
@pytest.mark.parametrize('form', ['nii', 'mhd'])
def test_the_world_of_a_file_is_what_its_format_says(tmp_path, form, direction):
    steps = direction * SPACING
    origin = centred_origin(steps)
    volume = ct_volumes.read_volume(by_hand(tmp_path, form, np.rint(lopsided(grid(steps, origin))), steps, origin))
    (patch,) = ct_volumes.patches(volume, POINT, 24, 0.5)
    above = centred_origin(steps)[2] + steps[2, 2] * np.arange(SIZE[2]) - POINT[2]  # the slices
    z = 0 if steps[2, 0] else above[np.abs(above).argmin()]
    assert_allclose(patch, lopsided(pixels(24, 0.5, z)), atol=PAPER_GRAY)


@pytest.mark.parametrize('form', ['nii', 'mha', 'nrrd'])
@pytest.mark.parametrize('kind', [sitk.sitkFloat64, sitk.sitkInt32, sitk.sitkFloat32])
def test_whole_numbers_are_held_in_two_bytes_and_others_in_four_whatever_the_file_has(tmp_path, form, kind):
    for shift, held in ((0, sitk.sitkInt16), (0.25, sitk.sitkFloat32)):
        hu = sitk.Cast(picture(), kind) + (0 if kind == sitk.sitkInt32 else shift)
        sitk.WriteImage(hu, str(tmp_path / f'scan.{form}'))
        image = ct_volumes.read_volume(tmp_path / f'scan.{form}').image
        assert image.GetPixelID() == (sitk.sitkInt16 if kind == sitk.sitkInt32 else held)
        assert_array_equal(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(hu))


def test_scaled_nifti_is_read_in_its_real_values(tmp_path):
    path = str(tmp_path / 'scan.nii')
    sitk.WriteImage(picture(), path)
    with open(path, 'r+b') as file:
        file.seek(112)
        file.write(struct.pack('<ff', 0.5, -400.0))  # scl_slope, scl_inter
    hu = sitk.GetArrayFromImage(picture()) * 0.5 - 400
    assert_allclose(sitk.GetArrayFromImage(ct_volumes.read_volume(path).image), hu)


@pytest.mark.parametrize('form', ['nii', 'nii.gz', 'mhd', 'mha', 'nrrd'])
@pytest.mark.parametrize('compress', [False, True])
def test_a_truncated_file_is_refused(tmp_path, form, compress):
    sitk.WriteImage(picture(), str(tmp_path / f'scan.{form}'), compress)
    data = next((path for path in tmp_path.iterdir() if path.suffix in ('.raw', '.zraw')), tmp_path / f'scan.{form}')
    whole = data.read_bytes()
    ct_volumes.read_volume(tmp_path / f'scan.{form}')
    for kept in (0.5, 0.99):
        data.write_bytes(whole[: int(len(whole) * kept)])
        unreadable(OSError, tmp_path / f'scan.{form}', tmp_path / 'scan.', 'again')


@pytest.mark.parametrize('form', ['nii.gz', 'mhd', 'mha'])
def test_a_damaged_compressed_file_is_refused(tmp_path, form):
    sitk.WriteImage(picture(), str(tmp_path / f'scan.{form}'), True)
    data = next((path for path in tmp_path.iterdir() if path.suffix == '.zraw'), tmp_path / f'scan.{form}')
    whole = data.read_bytes()
    data.write_bytes(whole[: len(whole) // 2] + b'~~~~' + whole[len(whole) // 2 + 4 :])
    unreadable(OSError, tmp_path / f'scan.{form}', tmp_path / 'scan.', 'again')


def test_a_gzipped_truncated_nifti_is_refused(tmp_path):
    sitk.WriteImage(picture(), str(tmp_path / 'scan.nii'))
    with gzip.open(str(tmp_path / 'scan.nii.gz'), 'wb') as file:
        file.write((tmp_path / 'scan.nii').read_bytes()[:-2])
    unreadable(OSError, tmp_path / 'scan.nii.gz', 'scan.nii.gz', 'truncated')


@pytest.mark.parametrize('form', ['nii', 'nii.gz', 'mhd', 'mha', 'nrrd'])
def test_a_file_that_is_something_else_is_refused(tmp_path, form):
    path = tmp_path / f'scan.{form}'
    path.write_bytes(b'<html>404 not found</html>')
    unreadable(OSError, path, path, 'cannot be read')


def test_images_of_other_shapes_are_refused(tmp_path):
    image = picture()
    colour = sitk.GetImageFromArray(np.zeros((4, 5, 6, 3), 'uint8'), isVector=True)
    for name, other, message in (
        ('flat.mha', image[:, :, 3], '44 x 40 voxels'),
        ('thin.nii', image[:, :, 3:4], 'three-dimensional'),
        ('film.nii', sitk.JoinSeries([image, image]), '44 x 40 x 28 x 2'),
        ('colour.mha', colour, '3 value'),
    ):
        sitk.WriteImage(other, str(tmp_path / name))
        unreadable(ValueError, tmp_path / name, tmp_path / name, message)


def test_an_umlaut_in_a_path_is_no_obstacle(tmp_path):
    (tmp_path / 'M\u00e4rz').mkdir()
    for form in ('mhd', 'nii.gz', 'dicom'):
        path = write(tmp_path / 'M\u00e4rz', picture(size=(8, 8, 4)), form)
        assert ct_volumes.read_volume(path).image.GetSize() == (8, 8, 4)


def test_other_files_and_missing_files_are_refused(tmp_path):
    (tmp_path / 'scan.png').write_bytes(b'png')
    unreadable(ValueError, tmp_path / 'scan.png', 'scan.png', '.nii.gz')
    unreadable(OSError, tmp_path / 'lost.nii', 'lost.nii', 'not exist')


def test_simpleitk_is_asked_for_when_a_volume_is_read(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'SimpleITK', None)
    (tmp_path / 'scan.nii').write_bytes(b'')
    unreadable(OSError, tmp_path / 'scan.nii', 'pip install SimpleITK')
