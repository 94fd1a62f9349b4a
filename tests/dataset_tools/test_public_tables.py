"""Tables as public data sets have them: which column names a nodule, which is a flag, what is no diameter."""

import csv
import json

import pytest
import SimpleITK as sitk

from created import facts
from dataset_tools import annotations, ct_volumes
from scans import POINT, chest, complaint, picture

PLACES = [POINT, POINT + [24, 0, 0], POINT + [0, 0, 12]]


def table(folder, text):
    (folder / 'nodules.csv').write_text(text)
    return annotations.read_annotations(str(folder / 'nodules.csv'))


def cells(*texts):
    """Lines `scan.mha,x,y,z,text` of the first places."""
    return ''.join('scan.mha,%.3f,%.3f,%.3f,%s\n' % (tuple(place) + (text,)) for place, text in zip(PLACES, texts))


@pytest.fixture
def volumes(volumes, tmp_path):
    """As volumes, with a scan of three nodules."""
    sitk.WriteImage(picture(chest(*PLACES), size=(110, 60, 50)), str(tmp_path / 'scan.mha'))
    return lambda text, *flags: volumes(text, '--keep-names', '--force', *flags)


def test_a_column_nodule_of_ones_and_zeros_is_a_flag_where_places_lie_apart(volumes, tmp_path):
    code, out, err = volumes('path,x,y,z,Nodule\n' + cells('1', '1', '0') + cells('1'))
    assert code == 0 and 'names none; 1 lines with 0 are left out' in out, err
    points = [entry['point'] for entry in facts(tmp_path / 'out' / 'nodules')['entries']]
    assert points == [pytest.approx(PLACES[0], abs=1e-3), pytest.approx(PLACES[1], abs=1e-3)]
    assert facts(tmp_path / 'out' / 'nodules')['nodules'] == 2


def test_names_0_and_1_of_one_place_each_stay_names_and_that_is_said(tmp_path, capsys):
    rows = table(tmp_path, 'path,x,y,z,nodule\na.nii,1,2,3,0\na.nii,2,2,3,0\na.nii,90,2,3,1\n')
    assert [row.nodule for row in rows] == ['a.nii#0', 'a.nii#0', 'a.nii#1']
    assert '0 and 1 in the column Nodule are taken for names' in capsys.readouterr().out
    text = 'path,x,y,z,Nodule\na.nii,1,2,3,0\na.nii,90,2,3,0\n'
    complaint(ValueError, lambda: table(tmp_path, text), 'nodules.csv', 'holds no nodule')


def test_one_name_of_places_tens_of_millimetres_apart_in_one_scan_is_refused_with_its_lines(volumes):
    code, _, err = volumes('path,x,y,z,NoduleID\n' + cells('n7', 'n7', 'n8'))
    assert code == 2 and 'line 2 and' in err and 'line 3 are one nodule by name, but 24.0 mm apart' in err


def test_a_table_of_luna25_is_read_as_it_is_published(tmp_path, capsys):
    header = 'PatientID,SeriesInstanceUID,StudyDate,CoordX,CoordY,CoordZ,LesionID,AnnotationID,NoduleID,label,Gender'
    (row,) = table(tmp_path, header + '\n9,1.2.3,19990102,57,71,24,1,9_1_19990102,9_1,0,Male\n')
    assert (row.series, row.point, row.label, row.patient, row.nodule) == ('1.2.3', (57, 71, 24), '0', '9', '9#9_1')
    out = capsys.readouterr().out
    assert 'NoduleID, not by LesionID' in out and 'without a meaning here: StudyDate, AnnotationID, Gender' in out
    text = 'path,x,y,z,Nodule,NoduleID\na.nii,1,2,3,x,y\n'
    complaint(ValueError, lambda: table(tmp_path, text), 'Nodule and NoduleID', 'drop')


@pytest.mark.parametrize('text', ['-1', '0', '-1,0', 'NaN', 'n/a', '', '0.0'])
def test_what_is_no_diameter_is_none(tmp_path, text):
    (row,) = table(tmp_path, 'path;x;y;z;diameter_mm\na.nii;1;2;3;%s\n' % text)
    assert row.diameter_mm is None


def test_an_unknown_diameter_is_not_written(volumes, tmp_path):
    assert volumes('path,x,y,z,diameter_mm\n' + cells('-1', '6'))[0] == 0
    assert [entry['diameter_mm'] for entry in facts(tmp_path / 'out' / 'nodules')['entries']] == [None, 6]


@pytest.mark.parametrize('name', ['class', 'patient', 'nodule'])
def test_a_nan_that_pandas_wrote_is_an_empty_cell(tmp_path, name):
    text = 'path,x,y,z,%s\na.nii,1,2,3,nan\n' % name
    complaint(ValueError, lambda: table(tmp_path, text), 'line 2', name + ' is empty')


def conflict(volumes, tmp_path, choice):
    """-> classes of the data sets and their points, the lines that were skipped, and the output."""
    first = 'scan.mha,%.3f,%.3f,%.3f,AIS\n' % tuple(PLACES[0] + [1, 0, 0])
    lines = 'path,x,y,z,class\n' + cells('IA', 'MIA') + first
    code, out, err = volumes(lines, '--class-conflict', choice)
    assert code == 0, err
    result = {}
    for path in sorted((tmp_path / 'out').glob('*/*.json')):
        result[path.stem] = [entry['point'] for entry in json.loads(path.read_text())['entries']]
    with open(str(tmp_path / 'out' / 'nodules-skipped.csv'), newline='') as f:
        return result, [row['line'].split()[-1] for row in csv.DictReader(f)], out


def test_where_marks_of_one_nodule_differ_in_class_the_first_may_count_or_none(volumes, tmp_path):
    result, skipped, out = conflict(volumes, tmp_path, 'first')
    assert result == {'IA': [pytest.approx(PLACES[0], abs=1e-3)], 'MIA': [pytest.approx(PLACES[1], abs=1e-3)]}
    assert skipped == ['4'] and 'line 2 and line 4 mark one nodule' in out and 'that of the first, IA, is used' in out


def test_a_nodule_whose_marks_differ_in_class_may_be_dropped(volumes, tmp_path):
    result, skipped, out = conflict(volumes, tmp_path, 'drop')
    assert list(result) == ['MIA'] and skipped == ['2', '4'] and 'none is used' in out
    assert 'left out: 2 annotations' in out


def test_a_difference_in_class_is_an_error_that_names_the_choice_and_so_is_nothing_left(volumes):
    text = 'path,x,y,z,class\n' + cells('IA') + cells('AIS')
    code, _, err = volumes(text)
    assert code == 2 and 'line 2' in err and 'line 3' in err and '--class-conflict first or drop' in err
    code, _, err = volumes(text, '--class-conflict', 'drop')
    assert code == 2 and err.count('\n') == 1 and 'no nodule' in err and 'nodules.csv' in err


def scans_of(folder, *names):
    """A scan with nodules at PLACES under each of these names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(picture(chest(*PLACES), size=(110, 60, 50)), str(folder / name))


def lines(header, *rows):
    return '\n'.join([header] + [','.join(map(str, row)) for row in rows]) + '\n'


def points(path):
    return [pytest.approx(entry['point'], abs=1e-3) for entry in facts(path)['entries']]


def test_annotations_of_luna16_are_cropped_in_one_command(volumes, tmp_path):
    scans_of(tmp_path / 'LUNA16', 'subset0/1.3.6.1.mhd', 'seg-lungs-LUNA16/1.3.6.1.mhd', 'subset1/1.3.6.2.mhd')
    rows = [('1.3.6.1',) + tuple(PLACES[0]) + (5.65,), ('1.3.6.2',) + tuple(PLACES[1]) + (4.22,)]
    text = lines('seriesuid,coordX,coordY,coordZ,diameter_mm', *rows)
    assert volumes(text, '--volumes', tmp_path / 'LUNA16')[0] == 0
    about = facts(tmp_path / 'out' / 'nodules')
    assert points(tmp_path / 'out' / 'nodules') == [list(PLACES[0]), list(PLACES[1])]
    assert [(entry['diameter_mm'], entry['scan']) for entry in about['entries']] == [
        (5.65, '1.3.6.1'),
        (4.22, '1.3.6.2'),
    ]


def test_candidates_of_luna16_most_of_which_are_no_nodules_are_cropped_by_their_class(volumes, tmp_path):
    scans_of(tmp_path / 'LUNA16', 'subset0/1.3.6.1.mhd')
    lung = [PLACES[0] + [0, 19, 0], PLACES[0] + [0, -19, 0]]
    places = [PLACES[0], PLACES[0] + [1, 0, 0], lung[0], lung[1], PLACES[0] + [10, 19, 0]]
    rows = [('1.3.6.1',) + tuple(place) + (int(i < 2),) for i, place in enumerate(places)]
    flags = ['--volumes', tmp_path / 'LUNA16', '--coordinates', 'world', '--classes', 'candidate,nodule']
    code, out, err = volumes(lines('seriesuid,coordX,coordY,coordZ,class', *rows), *flags)
    assert code == 0, err
    assert facts(tmp_path / 'out' / 'candidate')['nodules'] == 3
    assert points(tmp_path / 'out' / 'nodule') == [list(PLACES[0] + [0.5, 0, 0])]


def test_a_table_of_luna25_is_cropped_in_one_command_with_names_for_its_labels(volumes, tmp_path):
    scans_of(tmp_path / 'luna25_images', '1.2.840.1.mha', '1.2.840.2.mha')
    header = 'PatientID,SeriesInstanceUID,StudyDate,CoordX,CoordY,CoordZ,LesionID,AnnotationID,NoduleID,label,'
    header += 'Age_at_StudyDate,Gender'
    rows = [
        (100012, '1.2.840.1', 19990102) + tuple(PLACES[0]) + (1, '100012_1_19990102', '100012_1', 0, 63, 'Male'),
        (100012, '1.2.840.2', 20000102) + tuple(PLACES[0]) + (1, '100012_1_20000102', '100012_1', 0, 64, 'Male'),
        (100012, '1.2.840.2', 20000102) + tuple(PLACES[1]) + (2, '100012_2_20000102', '100012_2', 1, 64, 'Male'),
    ]
    flags = ['--volumes', tmp_path / 'luna25_images', '--classes', 'benign,malignant']
    code, _, err = volumes(lines(header, *rows), *flags)
    assert code == 0, err
    benign, malignant = [facts(tmp_path / 'out' / name)['entries'] for name in ('benign', 'malignant')]
    assert [(entry['nodule'], entry['scan'], entry['patient']) for entry in benign] == [
        ('100012#100012_1', '1.2.840.1', '100012'),
        ('100012#100012_1', '1.2.840.2', '100012'),
    ]
    assert [entry['nodule'] for entry in malignant] == ['100012#100012_2']
    code, _, err = volumes(lines(header, rows[2][:9] + (2, 64, 'Male')), *flags)
    assert code == 2 and 'line 2 has the label 2' in err and '--classes' in err


LNDB = 'LNDbID,RadID,RadFindingID,FindingID,Nodule,x,y,z,DiamEq_Rad,Texture,Malignancy'


def lndb(number, place, is_nodule, diameter):
    return (number, '"[1, 2]"', '"[1, 1]"', 1, is_nodule) + tuple(place) + (diameter, 4.5, 3)


def test_the_table_of_lndb_is_cropped_with_a_pattern_of_the_names_of_scans(volumes, tmp_path):
    scans_of(tmp_path / 'LNDb', 'data0/LNDb-0001.mhd', 'data1/LNDb-0012.mhd', 'masks/LNDb-0001_rad1.mhd')
    rows = [lndb(1, PLACES[0], 1, 6.4), lndb(1, PLACES[1], 1, 4.2), lndb(1, PLACES[2], 0, 0)]
    text = lines(LNDB, *rows, lndb('12.0', PLACES[1], '1.0', 5.5))
    code, out, err = volumes(text, '--volumes', tmp_path / 'LNDb' / 'LNDb-{LNDbID:04}.mhd')
    assert code == 0 and '1 lines with 0 are left out' in out and 'LNDbID' not in out, (out, err)
    entries = facts(tmp_path / 'out' / 'nodules')['entries']
    assert points(tmp_path / 'out' / 'nodules') == [list(PLACES[0]), list(PLACES[1]), list(PLACES[1])]
    assert [(entry['scan'], entry['diameter_mm']) for entry in entries] == [
        ('LNDb-0001.mhd', 6.4),
        ('LNDb-0001.mhd', 4.2),
        ('LNDb-0012.mhd', 5.5),
    ]


def test_the_column_nodule_of_lndb_is_a_flag_however_near_the_places_are(tmp_path):
    lines_ = ['path,RadID,x,y,z,Nodule', 'a.nii,1,1,2,3,1', 'a.nii,2,1,2,3,0', 'a.nii,1,1,2,13,1']
    rows = table(tmp_path, '\n'.join(lines_) + '\n')
    assert [(row.nodule, row.point) for row in rows] == [('a.nii#1', (1, 2, 3)), ('a.nii#2', (1, 2, 13))]


def test_a_pattern_with_folders_gives_paths_and_replaces_columns_of_scans(volumes, tmp_path):
    scans_of(tmp_path / 'nii', 'P1/base/ct.nii.gz', 'P2/base/ct.nii.gz')
    rows = [('P1', 'x.nii') + tuple(PLACES[0]), ('P2', 'x.nii') + tuple(PLACES[1])]
    code, _, err = volumes(
        lines('PatientID,path,x,y,z', *rows), '--volumes', tmp_path / 'nii/{PatientID}/base/ct.nii.gz'
    )
    assert code == 0, err
    entries = facts(tmp_path / 'out' / 'nodules')['entries']
    assert [entry['scan'] for entry in entries] == ['P1/base/ct.nii.gz', 'P2/base/ct.nii.gz']


@pytest.mark.parametrize(
    'pattern, parts',
    [
        ('LNDb-{LNDb:04}.mhd', ['no column LNDb;', '{COLUMN:04}']),
        ('LNDb-{LNDbID:4}.mhd', ['not understood', '{COLUMN:04}']),
        ('LNDb-{}.mhd', ['not understood', '{COLUMN:04}']),
        ('LNDb-{RadID:04}.mhd', ['line 2', "RadID is '[1, 2]'", 'whole number']),
        ('nowhere/LNDb-{LNDbID:04}.mhd', ['there is no ', 'nowhere']),
        ('LNDb-{LNDbID}.mhd', ['line 2', 'holds no LNDb-1']),
    ],
)
def test_patterns_that_fit_no_scan_are_refused(volumes, tmp_path, pattern, parts):
    scans_of(tmp_path, 'LNDb-0001.mhd')
    code, _, err = volumes(lines(LNDB, lndb(1, PLACES[0], 1, 6.4)), '--volumes', tmp_path / pattern)
    assert code == 2 and err.count('\n') == 1 and all(part in err for part in parts), err


def test_a_scan_that_is_missing_is_looked_for_once_however_many_candidates_it_has(volumes, tmp_path, monkeypatch):
    looked_for, find_volume = [], ct_volumes.find_volume

    def counted(a, folder):
        looked_for.append(a.series)
        return find_volume(a, folder)

    monkeypatch.setattr(ct_volumes, 'find_volume', counted)
    here = 'scan,%.3f,%.3f,%.3f\n' % tuple(POINT)
    absent = ''.join(f'1.2.3,{x},0,0\n' for x in range(50))
    code, out, err = volumes('seriesuid,coordX,coordY,coordZ\n' + here + absent, '--skip-bad')
    assert code == 0 and 'left out: 50 annotations' in out, err
    assert looked_for == ['scan', '1.2.3']
