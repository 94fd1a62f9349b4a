"""Datasets from synthetic CT through the command line; how volumes are read is tested in test_volumes.py."""

import itertools
import os

import numpy as np
import pytest
import SimpleITK as sitk

import dataset
from created import CREATE, facts, finest
from scans import FORMATS, GEOMETRIES, POINT, blob, centroid, lopsided, picture, pixels, write, write_dicom

LUNA = 'seriesuid,coordX,coordY,coordZ,diameter_mm\n'
HERE = ','.join('%.3f' % value for value in POINT)


@pytest.fixture
def cropped(volumes, tmp_path):
    """Runs `volumes`, which has to succeed: a function from NAME to grays and json file."""

    def call(text, *flags):
        code, _, err = volumes(text, '--resolution', 32, '--spacing', 0.5, *flags)
        assert code == 0, err

        def read(name='nodules'):
            return finest(tmp_path / 'out' / name)[:, 0], facts(tmp_path / 'out' / name)

        return read

    return call


@pytest.mark.parametrize('form, geometry', list(zip(FORMATS, itertools.cycle(sorted(GEOMETRIES)))))
def test_a_nodule_at_known_world_coordinates_lands_at_the_centre(cropped, tmp_path, form, geometry):
    path = write(tmp_path, picture(direction=GEOMETRIES[geometry]), form)
    (gray,), about = cropped('path,x,y,z\n%s,%s\n' % (path.name, HERE), '--keep-names')()
    wanted = (blob(pixels(32, 0.5)) + 1900) / 3000 * 255
    assert np.abs(centroid(gray.astype(float), (-850 + 1900) / 3000 * 255.0) - 15.5).max() < 0.5
    assert np.abs(gray - wanted).max() < 1  # half a gray level, and half for its rounding
    assert (
        about['window'] == [-1900, 1100] and about['mm_per_pixel'] == 0.5 and about['entries'][0]['scan'] == path.name
    )


def test_scans_that_were_added_since_the_last_dataset_are_found(cropped, tmp_path):
    (tmp_path / 'scans').mkdir()
    for name in ('first', 'second'):
        write(tmp_path, picture(), 'nii.gz').rename(tmp_path / 'scans' / (name + '.nii.gz'))
        text = 'seriesuid,coordX,coordY,coordZ\n%s,%s\n' % (name, HERE)
        assert len(cropped(text, '--volumes', tmp_path / 'scans', '--name', name)(name)[0]) == 1


def test_a_luna16_table_finds_its_series_and_makes_slices_in_order(cropped, tmp_path):
    write_dicom(tmp_path / 'scans' / 'a', picture(lopsided), uid='1.2.3')
    write_dicom(tmp_path / 'scans' / 'b', picture(), uid='1.2.4')
    gray, about = cropped(
        LUNA + '1.2.4,%s,9.5\n1.2.3,%s,8\n1.2.4,20,-17,100,4\n' % (HERE, HERE),
        '--volumes',
        tmp_path / 'scans',
        *'--slices 3 --window lung'.split(),
    )()
    assert len(gray) == 9 and (about['images'], about['nodules'], about['records']) == (9, 3, 9)
    entries = [(entry['nodule'], entry['slice'], entry['diameter_mm']) for entry in about['entries']]
    assert [entry[1] for entry in entries] == [-1, 0, 1] * 3 and [entry[2] for entry in entries[::3]] == [
        9.5,
        4,
        8,
    ]  # a volume at a time
    wanted = np.rint((blob(pixels(32, 0.5, 1.25)) + 1350) / 1500 * 255)
    assert np.abs(gray[2] - wanted).max() <= 2


def test_a_class_column_makes_a_data_set_for_each_class(cropped, tmp_path):
    path = write(tmp_path, picture(), 'mha').name
    read = cropped(
        'path,x,y,z,class,nodule\n'
        + ''.join('%s,%d,-17,%d,%s,n%d\n' % (path, 15 + i, 95 + 3 * i, ('AIS', 'IA')[i % 2], i) for i in range(4)),
        '--keep-names',
    )
    for name, nodules in (('AIS', ['scan.mha#n0', 'scan.mha#n2']), ('IA', ['scan.mha#n1', 'scan.mha#n3'])):
        gray, about = read(name)
        assert len(gray) == 2 and [entry['nodule'] for entry in about['entries']] == nodules


def test_shifted_cuts_come_from_the_full_slice_and_folds_split_by_scan(cropped, script, tmp_path):
    path = str(write(tmp_path, picture(lopsided, size=(90, 90, 28)), 'nii.gz'))
    for i in range(5):
        os.link(path, str(tmp_path / ('%d.nii.gz' % i)))
    rows = ''.join('%d.nii.gz,%d,-17,%d\n' % (i, 12 + 3 * i, 95 + 2 * i) for i in range(5))
    read = cropped('path,x,y,z\n' + rows, '--augment', '--shifts', 3, '--folds', 2, '--slices', 2)
    for fold in (0, 1):
        (train, about), (test, held) = [read('nodules/fold%d/%s/nodules' % (fold, side)) for side in ('train', 'test')]
        nodules = [{entry['scan'] for entry in side['entries']} for side in (about, held)]
        assert not nodules[0] & nodules[1] and len(nodules[0] | nodules[1]) == 5
        assert len(train) == len(nodules[0]) * 2 * 3 * 5 and len(test) == len(nodules[1]) * 2
        assert (train > 74).all()  # 74 is air: of the volume's surroundings there is nothing in the middle of it
    assert script(CREATE, 'verify', tmp_path / 'out')[0] == 0


def test_voxel_coordinates(cropped, tmp_path):
    image = picture()
    path = write(tmp_path, image, 'nrrd').name
    index = ','.join('%.4f' % value for value in image.TransformPhysicalPointToContinuousIndex(POINT.tolist()))
    (gray,), _ = cropped('path,x,y,z\n%s,%s\n' % (path, index), '--coordinates', 'voxel')()
    assert np.abs(centroid(gray.astype(float), (-850 + 1900) / 3000 * 255.0) - 15.5).max() < 0.5


@pytest.mark.parametrize(
    'text, message',
    [
        ('path,x,y,z\ngood.mha,HERE\ngood.mha,0,0,999\n', ['nodules.csv line 3', 'outside']),
        ('path,x,y,z\nlost.mha,HERE\n', ['nodules.csv line 2', 'lost.mha']),
        ('path,x,y\ngood.mha,1,2\n', ['nodules.csv', 'x,y,z']),
        ('path,x,y,z,class\ngood.mha,HERE,a/b\n', ['a/b', 'class']),
        ('path,x,y,z\nnodules.csv,HERE\n', ['nodules.csv', 'not a volume']),
    ],
)
def test_bad_tables_and_volumes_are_refused_in_one_line(refuses, tmp_path, text, message):
    image = picture(size=(12, 10, 6))
    sitk.WriteImage(image, str(tmp_path / 'good.mha'))
    here = ','.join('%.3f' % value for value in image.TransformContinuousIndexToPhysicalPoint((5.0, 5.0, 3.0)))
    (tmp_path / 'nodules.csv').write_text(text.replace('HERE', here))
    refuses(CREATE, 'volumes', tmp_path / 'nodules.csv', '--resolution', 16, parts=message)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['--spacing', '0'], ['--spacing']),
        (['--spacing', '-1'], ['--spacing']),
        (['--slices', '0'], ['--slices']),
        (['--window', '5'], ['window']),
        (['--coordinates', 'itk'], ['--coordinates']),
        (['--volumes', 'nowhere'], ['nowhere']),
    ],
)
def test_bad_flags_are_refused_in_one_line(refuses, tmp_path, arguments, message):
    (tmp_path / 'nodules.csv').write_text(LUNA + '1.2.3,1,2,3,4\n')
    refuses(CREATE, 'volumes', tmp_path / 'nodules.csv', *arguments, parts=message)


def test_a_missing_table_and_a_missing_series_are_refused(refuses, tmp_path):
    write_dicom(tmp_path / 'series', picture(size=(12, 10, 6)), uid='1.2.3')
    (tmp_path / 'nodules.csv').write_text(LUNA + '1.2.3,%s,5\n9.9.9,1,2,3,5\n' % HERE)
    refuses(CREATE, 'volumes', tmp_path / 'nodules.csv', '--resolution', 16, parts=['nodules.csv line 3', '9.9.9'])
    refuses(CREATE, 'volumes', tmp_path / 'nowhere.csv', parts=['nowhere.csv'])


def near(*steps):
    """Lines of a table, `scan.mha,x,y,z`, at these distances from the nodule."""
    return ['scan.mha,%.3f,%.3f,%.3f' % tuple(POINT + step) for step in steps]


READERS = near([0.5, 0, 0], [-0.5, 1, 0], [0, -1, 0.5], [0, 0, -0.5]) + near([8, 0, 0])


def test_marks_of_several_readers_become_one_nodule_at_their_mean(cropped, tmp_path, capsys):
    write(tmp_path, picture(), 'mha')
    text = 'path,x,y,z,diameter\n' + ''.join('%s,%d\n' % (line, 6 + i) for i, line in enumerate(READERS))
    gray, about = cropped(text)()
    assert len(gray) == 2 and (about['nodules'], [entry['marks'] for entry in about['entries']]) == (2, [4, 1])
    assert np.abs(about['entries'][0]['point'] - POINT).max() < 1e-3 and about['entries'][0]['diameter_mm'] == 7.5


def test_voxel_marks_are_compared_in_millimetres(cropped, tmp_path):
    image = picture()
    path = write(tmp_path, image, 'mha').name
    index = np.array(image.TransformPhysicalPointToContinuousIndex(POINT.tolist()))
    marks = [index, index + [4, 0, 0], index + [0, 0, 2], index + [0, 0, 5]]  # 2.8, 2.5 and 6.25 mm off
    rows = ''.join('%s,%f,%f,%f\n' % ((path,) + tuple(mark[[1, 0, 2]])) for mark in marks)
    _, about = cropped('path,i,j,k\n' + rows)()
    assert [entry['marks'] for entry in about['entries']] == [3, 1]


def test_readers_who_differ_in_class_are_refused(refuses, tmp_path):
    write(tmp_path, picture(), 'mha')
    lines = [line + label for line, label in zip(READERS, (',AIS', ',AIS', ',IA', ',AIS', ',IA'))]
    (tmp_path / 'nodules.csv').write_text('path,x,y,z,class\n' + '\n'.join(lines) + '\n')
    message = ['nodules.csv line 2', 'line 4', 'differ in class']
    refuses(CREATE, 'volumes', tmp_path / 'nodules.csv', '--resolution', 16, parts=message)


def test_points_of_slicer_are_cropped_from_the_scan_that_volumes_names(script, refuses, tmp_path):
    path = write(tmp_path, picture(), 'nrrd')
    right, front, up = POINT * [-1, -1, 1]
    (tmp_path / 'F.fcsv').write_text(
        '# CoordinateSystem = RAS\n# columns = id,x,y,z\n1,%f,%f,%f\n' % (right, front, up)
    )
    command = [CREATE, 'volumes', tmp_path / 'F.fcsv', '--resolution', 32, '--spacing', 0.5]
    refuses(*command, parts=['F.fcsv', '--volumes'])
    assert script(*command, '--volumes', path, '--outdir', tmp_path / 'out')[0] == 0
    (gray,) = dataset.read(str(tmp_path / 'out' / 'nodules' / 'nodules-r05.tfrecords'))
    assert np.abs(gray[0] - (blob(pixels(32, 0.5)) + 1900) / 3000 * 255).max() < 1
