"""Tables in the forms in which they come, and files of 3D Slicer."""

import json
import sys

import openpyxl
import pytest

from created import CREATE
from dataset_tools import annotations, nodule_tables
from scans import complaint

ROWS = [['SeriesInstanceUID', 'x_mm', 'Y (mm)', 'z', 'Diagnosis', 'Größe'], ['1.2', 1.5, -2.25, 3, 'ÄIS', 'groß']]


def text(delimiter=',', comma='.'):
    rows = [
        delimiter.join(str(cell).replace('.', comma) if i else str(cell) for i, cell in enumerate(row)) for row in ROWS
    ]
    return '\r\n'.join(rows) + '\r\n'


FORMS = {
    'commas': text().encode(),
    'semicolons and decimal commas': text(';', ',').encode(),
    'tabs, UTF-16 as Excel saves it': text('\t', ',').encode('utf-16'),
    'big-endian UTF-16': b'\xfe\xff' + text('\t').encode('utf-16-be'),
    'UTF-16 without a mark': text('\t').encode('utf-16-le'),
    'Latin-1': text(';', ',').encode('latin-1'),
    'byte order mark': text().encode('utf-8-sig'),
    'a line that names the delimiter': b'sep=;\r\n' + text(';', ',').encode('latin-1'),
    'a delimiter that only its line names': b'sep=|\r\n' + text('|').encode(),
}


@pytest.mark.parametrize('form', sorted(FORMS))
def test_a_table_says_the_same_in_every_form(tmp_path, form):
    (tmp_path / 'table.csv').write_bytes(FORMS[form])
    (row,) = annotations.read_annotations(str(tmp_path / 'table.csv'))
    assert (row.series, row.point, row.label, row.coordinates) == ('1.2', (1.5, -2.25, 3.0), 'ÄIS', 'world')
    assert row.place.endswith('line 3' if form.startswith('a ') else 'line 2')


def workbook(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(str(path))


def test_a_workbook_is_read_from_its_first_sheet_that_holds_anything(tmp_path):
    workbook(tmp_path / 'table.xlsx', [], ROWS + [[None] * 6, ['1.3', 4, 5, 6.0, 'IA', None]], [['notes']])
    rows = annotations.read_annotations(str(tmp_path / 'table.xlsx'))
    assert [(row.series, row.point, row.label) for row in rows] == [
        ('1.2', (1.5, -2.25, 3.0), 'ÄIS'),
        ('1.3', (4.0, 5.0, 6.0), 'IA'),
    ]
    assert rows[1].place.endswith('line 4')


def test_whole_numbers_of_a_workbook_are_names_without_a_point_and_cells_beyond_the_header_are_refused(tmp_path):
    workbook(tmp_path / 'a.xlsx', [['path', 'x', 'y', 'z', 'patient'], ['a.nii', 1, 2, 3, 12.0]])
    assert annotations.read_annotations(str(tmp_path / 'a.xlsx'))[0].patient == '12'
    workbook(tmp_path / 'a.xlsx', [['path', 'x', 'y', 'z'], ['a.nii', 1, 2, 3, 'late']])
    complaint(ValueError, lambda: nodule_tables.read(str(tmp_path / 'a.xlsx')), 'line 2', '5 cells', 'header of 4')


@pytest.mark.parametrize(
    'data', [b'PK\3\4 no zip', b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', b'\x89PNG\r\n\x1a\n\0', b'a,b\n\0\1']
)
def test_what_is_no_table_is_refused(tmp_path, data):
    (tmp_path / 'table.csv').write_bytes(data)
    complaint(ValueError, lambda: nodule_tables.read(str(tmp_path / 'table.csv')), 'table.csv', '.xlsx', 'UTF-8')


def test_openpyxl_is_asked_for_by_name(refuses, tmp_path, monkeypatch):
    workbook(tmp_path / 'table.xlsx', ROWS)
    monkeypatch.setitem(sys.modules, 'openpyxl', None)
    refuses(CREATE, 'volumes', tmp_path / 'table.xlsx', parts=['table.xlsx', 'pip install openpyxl'])


def test_two_columns_of_one_meaning_are_refused(tmp_path):
    (tmp_path / 'table.csv').write_text('series_uid,SeriesInstanceUID,x,y,z\n1,2,3,4,5\n')
    complaint(
        ValueError, lambda: nodule_tables.read(str(tmp_path / 'table.csv')), 'series_uid and SeriesInstanceUID', 'drop'
    )


FCSV = '# Markups file\n# CoordinateSystem = %s\n# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label\n'
POINTS = '1,%s,0,0,0,1,1,1,0,F-1\n2,4,5,6,0,0,0,1,1,1,0,F-2\n'


@pytest.mark.parametrize(
    'system, wanted', [('LPS', (1, 2, 3)), ('RAS', (-1, -2, 3)), ('0', (-1, -2, 3)), ('1', (1, 2, 3))]
)
def test_points_of_slicer_are_read_in_the_coordinates_they_say(tmp_path, system, wanted):
    (tmp_path / 'F.fcsv').write_text(FCSV % system + POINTS % '1,2,3')
    rows = annotations.read_annotations(str(tmp_path / 'F.fcsv'), volume=str(tmp_path / 'scan.nrrd'))
    assert rows[0].point == wanted and rows[0].path == str(tmp_path / 'scan.nrrd') and rows[0].coordinates == 'world'
    assert [row.nodule for row in rows] == ['scan.nrrd#F-1', 'scan.nrrd#F-2'] and rows[1].place.endswith('line 5')


def markup(path, system, *points):
    path.write_text(json.dumps(dict(markups=[dict(type='Fiducial', coordinateSystem=system, controlPoints=points)])))


def test_markups_in_json_are_read_and_points_that_were_not_placed_are_left_out(tmp_path):
    placed, other = dict(label='a', position=[1, 2.5, 3], positionStatus='defined'), dict(position=[9, 9, 9])
    unplaced = dict(label='b', position=[0, 0, 0], positionStatus='undefined')
    for system, wanted in (('RAS', (-1, -2.5, 3)), ('LPS', (1, 2.5, 3))):
        markup(tmp_path / 'F.mrk.json', system, placed, unplaced, other)
        rows = annotations.read_annotations(str(tmp_path / 'F.mrk.json'), volume='scan.nrrd')
        assert [row.point for row in rows][0] == wanted and len(rows) == 2


def reading(path, volume='scan.nrrd'):
    return lambda: annotations.read_annotations(str(path), volume=volume)


def shape(path, *shapes, system='LPS', **more):
    """A file of shapes, (type, position, position, ...) each."""
    markups = [
        dict(
            more,
            type=kind,
            coordinateSystem=system,
            controlPoints=[dict(label='L', position=place) for place in places],
        )
        for kind, *places in shapes
    ]
    path.write_text(json.dumps(dict(markups=markups)))


@pytest.mark.parametrize('system, sign', [('LPS', 1), ('RAS', -1)])
def test_a_line_is_one_nodule_at_its_midpoint_with_its_length_as_diameter(tmp_path, system, sign):
    path = tmp_path / 'L.mrk.json'
    lines = [('Line', [106, 86, 40], [122, 86, 40]), ('Line', [1, 2, 3], [3, 5, 9]), ('Fiducial', [7, 8, 9])]
    for units in ('mm', ['mm', 'UCUM', 'millimeter']):
        shape(path, *lines, system=system, coordinateUnits=units)
        rows = annotations.read_annotations(str(path), volume='scan.nrrd')
        wanted = [(114, 86, 40), (2, 3.5, 6), (7, 8, 9)]
        assert [row.point for row in rows] == [(sign * x, sign * y, z) for x, y, z in wanted]
        assert [row.diameter_mm for row in rows] == [16, 7, None]  # 2, 3 and 6 along the axes are 7
        assert len({row.nodule for row in rows}) == 3


@pytest.mark.parametrize('kind', ['Curve', 'ClosedCurve', 'Plane', 'ROI', 'Angle', 'Sphere'])
def test_shapes_that_are_no_nodule_are_refused_by_their_type(tmp_path, kind):
    shape(tmp_path / 'S.mrk.json', ('Line', [0, 0, 0], [4, 0, 0]), (kind, [1, 2, 3], [4, 5, 6], [7, 8, 8]))
    complaint(ValueError, reading(tmp_path / 'S.mrk.json'), 'S.mrk.json markup 2', repr(kind), 'point', 'line')


def test_a_line_without_two_ends_or_a_length_in_mm_is_refused(tmp_path):
    path = tmp_path / 'L.mrk.json'
    read = reading(path)
    for ends in ([[1, 2, 3]], [[1, 2, 3]] * 2, [[1, 2, 3], [4, 5, 6], [7, 8, 9]]):
        shape(path, ('Line', *ends))
        complaint(ValueError, read, path, 'markup 1', 'two ends')
    for keys in (dict(system='IJK'), dict(coordinateUnits='um')):
        shape(path, ('Line', [1, 2, 3], [4, 5, 6]), **keys)
        complaint(ValueError, read, path, 'markup 1', 'not in mm')


def test_slicer_files_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / 'F.mrk.json'
    read = reading(path)
    markup(path, 'RAS')
    complaint(ValueError, read, path, 'no points')
    markup(path, 'XYZ', dict(position=[1, 2, 3]))
    complaint(ValueError, read, path, "'XYZ'", 'LPS')
    markup(path, 'LPS', dict(position=[1, 2]))
    complaint(ValueError, read, path, 'point 1', '2 numbers')
    path.write_text('{"markups": 3}')
    complaint(ValueError, read, path, 'damaged')
    (tmp_path / 'F.fcsv').write_text(FCSV % 'LPS' + POINTS % '1,two,3')
    complaint(ValueError, reading(tmp_path / 'F.fcsv'), 'line 4', "'two'")
    complaint(ValueError, reading(tmp_path / 'F.fcsv', None), 'F.fcsv', '--volumes')
