"""Every volume here is synthesised: HU as a formula in world coordinates, sampled on some grid and written with SimpleITK."""
import gzip
import os
import re
import shutil
import struct
import sys

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.testing import assert_allclose, assert_array_equal

import volumes

POINT = np.array([21.3, -17.6, 103.2])          # the nodule, world mm
SPACING, SIZE = (0.7, 0.8, 1.25), (44, 40, 28)
PAPER_GRAY = 3000 / 255.                        # HU in one gray level
FLAT = np.eye(3)
FORMATS = ['dicom', 'nii', 'nii.gz', 'mhd', 'mha', 'nrrd']


def turned(x=0., y=0., z=0.):
    """Direction cosines turned about the axes, in degrees."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.radians([x, y, z])), np.sin(np.radians([x, y, z]))
    about_y, about_x = [[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]], [[1, 0, 0], [0, cx, -sx], [0, sx, cx]]
    return np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]]) @ about_y @ about_x


def blob(world, centre=POINT, height=400., sigma=6.):
    """A Gaussian nodule in lung: world [...,3] mm -> HU."""
    return -850. + height * np.exp(-((world - centre) ** 2).sum(-1) / (2 * sigma ** 2))


def lopsided(world):
    """A nodule with a small bright companion to the patient's left, in front, and towards the head."""
    return blob(world) + blob(world, POINT + [6., -4., 2.], 300., 3.) + 850.


def grid(steps, origin, size=SIZE):
    index = np.stack(np.meshgrid(*(np.arange(n) for n in size), indexing='ij'), axis=-1)[..., None]      # [x,y,z,3,1]
    return (origin + (steps @ index)[..., 0]).transpose(2, 1, 0, 3)                                      # [z,y,x,3]


def centred_origin(steps, size=SIZE, offset=(0.3, -0.4, 0.2)):
    """The origin that puts POINT near the middle of the volume, and on no voxel."""
    return POINT - steps @ ((np.array(size) - 1) / 2. + offset)


def picture(hu=blob, direction=FLAT, spacing=SPACING, size=SIZE):
    steps = direction * spacing
    origin = centred_origin(steps, size)
    image = sitk.GetImageFromArray(np.rint(hu(grid(steps, origin, size))).astype('int16'))
    image.SetOrigin(origin.tolist())
    image.SetSpacing(spacing)
    image.SetDirection(direction.ravel().tolist())
    return image


def write_dicom(folder, image, uid='1.2.3', slope='0.5', modality='CT', positions=None, names=None, **tags):
    """One file per slice, stored as (HU + 1024) / slope, with names that run against the positions unless told otherwise."""
    os.makedirs(str(folder), exist_ok=True)
    hu, direction = sitk.GetArrayFromImage(image), np.reshape(image.GetDirection(), (3, 3))
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.SetImageIO('GDCMImageIO')
    paths = []
    for k in range(len(hu)):
        position = image.TransformIndexToPhysicalPoint((0, 0, k)) if positions is None else positions[k]
        piece = sitk.GetImageFromArray(hu[k:k + 1].astype('float32'))
        piece.SetSpacing(image.GetSpacing())
        piece.SetOrigin([float(value) for value in position])
        piece.SetDirection(direction.ravel().tolist())
        values = {'0008|0016': '1.2.840.10008.5.1.4.1.1.2', '0008|0018': f'{uid}.{k + 1}', '0008|0060': modality, '0020|000d': '1.2',
                  '0020|000e': uid, '0020|0013': str(k), '0020|0032': '\\'.join('%.6f' % value for value in position),
                  '0020|0037': '\\'.join('%.10f' % value for value in direction[:, :2].T.ravel()),
                  '0028|0100': '16', '0028|0101': '16', '0028|0102': '15', '0028|0103': '1', '0028|1052': '-1024', '0028|1053': slope}
        values.update({tag.replace('_', '|').lstrip('t'): value for tag, value in tags.items()})
        for tag, value in values.items():
            piece.SetMetaData(tag, value)
        paths.append(os.path.join(str(folder), names[k] if names else 'IM%03d.dcm' % (len(hu) - k)))
        writer.SetFileName(paths[-1])
        writer.Execute(piece)
    return paths


def write(folder, image, form):
    """-> the path of the volume."""
    if form == 'dicom':
        write_dicom(folder / 'series', image)
        return folder / 'series'
    sitk.WriteImage(image, str(folder / f'scan.{form}'))
    return folder / f'scan.{form}'


def pixels(size, spacing, z=0., centre=POINT):
    """World points [size,size,3] of the pixels of the axial patch that is wanted."""
    along = (np.arange(size) - (size - 1) / 2.) * spacing
    x, y = np.meshgrid(along, along)
    return centre + np.stack([x, y, np.full_like(x, z)], axis=-1)


def centroid(patch, base=-850.):
    weight = np.clip(patch - base, 0, None)
    weight = np.where(weight > 0.5 * weight.max(), weight, 0)
    rows, columns = np.indices(patch.shape)
    return np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()


@pytest.fixture(scope='module')
def scan(tmp_path_factory):
    path = tmp_path_factory.mktemp('scan') / 'scan.mha'
    sitk.WriteImage(picture(lopsided), str(path))
    return volumes.read_volume(path)


@pytest.fixture
def series(tmp_path):
    """A small DICOM series: (folder, paths in the order of the positions)."""
    paths = write_dicom(tmp_path / 'series', picture(size=(12, 10, 6)), slope='1')
    return tmp_path / 'series', paths


def table(folder, text, name='nodules.csv', **keywords):
    with open(str(folder / name), 'wb') as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return volumes.read_annotations(str(folder / name), **keywords)


def complaint(kind, action, *words):
    """The error of an action, which is of the kind, in one line, and holds the words."""
    with pytest.raises(kind) as caught:
        action()
    text = str(caught.value)
    assert '\n' not in text and all(str(word) in text for word in words), text
    return text


# ---- gray levels ----

def test_the_paper_window_gives_the_gray_levels_of_the_published_patches():
    assert_array_equal(volumes.to_gray([-1024, -900, -100, 45, 160], volumes.window('paper')), [74, 85, 153, 165, 175])


def test_gray_is_rounded_and_clipped_and_is_eight_bit():
    gray = volumes.to_gray([-2000, -1000, -999, -997.1, 400, 9999], (-1000., 400.))
    assert gray.dtype == np.uint8
    assert_array_equal(gray, [0, 0, 0, 1, 255, 255])


def test_gray_to_hu_and_back_changes_nothing():
    gray = np.arange(256, dtype='uint8')
    for name in volumes.WINDOWS:
        hu = volumes.to_hu(gray, volumes.window(name))
        assert hu.dtype == np.float32
        assert_allclose(hu[[0, 255]], volumes.WINDOWS[name], atol=1e-3)
        assert_array_equal(volumes.to_gray(hu, volumes.window(name)), gray)


def test_a_window_is_a_name_or_two_numbers():
    assert volumes.window('lung') == (-1350., 150.)
    assert volumes.window('-1000, 400') == (-1000., 400.)


@pytest.mark.parametrize('text', ['', 'bone', '1', '1,2,3', '400,-1000', '5,5', 'nan,3', '-inf,inf', 'a,b'])
def test_other_windows_are_refused_with_an_example(text):
    complaint(ValueError, lambda: volumes.window(text), repr(text), 'paper', '-1000,400')


# ---- tables ----

def test_a_luna16_table_is_read_in_world_millimetres(tmp_path):
    rows = table(tmp_path, 'seriesuid,coordX,coordY,coordZ,diameter_mm\n1.3.6,-128.7,-175.3,-298.4,5.65\n1.3.6,103.8,-211.9,-227.1,4.2\n')
    where = f'{tmp_path}/nodules.csv line 2'
    assert rows[0] == (where, None, '1.3.6', (-128.7, -175.3, -298.4), 'world', 5.65, None, '1.3.6#1')
    assert rows[1].nodule == '1.3.6#2' and rows[1].where.endswith('line 3')


def test_a_path_table_is_read_with_class_and_nodule_and_its_paths_start_at_its_folder(tmp_path):
    rows = table(tmp_path, 'nodule,class,path,x,y,z\nn7,AIS,scans/a.nii.gz,10,20,30.5\nn7,AIS,/data/b.mhd,1,2,3\n', coordinates='voxel')
    assert rows[0][1:] == (f'{tmp_path}/scans/a.nii.gz', None, (10., 20., 30.5), 'voxel', None, 'AIS', 'n7')
    assert rows[1].path == '/data/b.mhd' and rows[1].nodule == 'n7'


def test_a_path_and_a_seriesuid_together_choose_one_series_of_a_folder(tmp_path):
    (tmp_path / 'study').mkdir()
    row, = table(tmp_path, 'path,seriesuid,x,y,z\nstudy,1.2.3,1,2,3\n')
    assert volumes.find_volume(row, 'anywhere') == (str(tmp_path / 'study'), '1.2.3')


@pytest.mark.parametrize('text', ['path;x;y;z;diameter_mm\na.nii;1;2;3;\n', 'PATH\tX\tY\tZ\r\na.nii\t1\t2\t3\r\n\r\n',
                                  b'\xef\xbb\xbfpath,x,y,z\n"a.nii", 1 ,2,3\n,,,\n'], ids=['semicolons', 'tabs', 'byte order mark'])
def test_what_spreadsheets_write_is_understood(tmp_path, text):
    row, = table(tmp_path, text)
    assert row.path == str(tmp_path / 'a.nii') and row.point == (1., 2., 3.) and row.diameter_mm is None


@pytest.mark.parametrize('text, words', [
    ('', ['no annotations', 'header']),
    ('path,x,y,z\n\n', ['no annotations']),
    ('path,x,y\na.nii,1,2\n', ['line 1', 'path,x,y', 'coordX,coordY,coordZ']),
    ('file,x,y,z\na.nii,1,2,3\n', ['line 1', 'seriesuid or path']),
    ('path,x,y,z\na.nii,1,2,3\nb.nii,1,2\n', ['line 3', '3 cells', 'header of 4']),
    ('path,x,y,z\na.nii,1,two,3\n', ['line 2', "y is 'two'"]),
    ('path,x,y,z\na.nii,1,2,nan\n', ['line 2', "z is 'nan'"]),
    ('path,x,y,z\na.nii,inf,2,3\n', ['line 2', "x is 'inf'"]),
    ('path;x;y;z\na.nii;1,5;2;3\n', ['line 2', "x is '1,5'", '12.5']),
    ('path,x,y,z\na.nii,1,,3\n', ['line 2', "y is ''"]),
    ('path,x,y,z\n,1,2,3\n', ['line 2', 'path is empty']),
    ('path,x,y,z,class\na.nii,1,2,3,\n', ['line 2', 'class is empty']),
    ('path,x,y,z,diameter_mm\na.nii,1,2,3,big\n', ['line 2', "diameter_mm is 'big'"]),
    ('path,x,y,z\na.nii,1,2,3\nb.nii,1,2,3\na.nii,1.0,2,3\n', ['line 4', 'repeats', 'line 2']),
    (b'path,x,y,z\n\xff\xfe,1,2,3\n', ['UTF-8']),
    (b'PK\x03\x04\0\0\x9c', ['UTF-8']),
])
def test_a_bad_table_is_refused_with_its_line_and_the_remedy(tmp_path, text, words):
    complaint(ValueError, lambda: table(tmp_path, text), tmp_path / 'nodules.csv', *words)


def test_world_columns_are_not_read_as_voxels_and_other_coordinates_are_refused(tmp_path):
    text = 'seriesuid,coordX,coordY,coordZ\n1,2,3,4\n'
    complaint(ValueError, lambda: table(tmp_path, text, coordinates='voxel'), 'line 1', 'world millimetres', 'x,y,z')
    complaint(ValueError, lambda: table(tmp_path, text, coordinates='pixel'), 'line 1', 'pixel', 'world or voxel')


def test_a_missing_table_is_an_oserror():
    with pytest.raises(FileNotFoundError):
        volumes.read_annotations('nowhere.csv')


# ---- finding ----

def wanted(uid, path=None):
    return volumes.Annotation('nodules.csv line 2', path, uid, (0., 0., 0.), 'world', None, None, 'n')


@pytest.mark.parametrize('form', ['mhd', 'mha', 'nii', 'nii.gz', 'nrrd'])
def test_a_series_is_found_as_a_file_in_a_sub_folder(tmp_path, form):
    (tmp_path / 'subset0').mkdir()
    (tmp_path / 'subset0' / f'1.2.3.{form}').write_text('')
    (tmp_path / 'subset0' / '1.2.3.raw').write_text('')
    assert volumes.find_volume(wanted('1.2.3'), str(tmp_path)) == (str(tmp_path / 'subset0' / f'1.2.3.{form}'), None)


def test_a_series_is_found_as_a_folder(tmp_path):
    (tmp_path / 'patient' / '1.2.3').mkdir(parents=True)
    assert volumes.find_volume(wanted('1.2.3'), str(tmp_path)) == (str(tmp_path / 'patient' / '1.2.3'), None)


def test_a_dicom_series_is_found_by_its_uid_among_others_and_beside_files_without_pixels(tmp_path):
    write_dicom(tmp_path / 'p1' / 'study', picture(size=(6, 6, 3)), uid='1.2.3')
    write_dicom(tmp_path / 'p1' / 'study', picture(lopsided, size=(6, 6, 4)), uid='1.2.4', names=[f'B{k}' for k in range(4)])
    report = b'\0' * 128 + b'DICM' + b'\x08\0\x60\0CS\x02\0SR' + b'text'
    (tmp_path / 'p1' / 'report.dcm').write_bytes(report)
    (tmp_path / 'p1' / 'DICOMDIR').write_bytes(report[:132])
    (tmp_path / 'notes.txt').write_text('hello')
    source = volumes.find_volume(wanted('1.2.4'), str(tmp_path))
    assert source == (str(tmp_path), '1.2.4')
    assert volumes.read_volume(*source).image.GetSize() == (6, 6, 4)


def test_what_cannot_be_found_is_named_with_the_line_of_the_table(tmp_path):
    complaint(FileNotFoundError, lambda: volumes.find_volume(wanted('9.9'), str(tmp_path)), 'nodules.csv line 2', '9.9', tmp_path, 'DICOM')
    complaint(FileNotFoundError, lambda: volumes.find_volume(wanted(None, 'lost.nii'), '.'), 'nodules.csv line 2', 'lost.nii', 'folder')


def test_a_mask_with_the_name_of_the_scan_is_not_taken_for_it(tmp_path):
    for folder in ('seg-lungs', 'subset0'):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / '1.2.3.mhd').write_text('')
    complaint(ValueError, lambda: volumes.find_volume(wanted('1.2.3'), str(tmp_path)), 'line 2', 'seg-lungs', 'subset0', 'same name')


# ---- geometry and values ----

GEOMETRIES = {'straight': FLAT, 'oblique': turned(12, -8, 15), 'head first': np.diag([-1., 1, -1]), 'prone': np.diag([-1., -1, 1])}


@pytest.mark.parametrize('geometry', sorted(GEOMETRIES))
@pytest.mark.parametrize('form', FORMATS)
def test_a_nodule_lands_at_the_centre_with_its_hounsfield_units(tmp_path, form, geometry):
    volume = volumes.read_volume(write(tmp_path, picture(direction=GEOMETRIES[geometry]), form))
    patch, = volumes.patches(volume, POINT, 32, 0.5)
    off = np.abs(centroid(patch) - 15.5).max()
    wrong = np.abs(patch - blob(pixels(32, 0.5))).max() / PAPER_GRAY
    assert patch.dtype == np.float32 and off < 0.5 and wrong < 0.5, (off, wrong)


def test_every_format_gives_the_same_patches(tmp_path):
    image = picture(lopsided, turned(12, -8, 15))
    first, *others = [volumes.patches(volumes.read_volume(write(tmp_path, image, form)), POINT, 24, 0.6, slices=3) for form in FORMATS]
    for other in others:
        assert_allclose(other, first, atol=0.05)                # NIfTI keeps its geometry in single precision


def by_hand(folder, form, hu, steps, origin):
    """A file written without SimpleITK, so that a mistake of its writer does not cancel one of its reader."""
    data = hu.astype('<i2').tobytes()
    if form == 'nii':
        ras = np.diag([-1., -1, 1]) @ np.column_stack([steps, origin])
        header = bytearray(352)
        struct.pack_into('<i', header, 0, 348)
        struct.pack_into('<8h', header, 40, 3, *(hu.shape[::-1] + (1, 1, 1, 1)))     # dim
        struct.pack_into('<hh', header, 70, 4, 16)                                   # datatype int16, bitpix
        struct.pack_into('<4f', header, 76, 1, *np.linalg.norm(steps, axis=0))       # pixdim
        struct.pack_into('<3f', header, 108, 352, 1, 0)                              # vox_offset, scl_slope, scl_inter
        struct.pack_into('<B', header, 123, 2)                                       # mm
        struct.pack_into('<hh', header, 252, 0, 1)                                   # qform_code, sform_code
        struct.pack_into('<12f', header, 280, *ras.ravel())
        header[344:348] = b'n+1\0'
        (folder / 'hand.nii').write_bytes(bytes(header) + data)
    else:
        lengths = np.linalg.norm(steps, axis=0)
        lines = ['ObjectType = Image', 'NDims = 3', 'BinaryData = True', 'BinaryDataByteOrderMSB = False', 'CompressedData = False',
                 'TransformMatrix = ' + ' '.join(map(repr, map(float, (steps / lengths).T.ravel()))),
                 'Offset = ' + ' '.join(map(repr, map(float, origin))), 'ElementSpacing = ' + ' '.join(map(repr, map(float, lengths))),
                 'DimSize = %d %d %d' % hu.shape[::-1], 'ElementType = MET_SHORT', 'ElementDataFile = hand.raw', '']
        (folder / 'hand.mhd').write_text('\n'.join(lines))
        (folder / 'hand.raw').write_bytes(data)
    return folder / f'hand.{form}'


@pytest.mark.parametrize('direction', [FLAT, np.diag([-1., -1, 1]), turned(12, -8, 15)], ids=['straight', 'RAS', 'oblique'])
@pytest.mark.parametrize('form', ['nii', 'mhd'])
def test_the_world_of_a_file_is_what_its_format_says(tmp_path, form, direction):
    steps = direction * SPACING
    origin = centred_origin(steps)
    volume = volumes.read_volume(by_hand(tmp_path, form, np.rint(lopsided(grid(steps, origin))), steps, origin))
    patch, = volumes.patches(volume, POINT, 24, 0.5)
    assert_allclose(patch, lopsided(pixels(24, 0.5)), atol=PAPER_GRAY)


@pytest.mark.parametrize('slope', ['1', '0.5', '2'])
def test_dicom_values_are_rescaled_by_slope_and_intercept(tmp_path, slope):
    image = picture(lambda world: 2 * np.rint(blob(world) / 2))
    path = write_dicom(tmp_path / 'd', image, slope=slope)[5]
    hu = sitk.GetArrayFromImage(image)
    with open(path, 'rb') as file:
        stored = np.frombuffer(file.read()[-hu[5].nbytes:], '<i2').reshape(hu[5].shape)
    assert_array_equal(stored * float(slope) - 1024, hu[5])     # so that the file truly holds other numbers than HU
    assert_array_equal(sitk.GetArrayFromImage(volumes.read_volume(tmp_path / 'd').image), hu)


def test_each_slice_has_its_own_rescale(tmp_path):
    image = picture(size=(8, 8, 4))
    write_dicom(tmp_path / 'd', image[:, :, :2], slope='1')
    write_dicom(tmp_path / 'd', image[:, :, 2:], slope='0.25', names=['x', 'y'])
    assert_array_equal(sitk.GetArrayFromImage(volumes.read_volume(tmp_path / 'd').image), sitk.GetArrayFromImage(image))


@pytest.mark.parametrize('slope, kind', [('1', sitk.sitkInt16), ('0.5', sitk.sitkFloat32)])
def test_whole_hounsfield_units_stay_in_two_bytes_a_voxel(tmp_path, slope, kind):
    unsigned = dict(t0028_0101='12', t0028_0102='11', t0028_0103='0')
    write_dicom(tmp_path / 'd', picture(size=(8, 8, 4)), slope=slope, **unsigned)
    assert volumes.read_volume(tmp_path / 'd').image.GetPixelID() == kind


def test_double_precision_and_wide_integers_become_single_precision(tmp_path):
    for kind in (sitk.sitkFloat64, sitk.sitkInt32):
        sitk.WriteImage(sitk.Cast(picture(), kind), str(tmp_path / 'scan.nii'))
        volume = volumes.read_volume(tmp_path / 'scan.nii')
        assert volume.image.GetPixelID() == sitk.sitkFloat32
        assert_array_equal(sitk.GetArrayFromImage(volume.image), sitk.GetArrayFromImage(picture()))


def test_scaled_nifti_is_read_in_its_real_values(tmp_path):
    path = str(tmp_path / 'scan.nii')
    sitk.WriteImage(picture(), path)
    with open(path, 'r+b') as file:
        file.seek(112)
        file.write(struct.pack('<ff', 0.5, -400.))              # scl_slope, scl_inter
    hu = sitk.GetArrayFromImage(picture()) * 0.5 - 400
    assert_allclose(sitk.GetArrayFromImage(volumes.read_volume(path).image), hu)


@pytest.mark.parametrize('names', [None, ['%d' % (7 * k % 11) for k in range(10)]], ids=['reversed', 'shuffled, no extension'])
def test_slices_are_sorted_by_position_and_not_by_name(tmp_path, names):
    image = picture(lopsided, turned(5, 0, 0), size=(20, 16, 10))
    write_dicom(tmp_path / 'd', image, names=names)
    read = volumes.read_volume(tmp_path / 'd').image
    assert_array_equal(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(image))
    assert_allclose(read.GetDirection(), image.GetDirection(), atol=1e-5)
    assert_allclose(read.GetOrigin() + read.GetSpacing(), image.GetOrigin() + image.GetSpacing(), atol=1e-5)


def test_old_dicom_files_without_a_preamble_are_read(series):
    folder, paths = series
    for path in paths:
        with open(path, 'rb') as file:
            data = file.read()
        with open(path[:-4], 'wb') as file:
            file.write(data[144 + struct.unpack('<I', data[140:144])[0]:])           # from behind the group of meta elements
        os.remove(path)
    assert_array_equal(sitk.GetArrayFromImage(volumes.read_volume(folder).image), sitk.GetArrayFromImage(picture(size=(12, 10, 6))))


def test_a_tilted_gantry_is_a_sheared_volume_and_is_honoured(tmp_path):
    tilt = turned(x=20)
    steps = np.column_stack([tilt[:, 0] * 0.7, tilt[:, 1] * 0.8, [0, 0, 1.25]])      # the table moves along z, the slices lean
    origin = centred_origin(steps)
    image = sitk.GetImageFromArray(np.rint(lopsided(grid(steps, origin))).astype('int16'))
    image.SetSpacing(SPACING)
    image.SetDirection(tilt.ravel().tolist())
    write_dicom(tmp_path / 'd', image, positions=[origin + k * steps[:, 2] for k in range(SIZE[2])])
    volume = volumes.read_volume(tmp_path / 'd')
    assert_allclose(volume.image.TransformIndexToPhysicalPoint((3, 4, 20)), origin + steps @ [3, 4, 20], atol=1e-4)
    patch, = volumes.patches(volume, POINT, 24, 0.5)
    assert_allclose(patch, lopsided(pixels(24, 0.5)), atol=PAPER_GRAY)


def test_columns_run_to_the_patients_left_and_rows_to_the_back(scan):
    below, patch, above = volumes.patches(scan, POINT, 32, 0.5, slices=3)
    rows, columns = np.nonzero(patch - blob(pixels(32, 0.5)) > 150)                  # the companion: left, in front, towards the head
    assert columns.min() > 16 and rows.max() < 15
    assert above.max() > below.max()


STORED = {'RAS': np.diag([-1., -1, 1]), 'feet down': np.diag([1., 1, -1]), 'sagittal': np.array([[0., 0, 1], [1, 0, 0], [0, -1, 0]]),
          'coronal': np.array([[1., 0, 0], [0, 0, 1], [0, -1, 0]])}


@pytest.mark.parametrize('form', ['nii', 'nrrd', 'mha', 'dicom'])
@pytest.mark.parametrize('stored', sorted(STORED))
def test_the_patch_looks_the_same_however_the_volume_is_stored(tmp_path, stored, form):
    image = picture(lopsided, STORED[stored], spacing=(0.7, 1.0, 0.8), size=(36, 36, 36))
    between = 1.0 if stored in ('sagittal', 'coronal') else 0.8                      # their second axis runs from head to feet
    patch = volumes.patches(volumes.read_volume(write(tmp_path, image, form)), POINT, 24, 0.6, slices=3)
    for k in range(3):
        assert_allclose(patch[k], lopsided(pixels(24, 0.6, z=(k - 1) * between)), atol=PAPER_GRAY)


def test_neighbouring_slices_are_as_far_apart_as_in_the_volume(scan):
    stack = volumes.patches(scan, POINT, 20, 0.6, slices=5)
    assert stack.shape == (5, 20, 20)
    for k in range(5):
        assert_allclose(stack[k], lopsided(pixels(20, 0.6, z=(k - 2) * SPACING[2])), atol=PAPER_GRAY)
    assert_allclose(volumes.patches(scan, POINT, 20, 0.6)[0], stack[2], atol=1e-3)


@pytest.mark.parametrize('size', [17, 18])
def test_the_point_is_the_middle_of_odd_and_even_patches(scan, size):
    patch, = volumes.patches(scan, POINT, size, 0.4)
    assert_allclose(patch, lopsided(pixels(size, 0.4)), atol=PAPER_GRAY)


def test_voxel_coordinates_are_the_index_of_the_file(tmp_path):
    image = picture(lopsided, turned(12, -8, 15))
    volume = volumes.read_volume(write(tmp_path, image, 'nii.gz'))
    index = (20, 22, 13)
    patch, = volumes.patches(volume, index, 9, 0.5, coordinates='voxel')
    assert abs(patch[4, 4] - image[index]) < 0.01
    assert_array_equal(patch, volumes.patches(volume, volume.image.TransformIndexToPhysicalPoint(index), 9, 0.5)[0])


# ---- borders and resampling ----

def test_outside_the_volume_is_air_and_the_border_voxel_reaches_half_a_step_out(scan):
    x, y, z = scan.image.TransformIndexToPhysicalPoint((0, 20, 14))
    patch, = volumes.patches(scan, (x, y, z), 9, 0.7)
    assert (patch[:, :4] == -1024).all() and (patch[:, 4:] > -900).all()
    assert volumes.patches(scan, (x - 0.34, y, z), 1, 0.1)[0, 0, 0] > -900


def test_a_patch_larger_than_the_volume_is_filled_up_with_air(scan):
    patch, = volumes.patches(scan, POINT, 100, 0.7)
    assert (patch[0] == -1024).all() and (patch[:, 0] == -1024).all() and patch[50, 50] > -600


def test_neighbours_beyond_the_last_slice_are_air(scan):
    last = scan.image.TransformIndexToPhysicalPoint((22, 20, SIZE[2] - 1))
    stack = volumes.patches(scan, last, 5, 0.7, slices=3)
    assert (stack[2] == -1024).all() and (stack[1] > -900).all()


@pytest.mark.parametrize('form', ['dicom', 'mha', 'nii'])
def test_padding_values_become_air_before_they_are_interpolated(tmp_path, form):
    image = picture()
    for x in range(10):
        for y in range(SIZE[1]):
            for z in range(SIZE[2]):
                image[x, y, z] = -2000
    volume = volumes.read_volume(write(tmp_path, image, form))
    assert sitk.GetArrayViewFromImage(volume.image).min() == -1024
    edge = volume.image.TransformContinuousIndexToPhysicalPoint((9.5, 20., 14.))
    assert abs(volumes.patches(volume, edge, 1, 0.1)[0, 0, 0] - (-1024 + image[10, 20, 14]) / 2) < 1


def test_coarse_pixels_are_means_and_not_samples(tmp_path):
    image = picture(lambda world: np.where(np.indices(world.shape[:-1])[2] % 2 == 0, -1000., -600.))
    volume = volumes.read_volume(write(tmp_path, image, 'mha'))
    assert_allclose(volumes.patches(volume, POINT, 6, 2.8), -800, atol=1)            # 4 x 4 voxels: as much of either stripe
    assert np.ptp(volumes.patches(volume, POINT, 6, 0.7)) > 100                      # the stripes are there


@pytest.mark.parametrize('spacing', [0.75, 2.])                  # 0.75: coarser than the columns, finer than the rows
def test_coarse_patches_keep_their_centre(scan, spacing):
    patch, = volumes.patches(scan, POINT, 9, spacing)
    fine = lopsided(pixels(9 * 8, spacing / 8)).reshape(9, 8, 9, 8).mean(axis=(1, 3))
    assert_allclose(patch, fine, atol=PAPER_GRAY)


@pytest.mark.parametrize('wrong', [dict(size=0), dict(size=-3), dict(spacing=0), dict(spacing=-0.5), dict(spacing=float('nan')),
                                   dict(spacing=float('inf')), dict(slices=0)], ids=str)
def test_sizes_and_spacings_must_be_positive(scan, wrong):
    name, = wrong
    complaint(ValueError, lambda: volumes.patches(scan, POINT, **dict(dict(size=8, spacing=0.5), **wrong)), name, 'above 0')


def test_a_point_outside_is_refused_with_its_line_and_the_extent(scan):
    words = complaint(ValueError, lambda: volumes.patches(scan, (500., -17.6, 103.2), 8, 0.5, where='nodules.csv line 7'),
                      'nodules.csv line 7', '500.0', scan.path, 'world')
    ends = [float(end) for end in re.search(r'x (\S+?)\.\.(\S+?), y', words).groups()]
    assert_allclose(ends, scan.image.GetOrigin()[0] + np.array([-0.35, 43.5 * 0.7]), atol=0.06)
    complaint(ValueError, lambda: volumes.patches(scan, (3, 3, 28), 8, 0.5, coordinates='voxel'), 'voxel', 'z -0.5..27.5')
    complaint(ValueError, lambda: volumes.patches(scan, (3, 3, float('nan')), 8, 0.5), 'nan')


# ---- bad files ----

def test_nothing_is_printed_by_the_c_libraries(tmp_path, series, capfd):
    folder, paths = series
    volumes.read_volume(folder)
    path = tmp_path / 'cut.mha'
    sitk.WriteImage(picture(), str(path))
    path.write_bytes(path.read_bytes()[:-100])
    complaint(OSError, lambda: volumes.read_volume(path))
    os.remove(paths[2])
    volumes._dicom_series.cache_clear()
    complaint(ValueError, lambda: volumes.read_volume(folder))
    assert capfd.readouterr() == ('', '')


def test_a_missing_slice_is_an_error_that_names_the_gap(series):
    folder, paths = series
    os.remove(paths[3])
    complaint(ValueError, lambda: volumes.read_volume(folder), folder, f'2.50 mm from {paths[2]} to {paths[4]}', '1.25 mm', 'missing')


def test_a_missing_slice_is_noticed_among_three(tmp_path):
    paths = write_dicom(tmp_path / 'd', picture(size=(8, 8, 4)))
    os.remove(paths[1])
    complaint(ValueError, lambda: volumes.read_volume(tmp_path / 'd'), '2.50 mm', '1.25 mm', paths[0], paths[2])


def test_uneven_slices_are_an_error(tmp_path):
    write_dicom(tmp_path / 'd', picture(size=(8, 8, 5)), positions=[(0, 0, z) for z in (0, 1, 2.3, 3, 4)])
    complaint(ValueError, lambda: volumes.read_volume(tmp_path / 'd'), '1.30 mm', '1.00 mm')


def test_slices_that_drift_sideways_are_an_error(tmp_path):
    write_dicom(tmp_path / 'd', picture(size=(8, 8, 5)), positions=[(0, 3 * (z == 2), z) for z in range(5)])
    complaint(ValueError, lambda: volumes.read_volume(tmp_path / 'd'), tmp_path, 'mm')


def test_a_slice_that_is_there_twice_is_an_error(series):
    folder, paths = series
    shutil.copy(paths[2], str(folder / 'copy.dcm'))
    complaint(ValueError, lambda: volumes.read_volume(folder), '0.00 mm', paths[2], 'copy.dcm', 'once')


def test_mixed_series_are_listed_and_one_can_be_chosen(series):
    folder, _ = series
    write_dicom(folder, picture(size=(6, 6, 3)), uid='1.2.9', names=['a', 'b', 'c'])
    complaint(ValueError, lambda: volumes.read_volume(folder), folder, '1.2.3 (6 slices)', '1.2.9 (3 slices)', 'seriesuid')
    assert volumes.read_volume(folder, '1.2.9').image.GetSize() == (6, 6, 3)
    complaint(ValueError, lambda: volumes.read_volume(folder, '1.7'), '1.7', '1.2.9')


def test_a_scout_with_the_same_series_uid_is_named(series):
    folder, _ = series
    write_dicom(folder, picture(direction=STORED['coronal'], size=(12, 10, 1)), names=['0scout.dcm'])
    complaint(ValueError, lambda: volumes.read_volume(folder), '0scout.dcm', 'differs')


def test_a_single_slice_is_not_a_volume(tmp_path):
    path, = write_dicom(tmp_path / 'd', picture(size=(8, 8, 1)))
    complaint(ValueError, lambda: volumes.read_volume(tmp_path / 'd'), path, 'only slice')
    complaint(ValueError, lambda: volumes.read_volume(path), path, 'folder of a DICOM series')


@pytest.mark.parametrize('kept', [0.1, 0.6, 0.999])
def test_a_truncated_dicom_file_is_named(series, kept):
    folder, paths = series
    with open(paths[4], 'r+b') as file:
        file.truncate(int(os.path.getsize(paths[4]) * kept))
    complaint(OSError, lambda: volumes.read_volume(folder), paths[4], 'again')


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
    assert_array_equal(sitk.GetArrayFromImage(volumes.read_volume(tmp_path).image), sitk.GetArrayFromImage(picture(size=(48, 48, 4))))
    with open(paths[1], 'rb') as file:
        data = file.read()
    start = data.rfind(b'\xe0\x7f\x10\0')
    for bad in (data[:(start + len(data)) // 2], data[:-8], data[:start + 40] + b'\0' * 200 + data[start + 240:]):
        with open(paths[1], 'wb') as file:
            file.write(bad)
        volumes._dicom_series.cache_clear()
        complaint(OSError, lambda: volumes.read_volume(tmp_path), paths[1], 'again')


@pytest.mark.parametrize('content', [b'', b'<html>404</html>', b'\0' * 128 + b'DICM' + b'junk' * 50])
def test_an_unreadable_dicom_file_is_named(series, content):
    folder, paths = series
    with open(paths[1], 'wb') as file:
        file.write(content)
    complaint(OSError, lambda: volumes.read_volume(folder), paths[1], 'cannot be read')


@pytest.mark.parametrize('tag, name', [(b'\x28\x00\x52\x10', 'RescaleIntercept'), (b'\x28\x00\x30\x00', 'PixelSpacing'),
                                       (b'\x20\x00\x32\x00', 'ImagePositionPatient')])
def test_a_slice_without_an_essential_element_is_named(series, tag, name):
    folder, paths = series
    with open(paths[0], 'rb') as file:
        data = file.read()
    assert data.count(tag) == 1
    with open(paths[0], 'wb') as file:
        file.write(data.replace(tag, tag[:2] + bytes([tag[2] - 1]) + tag[3:]))       # becomes an element that says something else
    complaint(ValueError, lambda: volumes.read_volume(folder), paths[0], name)


def test_a_folder_without_a_ct_says_so(tmp_path):
    (tmp_path / 'notes.txt').write_text('hello')
    write_dicom(tmp_path / 'mr', picture(size=(8, 8, 3)), modality='MR', t0008_0016='1.2.840.10008.5.1.4.1.1.4')
    complaint(ValueError, lambda: volumes.read_volume(tmp_path), tmp_path, 'no CT slices', 'one series')


@pytest.mark.parametrize('form', ['nii', 'nii.gz', 'mhd', 'mha', 'nrrd'])
@pytest.mark.parametrize('compress', [False, True])
def test_a_truncated_file_is_refused(tmp_path, form, compress):
    sitk.WriteImage(picture(), str(tmp_path / f'scan.{form}'), compress)
    data = next((path for path in tmp_path.iterdir() if path.suffix in ('.raw', '.zraw')), tmp_path / f'scan.{form}')
    whole = data.read_bytes()
    volumes.read_volume(tmp_path / f'scan.{form}')
    for kept in (0.5, 0.99):
        data.write_bytes(whole[:int(len(whole) * kept)])
        complaint(OSError, lambda: volumes.read_volume(tmp_path / f'scan.{form}'), tmp_path / 'scan.', 'again')


@pytest.mark.parametrize('form', ['nii.gz', 'mhd', 'mha'])
def test_a_damaged_compressed_file_is_refused(tmp_path, form):
    sitk.WriteImage(picture(), str(tmp_path / f'scan.{form}'), True)
    data = next((path for path in tmp_path.iterdir() if path.suffix == '.zraw'), tmp_path / f'scan.{form}')
    whole = data.read_bytes()
    data.write_bytes(whole[:len(whole) // 2] + b'~~~~' + whole[len(whole) // 2 + 4:])
    complaint(OSError, lambda: volumes.read_volume(tmp_path / f'scan.{form}'), tmp_path / 'scan.', 'again')


def test_a_gzipped_truncated_nifti_is_refused(tmp_path):
    sitk.WriteImage(picture(), str(tmp_path / 'scan.nii'))
    with gzip.open(str(tmp_path / 'scan.nii.gz'), 'wb') as file:
        file.write((tmp_path / 'scan.nii').read_bytes()[:-2])
    complaint(OSError, lambda: volumes.read_volume(tmp_path / 'scan.nii.gz'), 'scan.nii.gz', 'truncated')


def test_a_header_without_its_data_is_refused(tmp_path):
    sitk.WriteImage(picture(), str(tmp_path / 'scan.mhd'))
    os.remove(str(tmp_path / 'scan.raw'))
    complaint(OSError, lambda: volumes.read_volume(tmp_path / 'scan.mhd'), tmp_path / 'scan.mhd', 'cannot be read')


@pytest.mark.parametrize('form', ['nii', 'nii.gz', 'mhd', 'mha', 'nrrd'])
def test_a_file_that_is_something_else_is_refused(tmp_path, form):
    (tmp_path / f'scan.{form}').write_bytes(b'<html>404 not found</html>')
    complaint(OSError, lambda: volumes.read_volume(tmp_path / f'scan.{form}'), tmp_path / f'scan.{form}', 'cannot be read')


def test_images_of_other_shapes_are_refused(tmp_path):
    image = picture()
    colour = sitk.GetImageFromArray(np.zeros((4, 5, 6, 3), 'uint8'), isVector=True)
    for name, other, words in (('flat.mha', image[:, :, 3], '44 x 40 voxels'), ('thin.nii', image[:, :, 3:4], 'three-dimensional'),
                               ('film.nii', sitk.JoinSeries([image, image]), '44 x 40 x 28 x 2'), ('colour.mha', colour, '3 value')):
        sitk.WriteImage(other, str(tmp_path / name))
        complaint(ValueError, lambda: volumes.read_volume(tmp_path / name), tmp_path / name, words)


def test_volumes_that_are_not_in_hounsfield_units_are_refused(tmp_path):
    for name, other in (('shifted.nii', picture() + 1024), ('unit.nii', sitk.Cast(picture(), sitk.sitkFloat32) / 1000.),
                        ('mask.nii', sitk.Cast(picture() > -600, sitk.sitkUInt8)),
                        ('nan.nii', sitk.Cast(picture(), sitk.sitkFloat32) * float('nan'))):
        sitk.WriteImage(other, str(tmp_path / name))
        complaint(ValueError, lambda: volumes.read_volume(tmp_path / name), tmp_path / name, 'not in HU')


def test_an_umlaut_in_a_path_is_no_obstacle(tmp_path):
    (tmp_path / 'M\u00e4rz').mkdir()
    for form in ('mhd', 'nii.gz', 'dicom'):
        path = write(tmp_path / 'M\u00e4rz', picture(size=(8, 8, 4)), form)
        assert volumes.read_volume(path).image.GetSize() == (8, 8, 4)


def test_a_nifti_that_does_not_know_left_from_right_is_refused(tmp_path):
    path = tmp_path / 'scan.nii'
    sitk.WriteImage(picture(), str(path))
    data = bytearray(path.read_bytes())
    data[252:256] = b'\0\0\0\0'                                 # qform_code, sform_code
    path.write_bytes(bytes(data))
    complaint(ValueError, lambda: volumes.read_volume(path), path, 'qform')


def test_other_files_and_missing_files_are_refused(tmp_path):
    (tmp_path / 'scan.png').write_bytes(b'png')
    complaint(ValueError, lambda: volumes.read_volume(tmp_path / 'scan.png'), 'scan.png', '.nii.gz')
    complaint(OSError, lambda: volumes.read_volume(tmp_path / 'lost.nii'), 'lost.nii', 'not exist')


def test_the_module_works_without_simpleitk_until_a_volume_is_read(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'SimpleITK', None)
    assert volumes.to_gray([0.], volumes.window('paper')) == 162
    (tmp_path / 'scan.nii').write_bytes(b'')
    complaint(OSError, lambda: volumes.read_volume(tmp_path / 'scan.nii'), 'pip install SimpleITK')
