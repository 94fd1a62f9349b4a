"""Lines of a table that mark the same nodule."""

import numpy as np
import pytest
import SimpleITK as sitk

from created import CREATE, facts, read_picture
from scans import POINT, picture
from tables import WIDE, middle, sphere

NAMED = 'path,mask,patient,nodule\n'


def marked(tmp_path, *balls):
    """scan.mha and 0.mha, 1.mha ... of balls (centre, radius mm); -> bool voxels [balls,z,y,x]."""
    sitk.WriteImage(picture(**WIDE), str(tmp_path / 'scan.mha'))
    drawn = [sphere(picture(**WIDE), *ball) for ball in balls]
    for number, image in enumerate(drawn):
        sitk.WriteImage(image, str(tmp_path / ('%d.mha' % number)))
    return np.array([sitk.GetArrayFromImage(image) > 0 for image in drawn])


def written(tmp_path, lines, header=NAMED):
    (tmp_path / 'table.csv').write_text(header + '\n'.join(lines) + '\n')
    return tmp_path / 'table.csv'


@pytest.mark.parametrize('moves', [[-2, 2], [-4, 0, 4], [-4, 3, 5, 4]])
def test_lines_of_one_nodule_are_one_image_in_the_middle_of_what_half_of_its_masks_hold(made, tmp_path, moves):
    voxels = marked(tmp_path, *[(POINT + [x, 0, 0], 6) for x in moves])
    held = sitk.GetImageFromArray((2 * voxels.sum(axis=0) >= len(moves)).astype(np.uint8))
    held.CopyInformation(picture(**WIDE))
    table = written(tmp_path, ['scan.mha,%d.mha,P,1' % number for number in range(len(moves))])
    out = made('volumes', table, '--resolution', 32, '--spacing', 1, '--keep-names')
    (entry,) = facts(tmp_path / 'out' / 'nodules')['entries']
    assert np.allclose(entry['point'], middle(held)) and entry['marks'] == len(moves) and 'line 2, line 3' in out
    assert abs(entry['diameter_mm'] - 12) < 0.3 and entry['nodule'] == 'P#1'
    made('pairs', '--annotations', table, '--resolution', 32, '--spacing', 1, '--keep-names')
    pixels = read_picture(tmp_path / 'out' / 'pairs' / 'P_1.png')[:, 32:] > 0
    area = sitk.GetArrayFromImage(held)[int(round(held.TransformPhysicalPointToContinuousIndex(entry['point'])[2]))]
    assert abs(pixels.sum() - area.sum()) <= 0.05 * area.sum()


def test_masks_of_other_grids_agree_where_the_first_ones_voxels_are(made, tmp_path):
    marked(tmp_path, (POINT, 6))
    fine = picture(spacing=(0.5, 0.6, 0.8), size=(40, 40, 30))
    sitk.WriteImage(sphere(fine, POINT + [4, 0, 0], 6), str(tmp_path / '1.mha'))
    table = written(tmp_path, ['scan.mha,%d.mha,P,1' % number for number in range(2)])
    made('volumes', table, '--resolution', 32, '--spacing', 1)
    (entry,) = facts(tmp_path / 'out' / 'nodules')['entries']
    assert np.abs(np.subtract(entry['point'], POINT + [2, 0, 0])).max() < 0.2


def test_points_of_one_name_are_one_nodule_at_their_mean(made, tmp_path):
    marked(tmp_path, (POINT, 6))
    lines = ['scan.mha,%f,%f,%f,1' % tuple(POINT + [0, y, 0]) for y in (-3, 3)]
    made('volumes', written(tmp_path, lines, 'path,x,y,z,nodule\n'), '--resolution', 16)
    (entry,) = facts(tmp_path / 'out' / 'nodules')['entries']
    assert np.allclose(entry['point'], POINT, atol=1e-4) and entry['marks'] == 2


def test_places_of_one_name_that_no_nodule_reaches_are_refused_with_their_lines(refuses, tmp_path):
    marked(tmp_path, (POINT + [-9, 0, 0], 4), (POINT + [9, 0, 0], 4))
    table = written(tmp_path, ['scan.mha,0.mha,P,1', 'scan.mha,1.mha,P,1'])
    for command in (['volumes'], ['pairs', '--annotations']):
        refuses(CREATE, *command, table, parts=['line 2', 'line 3', '18.0 mm apart', 'a name of its own'])
    lines = ['scan.mha,%f,%f,%f,1,4' % tuple(POINT + [0, y, 0]) for y in (-6, 6)]
    table = written(tmp_path, lines, 'path,x,y,z,nodule,diameter\n')
    refuses(CREATE, 'volumes', table, parts=['line 2', 'line 3', '12.0 mm apart'])


def test_a_nodule_in_two_scans_is_refused_by_pairs_which_name_pictures_by_nodules(script, refuses, made, tmp_path):
    marked(tmp_path, (POINT, 6))
    sitk.WriteImage(picture(**WIDE) + 1, str(tmp_path / 'later.mha'))
    table = written(tmp_path, ['scan.mha,0.mha,P,1', 'later.mha,0.mha,P,1'])
    command = ['pairs', '--annotations', table, '--resolution', 16]
    code, _, err = script(CREATE, *command, '--outdir', tmp_path / 'out')
    assert code == 2 and 'two scans' in err and 'column nodule' in err and 'keep-names' not in err
    table = written(tmp_path, ['scan.mha,0.mha,P,1/a', 'later.mha,0.mha,P,1:a'])
    refuses(CREATE, *command, '--keep-names', parts=['P_1_a.png', 'leave out --keep-names'])
    made(*command)
