"""Tables of nodules: where each lies in which scan."""

import os
import re
from collections import defaultdict, namedtuple

from dataset_tools import markups, names, tables

NUMBER = re.compile(r'[-+]?(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d\d?)?$', re.IGNORECASE)  # some countries write a comma
MILLIMETRES, INDEX = [('coordx', 'coordy', 'coordz'), ('x', 'y', 'z')], ('j', 'i', 'k')  # pylidc: i counts rows
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
    know their own. volume: the scan of a table that names none. ValueError of one line for all that is wrong in it.
    """
    folder = os.path.dirname(path)
    if markups.ENDINGS.search(path):
        coordinates, rows = markups.read(path)
        columns, axes = list(rows[0][1]), MILLIMETRES[1]
    else:
        columns, rows = tables.read(path)
        coordinates, axes = _axes(path, columns, coordinates)
    if not {'seriesuid', 'path'} & set(columns):
        if volume is None:
            raise ValueError(f'{path} names no scan; it needs a column seriesuid or path, or else --volumes SCAN')
        rows = [(place, dict(row, path=os.path.relpath(volume, folder or '.'))) for place, row in rows]
    annotations, wrong, spelt, count, patients = [], [], {}, defaultdict(int), {}
    for place, row in rows:
        if row.get('patient'):  # as the first line spells it
            row['patient'] = patients.setdefault(names.spelt_alike(row['patient']), row['patient'])
        faults = list(_faults(row, axes))
        if not faults:
            a = _annotation(f'{path} {place}', folder, row, coordinates, axes)
            count[a.scan] += 1
            label = spelt.setdefault(a.label.lower(), a.label) if a.label else None
            annotations.append(a._replace(label=label, nodule=a.nodule or f'{a.scan}#{count[a.scan]}'))
        wrong += [f'{place}: {fault}' for fault in faults]
    if wrong:
        more = f'; and {len(wrong) - TOLD} more' if len(wrong) > TOLD else ''
        raise ValueError(f'{path} {"; ".join(wrong[:TOLD])}{more}')
    return annotations


def _annotation(where, folder, row, coordinates, axes):
    """The Annotation of a row without faults; nodule is None if it has no name."""
    point = tuple(_number(row[name]) for name in axes) if axes else None
    if coordinates == 'ras':
        point = -point[0], -point[1], point[2]
    path, mask = [os.path.normpath(row[name]) if name in row else None for name in ('path', 'mask')]
    scan = ' '.join(filter(None, (path, row.get('seriesuid'))))
    label, segment = row.get('class'), row.get('label') or None
    if not mask and label is None:
        label, segment = segment, None
    return Annotation(
        where,
        os.path.join(folder, path) if path else None,
        row.get('seriesuid'),
        point,
        'voxel' if coordinates == 'voxel' else 'world',
        _number(row['diameter_mm']) if row.get('diameter_mm') else None,
        label,
        f'{row.get("patient") or scan}#{row["nodule"]}' if 'nodule' in row else None,
        row.get('patient'),
        os.path.join(folder, mask) if mask else None,
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
        if row.get(name) == '':
            yield f'{name} is empty; fill it in, or drop the column'
    for name in (axes or ()) + ('diameter_mm',) * bool(row.get('diameter_mm')):
        if not NUMBER.match(row[name]):
            yield f'{name} is {row[name][:40]!r}; write a number such as 12.5'
    if 'mask' in row and row.get('label') and not re.match(r'[1-9]\d{0,4}$', row['label']):
        yield f'label is {row["label"][:40]!r}; write which number of the mask the nodule has, such as 1'
    if 'mask' not in row and 'class' not in row and row.get('label') == '':
        yield 'label is empty; fill it in, or drop the column'


def _number(text):
    return float(text.replace(',', '.'))
