"""Masks from label maps and DICOM SEG: centre, size, and the pixels of patches."""

import numpy as np
import pytest
import SimpleITK as sitk

from created import CREATE, facts, read_picture
from dataset_tools import ct_volumes, itk, masks
from scans import GEOMETRIES, POINT, complaint, picture, pixels, write_dicom
from tables import seg, sphere

RADIUS = 6.0


@pytest.mark.parametrize('geometry', sorted(GEOMETRIES))
@pytest.mark.parametrize('form', ['nii.gz', 'mha', 'nrrd'])
def test_a_label_map_gives_centre_diameter_and_mask_of_a_sphere(tmp_path, form, geometry):
    image = picture(direction=GEOMETRIES[geometry])
    sitk.WriteImage(sphere(image, POINT, RADIUS, 3), str(tmp_path / ('mask.' + form)))
    region = masks.read(str(tmp_path / ('mask.' + form)))
    assert np.linalg.norm(np.array(region.centre) - POINT) < 0.15
    assert abs(region.diameter_mm - 2 * RADIUS) < 0.25 and region.diameter_of == 'sphere'
    mask = masks.on_patch(region, ct_volumes.Volume('scan', image, [], {}), POINT.tolist(), 48, 0.4, 1)
    inside = np.linalg.norm(pixels(48, 0.4) - POINT, axis=-1) <= RADIUS
    assert mask.shape == (1, 48, 48) and (mask[0] != inside).sum() < 0.12 * inside.sum()
    overlap = 2 * (mask[0] & inside).sum() / (mask.sum() + inside.sum())
    assert overlap > 0.94


def test_a_mask_of_another_grid_lies_where_it_should(tmp_path):
    coarse = picture(spacing=(1.1, 1.0, 2.0), size=(30, 30, 20))
    sitk.WriteImage(sphere(coarse, POINT, RADIUS), str(tmp_path / 'mask.mha'))
    volume, region = ct_volumes.Volume('scan', picture(), [], {}), masks.read(str(tmp_path / 'mask.mha'))
    mask = masks.on_patch(region, volume, POINT.tolist(), 48, 0.4, 3)
    middle = np.argwhere(mask[1]).mean(axis=0) - 23.5
    assert np.abs(middle).max() * 0.4 < 0.4 and mask[1].sum() > mask[0].sum()


def test_a_mask_of_one_slice_has_the_diameter_of_a_circle(tmp_path):
    image = picture()
    voxels = sitk.GetArrayFromImage(sphere(image, POINT, RADIUS))
    voxels[:14], voxels[15:] = 0, 0
    one = sitk.GetImageFromArray(voxels)
    one.CopyInformation(image)
    sitk.WriteImage(one, str(tmp_path / 'mask.mha'))
    region = masks.read(str(tmp_path / 'mask.mha'))
    area = voxels.sum() * 0.7 * 0.8
    assert region.diameter_of == 'axial circle' and abs(region.diameter_mm - 2 * np.sqrt(area / np.pi)) < 1e-6


def test_of_several_labels_the_table_has_to_choose(tmp_path):
    path = str(tmp_path / 'mask.mha')
    image = picture()
    sitk.WriteImage(sphere(image, POINT, 4) + sphere(image, POINT + [9, 0, 0], 3, 5), path)
    assert np.linalg.norm(np.array(masks.read(path, 5).centre) - POINT - [9, 0, 0]) < 0.3
    complaint(ValueError, lambda: masks.read(path), path, '1, 5', 'column label')
    complaint(ValueError, lambda: masks.read(path, 2), path, 'there is no 2')


def test_a_file_with_several_labels_is_read_once_until_another_one_is_read(tmp_path, monkeypatch):
    paths = [str(tmp_path / name) for name in ('a.mha', 'b.mha')]
    image = picture()
    for path in paths:
        sitk.WriteImage(sphere(image, POINT, 4) + sphere(image, POINT + [9, 0, 0], 3, 5), path)
    opened = []
    read_header = itk.read_header
    monkeypatch.setattr(itk, 'read_header', lambda path: opened.append(path) or read_header(path))
    kept = {}
    for path, label in ((paths[0], 1), (paths[0], 5), (paths[1], 5), (paths[1], 1)):
        region = masks.read(path, label, kept=kept)
        assert np.linalg.norm(np.array(region.centre) - POINT - [9 * (label == 5), 0, 0]) < 0.3
    assert opened == paths and list(kept) == paths[1:]


def test_masks_of_a_scan_in_one_file_are_read_once(made, tmp_path, monkeypatch):
    image = picture()
    sitk.WriteImage(image, str(tmp_path / 'scan.mha'))
    sitk.WriteImage(sphere(image, POINT, 4) + sphere(image, POINT + [9, 0, 0], 3, 5), str(tmp_path / 'mask.mha'))
    (tmp_path / 'a.csv').write_text('path,mask,label\nscan.mha,mask.mha,1\nscan.mha,mask.mha,5\n')
    opened = []
    read_header = itk.read_header
    monkeypatch.setattr(itk, 'read_header', lambda path: opened.append(path) or read_header(path))
    made('volumes', tmp_path / 'a.csv', '--resolution', 16)
    assert sorted(opened) == [str(tmp_path / 'mask.mha'), str(tmp_path / 'scan.mha')]


def test_what_is_no_mask_is_refused(tmp_path):
    path = str(tmp_path / 'mask.mha')
    sitk.WriteImage(picture(), path)
    complaint(ValueError, lambda: masks.read(path), path, 'no label map')
    sitk.WriteImage(picture() * 0, path)
    complaint(ValueError, lambda: masks.read(path), path, 'marks no voxel')
    (tmp_path / 'mask.txt').write_text('1')
    complaint(ValueError, lambda: masks.read(str(tmp_path / 'mask.txt')), 'no mask', 'DICOM SEG')
    (slice_,) = write_dicom(tmp_path, picture())[:1]
    complaint(ValueError, lambda: masks.read(slice_), slice_, 'no SEG')
    with open(slice_, 'r+b') as file:
        file.truncate(140)
    complaint((OSError, ValueError), lambda: masks.read(slice_), slice_)
    with pytest.raises(FileNotFoundError):
        masks.read(str(tmp_path / 'lost.nii'))


@pytest.mark.parametrize('geometry', sorted(GEOMETRIES))
def test_a_dicom_seg_gives_centre_diameter_and_mask_of_a_sphere(tmp_path, geometry):
    image = picture(direction=GEOMETRIES[geometry])
    other = POINT + [8, 2, 0]
    seg(tmp_path / 'seg.dcm', tmp_path / 'ct', image, sphere(image, POINT, RADIUS), sphere(image, other, 4))
    for number, centre, radius in ((1, POINT, RADIUS), (2, other, 4)):
        region = masks.read(str(tmp_path / 'seg.dcm'), number)
        assert np.linalg.norm(np.array(region.centre) - centre) < 0.2
        assert abs(region.diameter_mm - 2 * radius) < 0.3
    volume = ct_volumes.read_volume(tmp_path / 'ct')
    mask = masks.on_patch(region, volume, other.tolist(), 48, 0.4, 1)[0]
    inside = np.linalg.norm(pixels(48, 0.4, centre=other) - other, axis=-1) <= 4
    assert 2 * (mask & inside).sum() / (mask.sum() + inside.sum()) > 0.9
    complaint(
        ValueError, lambda: masks.read(str(tmp_path / 'seg.dcm')), 'labels 1 (nodule 1), 2 (nodule 2)', 'column label'
    )


def test_pairs_from_real_scans_have_the_nodule_and_its_mask(made, refuses, tmp_path):
    image = picture()
    sitk.WriteImage(image, str(tmp_path / 'scan.nii.gz'))
    sitk.WriteImage(sphere(image, POINT, 5, 2), str(tmp_path / 'mask.nii.gz'))
    (tmp_path / 'table.csv').write_text('path,mask,label,patient\nscan.nii.gz,mask.nii.gz,2,p1\n')
    command = ['pairs', '--annotations', tmp_path / 'table.csv', '--resolution', 32, '--spacing', 0.5]
    made(*command)
    (entry,) = facts(tmp_path / 'out' / 'pairs')['entries']
    both = read_picture(tmp_path / 'out' / 'pairs' / (entry['nodule'] + '.png'))
    inside = np.linalg.norm(pixels(32, 0.5) - POINT, axis=-1) <= 5
    assert both.shape == (32, 64) and set(both[:, 32:].ravel()) == {0, 255}
    assert 2 * ((both[:, 32:] > 0) & inside).sum() / (inside.sum() + (both[:, 32:] > 0).sum()) > 0.93
    assert both[:, :32][inside].mean() > both[:, :32][~inside].mean() + 5
    assert abs(entry['diameter_mm'] - 10) < 0.3 and entry['diameter_of'] == 'sphere'
    made(*command, '--off-centre', '--name', 'off')
    (entry,) = facts(tmp_path / 'out' / 'off')['entries']
    off = read_picture(tmp_path / 'out' / 'off' / (entry['nodule'] + '.png'))
    moved = np.argwhere(off[:, 32:]).mean(axis=0) - np.argwhere(both[:, 32:]).mean(axis=0)
    assert entry['offset'] != [0, 0] and np.abs(moved + entry['offset']).max() < 1
    (tmp_path / 'table.csv').write_text('path,x,y,z\nscan.nii.gz,%f,%f,%f\n' % tuple(POINT))
    refuses(CREATE, *command, parts=['line 2', 'column mask'])
    refuses(CREATE, 'pairs', '--annotations', 'a.csv', '--phantom', 'IA', parts=['--annotations TABLE'])


def test_masks_of_several_readers_become_what_half_of_them_mark(made, tmp_path):
    image = picture()
    sitk.WriteImage(image, str(tmp_path / 'scan.nii.gz'))
    lines = []
    for reader, radius in enumerate((3, 5, 6, 8)):
        sitk.WriteImage(sphere(image, POINT, radius), str(tmp_path / ('%d.nii.gz' % reader)))
        lines.append('scan.nii.gz,%d.nii.gz' % reader)
    (tmp_path / 'table.csv').write_text('path,mask\n' + '\n'.join(lines) + '\n')
    out = made('pairs', '--annotations', tmp_path / 'table.csv', '--resolution', 64, '--spacing', 0.4)
    (entry,) = facts(tmp_path / 'out' / 'pairs')['entries']
    both = read_picture(tmp_path / 'out' / 'pairs' / (entry['nodule'] + '.png'))
    radius = 0.4 * np.sqrt((both[:, 64:] > 0).sum() / np.pi)
    assert entry['marks'] == 4 and abs(radius - 6) < 0.3 and 'one nodule' in out
