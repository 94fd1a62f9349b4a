"""Tables of nodules: where each lies in which scan."""

import os
import re
from collections import defaultdict, namedtuple

import numpy as np

from common import card, log
from dataset_tools import locations, markups, nodule_tables

NUMBER = re.compile(r'[-+]?(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d\d?)?$', re.IGNORECASE)  # some countries write a comma
COORD_AXES, XYZ_AXES = ('coordx', 'coordy', 'coordz'), ('x', 'y', 'z')
INDEX_AXES = ('j', 'i', 'k')  # in the order x, y, z; pylidc: i counts rows
UNKNOWN = 'nan', 'na', 'n/a', '#n/a', 'none', 'null', '-', '?'  # what cells hold instead of a number
LISTED = 10  # wrong lines in one message
NODULE_REACH = 20.0  # mm, or voxels: places of one scan that are farther apart are not one nodule
NAMING_COLUMNS = 'noduleid', 'nodule', 'lesion'  # the first that a table has names its nodules: LUNA25 has two of them
READER_COLUMN = 'radid'  # of LNDb, whose column Nodule is a flag
FLAGS = {'0': False, '1': True, '0.0': False, '1.0': True, 'false': False, 'true': True}
# place: such as 'line 2' of the table; path: of the volume, from the table's folder; series: its UID; point: three
# floats in coordinates, world or voxel; label: the class; patient; mask: path of the label map, DICOM SEG or RTSTRUCT;
# segment: number or name of the nodule in it; nodule, scan: their names, made of the table's text; slices: instead of a
# mask, marked_slices.Slices; facts: more that NAME.json says of it. What the table does not hold is None.
Annotation = namedtuple(
    'Annotation', 'place path series point coordinates diameter_mm label nodule patient mask segment scan slices facts'
)
Annotation.__new__.__defaults__ = (None,) * len(Annotation._fields)
# name: of the dataset if the user gives none; marked: Annotations; files: they were read from; about: for NAME.json
Table = namedtuple('Table', 'name marked files about')


def read_annotations(path, coordinates='world', volume=None):
    """The annotations of a table (see nodule_tables.read) or a file of 3D Slicer (see markups.read), as Annotations.

    coordinates: of the points, mm of DICOM (world), mm of 3D Slicer and nibabel (ras), or voxel; files of 3D Slicer
    know their own. volume: the scan of a table that names none, or where paths start that do not start at the table's
    folder, or a pattern of the names of scans, see locations.split_pattern. How columns and paths were understood is
    logged. ValueError of one line for all that is wrong in it.
    """
    folder, pattern = locations.split_pattern(volume)
    located = locations.Locations(path, folder)
    notes, unused = [], []
    if markups.ENDINGS.search(path):
        coordinates, rows = markups.read(path)
        columns = list(rows[0][1])
        axes = XYZ_AXES
    else:
        columns, rows, unused = nodule_tables.read(path)
        if pattern:
            columns, rows, unused = _with_scans(path, pattern, columns, rows, unused)
        if unused:
            notes.append(f'{path}: columns without a meaning here: {", ".join(unused)}')
        coordinates, axes = _axes(path, columns, coordinates)
        rows, naming_notes = _with_nodule_names(path, columns, rows, _points(rows, axes))
        notes += naming_notes
    if 'seriesuid' not in columns and 'path' not in columns:
        rows = _of_one_scan(path, rows, unused, volume)
    _require_no_faults(path, rows, axes)
    annotations = _annotations(rows, located, coordinates, axes)
    located.require_one_place()
    if located.moved:
        moved = [f'{written} is {actual}' for written, actual in located.moved.items()]
        notes.append(f'{path}: paths that are written otherwise: {_first(moved, 3)}')
    for line in notes:
        log.info(log.one_line(line))
    return annotations


def _with_scans(path, pattern, columns, rows, unused):
    """A table as of nodule_tables.read, with the scan of each row that a pattern names: as a path, or a file's name."""
    names = [match.group(1) for match in locations.FIELD.finditer(pattern)]
    keys = {name: nodule_tables.column_of(name) for name in names}
    remedy = 'write {COLUMN} for the text of a column of the table, or {COLUMN:04} for a number of four digits'
    if not names or re.search('[{}]', locations.FIELD.sub('', pattern)):
        raise ValueError(f'--volumes {pattern} is not understood; {remedy}')
    for name, key in keys.items():
        if key not in columns:
            raise ValueError(f'--volumes {pattern}: {path} has no column {name}; {remedy}')
    target = 'path' if '/' in pattern else 'seriesuid'
    located = []
    for place, row in rows:
        try:
            scan = locations.from_pattern(pattern, {name: row[key] for name, key in keys.items()})
        except ValueError as error:
            raise ValueError(f'{path} {place}: {error}') from None
        cells = {name: text for name, text in row.items() if name not in ('path', 'seriesuid')}
        located.append((place, dict(cells, **{target: scan})))
    columns = [name for name in columns if name not in ('path', 'seriesuid')] + [target]
    return columns, located, [name for name in unused if nodule_tables.column_of(name) not in keys.values()]


def _first(parts, count):
    """The first of some parts of a message, and how many more there are."""
    more = f'; and {len(parts) - count} more' if len(parts) > count else ''
    return '; '.join(parts[:count]) + more


def _of_one_scan(path, rows, unused, volume):
    """The rows of a table that names no scan, with the path of the one that the user named."""
    if volume is None:
        others = f' (of {", ".join(unused)} none is understood)' if unused else ''
        remedy = 'it needs a column seriesuid or path, or else --volumes SCAN'
        raise ValueError(f'{path} names no scan{others}; {remedy}')
    relative = os.path.relpath(volume, os.path.dirname(path) or '.')
    return [(place, dict(row, path=relative)) for place, row in rows]


def _axes(path, columns, coordinates):
    """(coordinates, names of their columns in the order x, y, z; None without)."""
    millimetres = next((axes for axes in (COORD_AXES, XYZ_AXES) if set(axes) <= set(columns)), None)
    if set(INDEX_AXES) <= set(columns) and (coordinates == 'voxel' or not millimetres):
        if coordinates == 'ras':
            raise ValueError(f'{path}: i,j,k are voxels; leave out --coordinates ras')
        return 'voxel', INDEX_AXES
    if millimetres == COORD_AXES and coordinates == 'voxel':
        raise ValueError(f'{path}: coordX,coordY,coordZ are world millimetres; voxels need columns x,y,z or i,j,k')
    if not millimetres and 'mask' not in columns:
        remedy = 'it needs coordX,coordY,coordZ or x,y,z or i,j,k, or mask'
        raise ValueError(f'{path}: columns {",".join(columns)[:99]}; {remedy}')
    return coordinates if millimetres else 'world', millimetres


def _points(rows, axes):
    """{place: [x, y, z]} of the rows of a table whose coordinates are numbers."""
    points = {}
    for place, row in rows if axes else ():
        cells = [row[name] for name in axes]
        if all(NUMBER.match(cell) for cell in cells):
            points[place] = [_number(cell) for cell in cells]
    return points


def _with_nodule_names(path, columns, rows, points):
    """The rows of a table with a nodule's name, if there is one, as `nodule`; and notes for the user.

    points: as of _points. A column Nodule of 1 and 0 says what is a nodule if the table is that of LNDb, if the same
    value stands for places far apart, or if another column names the nodules; lines with 0 are left out. ValueError if
    two columns name the nodules.
    """
    naming = [name for name in NAMING_COLUMNS if name in columns]
    notes = []
    if 'nodule' in naming and all(row['nodule'].lower() in FLAGS for _, row in rows):
        others = [name for name in naming if name != 'nodule']
        nodules = [(place, row) for place, row in rows if FLAGS[row['nodule'].lower()]]
        if others or READER_COLUMN in columns or _far_apart(rows, points):
            if not nodules:
                raise ValueError(f'{path} holds no nodule: its column Nodule is 0 in all lines; correct it, or drop it')
            left_out = len(rows) - len(nodules)
            more = f'; {left_out} lines with 0 are left out' if left_out else ''
            notes.append(f'{path}: the column Nodule says what is a nodule (1) and names none{more}')
            naming, rows = others, nodules
        elif len(nodules) < len(rows):
            notes.append(f'{path}: 0 and 1 in the column Nodule are taken for names; remove lines that are no nodules')
    if naming[:2] == ['noduleid', 'nodule']:
        raise ValueError(f'{path}: two columns, Nodule and NoduleID, name the nodules; drop one of them')
    if naming == ['noduleid', 'lesion']:
        notes.append(f'{path}: nodules are named by NoduleID, not by LesionID')
    named = []
    for place, row in rows:
        cells = {name: text for name, text in row.items() if name not in NAMING_COLUMNS}
        if naming:
            cells['nodule'] = row[naming[0]]
        named.append((place, cells))
    return named, notes


def _far_apart(rows, points):
    """Whether one value of the column Nodule stands for places more than NODULE_REACH apart in a scan."""
    groups = defaultdict(list)
    for place, row in rows:
        if place in points and row['nodule']:
            groups[row.get('path'), row.get('seriesuid'), row.get('patient'), row['nodule']].append(points[place])
    return any(np.ptp(group, axis=0).max() > NODULE_REACH for group in groups.values())


def _require_no_faults(path, rows, axes):
    """ValueError with the first LISTED faults of the rows."""
    faults = [f'{place}: {fault}' for place, row in rows for fault in _faults(row, axes)]
    if faults:
        raise ValueError(f'{path} {_first(faults, LISTED)}')


def _faults(row, axes):
    """Messages about what is wrong with a row."""
    scan = [name for name in ('path', 'seriesuid') if row.get(name)] or ['path', 'seriesuid']  # one may be empty
    for name in scan + ['patient', 'class', 'nodule', 'mask']:
        if row.get(name, name).lower() in ('', 'nan'):
            yield f'{name} is empty; fill it in, or drop the column'
    numeric = list(axes or ())
    if row.get('diameter_mm', '').lower() not in ('',) + UNKNOWN:
        numeric.append('diameter_mm')
    for name in numeric:
        if not NUMBER.match(row[name]):
            yield f'{name} is {row[name][:40]!r}; write a number such as 12.5'
    if 'mask' not in row and 'class' not in row and row.get('label') == '':
        yield 'label is empty; fill it in, or drop the column'


def _annotations(rows, located, coordinates, axes):
    """The Annotations of rows without faults. Patients and classes are written as in the first line with each."""
    annotations = []
    patients, labels = {}, {}
    count = defaultdict(int)  # {scan: annotations so far}
    for place, row in rows:
        a = _annotation(place, located, row, coordinates, axes)
        if a.patient:
            a = a._replace(patient=patients.setdefault(card.normalize(a.patient), a.patient))
        if a.label:
            a = a._replace(label=labels.setdefault(a.label.lower(), a.label))
        count[a.scan] += 1
        name = f'{a.scan}#{count[a.scan]}'
        if a.nodule:
            name = f'{a.patient or a.scan}#{a.nodule}'
        annotations.append(a._replace(nodule=name))
    return annotations


def _annotation(place, located, row, coordinates, axes):
    """The Annotation of a row without faults, with the name of the nodule as the row has it."""
    point = tuple(_number(row[name]) for name in axes) if axes else None
    if coordinates == 'ras':
        point = -point[0], -point[1], point[2]
    path = located(row['path']) if row.get('path') else None
    mask = located(row['mask']) if 'mask' in row else None
    scan_path = os.path.normpath(row['path'].replace('\\', '/')) if path else None
    label, segment = row.get('class'), row.get('label') or None
    if not mask and label is None:
        label, segment = segment, None
    return Annotation(
        place=place,
        path=path,
        series=row.get('seriesuid') or None,
        point=point,
        coordinates='voxel' if coordinates == 'voxel' else 'world',
        diameter_mm=_diameter(row),
        label=label,
        nodule=row.get('nodule'),
        patient=row.get('patient'),
        mask=mask,
        segment=segment,
        scan=' '.join(filter(None, (scan_path, row.get('seriesuid')))),
    )


def _diameter(row):
    """Millimetres, or None where the table does not know them; several public tables write -1 for that."""
    text = row.get('diameter_mm', '')
    return _number(text) if NUMBER.match(text) and _number(text) > 0 else None


def _number(text):
    return float(text.replace(',', '.'))
