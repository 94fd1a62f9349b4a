"""Where patches are cut between slices, and how their pixels come about between voxels."""

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.testing import assert_allclose
from scipy import ndimage

from created import facts
from dataset_tools import ct_volumes
from scans import FLAT, POINT, STORED, lopsided, picture, pixels, to_slice, turned, write

METHODS = sorted(ct_volumes.INTERPOLATIONS)


def volume_of(image):
    return ct_volumes.Volume('scan', image, [], {})


def noise(spacing=(0.7, 0.7, 1.25)):
    hu = np.rint(np.random.RandomState(1).normal(-700, 50, (40, 120, 120))).astype('int16')
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing(spacing)
    return volume_of(image), hu


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('slices', [1, 2, 3])
def test_noise_does_not_depend_on_where_between_two_slices_a_nodule_lies(method, slices):
    volume, _ = noise()
    levels = [
        ct_volumes.patches(volume, (40, 41, (20 + depth) * 1.25), 48, 0.6, slices, interpolation=method).std()
        for depth in (0.0, 0.2, 0.4, 0.6, 0.9)
    ]
    assert_allclose(levels, levels[0], rtol=0.04)


def test_sharper_interpolation_keeps_more_of_the_noise():
    volume, hu = noise()
    kept = {
        method: ct_volumes.patches(volume, (40.3, 41.2, 25.5), 64, 0.6, interpolation=method).std() / hu.std()
        for method in METHODS
    }
    assert 0.6 < kept['linear'] < 0.75 < kept['bspline'] < kept['lanczos'] < 1


@pytest.mark.parametrize('method, order', [('linear', 1), ('bspline', 3)])
@pytest.mark.parametrize('slices', [1, 2, 3])
def test_pixels_are_those_of_scipy_on_the_nearest_slices_of_the_whole_volume(method, order, slices):
    volume, hu = noise()
    x, y, k = 41.3, 44.9, 20.3
    stack = ct_volumes.patches(volume, (x, y, k * 1.25), 21, 0.6, slices, interpolation=method)
    along = (np.arange(21) - 10) * 0.6
    for index, place in enumerate({1: [20], 2: [20, 21], 3: [19, 20, 21]}[slices]):
        rows, columns = np.meshgrid((y + along) / 0.7, (x + along) / 0.7, indexing='ij')
        wanted = ndimage.map_coordinates(
            hu.astype(float), [np.full(rows.shape, float(place)), rows, columns], order=order, mode='mirror'
        )
        assert_allclose(stack[index], wanted, atol=0.05)


@pytest.mark.parametrize('stored', sorted(STORED) + ['straight'])
@pytest.mark.parametrize('slices', [1, 2, 5])
def test_the_offset_of_a_cut_is_the_way_from_the_point_to_the_slice(stored, slices):
    image = picture(lopsided, STORED.get(stored, FLAT), spacing=(0.7, 1.0, 0.8), size=(36, 36, 36))
    volume, between = volume_of(image), 1.0 if stored in ('sagittal', 'coronal') else 0.8
    offset = ct_volumes.slice_offset(volume, POINT, slices)
    if slices % 2:
        assert abs(offset - to_slice(image)) < 1e-6 and abs(offset) <= between / 2 + 1e-6
    else:  # the point lies between the two in the middle
        assert abs(to_slice(image, POINT + [0, 0, offset + between / 2])) < 1e-6 and abs(offset) <= between / 2 + 1e-6
    for k, patch in enumerate(ct_volumes.patches(volume, POINT, 16, 0.5, slices)):
        z = offset + (k - (slices - 1) / 2) * between
        assert_allclose(patch, lopsided(pixels(16, 0.5, z)), atol=3)


@pytest.mark.parametrize('angle, offset', [(0.3, True), (1.0, False)])
def test_a_volume_that_leans_is_resampled_where_the_point_is(angle, offset):
    volume = volume_of(picture(lopsided, turned(x=angle)))
    assert (ct_volumes.slice_offset(volume, POINT) != 0) == offset


@pytest.mark.parametrize('method', METHODS)
def test_beyond_the_volume_is_air_and_nothing_is_darker(method):
    image = picture(lambda world: np.where(world[..., 0] > POINT[0], 200.0, -1024.0))
    volume = volume_of(image)
    x, y, z = image.TransformIndexToPhysicalPoint((0, 20, 14))
    (patch,) = ct_volumes.patches(volume, (x, y, z), 9, 0.7, interpolation=method)
    assert (patch[:, :4] == -1024).all()
    (patch,) = ct_volumes.patches(volume, POINT, 33, 0.3, interpolation=method)
    assert patch.min() == -1024 and patch.max() > 150


@pytest.mark.parametrize('method', METHODS)
def test_the_table_of_a_dataset_holds_interpolation_and_offset(volumes, tmp_path, method):
    image = picture(lopsided)
    write(tmp_path, image, 'nii')
    text = 'path,x,y,z\nscan.nii,%.3f,%.3f,%.3f\n' % tuple(POINT)
    code, _, err = volumes(text, '--spacing', 0.5, '--interpolation', method)
    assert code == 0, err
    about = facts(tmp_path / 'out' / 'nodules')
    assert about['interpolation'] == method
    assert abs(about['entries'][0]['slice_offset_mm'] - to_slice(image)) < 0.001
