"""Enhanced CT: one file of many frames, written by pydicom, each frame with its own place and rescale."""

import os

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.testing import assert_allclose, assert_array_equal
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset

from dataset_tools import ct_volumes
from scans import FLAT, PAPER_GRAY, POINT, lopsided, picture, pixels, tilted, turned, unreadable

ENHANCED, LEGACY = '1.2.840.10008.5.1.4.1.1.2.1', '1.2.840.10008.5.1.4.1.1.2.2'


def item(**elements):
    made = Dataset()
    for name, value in elements.items():
        setattr(made, name, value)
    return made


def write_enhanced(path, image, rescales, kind=ENHANCED, order=None, shared=True):
    """rescales: (slope, intercept) of each frame, or one pair for all, shared; order: of the slices in the file."""
    hu, direction = sitk.GetArrayFromImage(image), np.reshape(image.GetDirection(), (3, 3))
    order = range(len(hu)) if order is None else order
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = kind, '1.2.3.4'
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made = FileDataset(str(path), {}, file_meta=meta, preamble=b'\0' * 128)
    made.is_little_endian, made.is_implicit_VR = True, False
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = kind, '1.2.3.4', 'CT'
    made.StudyInstanceUID, made.SeriesInstanceUID = '1.2', '1.2.9'
    made.NumberOfFrames, made.Rows, made.Columns = hu.shape
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 1
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, 'MONOCHROME2'
    everywhere = dict(
        PlaneOrientationSequence=[item(ImageOrientationPatient=['%.8f' % n for n in direction[:, :2].T.ravel()])],
        PixelMeasuresSequence=[item(PixelSpacing=list(image.GetSpacing()[1::-1]), SliceThickness=1.0)],
    )
    frames, stored = [], []
    for place in order:
        slope, intercept = rescales if np.ndim(rescales) == 1 else rescales[place]
        rescale = [item(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType='HU')]
        position = ['%.6f' % n for n in image.TransformIndexToPhysicalPoint((0, 0, int(place)))]
        own = dict(PlanePositionSequence=[item(ImagePositionPatient=position)])
        (everywhere if np.ndim(rescales) == 1 else own).update(PixelValueTransformationSequence=rescale)
        frames.append(own if shared else dict(own, **everywhere))
        stored.append(np.rint((hu[place] - intercept) / slope))
    made.SharedFunctionalGroupsSequence = [item(**everywhere) if shared else Dataset()]
    made.PerFrameFunctionalGroupsSequence = [item(**own) for own in frames]
    made.PixelData = np.array(stored).astype('<i2').tobytes()
    made.save_as(
        str(path),
        **{'write_like_original' if pydicom.__version__ < '3' else 'enforce_file_format': pydicom.__version__ >= '3'},
    )
    return path


@pytest.mark.parametrize('kind', [ENHANCED, LEGACY])
@pytest.mark.parametrize('direction', [FLAT, turned(12, -8, 15)], ids=['straight', 'oblique'])
@pytest.mark.parametrize('shared', [True, False])
def test_the_frames_of_a_file_are_the_slices_of_a_volume(tmp_path, direction, shared, kind):
    image = picture(lopsided, direction)
    write_enhanced(tmp_path / 'all.dcm', image, (1, -1024), kind, np.random.RandomState(1).permutation(28), shared)
    volume = ct_volumes.read_volume(tmp_path)
    assert_array_equal(sitk.GetArrayFromImage(volume.image), sitk.GetArrayFromImage(image))
    assert_allclose(
        volume.image.TransformIndexToPhysicalPoint((7, 5, 9)), image.TransformIndexToPhysicalPoint((7, 5, 9)), atol=1e-4
    )
    (patch,) = ct_volumes.patches(volume, POINT, 24, 0.5)
    assert_allclose(patch, lopsided(pixels(24, 0.5, ct_volumes.slice_offset(volume, POINT))), atol=PAPER_GRAY)


@pytest.mark.parametrize('order', [[0, 1, 2, 3], [3, 1, 0, 2]])
def test_each_frame_has_its_own_rescale(tmp_path, order):
    image = picture(lambda world: 4 * np.rint(lopsided(world) / 4), size=(8, 7, 4))
    rescales = [(1, -1000), (0.5, -1024), (2, -900), (0.25, -700)]
    write_enhanced(tmp_path / 'all.dcm', image, rescales, order=order)
    assert_array_equal(sitk.GetArrayFromImage(ct_volumes.read_volume(tmp_path).image), sitk.GetArrayFromImage(image))


def test_a_tilted_gantry_in_one_file_is_a_sheared_volume(tmp_path):
    image, steps, places = tilted()
    for k, place in enumerate(places):
        one = image[:, :, k : k + 1]
        one.SetOrigin(place.tolist())
        path = write_enhanced(tmp_path / ('%d.dcm' % k), one, (1, -1024))
        header = pydicom.dcmread(str(path))
        header.SOPInstanceUID = '1.2.3.4.%d' % k
        header.save_as(str(path))
    volume = ct_volumes.read_volume(tmp_path)  # one frame a file: enhanced CT may come so, too
    assert_allclose(volume.image.TransformIndexToPhysicalPoint((3, 4, 20)), places[0] + steps @ [3, 4, 20], atol=1e-4)
    (patch,) = ct_volumes.patches(volume, POINT, 24, 0.5)
    assert_allclose(patch, lopsided(pixels(24, 0.5)), atol=PAPER_GRAY)


def test_a_frame_at_the_place_of_another_or_without_a_place_is_named(tmp_path):
    path = write_enhanced(tmp_path / 'all.dcm', picture(size=(8, 7, 5)), (1, -1024), order=[0, 1, 2, 2, 4])
    unreadable(ValueError, tmp_path, 'all.dcm frame 3', 'doubled')
    header = pydicom.dcmread(str(path))
    del header.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence
    header.save_as(str(path))
    unreadable(ValueError, tmp_path, path, 'ImagePositionPatient', 'export')
    del header.PerFrameFunctionalGroupsSequence
    header.save_as(str(path))
    unreadable(ValueError, tmp_path, path, '5 frames', 'enhanced CT')


def test_a_truncated_file_of_frames_is_refused(tmp_path):
    path = str(write_enhanced(tmp_path / 'all.dcm', picture(size=(40, 40, 30)), (1, -1024)))
    for kept in (0.99, 0.5, 0.05):
        with open(path, 'r+b') as file:
            file.truncate(int(os.path.getsize(path) * kept))
        unreadable(OSError, tmp_path, path, 'truncated', 'again')


def test_one_of_several_acquisitions_in_a_file_is_chosen_by_its_number(tmp_path):
    image = picture(lambda world: 4 * np.rint(lopsided(world) / 4), size=(8, 7, 4))
    path = write_enhanced(tmp_path / 'all.dcm', image, (1, -1000), order=[0, 1, 2, 3, 3, 2, 1, 0])
    data = pydicom.dcmread(str(path))
    for index, frame in enumerate(data.PerFrameFunctionalGroupsSequence):
        frame.FrameContentSequence = [item(FrameAcquisitionNumber=1 + index // 4)]
    data.NumberOfFrames = 8
    pixels_ = np.frombuffer(data.PixelData, '<i2').reshape(8, 7, 8).copy()
    pixels_[4:] -= 50
    data.PixelData = pixels_.tobytes()
    data.save_as(str(path))
    unreadable(ValueError, tmp_path, 'acquisitions 1 (4 slices), 2 (4 slices)', '--acquisition')
    for number, more in ((1, 0), (2, -50)):
        ct_volumes.clear_caches()
        read = ct_volumes.read_volume(tmp_path, acquisition=number)
        assert_array_equal(sitk.GetArrayFromImage(read.image), sitk.GetArrayFromImage(image) + more)
