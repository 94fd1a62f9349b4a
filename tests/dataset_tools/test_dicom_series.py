import os
import shutil
import struct

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.testing import assert_allclose, assert_array_equal

from dataset_tools import ct_volumes, scan_crops, source_digests
from scans import PAPER_GRAY, POINT, STORED, blob, lopsided, picture, pixels, tilted, turned, unreadable, write_dicom


@pytest.mark.parametrize('slope', ['1', '0.5', '2'])
def test_dicom_values_are_rescaled_by_slope_and_intercept(tmp_path, slope):
    image = picture(lambda world: 2 * np.rint(blob(world) / 2))
    path = write_dicom(tmp_path / 'd', image, slope=slope)[5]
    hu = sitk.GetArrayFromImage(image)
    with open(path, 'rb') as file:
        stored = np.frombuffer(file.read()[-hu[5].nbytes :], '<i2').reshape(hu[5].shape)
    assert_array_equal(stored * float(slope) - 1024, hu[5])  # so that the file truly holds other numbers than HU
    assert_array_equal(sitk.GetArrayFromImage(ct_volumes.read_volume(tmp_path / 'd').image), hu)


def test_each_slice_has_its_own_rescale(tmp_path):
    image = picture(size=(8, 8, 4))
    write_dicom(tmp_path / 'd', image[:, :, :2], slope='1')
    write_dicom(tmp_path / 'd', image[:, :, 2:], slope='0.25', names=['x', 'y'])
    assert_array_equal(
        sitk.GetArrayFromImage(ct_volumes.read_volume(tmp_path / 'd').image), sitk.GetArrayFromImage(image)
    )


@pytest.mark.parametrize('shift, kind', [(0, sitk.sitkInt16), (0.5, sitk.sitkFloat32)])
@pytest.mark.parametrize('slope', ['1', '0.5'])
@pytest.mark.parametrize('tags', [{}, dict(t0028_0101='12', t0028_0102='11', t0028_0103='0')])
def test_whole_hounsfield_units_stay_in_two_bytes_a_voxel(tmp_path, slope, tags, shift, kind):
    hu = sitk.Cast(picture(size=(8, 8, 4)), sitk.sitkFloat32) + (shift if slope == '0.5' else 0)
    write_dicom(tmp_path / 'd', hu, slope=slope, **tags)
    image = ct_volumes.read_volume(tmp_path / 'd').image
    assert image.GetPixelID() == (kind if slope == '0.5' else sitk.sitkInt16)
    assert_array_equal(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(hu))


@pytest.mark.parametrize(
    'names', [None, ['%d' % (7 * k % 11) for k in range(10)]], ids=['reversed', 'shuffled, no extension']
)
def test_slices_are_sorted_by_position_and_not_by_name(tmp_path, names):
    image = picture(lopsided, turned(5, 0, 0), size=(20, 16, 10))
    write_dicom(tmp_path / 'd', image, names=names)
    read = ct_volumes.read_volume(tmp_path / 'd').image
    assert_array_equal(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(image))
    assert_allclose(read.GetDirection(), image.GetDirection(), atol=1e-5)
    assert_allclose(read.GetOrigin() + read.GetSpacing(), image.GetOrigin() + image.GetSpacing(), atol=1e-5)


def test_a_tilted_gantry_is_a_sheared_volume_and_is_honoured(tmp_path):
    image, steps, places = tilted()
    write_dicom(tmp_path / 'd', image, positions=places)
    volume = ct_volumes.read_volume(tmp_path / 'd')
    assert_allclose(volume.image.TransformIndexToPhysicalPoint((3, 4, 20)), places[0] + steps @ [3, 4, 20], atol=1e-4)
    (patch,) = ct_volumes.patches(volume, POINT, 24, 0.5)
    assert_allclose(patch, lopsided(pixels(24, 0.5)), atol=PAPER_GRAY)


def test_nothing_is_printed_by_the_c_libraries(tmp_path, series, capfd):
    folder, paths = series
    ct_volumes.read_volume(folder)
    path = tmp_path / 'cut.mha'
    sitk.WriteImage(picture(), str(path))
    path.write_bytes(path.read_bytes()[:-100])
    unreadable(OSError, path)
    os.remove(paths[2])
    unreadable(ValueError, folder)
    assert capfd.readouterr() == ('', '')


def test_a_missing_slice_is_an_error_that_names_the_gap(series):
    folder, paths = series
    os.remove(paths[3])
    message = folder, f'2.50 mm from {paths[2]} to {paths[4]}', '1.25 mm', 'missing'
    unreadable(ValueError, folder, *message)


@pytest.mark.parametrize(
    'places, message',
    [
        ([(0, 0, z) for z in (0, 2, 3)], ['2.00 mm', '1.00 mm']),  # a slice is missing among three
        ([(0, 0, z) for z in (0, 1, 2.3, 3, 4)], ['1.30 mm', '1.00 mm']),
        ([(0, 3 * (z == 2), z) for z in range(5)], ['mm']),  # slices that drift sideways
    ],
)
def test_uneven_slices_are_an_error(tmp_path, places, message):
    write_dicom(tmp_path / 'd', picture(size=(8, 8, len(places))), positions=places)
    unreadable(ValueError, tmp_path / 'd', tmp_path / 'd', *message)


def test_another_slice_at_the_same_place_is_an_error(series):
    folder, paths = series
    again = pydicom.dcmread(paths[2])
    again.SOPInstanceUID += '.1'
    again.save_as(str(folder / 'again.dcm'))
    unreadable(ValueError, folder, '0.00 mm', paths[2], 'again.dcm', 'once')


def test_one_of_several_acquisitions_at_the_same_places_is_chosen_by_its_number(series):
    folder, paths = series
    hu = sitk.GetArrayFromImage(picture(size=(12, 10, 6)))
    later = sitk.GetImageFromArray(hu + 60)
    later.CopyInformation(picture(size=(12, 10, 6)))
    names = [f'later{k}.dcm' for k in range(6)]
    later_paths = write_dicom(folder, later, slope='1', names=names, t0020_0012='7', t0008_0018='1.2.99')
    choice = 'acquisitions None (6 slices), 7 (6 slices)', '--acquisition'
    unreadable(ValueError, folder, '0.00 mm', *choice)
    unreadable(ValueError, [folder, None, 3], 'no acquisition 3', *choice)
    ct_volumes.clear_caches()
    volume = ct_volumes.read_volume(folder, acquisition=7)
    assert_array_equal(sitk.GetArrayFromImage(volume.image), hu + 60)
    assert volume.left_out == dict.fromkeys(paths, 'acquisition None')
    facts = scan_crops._scan_facts(volume, str(folder), None)
    assert facts['scan_sha256'] == source_digests.sha256(sorted(later_paths))


def test_mixed_series_are_listed_and_one_can_be_chosen(series):
    folder, _ = series
    write_dicom(folder, picture(size=(6, 6, 3)), uid='1.2.9', names=['a', 'b', 'c'])
    unreadable(ValueError, folder, folder, '1.2.3 (6 slices)', '1.2.9 (3 slices)', 'seriesuid')
    assert ct_volumes.read_volume(folder, '1.2.9').image.GetSize() == (6, 6, 3)
    unreadable(ValueError, [folder, '1.7'], '1.7', '1.2.9')


def test_a_scout_with_the_same_series_uid_is_named(series):
    folder, _ = series
    write_dicom(folder, picture(direction=STORED['coronal'], size=(12, 10, 1)), names=['0scout.dcm'])
    unreadable(ValueError, folder, '0scout.dcm', 'differs')


def test_a_single_slice_is_not_a_volume(tmp_path):
    (path,) = write_dicom(tmp_path / 'd', picture(size=(8, 8, 1)))
    unreadable(ValueError, tmp_path / 'd', path, 'only slice')
    unreadable(ValueError, path, path, 'folder of a DICOM series')


@pytest.mark.parametrize('kept', [0.1, 0.6, 0.999])
def test_a_truncated_dicom_file_is_named(series, kept):
    folder, paths = series
    with open(paths[4], 'r+b') as file:
        file.truncate(int(os.path.getsize(paths[4]) * kept))
    unreadable(OSError, folder, paths[4], 'again')


def compressed(folder, paths, way):
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.UseCompressionOn()
    writer.SetCompressor(way)
    for path in paths:
        image = sitk.ReadImage(path)
        writer.SetFileName(os.path.join(str(folder), os.path.basename(path)))
        writer.Execute(image)
    return [os.path.join(str(folder), os.path.basename(path)) for path in paths]


@pytest.mark.parametrize('way', ['JPEG', 'JPEG2000'])
def test_losslessly_compressed_dicom_is_read_and_a_bad_slice_of_it_is_named(tmp_path, way):
    twelve = dict(t0028_0101='12', t0028_0102='11', t0028_0103='0')
    paths = compressed(tmp_path, write_dicom(tmp_path / 'raw', picture(size=(48, 48, 4)), slope='1', **twelve), way)
    shutil.rmtree(str(tmp_path / 'raw'))
    assert_array_equal(
        sitk.GetArrayFromImage(ct_volumes.read_volume(tmp_path).image),
        sitk.GetArrayFromImage(picture(size=(48, 48, 4))),
    )
    with open(paths[1], 'rb') as file:
        data = file.read()
    start = data.rfind(b'\xe0\x7f\x10\0')
    for bad in (data[: (start + len(data)) // 2], data[:-8], data[: start + 40] + b'\0' * 200 + data[start + 240 :]):
        with open(paths[1], 'wb') as file:
            file.write(bad)
        unreadable(OSError, tmp_path, paths[1], 'again')


@pytest.mark.parametrize('content', [b'<html>404</html>', b'\0' * 128 + b'DICM' + b'junk' * 50])
def test_an_unreadable_dicom_file_is_named(series, content):
    folder, paths = series
    with open(paths[1], 'wb') as file:
        file.write(content)
    unreadable(OSError, folder, paths[1], 'damaged', 'again')


@pytest.mark.parametrize(
    'tag, name',
    [
        (b'\x28\x00\x52\x10', 'RescaleIntercept'),
        (b'\x28\x00\x30\x00', 'PixelSpacing'),
        (b'\x20\x00\x32\x00', 'ImagePositionPatient'),
    ],
)
def test_a_slice_without_an_essential_element_is_named(series, tag, name):
    folder, paths = series
    with open(paths[0], 'rb') as file:
        data = file.read()
    assert data.count(tag) == 1
    with open(paths[0], 'wb') as file:
        file.write(
            data.replace(tag, tag[:2] + bytes([tag[2] - 1]) + tag[3:])
        )  # becomes an element that says something else
    unreadable(ValueError, folder, paths[0], name)


def test_a_folder_without_a_ct_says_so(tmp_path):
    (tmp_path / 'notes.txt').write_text('hello')
    write_dicom(tmp_path / 'mr', picture(size=(8, 8, 3)), modality='MR', t0008_0016='1.2.840.10008.5.1.4.1.1.4')
    unreadable(ValueError, tmp_path, tmp_path, 'no CT slices', 'one series')


@pytest.mark.parametrize('position', ['', 'here', '1\\2', 'nan\\1\\2', '1\\2\\3\\4'])
def test_a_slice_without_a_usable_position_is_named(series, tmp_path, position):
    folder, paths = series
    with open(paths[4], 'rb') as file:
        data = file.read()
    start = data.index(b'\x20\0\x32\0')
    head = 6 if data[start + 4 : start + 6] == b'DS' else 4  # with the type of the value, or without
    kind = '<H' if head == 6 else '<I'
    length, begin = struct.unpack_from(kind, data, start + head)[0], start + head + struct.calcsize(kind)
    text = (position + ' ' * (len(position) % 2)).encode()
    for tag in (data[start : start + head] + struct.pack(kind, len(text)) + text, b''):
        with open(paths[4], 'wb') as file:
            file.write(data[:start] + tag + data[begin + length :])
        unreadable((OSError, ValueError), folder, paths[4], 'ImagePosition', 'again')


def test_a_slice_whose_name_is_not_utf8_is_refused(series):
    folder, paths = series
    os.rename(paths[4], os.fsencode(paths[4][:-8]) + b'caf\xe9.dcm')
    unreadable(ValueError, folder, 'not UTF-8')
