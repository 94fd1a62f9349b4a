"""Tables of nodules: where each lies in which scan."""

import os
import re
from collections import defaultdict, namedtuple

from common import log
from dataset_tools import locations, markups, nodule_names, nodule_tables, pseudonyms

NUMBER = re.compile(r'[-+]?(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d\d?)?$', re.IGNORECASE)  # some countries write a comma
MILLIMETRES, INDEX = [('coordx', 'coordy', 'coordz'), ('x', 'y', 'z')], ('j', 'i', 'k')  # pylidc: i counts rows
UNKNOWN = 'nan', 'na', 'n/a', '#n/a', 'none', 'null', '-', '?'  # what stands in cells for no number
TOLD = 10  # wrong lines in one message
# where: file and line; path: of the volume, from the table's folder; series: its UID; point: three floats in
# coordinates, world or voxel; label: the class; patient; mask: path of the label map or DICOM SEG; segment: which label
# in it; nodule, scan: what tells them apart, made of the table's words. Whatever is not given is None.
Annotation = namedtuple(
    'Annotation', 'where path series point coordinates diameter_mm label nodule patient mask segment scan'
)
Annotation.__new__.__defaults__ = (None,) * 4


def read_annotations(path, coordinates='world', volume=None):
    """The annotations of a table (see tables.read) or a file of 3D Slicer (see markups.read), a list of Annotation.

    coordinates: of the points, mm of DICOM (world), mm of 3D Slicer and nibabel (ras), or voxel; files of 3D Slicer
    know their own. volume: the scan of a table that names none, or where paths start that do not start at the table's
    folder. What columns and paths were taken for is said. ValueError of one line for all that is wrong in it.
    """
    located, notes = locations.Locations(path, volume), []
    if markups.ENDINGS.search(path):
        (coordinates, rows), unused = markups.read(path), []
        columns, axes = list(rows[0][1]), MILLIMETRES[1]
    else:
        columns, rows, unused = nodule_tables.read(path)
        notes += [f'{path}: columns without a meaning here: {", ".join(unused)}'] if unused else []
        coordinates, axes = _axes(path, columns, coordinates)
        rows, more = nodule_names.settled(path, columns, rows, _points(rows, axes))
        notes += more
    if not {'seriesuid', 'path'} & set(columns):
        if volume is None:
            others = f' (of {", ".join(unused)} none is understood)' if unused else ''
            raise ValueError(
                f'{path} names no scan{others}; it needs a column seriesuid or path, or else --volumes SCAN'
            )
        rows = [(place, dict(row, path=os.path.relpath(volume, os.path.dirname(path) or '.'))) for place, row in rows]
    annotations, wrong, spelt, count, patients = [], [], {}, defaultdict(int), {}
    for place, row in rows:
        if row.get('patient'):  # as the first line spells it
            row['patient'] = patients.setdefault(pseudonyms.spelt_alike(row['patient']), row['patient'])
        faults = list(_faults(row, axes))
        if not faults:
            a = _annotation(f'{path} {place}', located, row, coordinates, axes)
            count[a.scan] += 1
            label = spelt.setdefault(a.label.lower(), a.label) if a.label else None
            annotations.append(a._replace(label=label, nodule=a.nodule or f'{a.scan}#{count[a.scan]}'))
        wrong += [f'{place}: {fault}' for fault in faults]
    if wrong:
        more = f'; and {len(wrong) - TOLD} more' if len(wrong) > TOLD else ''
        raise ValueError(f'{path} {"; ".join(wrong[:TOLD])}{more}')
    located.require_one_place()
    others = [f'{there} is {here}' for there, here in list(located.found.items())[:3]]
    more = f'; and {len(located.found) - 3} more' if len(located.found) > 3 else ''
    for line in notes + [f'{path}: paths that are written otherwise: {"; ".join(others)}{more}'] * bool(others):
        log.info(log.one_line(line))
    return annotations


def _points(rows, axes):
    """{place: (x, y, z)} of the rows of a table whose coordinates are numbers."""
    cells = {place: [row[name] for name in axes or ()] for place, row in rows}
    return {
        place: list(map(_number, texts)) for place, texts in cells.items() if texts and all(map(NUMBER.match, texts))
    }


def _annotation(where, located, row, coordinates, axes):
    """The Annotation of a row without faults; nodule is None if it has no name."""
    point = tuple(_number(row[name]) for name in axes) if axes else None
    if coordinates == 'ras':
        point = -point[0], -point[1], point[2]
    path, mask = [located(row[name]) if name in row else None for name in ('path', 'mask')]
    named = os.path.normpath(row['path'].replace('\\', '/')) if path else None
    scan = ' '.join(filter(None, (named, row.get('seriesuid'))))
    label, segment = row.get('class'), row.get('label') or None
    if not mask and label is None:
        label, segment = segment, None
    return Annotation(
        where,
        path,
        row.get('seriesuid'),
        point,
        'voxel' if coordinates == 'voxel' else 'world',
        _diameter(row),
        label,
        f'{row.get("patient") or scan}#{row["nodule"]}' if 'nodule' in row else None,
        row.get('patient'),
        mask,
        int(segment) if segment else None,
        scan,
    )


def _axes(path, columns, coordinates):
    """What the coordinates are, and the names of the columns that hold them in the order x, y, z; None without."""
    millimetres = next((axes for axes in MILLIMETRES if set(axes) <= set(columns)), None)
    if set(INDEX) <= set(columns) and (coordinates == 'voxel' or not millimetres):
        if coordinates == 'ras':
            raise ValueError(f'{path}: i,j,k are voxels; leave out --coordinates ras')
        return 'voxel', INDEX
    if millimetres and (coordinates != 'voxel' or millimetres == MILLIMETRES[1]):
        return coordinates, millimetres
    if millimetres:
        raise ValueError(f'{path}: coordX,coordY,coordZ are world millimetres; voxels need columns x,y,z or i,j,k')
    if 'mask' not in columns:
        wanted = 'it needs coordX,coordY,coordZ or x,y,z or i,j,k, or mask'
        raise ValueError(f'{path}: columns {",".join(columns)[:99]}; {wanted}')
    return 'world', None


def _faults(row, axes):
    """What is wrong with a row, in words."""
    for name in ('path', 'seriesuid', 'patient', 'class', 'nodule', 'mask'):
        if row.get(name, name).lower() in ('', 'nan'):
            yield f'{name} is empty; fill it in, or drop the column'
    for name in (axes or ()) + ('diameter_mm',) * (row.get('diameter_mm', '').lower() not in ('',) + UNKNOWN):
        if not NUMBER.match(row[name]):
            yield f'{name} is {row[name][:40]!r}; write a number such as 12.5'
    if 'mask' in row and row.get('label') and not re.match(r'[1-9]\d{0,4}$', row['label']):
        yield f'label is {row["label"][:40]!r}; write which number of the mask the nodule has, such as 1'
    if 'mask' not in row and 'class' not in row and row.get('label') == '':
        yield 'label is empty; fill it in, or drop the column'


def _diameter(row):
    """Millimetres, or None where the table does not know them; several public tables write -1 for that."""
    text = row.get('diameter_mm', '')
    return _number(text) if NUMBER.match(text) and _number(text) > 0 else None


def _number(text):
    return float(text.replace(',', '.'))
