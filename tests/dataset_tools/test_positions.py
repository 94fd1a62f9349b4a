"""Points where there is no nodule: distinguished from nodules, and reported."""

import numpy as np
import pytest
import SimpleITK as sitk

from created import phantom
from dataset_tools import scan_crops
from dataset_tools.phantom import CLASSES
from scans import POINT, chest, picture


@pytest.mark.slow
@pytest.mark.parametrize('kind, most', [('AIS', 8), ('MIA', 3), ('IA', 1)])
def test_few_nodules_are_reported_and_half_of_the_points_beside_one_are(kind, most):
    inside = beside = 0
    for i in range(40):
        hu = phantom(kind, np.random.RandomState([9, CLASSES.index(kind), i]), 100, 0.6).hu
        x, y = np.rint(50 + 24 * np.array([np.cos(i), np.sin(i)])).astype(int)
        inside += scan_crops.contrast(hu[30:70, 30:70], 0.6) < scan_crops.CONTRAST
        beside += scan_crops.contrast(hu[y - 20 : y + 20, x - 20 : x + 20], 0.6) < scan_crops.CONTRAST
    assert inside <= most and beside >= 15


NODULES = np.array([POINT, POINT + [4, 9, 7], POINT + [-9, -2, -11]])
RAS = NODULES * [-1, -1, 1]


@pytest.fixture
def create(volumes, tmp_path):
    """Runs `volumes` on points of a scan with three nodules; -> standard error."""
    sitk.WriteImage(picture(chest(*NODULES), size=(160, 120, 40)), str(tmp_path / 'scan.mha'))

    def call(points, *flags, code=0):
        lines = ['scan.mha,%f,%f,%f' % tuple(point) for point in points]
        again = ['--force'] * ('--resume' not in flags)
        result, _, err = volumes('\n'.join(['path,x,y,z'] + lines) + '\n', *again, *flags)
        assert result == code, err
        return err

    return call


def test_a_nodule_is_not_reported_and_points_in_lung_are_reported_with_their_lines(create):
    assert create([POINT]) == ''
    lines = create([POINT, POINT + [25, 0, 0], NODULES[1], POINT + [0, -20, 0]]).splitlines()
    assert len(lines) == 2 and 'line 3 lies' in lines[0] and 'line 5 lies' in lines[1]


@pytest.mark.parametrize('flags', [[], ['--dry-run']])
def test_a_table_that_looks_like_other_coordinates_is_refused_unless_they_are_given(create, flags, tmp_path):
    err = create(RAS, *flags, code=2)
    assert err.count('\n') == 1 and '3 of 3 points' in err and '--coordinates ras' in err and 'world' in err
    assert not (tmp_path / 'out' / 'nodules').exists()
    again = flags or ['--resume']
    err = create(RAS, *again, '--coordinates', 'world')
    assert flags or '3 of 3 points lie in lung without a nodule' in err and '--coordinates ras' in err
    assert create(RAS, *flags, '--coordinates', 'ras') == ''


def test_points_outside_their_scan_count_as_other_coordinates_and_are_not_skipped(create):
    outside = [POINT + [0, 0, 900], POINT + [0, 0, 950]]
    err = create([POINT] + outside, code=2)
    assert '2 of 3 annotations' in err and 'RAS, add --coordinates ras' in err
    assert '--coordinates world' in create([POINT] + outside, '--skip-bad', code=2)
    assert '2 of 3 points' in create([POINT] + outside, '--skip-bad', '--coordinates', 'world')
