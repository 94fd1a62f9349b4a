"""Which column of a table names the nodules, and which only says whether there is one."""

from collections import defaultdict

import numpy as np

APART = 20.0  # mm, or voxels: places of one scan that are farther apart are not one nodule
_NAMING = 'noduleid', 'nodule', 'lesion'  # what names a nodule, the first that a table has: LUNA25 has two of them
_FLAGS = {'0': False, '1': True, '0.0': False, '1.0': True, 'false': False, 'true': True}


def settled(path, columns, rows, points):
    """The rows of a table, with a nodule's name, if there is one, as `nodule`; and what its user should know of it.

    points: {place: (x, y, z)} of the rows that have one. A column Nodule of 1 and 0, as LNDb has it, in which the same
    value stands for places far apart, says what is a nodule; lines with 0 are left out. ValueError if two columns name
    the nodules.
    """
    naming, notes = [name for name in _NAMING if name in columns], []
    if 'nodule' in naming and all(row['nodule'].lower() in _FLAGS for _, row in rows):
        others = [name for name in naming if name != 'nodule']
        if others or _far_apart(rows, 'nodule', points):
            naming, number = others, len(rows)
            rows = [(place, row) for place, row in rows if _FLAGS[row['nodule'].lower()]]
            if not rows:
                raise ValueError(f'{path} holds no nodule: its column Nodule is 0 in all lines; correct it, or drop it')
            left_out = f'; {number - len(rows)} lines with 0 are left out' if len(rows) < number else ''
            notes.append(f'{path}: the column Nodule says what is a nodule (1) and names none{left_out}')
        elif not all(_FLAGS[row['nodule'].lower()] for _, row in rows):
            notes.append(f'{path}: 0 and 1 in the column Nodule are taken for names; remove lines that are no nodules')
    if naming[:2] == ['noduleid', 'nodule']:
        raise ValueError(f'{path}: two columns, Nodule and NoduleID, name the nodules; drop one of them')
    if naming:
        notes += [f'{path}: nodules are named by NoduleID, not by LesionID'] * (naming == ['noduleid', 'lesion'])
    other = set(_NAMING)
    named = [{name: text for name, text in row.items() if name not in other} for _, row in rows]
    for row, (_, full) in zip(named, rows):
        row.update({'nodule': full[naming[0]]} if naming else {})
    return [(place, row) for (place, _), row in zip(rows, named)], notes


def _far_apart(rows, naming, points):
    """Whether one value of a column stands for places more than APART apart in a scan."""
    groups = defaultdict(list)
    for place, row in rows:
        if place in points and row[naming]:
            groups[row.get('path'), row.get('seriesuid'), row.get('patient'), row[naming]].append(place)
    for places in groups.values():
        if np.ptp([points[place] for place in places], axis=0).max() > APART:
            return True
    return False
