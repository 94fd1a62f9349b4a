"""Where the files of a table are found: beside it, below --volumes, and as other computers write paths."""

import pytest
import SimpleITK as sitk
from numpy.testing import assert_array_equal

from created import CREATE, facts
from dataset_tools import annotations, ct_volumes, locations
from scans import POINT, complaint, picture


@pytest.fixture
def disk(tmp_path):
    """tables/a.mha; scans/a.mha, scans/p1/ct.mha, scans/p2/ct.mha, scans/p2/B.NII.GZ, scans/series/ (a folder)."""
    for name in ('tables/a.mha', 'scans/a.mha', 'scans/p1/ct.mha', 'scans/p2/ct.mha', 'scans/p2/B.NII.GZ'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / 'scans' / 'series').mkdir()
    return tmp_path


@pytest.mark.parametrize(
    'text, wanted',
    [
        ('a.mha', 'tables/a.mha'),  # the folder of the table first
        ('p1/ct.mha', 'scans/p1/ct.mha'),
        ('./p1//ct.mha', 'scans/p1/ct.mha'),
        ('p1\\ct.mha', 'scans/p1/ct.mha'),
        ('P2/b.nii.gz', 'scans/p2/B.NII.GZ'),
        ('C:\\data\\p2\\CT.mha', 'scans/p2/ct.mha'),
        ('\\\\server\\share\\series', 'scans/series'),
        ('/home/other/p1/ct.mha', 'scans/p1/ct.mha'),
        ('D:/x/b.nii.gz', 'scans/p2/B.NII.GZ'),
    ],
)
def test_a_path_is_found_beside_the_table_or_below_volumes_however_it_is_written(disk, text, wanted):
    located = locations.Locations(str(disk / 'tables' / 'n.csv'), str(disk / 'scans'))
    assert located(text) == str(disk / wanted)


@pytest.mark.parametrize('text', ['ct.mha', 'C:\\data\\ct.mha', '/p3/ct.mha', 'p3/b.nii.gz', 'C:\\'])
def test_what_would_be_a_guess_is_not_found(disk, text):
    located = locations.Locations(str(disk / 'tables' / 'n.csv'), str(disk / 'scans'))
    assert located(text) == str(disk / 'tables' / text) or located(text) == text
    assert not located.moved


def test_two_paths_of_another_computer_that_would_be_one_file_are_refused(disk):
    text = 'path,x,y,z\nC:\\one\\B.nii.gz,1,2,3\nC:\\two\\b.nii.gz,1,2,3\n'
    (disk / 'tables' / 'n.csv').write_text(text)
    complaint(
        ValueError,
        lambda: annotations.read_annotations(str(disk / 'tables' / 'n.csv'), volume=str(disk / 'scans')),
        'C:\\one\\B.nii.gz',
        'C:\\two\\b.nii.gz',
        disk / 'scans/p2/B.NII.GZ',
    )


def test_a_set_is_made_from_paths_below_volumes_and_columns_that_mean_nothing_are_listed(succeeds, tmp_path):
    (tmp_path / 'far' / 'p').mkdir(parents=True)
    sitk.WriteImage(picture(), str(tmp_path / 'far' / 'p' / 'ct.mha'))
    here, there = (','.join('%.3f' % value for value in place) for place in (POINT, POINT + [9, 0, 0]))
    (tmp_path / 'n.csv').write_text(
        'path,x,y,z,Dateipfad,reader\np\\ct.mha,%s,q,3\nE:\\p\\ct.mha,%s,q,3\n' % (here, there)
    )
    command = [CREATE, 'volumes', tmp_path / 'n.csv', '--volumes', tmp_path / 'far', '--resolution', 16]
    out = succeeds(*command, '--keep-names', '--outdir', tmp_path / 'out')
    entries = facts(tmp_path / 'out' / 'nodules')['entries']
    assert [entry['scan'] for entry in entries] == ['p/ct.mha'] * 2  # one scan, in folds too
    assert 'n.csv: columns without a meaning here: Dateipfad, reader\n' in out
    (line,) = [line for line in out.splitlines() if 'written otherwise' in line]
    assert 'E:\\p\\ct.mha is ' + str(tmp_path / 'far' / 'p' / 'ct.mha') in line


def test_a_table_whose_path_has_an_unknown_name_is_reported_so(refuses, tmp_path):
    (tmp_path / 'n.csv').write_text('Dateipfad,x,y,z\nct.mha,1,2,3\n')
    refuses(CREATE, 'volumes', tmp_path / 'n.csv', parts=['n.csv', 'Dateipfad', 'seriesuid or path'])


def locate(uid, folder):
    """Where the volume of a series is looked for, by line 2 of a table."""
    return ct_volumes.find_volume(annotations.Annotation('line 2', None, uid, *[None] * 5), str(folder))


def test_a_series_with_an_ending_is_found_and_one_with_another_suffix_is_reported_what_there_is(tmp_path):
    (tmp_path / '1.2.3.mha').write_text('')
    (tmp_path / '1.2.30.mha').write_text('')
    assert locate('1.2.3.mha', tmp_path) == (str(tmp_path / '1.2.3.mha'), None)
    for name in ('1.2.3_0', '1.2.3-b', '1.2.3 (2)'):
        message = [name, 'write 1.2.3 if that is meant']
        complaint(FileNotFoundError, lambda name=name: locate(name, tmp_path), *message)


@pytest.mark.parametrize('form', ['nii', 'nii.gz', 'mha', 'mhd', 'nrrd', 'nhdr'])
def test_capitals_in_the_ending_of_a_volume_make_no_difference(tmp_path, form):
    sitk.WriteImage(picture(), str(tmp_path / ('1.2.' + form)))
    (tmp_path / ('1.2.' + form)).rename(tmp_path / ('1.2.' + form.upper()))
    path, _ = locate('1.2', tmp_path)
    assert_array_equal(sitk.GetArrayFromImage(ct_volumes.read_volume(path).image), sitk.GetArrayFromImage(picture()))
