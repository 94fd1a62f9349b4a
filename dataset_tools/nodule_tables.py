"""Rows of tables as hospitals have them: CSV of any dialect and encoding, and Excel workbooks."""

import codecs
import csv
import io
import itertools
import re

from common import files

_BOMS = ((codecs.BOM_UTF8, 'utf-8-sig'), (codecs.BOM_UTF16_LE, 'utf-16'), (codecs.BOM_UTF16_BE, 'utf-16'))
_CONTROL = re.compile('[\0-\x08\x0e-\x1f]')
# What columns are called elsewhere, without capitals and what is no letter or digit.
_NAMES = {
    'seriesuid': 'seriesuid seriesinstanceuid',
    'path': 'path filepath filename',
    'patient': 'patient patientid patientname subject subjectid',
    'class': 'class diagnosis pathology histology',
    'label': 'label labelvalue segment segmentnumber',
    'nodule': 'nodule',
    'noduleid': 'noduleid',
    'lesion': 'lesion lesionid',
    'mask': 'mask maskpath segmentation seg',
    'diameter_mm': 'diametermm diameter diameqrad',
    'x': 'x xmm',
    'y': 'y ymm',
    'z': 'z zmm',
}
_NAMES.update({name: name for name in ('coordx', 'coordy', 'coordz', 'i', 'j', 'k')})
_COLUMNS = {name: column for column, names in _NAMES.items() for name in names.split()}


def read(path):
    """(names of its columns as in _NAMES; its rows, [(place, {column: text})]; names of columns without a meaning).

    A place is such as `line 2`.

    By content: an Excel workbook (its first sheet that holds anything), or text in UTF-8, UTF-16 or Windows' Latin-1,
    delimited by comma, semicolon or tab, perhaps with a line `sep=;` before the header. Empty rows are left out.
    """
    files.require_regular(path)
    with open(path, 'rb') as file:
        data = file.read()
    read_cells = _workbook if data[:4] == b'PK\3\4' else _text
    lines = []
    for number, cells in read_cells(path, data):
        cells = [cell.strip() for cell in cells]
        if any(cells):
            lines.append((f'line {number}', cells))
    if len(lines) < 2:
        raise ValueError(f'{path} holds no annotations; it needs a header line and a line for each nodule')
    place, header = lines[0]
    columns = [column_of(name) for name in header]
    for i, column in enumerate(columns):
        if column and column in columns[:i]:
            both = f'{header[columns.index(column)]} and {header[i]}'
            raise ValueError(f'{path} {place}: the columns {both} mean the same; drop one of them')
    rows = []
    for place, cells in lines[1:]:
        if len(cells) != len(columns):
            count = f'{len(cells)} cells under a header of {len(columns)}'
            raise ValueError(f'{path} {place}: {count}; quote cells that hold the delimiter')
        rows.append((place, dict(zip(columns, cells))))
    return columns, rows, [name for name in header if name and column_of(name) not in _NAMES]


def column_of(name):
    """The key in rows of a column with that name in the header."""
    plain = re.sub('[^a-z0-9]', '', name.lower())
    return _COLUMNS.get(plain, plain)


def _text(path, data):
    """(line number, cells) of a delimited text."""
    lines = io.StringIO(_decoded(path, data), newline='').readlines() or ['']
    declared = re.match(r'"?sep=(.)"?\s*$', lines[0], re.IGNORECASE)
    delimiter = declared.group(1) if declared else max(',;\t', key=lines[0].count)
    skipped = 1 if declared else 0
    reader = csv.reader(lines[skipped:], delimiter=delimiter)
    try:
        for cells in reader:
            yield reader.line_num + skipped, cells
    except csv.Error:
        raise _no_table(path) from None


def _decoded(path, data):
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    if not encoding and b'\0' in data[:64]:  # UTF-16 that does not say so
        encoding = 'utf-16-le' if data[1:2] == b'\0' else 'utf-16-be'
    try:
        text = data.decode(encoding or 'utf-8')
    except UnicodeDecodeError:
        text = '\0' if encoding else data.decode('cp1252', 'replace')
    if _CONTROL.search(text):
        raise _no_table(path)
    return text


def _no_table(path):
    return ValueError(f'{path} is not a table; save it as .xlsx or as CSV, UTF-8')


def _workbook(path, data):
    """(row number, cells) of the first sheet with anything in it."""
    try:
        import openpyxl
    except ImportError:
        raise OSError(f'{path}: Excel tables are read with openpyxl; install it: pip install openpyxl') from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]
    except Exception:  # a damaged one raises whatever zip files, XML and styles can
        raise _no_table(path) from None
    rows = next((rows for rows in sheets if any(itertools.chain(*rows))), [])
    header = rows[0] if rows else ()
    width = max([i + 1 for i, cell in enumerate(header) if cell is not None], default=0)
    for number, row in enumerate(rows, 1):
        cells = [_cell(cell) for cell in row]
        if not any(cells[width:]):  # empty columns on the right
            cells = cells[:width] + [''] * (width - len(cells))
        yield number, cells


def _cell(value):
    """A cell as text: whole numbers without the .0 that Excel gives them."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return '' if value is None else str(value)
