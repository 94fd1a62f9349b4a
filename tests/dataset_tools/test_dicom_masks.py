"""Masks as a PACS exports them: RTSTRUCT, SEG of each type, and segmentations of 3D Slicer."""

import numpy as np
import pytest
import SimpleITK as sitk

from created import facts
from dataset_tools import contours, ct_volumes, masks
from dicom_masks import layered, rtstruct, segmentation, sphere_contours
from scans import FLAT, GEOMETRIES, POINT, complaint, picture, pixels, turned
from tables import sphere

RADII = [2.5, 4.0, 6.3]
FINE = dict(spacing=(0.6, 0.6, 0.8), size=(60, 56, 44))


def distance(region, centre=POINT):
    return np.linalg.norm(np.subtract(region.centre, centre))


def square(side, z, centre=POINT):
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * side / 2.0
    return np.column_stack([corners + centre[:2], np.full(4, z)])


@pytest.mark.parametrize('geometry', sorted(GEOMETRIES))
def test_contours_of_a_sphere_have_its_centre_within_a_tenth_and_its_diameter_within_a_fifth_of_a_mm(
    tmp_path, geometry
):
    image = picture(direction=GEOMETRIES[geometry])
    for radius in RADII:
        path = rtstruct(tmp_path / 'rt.dcm', {'GTV': sphere_contours(image, POINT, radius)})
        region = masks.read(path)
        assert distance(region) <= 0.1 and abs(region.diameter_mm - 2 * radius) <= 0.2, (radius, region)


@pytest.mark.parametrize('kind', ['BINARY', 'LABELMAP'])
@pytest.mark.parametrize('geometry', sorted(GEOMETRIES))
def test_a_seg_of_a_sphere_has_its_centre_within_a_tenth_and_its_diameter_within_a_fifth_of_a_mm(
    tmp_path, kind, geometry
):
    image = picture(direction=GEOMETRIES[geometry], **FINE)
    other = POINT + [9.0, 0, 0]
    for radius in RADII:
        shown = {'nodule 1': sphere(image, POINT, radius), 'nodule 2': sphere(image, other, 2)}
        path = segmentation(tmp_path / 'seg.dcm', shown, kind)
        for label in ('1', 'NODULE 1'):
            region = masks.read(path, label)
            assert distance(region) <= 0.1 and abs(region.diameter_mm - 2 * radius) <= 0.2, (radius, region)
        assert distance(masks.read(path, 'nodule 2'), other) < 0.2
    complaint(ValueError, lambda: masks.read(path), path, '1 (nodule 1), 2 (nodule 2)', 'column label')
    complaint(ValueError, lambda: masks.read(path, 'tumor'), path, "there is no 'tumor'")


def test_highdicom_writes_a_label_map_seg_that_is_read(tmp_path):
    highdicom = pytest.importorskip('highdicom')
    from tables import seg

    image = picture(**FINE)
    kind = highdicom.seg.SegmentationTypeValues.LABELMAP
    seg(tmp_path / 'seg.dcm', tmp_path / 'ct', image, sphere(image, POINT, 5), sphere(image, POINT + 12, 3), kind=kind)
    region = masks.read(str(tmp_path / 'seg.dcm'), '1')
    assert distance(region) <= 0.1 and abs(region.diameter_mm - 10) <= 0.2


def test_the_background_of_a_label_map_seg_is_its_padding_value(tmp_path):
    image = picture(**FINE)
    path = segmentation(tmp_path / 'seg.dcm', {'nodule': sphere(image, POINT, 5)}, 'LABELMAP', background=7)
    assert distance(masks.read(path)) <= 0.1


def test_a_contour_in_another_one_is_a_hole_and_so_is_one_that_a_channel_connects(tmp_path):
    heights = POINT[2] + np.arange(4) * 1.25
    nested = [square(side, z) for z in heights for side in (10, 4)]
    keyhole = []
    for z in heights:
        outer, inner = square(10, z), square(4, z)
        keyhole.append(np.concatenate([outer, outer[:1], inner, inner[:1], outer[:1]]))
    expected = (100 - 16) * 4 * 1.25
    for name, polygons in (('nested', nested), ('keyhole', keyhole)):
        region = masks.read(rtstruct(tmp_path / 'rt.dcm', {name: polygons}))
        assert abs(np.pi / 6 * region.diameter_mm**3 / expected - 1) < 0.02, name
        assert not region.image[region.image.TransformPhysicalPointToIndex([*POINT[:2], heights[1]])]
    region = masks.read(rtstruct(tmp_path / 'rt.dcm', {'whole': nested[::2]}))
    assert abs(np.pi / 6 * region.diameter_mm**3 / 500 - 1) < 0.02


def test_an_roi_is_chosen_by_name_or_number_and_parts_of_it_by_the_point(tmp_path):
    image = picture(spacing=(1.0, 1.0, 1.0), size=(50, 40, 40))
    left, right = POINT - [8, 0, 0], POINT + [8, 0, 0]
    rois = {'Lung': sphere_contours(image, POINT, 14), 'GTV 1': [], 'GTV 2': sphere_contours(image, left, 4)}
    rois['both'] = rois['GTV 2'] + sphere_contours(image, right, 3)
    path = rtstruct(tmp_path / 'rt.dcm', rois)
    assert distance(masks.read(path, 'gtv 2'), left) < 0.1 and distance(masks.read(path, '1')) < 0.1
    assert distance(masks.read(path, 'both', right.tolist()), right) < 0.1
    complaint(ValueError, lambda: masks.read(path, 'both'), path, '2 separate bodies')
    complaint(ValueError, lambda: masks.read(path), path, '1 (Lung), 3 (GTV 2), 4 (both)', 'column label')
    complaint(ValueError, lambda: masks.read(path, 'GTV 1'), path, "there is no 'GTV 1'")


def test_a_contour_in_one_slice_has_the_diameter_of_a_circle_and_is_in_that_slice_alone(tmp_path):
    image = picture()
    volume = ct_volumes.Volume('scan', image, [], {})
    (height,) = [p[0, 2] for p in sphere_contours(image, POINT, 4) if abs(p[0, 2] - POINT[2]) < 0.625]
    region = masks.read(rtstruct(tmp_path / 'rt.dcm', {'GTV': [square(7, height)]}))
    assert region.diameter_of == 'axial circle' and abs(region.diameter_mm - np.sqrt(4 * 49 / np.pi)) < 0.1
    mask = masks.on_patch(region, volume, [*POINT[:2], height], 48, 0.4, 3)
    assert not mask[0].any() and not mask[2].any()
    expected = np.abs(pixels(48, 0.4) - POINT)[..., :2].max(axis=-1) <= 3.5
    assert (mask[1] != expected).sum() <= 18  # a side of its 18 x 18 pixels


@pytest.mark.parametrize(
    'change, words',
    [
        (dict(kind='POINT'), ['ROI 1 (GTV)', 'no closed contour']),
        (dict(polygons=[square(7, POINT[2]) + [[0, 0, 0], [0, 0, 2], [0, 0, 0], [0, 0, 2]]]), ['parallel planes']),
        (dict(polygons=[square(7, z) for z in (0, 1.25, 3.0)]), ['uneven']),
        (dict(polygons=[square(7000, 0)]), ['no part of a patient']),
        (dict(polygons=[np.linspace([0, 0, 0], [5, 5, 0], 6)]), ['enclose nothing']),
        (dict(polygons=[]), ['marks no voxel']),
    ],
)
def test_contours_that_are_no_nodule_are_refused_with_the_name_of_their_roi(tmp_path, change, words):
    polygons = change.get('polygons', [square(7, POINT[2])])
    path = rtstruct(tmp_path / 'rt.dcm', {'GTV': polygons}, change.get('kind', 'CLOSED_PLANAR'))
    complaint(ValueError, lambda: masks.read(path), path, *words)


def test_polygons_are_filled_as_an_even_odd_test_of_each_pixel_does(random):
    columns, rows = np.meshgrid(np.arange(22), np.arange(20))
    for _ in range(40):
        corners = random.uniform(-3, 23, [random.randint(3, 12), 2])
        expected = np.zeros([20, 22], bool)
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0)):
            crosses = (y0 <= rows) != (y1 <= rows)
            expected ^= crosses & (columns >= x0 + (rows - y0) * (x1 - x0) / (y1 - y0))
        assert (contours.fill(corners, [20, 22]) == expected).all()


def test_a_table_names_rois_and_a_pair_has_the_nodule_of_an_rtstruct(made, tmp_path):
    image = picture()
    sitk.WriteImage(image, str(tmp_path / 'scan.nii.gz'))
    rtstruct(tmp_path / 'rt.dcm', {'heart': [square(30, 0)], 'nodule 2': sphere_contours(image, POINT, 5)})
    (tmp_path / 'table.csv').write_text('path,mask,label\nscan.nii.gz,rt.dcm,Nodule 2\n')
    made('volumes', tmp_path / 'table.csv', '--resolution', 16)
    (entry,) = facts(tmp_path / 'out' / 'nodules')['entries']
    assert np.linalg.norm(np.subtract(entry['point'], POINT)) < 0.1 and abs(entry['diameter_mm'] - 10) < 0.2
    assert entry['diameter_of'] == 'sphere'


@pytest.mark.parametrize('direction', [FLAT, turned(10, -6, 20)], ids=['straight', 'oblique'])
def test_segments_of_3d_slicer_that_overlap_are_chosen_by_name(tmp_path, direction):
    image = picture(direction=direction)
    spheres = [sphere(image, POINT, 5), sphere(image, POINT + [3, 0, 0], 4)]
    path = layered(tmp_path / 's.seg.nrrd', *spheres)
    for number, mask in enumerate(spheres):
        sitk.WriteImage(mask, str(tmp_path / 'mask.mha'))
        expected = masks.read(str(tmp_path / 'mask.mha'))
        region = masks.read(path, f'Nodule {number}')
        assert np.allclose(region.centre, expected.centre, atol=1e-4)
        assert abs(region.diameter_mm - expected.diameter_mm) < 1e-4
    complaint(ValueError, lambda: masks.read(path), path, '1 (nodule 0), 1 (nodule 1)', 'column label')
    complaint(ValueError, lambda: masks.read(path, '1'), path, "several are '1'")


def test_a_segment_of_3d_slicer_that_is_empty_or_in_no_layer_is_refused(tmp_path):
    inside = sphere(picture(), POINT, 5)
    path = layered(tmp_path / 's.seg.nrrd', inside, inside * 0)
    complaint(ValueError, lambda: masks.read(path, 'nodule 1'), path, 'is empty')
    data = (tmp_path / 's.seg.nrrd').read_bytes().replace(b'Segment1_Layer:=1', b'Segment1_Layer:=2')
    (tmp_path / 's.seg.nrrd').write_bytes(data)
    complaint(ValueError, lambda: masks.read(path, 'nodule 1'), path, 'has 2 layers')
    (tmp_path / 's.seg.nrrd').write_bytes(data.replace(b'Segment1_Layer:=2', b'Segment1_Layer:=x'))
    complaint(ValueError, lambda: masks.read(path, 'nodule 1'), path, 'damaged Segment1')
