"""Tables of nodules: where each lies in which scan."""

import csv
import os
import re
from collections import namedtuple

NUMBER = re.compile(r'[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d\d?)?$', re.IGNORECASE)
AXES = ('coordx', 'coordy', 'coordz'), ('x', 'y', 'z')
Annotation = namedtuple('Annotation', 'where path series point coordinates diameter_mm label nodule')


def read_annotations(csv_path, coordinates='world'):
    """The annotations of a CSV table, a list of Annotation.

    Columns: `seriesuid` or `path` (or both: a folder and which of its series), and `coordX,coordY,coordZ` (world mm, as
    in LUNA16) or `x,y,z` (in `coordinates`); perhaps `diameter_mm`, `class`, `nodule`.
    `where` names file and line, `path` is joined to the table's folder, `point` is three floats in `coordinates`,
    `label` is the class, `nodule` the table's id (one nodule wherever it stands) or else SCAN#1, SCAN#2, ... by row.
    Whatever is not given is None.
    """
    try:
        with open(csv_path, newline='', encoding='utf-8-sig') as file:
            lines = file.read().splitlines(True) or ['']
        reader = csv.reader(lines, delimiter=max(',;\t', key=lines[0].count))
        rows = [(f'{csv_path} line {reader.line_num}', [cell.strip() for cell in cells]) for cells in reader]
        rows = [row for row in rows if any(row[1])]
    except (UnicodeDecodeError, csv.Error):
        raise ValueError(f'{csv_path} is not a text table; save it as CSV, UTF-8') from None
    if len(rows) < 2:
        raise ValueError(f'{csv_path} holds no annotations; it needs a header line and a line for each nodule')
    where, header = rows[0][0], [name.lower() for name in rows[0][1]]
    axes = next((axes for axes in AXES if set(axes) <= set(header)), None)
    if axes is None or not {'seriesuid', 'path'} & set(header):
        wanted = 'it needs seriesuid or path, and coordX,coordY,coordZ or x,y,z'
        raise ValueError(f'{where}: columns {",".join(header)[:99]}; {wanted}')
    if coordinates != 'world' and (coordinates != 'voxel' or axes[0] == 'coordx'):
        wanted = 'x,y,z may be world or voxel, coordX,coordY,coordZ are world millimetres'
        raise ValueError(f'{where}: coordinates {coordinates}; {wanted}')
    annotations, first = [], {}
    for number, (where, cells) in enumerate(rows[1:], 1):
        if len(cells) != len(header):
            count = f'{len(cells)} cells under a header of {len(header)}'
            raise ValueError(f'{where}: {count}; quote cells that hold the delimiter')
        row = dict(zip(header, cells))
        for name in ('path', 'seriesuid', 'class', 'nodule'):
            if row.get(name) == '':
                raise ValueError(f'{where}: {name} is empty; fill it in, or drop the column')
        for name in axes + ('diameter_mm',) * bool(row.get('diameter_mm')):
            if not NUMBER.match(row[name]):
                raise ValueError(f'{where}: {name} is {row[name]!r}; write a number such as 12.5')
        point = tuple(float(row[name]) for name in axes)
        scan = ' '.join(row[name] for name in ('path', 'seriesuid') if name in row)
        if first.setdefault((scan, point), where) != where:
            raise ValueError(f'{where}: repeats {first[scan, point]}; drop one of them')
        path = os.path.join(os.path.dirname(csv_path), row['path']) if 'path' in row else None
        nodule, series, label = row.get('nodule', f'{scan}#{number}'), row.get('seriesuid'), row.get('class')
        diameter = float(row['diameter_mm']) if row.get('diameter_mm') else None
        annotations.append(Annotation(where, path, series, point, coordinates, diameter, label, nodule))
    return annotations
