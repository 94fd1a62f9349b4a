import re

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.testing import assert_allclose, assert_array_equal

from dataset_tools import ct_volumes
from scans import (
    FORMATS,
    GEOMETRIES,
    PAPER_GRAY,
    POINT,
    SIZE,
    SPACING,
    STORED,
    blob,
    centroid,
    complaint,
    lopsided,
    picture,
    pixels,
    to_slice,
    turned,
    write,
)

BAD_MM = [0, -0.5, float('nan'), float('inf')]


@pytest.mark.parametrize('geometry', sorted(GEOMETRIES))
@pytest.mark.parametrize('form', FORMATS)
def test_a_nodule_lands_at_the_centre_with_its_hounsfield_units(tmp_path, form, geometry):
    volume = ct_volumes.read_volume(write(tmp_path, picture(direction=GEOMETRIES[geometry]), form))
    (patch,) = ct_volumes.patches(volume, POINT, 32, 0.5)
    off = np.abs(centroid(patch) - 15.5).max()
    z = ct_volumes.slice_offset(volume, POINT)
    wrong = np.abs(patch - blob(pixels(32, 0.5, z))).max() / PAPER_GRAY
    assert patch.dtype == np.float32 and off < 0.5 and wrong < 0.5, (off, wrong)


def test_every_format_gives_the_same_patches(tmp_path):
    image = picture(lopsided, turned(12, -8, 15))
    first, *others = [
        ct_volumes.patches(ct_volumes.read_volume(write(tmp_path, image, form)), POINT, 24, 0.6, slices=3)
        for form in FORMATS
    ]
    for other in others:
        assert_allclose(other, first, atol=0.05)  # NIfTI keeps its geometry in single precision


def test_columns_run_to_the_patients_left_and_rows_to_the_back(scan):
    below, patch, above = ct_volumes.patches(scan, POINT, 32, 0.5, slices=3)
    rows, columns = np.nonzero(patch - blob(pixels(32, 0.5)) > 150)  # the companion: left, in front, towards the head
    assert columns.min() > 16 and rows.max() < 15
    assert above.max() > below.max()


@pytest.mark.parametrize('form', ['nii', 'nrrd', 'mha', 'dicom'])
@pytest.mark.parametrize('stored', sorted(STORED))
def test_the_patch_looks_the_same_however_the_volume_is_stored(tmp_path, stored, form):
    image = picture(lopsided, STORED[stored], spacing=(0.7, 1.0, 0.8), size=(36, 36, 36))
    between = 1.0 if stored in ('sagittal', 'coronal') else 0.8  # their second axis runs from head to feet
    patch = ct_volumes.patches(ct_volumes.read_volume(write(tmp_path, image, form)), POINT, 24, 0.6, slices=3)
    for k in range(3):
        z = to_slice(image) + (k - 1) * between
        assert_allclose(patch[k], lopsided(pixels(24, 0.6, z)), atol=PAPER_GRAY)


def test_neighbouring_slices_are_as_far_apart_as_in_the_volume(scan):
    stack = ct_volumes.patches(scan, POINT, 20, 0.6, slices=5)
    assert stack.shape == (5, 20, 20)
    for k in range(5):
        z = to_slice(scan.image) + (k - 2) * SPACING[2]
        assert_allclose(stack[k], lopsided(pixels(20, 0.6, z)), atol=PAPER_GRAY)
    assert_allclose(ct_volumes.patches(scan, POINT, 20, 0.6)[0], stack[2], atol=1e-3)


@pytest.mark.parametrize('size', [17, 18])
def test_the_point_is_the_middle_of_odd_and_even_patches(scan, size):
    (patch,) = ct_volumes.patches(scan, POINT, size, 0.4)
    assert_allclose(patch, lopsided(pixels(size, 0.4, to_slice(scan.image))), atol=PAPER_GRAY)


def test_voxel_coordinates_are_the_index_of_the_file(tmp_path):
    image = picture(lopsided, turned(12, -8, 15))
    volume = ct_volumes.read_volume(write(tmp_path, image, 'nii.gz'))
    index = (20, 22, 13)
    (patch,) = ct_volumes.patches(volume, index, 9, 0.5, coordinates='voxel')
    assert abs(patch[4, 4] - image[index]) < 0.01
    assert_array_equal(patch, ct_volumes.patches(volume, volume.image.TransformIndexToPhysicalPoint(index), 9, 0.5)[0])


def test_outside_the_volume_is_air_and_the_border_voxel_reaches_half_a_step_out(scan):
    x, y, z = scan.image.TransformIndexToPhysicalPoint((0, 20, 14))
    (patch,) = ct_volumes.patches(scan, (x, y, z), 9, 0.7)
    assert (patch[:, :4] == -1024).all() and (patch[:, 4:] > -900).all()
    assert ct_volumes.patches(scan, (x - 0.34, y, z), 1, 0.1)[0, 0, 0] > -900


def test_a_patch_larger_than_the_volume_is_filled_up_with_air(scan):
    (patch,) = ct_volumes.patches(scan, POINT, 100, 0.7)
    assert (patch[0] == -1024).all() and (patch[:, 0] == -1024).all() and patch[50, 50] > -600


def test_neighbours_beyond_the_last_slice_are_air(scan):
    last = scan.image.TransformIndexToPhysicalPoint((22, 20, SIZE[2] - 1))
    stack = ct_volumes.patches(scan, last, 5, 0.7, slices=3)
    assert (stack[2] == -1024).all() and (stack[1] > -900).all()


@pytest.mark.parametrize('form', ['dicom', 'mha', 'nii'])
def test_padding_values_become_air_before_they_are_interpolated(tmp_path, form):
    image = picture()
    for x in range(10):
        for y in range(SIZE[1]):
            for z in range(SIZE[2]):
                image[x, y, z] = -2000
    volume = ct_volumes.read_volume(write(tmp_path, image, form))
    assert sitk.GetArrayViewFromImage(volume.image).min() == -1024
    edge = volume.image.TransformContinuousIndexToPhysicalPoint((9.5, 20.0, 14.0))
    linear = ct_volumes.patches(volume, edge, 1, 0.1, interpolation='linear')[0, 0, 0]
    assert abs(linear - (-1024 + image[10, 20, 14]) / 2) < 1


def test_coarse_pixels_are_means_and_not_samples(tmp_path):
    image = picture(lambda world: np.where(np.indices(world.shape[:-1])[2] % 2 == 0, -1000.0, -600.0))
    volume = ct_volumes.read_volume(write(tmp_path, image, 'mha'))
    assert_allclose(ct_volumes.patches(volume, POINT, 6, 2.8), -800, atol=1)  # 4 x 4 voxels: as much of either stripe
    assert np.ptp(ct_volumes.patches(volume, POINT, 6, 0.7)) > 100  # the stripes are there


@pytest.mark.parametrize('spacing', [0.75, 2.0])  # 0.75: coarser than the columns, finer than the rows
def test_coarse_patches_keep_their_centre(scan, spacing):
    (patch,) = ct_volumes.patches(scan, POINT, 9, spacing)
    fine = lopsided(pixels(9 * 8, spacing / 8, to_slice(scan.image))).reshape(9, 8, 9, 8).mean(axis=(1, 3))
    assert_allclose(patch, fine, atol=PAPER_GRAY)


@pytest.mark.parametrize('name, value', [('size', 0), ('size', -3), ('slices', 0)] + [('spacing', x) for x in BAD_MM])
def test_sizes_and_spacings_must_be_positive(scan, name, value):
    numbers = dict(dict(size=8, spacing=0.5), **{name: value})
    complaint(ValueError, lambda: ct_volumes.patches(scan, POINT, **numbers), name, 'above 0')


def test_a_point_outside_is_refused_with_the_extent_of_the_volume(scan):
    message = complaint(
        ValueError, lambda: ct_volumes.patches(scan, (500.0, -17.6, 103.2), 8, 0.5), '500.0', scan.path, 'world'
    )
    ends = [float(end) for end in re.search(r'x (\S+?)\.\.(\S+?), y', message).groups()]
    assert_allclose(ends, scan.image.GetOrigin()[0] + np.array([-0.35, 43.5 * 0.7]), atol=0.06)
    complaint(
        ValueError, lambda: ct_volumes.patches(scan, (3, 3, 28), 8, 0.5, coordinates='voxel'), 'voxel', 'z -0.5..27.5'
    )
    complaint(ValueError, lambda: ct_volumes.patches(scan, (3, 3, float('nan')), 8, 0.5), 'nan')
