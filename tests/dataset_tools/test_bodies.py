"""Masks that hold more than the nodule: which of several separate bodies is meant."""

import numpy as np
import pytest
import SimpleITK as sitk

from created import CREATE, facts
from dataset_tools import masks
from scans import POINT, complaint, picture
from tables import WIDE, middle, seg, sphere

LEFT, RIGHT = POINT + [-8, 3, 4], POINT + [8, -2, -4]  # of two nodules, world mm


def ball(*places, **grid):
    """A label map of 0 and 1 with balls (centre, radius mm)."""
    image = picture(**(grid or WIDE))
    return sum(sphere(image, centre, radius) for centre, radius in places) > 0


def written(tmp_path, image, name='mask.mha'):
    sitk.WriteImage(image, str(tmp_path / name))
    return str(tmp_path / name)


def test_each_point_gets_the_body_at_it_from_a_mask_that_tells_no_nodules_apart(made, tmp_path):
    written(tmp_path, picture(**WIDE), 'scan.mha')
    written(tmp_path, ball((LEFT, 5), (RIGHT, 4)))
    rows = ['scan.mha,%f,%f,%f,mask.mha\n' % tuple(centre) for centre in (LEFT, RIGHT)]
    (tmp_path / 'table.csv').write_text('path,x,y,z,mask\n' + ''.join(rows))
    for command in ('volumes', 'pairs --annotations'):
        made(*command.split(), tmp_path / 'table.csv', '--resolution', 16, '--spacing', 1)
    for name in ('nodules', 'pairs'):
        entries = facts(tmp_path / 'out' / name)['entries']
        for entry, centre, radius in zip(entries, (LEFT, RIGHT), (5, 4)):
            assert np.abs(np.subtract(entry['point'], centre)).max() < 0.1
            assert abs(entry['diameter_mm'] - 2 * radius) < 0.3 and entry['marks'] == 1
        assert len(entries) == 2


@pytest.mark.parametrize('away', [0.0, 4.0, 4.9, 6.0, 7.5])
def test_a_point_may_lie_anywhere_in_the_nodule_or_a_little_outside(tmp_path, away):
    path = written(tmp_path, ball((LEFT, 5), (RIGHT, 5)))
    region = masks.read(path, point=(LEFT - [0, 0, away]).tolist())
    assert np.abs(np.subtract(region.centre, middle(ball((LEFT, 5))))).max() < 1e-6


def test_a_point_in_the_air_of_a_cavity_marks_the_nodule_round_it(tmp_path):
    outer, inner, spot = [np.array(sitk.GetArrayFromImage(ball((LEFT, radius)))) for radius in (9, 6, 1)]
    for cavity in (outer - inner, outer - inner + spot, (outer - inner) * (np.arange(36) == 18 + 4)[:, None, None]):
        image = sitk.GetImageFromArray(np.maximum(cavity, sitk.GetArrayFromImage(ball((RIGHT + [3, -6, 0], 2)))))
        image.CopyInformation(picture(**WIDE))
        region = masks.read(written(tmp_path, image), point=(LEFT + [1, 2, 0]).tolist())
        assert np.linalg.norm(np.subtract(region.centre, LEFT)) < 1 and region.diameter_mm > 12


def test_a_point_in_a_nodule_within_a_cavity_marks_that_one(tmp_path):
    shell = ball((LEFT, 9)) - ball((LEFT, 7)) + ball((LEFT, 3))
    path = written(tmp_path, shell)
    assert abs(masks.read(path, point=LEFT.tolist()).diameter_mm - 6) < 0.4
    assert masks.read(path, point=(LEFT + [0, 4.7, 0]).tolist()).diameter_mm > 9


def test_a_point_far_from_all_that_the_mask_holds_is_refused_with_its_line_and_the_distance(refuses, tmp_path):
    written(tmp_path, picture(**WIDE), 'scan.mha')
    labels = written(tmp_path, sphere(picture(**WIDE), LEFT, 5, 1) + sphere(picture(**WIDE), RIGHT, 4, 2))
    (tmp_path / 'table.csv').write_text('path,x,y,z,mask,label\nscan.mha,%f,%f,%f,mask.mha,2\n' % tuple(LEFT))
    apart = '%.1f mm' % np.linalg.norm(LEFT - middle(ball((RIGHT, 4))))
    for command in (['volumes'], ['pairs', '--annotations']):
        refuses(CREATE, *command, tmp_path / 'table.csv', parts=['table.csv line 2', 'mask.mha', apart])
    just_outside = (RIGHT + [0, 0, 4 + 3 + 1.0]).tolist()
    complaint(ValueError, lambda: masks.read(labels, 2, just_outside), labels, 'mm away', 'correct the point')


def test_several_bodies_without_a_point_are_refused_with_the_line_and_the_remedy(refuses, tmp_path):
    written(tmp_path, picture(**WIDE), 'scan.mha')
    both = ball((LEFT, 5), (RIGHT, 2))
    path = written(tmp_path, both)
    (tmp_path / 'table.csv').write_text('path,mask\nscan.mha,mask.mha\n')
    message = ['table.csv line 2', 'mask.mha', '2 separate bodies', 'x,y,z', 'column label']
    refuses(CREATE, 'volumes', tmp_path / 'table.csv', parts=message)
    sitk.WriteImage(both * 3 + sphere(picture(**WIDE), LEFT + [0, 12, 0], 2, 4), path)
    complaint(ValueError, lambda: masks.read(path, 3), path, '2 separate bodies')
    assert np.linalg.norm(np.subtract(masks.read(path, 4).centre, LEFT + [0, 12, 0])) < 0.3


def test_a_segment_of_a_dicom_seg_with_several_bodies_needs_a_point_too(tmp_path):
    image = picture()
    one, other = POINT + [-8, 0, 0], POINT + [8, 2, 0]
    both = sphere(image, one, 4) + sphere(image, other, 5)
    seg(tmp_path / 'seg.dcm', tmp_path / 'ct', image, both, sphere(image, POINT, 2))
    path = str(tmp_path / 'seg.dcm')
    complaint(ValueError, lambda: masks.read(path, 1), path, '2 separate bodies')
    assert np.linalg.norm(np.subtract(masks.read(path, 1, other.tolist()).centre, other)) < 0.3
    complaint(ValueError, lambda: masks.read(path, 2, one.tolist()), path, ' mm away')


@pytest.mark.parametrize('point', [None, 'in it'])
def test_specks_beside_the_nodule_are_left_out(tmp_path, point):
    image = ball((LEFT, 5))
    voxels = sitk.GetArrayFromImage(image)
    voxels[2, 2, 2:5] = voxels[30, 30, 30] = voxels[20, 4, 30] = 1
    specked = sitk.GetImageFromArray(voxels)
    specked.CopyInformation(image)
    clean, result = masks.read(written(tmp_path, image)), masks.read(written(tmp_path, specked), None, point and LEFT)
    assert result[1:] == clean[1:] and result.image.GetSize() == clean.image.GetSize()


def test_small_nodules_are_no_specks(tmp_path):
    complaint(ValueError, lambda: masks.read(written(tmp_path, ball((LEFT, 9), (RIGHT, 1.9)))), '2 separate bodies')
    path = written(tmp_path, ball((LEFT, 1), (RIGHT, 1.2)))  # neither has 3 mm
    complaint(ValueError, lambda: masks.read(path), '2 separate bodies')
    assert np.linalg.norm(np.subtract(masks.read(path, point=LEFT).centre, LEFT)) < 0.5


def test_voxels_that_touch_at_a_corner_are_one_body(tmp_path):
    voxels = np.zeros([9, 9, 9], np.uint8)
    voxels[2:5, 2:5, 2:5] = voxels[5:8, 5:8, 5:8] = 1
    region = masks.read(written(tmp_path, sitk.GetImageFromArray(voxels)))
    assert np.allclose(region.centre, 4.5) and np.isclose(region.diameter_mm, (6 / np.pi * 54) ** (1 / 3.0))
