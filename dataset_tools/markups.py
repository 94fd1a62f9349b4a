"""Points and lines that were placed in 3D Slicer: .fcsv, and .mrk.json."""

import csv
import math
import re

from common import schema, types

ENDINGS = re.compile(r'\.(fcsv|mrk\.json)$', re.IGNORECASE)
_SYSTEMS = {'0': 'ras', '1': 'world', '2': 'voxel', 'RAS': 'ras', 'LPS': 'world', 'IJK': 'voxel'}
_COLUMNS = 'id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label'
_POINT = {'label?': types.text, 'position?': [types.number], 'positionStatus?': types.text}
_JSON = dict(markups=[{'type?': types.text, 'coordinateSystem?': types.text, 'controlPoints': [_POINT]}])


def read(path):
    """The coordinates of a file of ENDINGS (world, ras or voxel) and its rows, as those of nodule_tables.read.

    A row has x, y and z, and as `nodule` the label of the point if it has one. A line is one row: its midpoint, and its
    length as diameter_mm.
    """
    system, rows = (_fcsv if path.lower().endswith('.fcsv') else _json)(path)
    if system not in _SYSTEMS:
        raise ValueError(f'{path} has the coordinate system {system[:40]!r}; save it from 3D Slicer as LPS or RAS')
    if not rows:
        raise ValueError(f'{path} holds no points; place one in each nodule')
    labels = [row['nodule'] for _, row in rows]
    if len(set(labels)) < len(labels) or '' in labels:  # then they do not identify nodules
        rows = [(place, {name: row[name] for name in row if name != 'nodule'}) for place, row in rows]
    return _SYSTEMS[system], rows


def _fcsv(path):
    with open(path, newline='', encoding='utf-8', errors='replace') as file:
        lines = file.read().splitlines()
    fields = dict(re.findall(r'^# *(\w+) *= *(.*?) *$', '\n'.join(lines), re.MULTILINE))
    columns = fields.get('columns', _COLUMNS).replace(' ', '').split(',')
    if not {'x', 'y', 'z'} <= set(columns):
        raise ValueError(f'{path} names no columns x,y,z; save it from 3D Slicer again')
    rows = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith('#'):
            row = dict(zip(columns, next(csv.reader([line]))))
            point = {name: row.get(name, '').strip() for name in 'xyz'}
            rows.append((f'line {number}', dict(point, nodule=row.get('label', '').strip())))
    return fields.get('CoordinateSystem', '0'), rows


def _json(path):
    markups = schema.read(path, _JSON, 'save it from 3D Slicer again')['markups']
    systems = {markup.get('coordinateSystem') or 'LPS' for markup in markups}
    if len(systems) > 1:
        raise ValueError(f'{path} mixes coordinate systems; save its points from 3D Slicer as LPS')
    rows = []
    for number, markup in enumerate(markups, 1):
        markup_type = markup.get('type') or 'Fiducial'
        place = f'markup {number}'
        points = _placed(path, markup, len(rows))
        if markup_type == 'Line':
            rows.append((place, _line(path, place, markup, points)))
        elif markup_type == 'Fiducial':
            rows += points
        else:
            remedy = 'mark each nodule with a point, or with a line across it'
            raise ValueError(f'{path} {place} is of the type {markup_type[:40]!r}, which is no nodule; {remedy}')
    return systems.pop() if systems else 'LPS', rows


def _placed(path, markup, before):
    """The control points of a markup that have a place, as rows; `before`: how many rows there are already."""
    rows = []
    for point in markup['controlPoints']:
        position = point.get('position')
        if not position or point.get('positionStatus') not in (None, 'defined'):
            continue
        place = f'point {before + len(rows) + 1}'
        if len(position) != 3:
            problem = f'its position has {len(position)} numbers'
            raise ValueError(f'{path} {place}: {problem}; save it from 3D Slicer again')
        row = {name: repr(value) for name, value in zip('xyz', position)}
        row['nodule'] = (point.get('label') or '').strip()
        rows.append((place, row))
    return rows


def _line(path, place, markup, points):
    """The row of a line: its midpoint, and its length as the diameter."""
    ends = [[float(row[name]) for name in 'xyz'] for _, row in points]
    if len(ends) != 2 or ends[0] == ends[1]:
        raise ValueError(f'{path} {place} is a line without two ends; place both, or remove it')
    units = markup.get('coordinateUnits') or 'mm'
    units = units if isinstance(units, list) else [units]
    if _SYSTEMS.get(markup.get('coordinateSystem')) == 'voxel' or 'mm' not in units:
        raise ValueError(f'{path} {place} is a line whose length is not in mm; save it from 3D Slicer as LPS, in mm')
    row = {name: repr((first + second) / 2) for name, first, second in zip('xyz', *ends)}
    row['diameter_mm'] = repr(math.sqrt(sum((first - second) ** 2 for first, second in zip(*ends))))
    row['nodule'] = ''
    return row
