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
    """The columns of a table, in our words; its rows, [(place, {column: text})]; names of columns without a meaning.

    A place is such as `line 2`.

    By content: an Excel workbook (its first sheet that holds anything), or text in UTF-8, UTF-16 or Windows' Latin-1,
    delimited by comma, semicolon or tab, perhaps with a line `sep=;` before the header. Empty rows are left out.
    """
    files.require_regular(path)
    with open(path, 'rb') as file:
        data = file.read()
    lines = [(number, cells) for number, cells in (_workbook if data[:4] == b'PK\3\4' else _text)(path, data)]
    lines = [(number, [cell.strip() for cell in cells]) for number, cells in lines]
    lines = [(f'line {number}', cells) for number, cells in lines if any(cells)]
    if len(lines) < 2:
        raise ValueError(f'{path} holds no annotations; it needs a header line and a line for each nodule')
    place, header = lines[0]
    columns = [_column(name) for name in header]
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
    return columns, rows, [name for name in header if name and _column(name) not in _NAMES]


def _column(name):
    plain = re.sub('[^a-z0-9]', '', name.lower())
    return _COLUMNS.get(plain, plain)


def _text(path, data):
    """(line number, cells) of a delimited text."""
    lines = io.StringIO(_decoded(path, data), newline='').readlines() or ['']
    named = re.match(r'"?sep=(.)"?\s*$', lines[0], re.IGNORECASE)
    delimiter = named.group(1) if named else max(',;\t', key=lines[0].count)
    reader = csv.reader(lines[1:] if named else lines, delimiter=delimiter)
    try:
        for cells in reader:
            yield reader.line_num + bool(named), cells
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
    width = max([i + 1 for row in rows[:1] for i, cell in enumerate(row) if cell is not None], default=0)
    for number, row in enumerate(rows, 1):
        cells = row if any(cell is not None for cell in row[width:]) else row[:width] + (None,) * (width - len(row))
        yield number, [_cell(cell) for cell in cells]


def _cell(value):
    """A cell as text: whole numbers without the .0 that Excel gives them."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return '' if value is None else str(value)
