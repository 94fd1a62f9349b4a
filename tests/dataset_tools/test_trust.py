"""Values and places that are not what they seem: each is refused with what was seen, or handled and reported."""

import struct

import pydicom
import pytest
import SimpleITK as sitk
from numpy.testing import assert_array_equal

from dataset_tools import ct_volumes
from scans import picture, turned, unreadable, write, write_dicom


def raw_with_padding():
    """What a scanner stores, HU + 1024, with -2000 beyond the field of view."""
    stored = sitk.GetArrayFromImage(picture(size=(20, 20, 8))) + 1024
    stored[:, :, :3] = -2000
    image = sitk.GetImageFromArray(stored)
    image.SetSpacing((0.7, 0.8, 1.25))
    return image


@pytest.mark.parametrize('form', ['nii.gz', 'nii', 'mha', 'nrrd'])
def test_stored_values_with_padding_below_air_are_no_hounsfield_units(tmp_path, form):
    path = write(tmp_path, raw_with_padding(), form)
    unreadable(ValueError, path, path, 'not in HU', '-2000 to ', 'intercept')


def test_dicom_whose_intercept_was_lost_is_not_in_hu(tmp_path):
    for path in write_dicom(tmp_path / 'd', raw_with_padding(), slope='1'):
        header = pydicom.dcmread(path)
        header.PixelData = (header.pixel_array + -1024).astype('<i2').tobytes()
        header.RescaleIntercept = 0
        header.save_as(path)
    unreadable(ValueError, tmp_path / 'd', tmp_path / 'd', 'not in HU', 'intercept')


@pytest.mark.parametrize('form', ['nii', 'nii.gz', 'mha', 'nrrd'])
@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_one_voxel_that_is_no_number_is_refused(tmp_path, form, value):
    image = sitk.Cast(picture(size=(12, 10, 6)), sitk.sitkFloat32)
    image[3, 4, 5] = value
    path = write(tmp_path, image, form)
    unreadable(ValueError, path, path, 'NaN or infinite', 'convert')


def padded_series(folder, value, **elements):
    """A series whose first three columns hold a stored value."""
    for path in write_dicom(folder, picture(size=(12, 10, 6)), slope='1'):
        header = pydicom.dcmread(path)
        pixels = header.pixel_array.copy()
        pixels[:, :3] = value
        header.PixelData = pixels.tobytes()
        for name, element in elements.items():
            header.add_new(pydicom.datadict.tag_for_keyword(name), 'SS' if element < 32768 else 'US', element)
        header.save_as(path)
    return folder


def test_padding_that_nobody_declared_is_refused(tmp_path):
    folder = padded_series(tmp_path / 'd', 32767)
    unreadable(ValueError, folder, folder, '31743 HU', 'padding', '-1024')


@pytest.mark.parametrize(
    'value, elements',
    [
        (32767, dict(PixelPaddingValue=32767)),
        (32760, dict(PixelPaddingValue=32000, PixelPaddingRangeLimit=32767)),
        (-32768, dict(PixelPaddingValue=32768)),  # signed, written as if it were not
    ],
)
def test_declared_padding_becomes_air_and_is_reported(tmp_path, value, elements):
    volume = ct_volumes.read_volume(padded_series(tmp_path / 'd', value, **elements))
    hu = sitk.GetArrayFromImage(volume.image)
    assert (hu[:, :, :3] == -1024).all()
    assert_array_equal(hu[:, :, 3:], sitk.GetArrayFromImage(picture(size=(12, 10, 6)))[:, :, 3:])
    if value > 0:
        (line,) = ct_volumes.notes(volume)
        assert volume.notes == ['25 % of the voxels are padding and became air, -1024 HU']
        assert line == f'{tmp_path / "d"}: {volume.notes[0]}'


def test_padding_that_has_the_value_of_tissue_stays_and_is_reported(tmp_path):
    volume = ct_volumes.read_volume(padded_series(tmp_path / 'd', 1064, PixelPaddingValue=1064))
    assert (sitk.GetArrayFromImage(volume.image)[:, :, :3] == 40).all()
    assert volume.notes == ['25 % of the voxels are padding by their value, as tissue is; they stay']


def test_a_negative_is_refused(tmp_path):
    paths = write_dicom(tmp_path / 'd', picture(size=(12, 10, 6)))
    for path in paths:
        header = pydicom.dcmread(path)
        header.PhotometricInterpretation = 'MONOCHROME1'
        header.save_as(path)
    unreadable(ValueError, tmp_path / 'd', 'IM', 'MONOCHROME1', 'original')


@pytest.mark.parametrize('moved, accepted', [(0.0, True), (0.05, True), (0.2, False), (float('nan'), False)])
def test_a_nifti_with_two_places_that_differ_by_more_than_a_tenth_of_a_millimetre_is_refused(tmp_path, moved, accepted):
    path = write(tmp_path, picture(size=(12, 10, 6), direction=turned(12, -8, 15)), 'nii')
    data = bytearray(path.read_bytes())
    (x,) = struct.unpack_from('<f', data, 292)  # srow_x[3]
    struct.pack_into('<f', data, 292, x + moved)
    path.write_bytes(bytes(data))
    if accepted:
        assert ct_volumes.read_volume(path).image.GetSize() == (12, 10, 6)
    else:
        unreadable(ValueError, path, path, 'sform', 'qform', 'mm apart')


def test_volumes_that_are_not_in_hounsfield_units_are_refused(tmp_path):
    for name, other in (
        ('shifted.nii', picture() + 1024),
        ('unit.nii', sitk.Cast(picture(), sitk.sitkFloat32) / 1000.0),
        ('mask.nii', sitk.Cast(picture() > -600, sitk.sitkUInt8)),
    ):
        sitk.WriteImage(other, str(tmp_path / name))
        unreadable(ValueError, tmp_path / name, tmp_path / name, 'not in HU')


def test_a_nifti_that_does_not_know_left_from_right_is_refused(tmp_path):
    path = tmp_path / 'scan.nii'
    sitk.WriteImage(picture(), str(path))
    data = bytearray(path.read_bytes())
    data[252:256] = b'\0\0\0\0'  # qform_code, sform_code
    path.write_bytes(bytes(data))
    unreadable(ValueError, path, path, 'qform')
