"""What the headers of MetaImage and NRRD files declare, and whether the file holds as many bytes.

SimpleITK takes the missing voxels of truncated MetaImage files for zeros, and crashes on NRRD headers with vectors that
are longer than those of volumes.
"""

import os
import re
import zlib
from collections import namedtuple

from dataset_tools import itk

HEAD = 1 << 18  # bytes in which the header of a volume ends
BLOCK = 1 << 14  # bytes unpacked at a time; they become a thousand times as many at most
NUMBER = r'[-+]?[.\d]+([eE][-+]?\d+)?'
THREE_NUMBERS = re.compile(rf'{NUMBER}[ \t]+{NUMBER}[ \t]+{NUMBER}\s*$')
CONTROL = re.compile(rb'[\0-\x08\x0b\x0c\x0e-\x1f]')
VECTOR = re.compile(r'(none|\([-+.\deE]{1,40}(,[-+.\deE]{1,40}){,3}\))\s*')

# fields: {name in small letters: text}; end: the byte after the header
Header = namedtuple('Header', 'path is_nrrd fields end')


def read_header(path):
    """The Header of a MetaImage or NRRD file; one without fields of any other."""
    with open(path, 'rb') as file:
        head = file.read(HEAD)
    is_nrrd = head.startswith(b'NRRD')
    whole, field = (rb'.*?\r?\n\r?\n', rb'^([\w ]+): *([^\r\n]*)')
    if not is_nrrd:
        whole, field = (rb'.*?^ElementDataFile *=[^\r\n]*\r?\n?', rb'^(\w+) *= *([^\r\n]*)')
    match = re.match(whole, head, re.DOTALL | re.MULTILINE)
    text = match.group() if match else head * is_nrrd
    fields = {}
    for name, value in re.findall(field, text, re.MULTILINE):
        fields.setdefault(name.decode().lower(), os.fsdecode(value).strip())
    return Header(path, is_nrrd, fields, len(text))


def data_path(header):
    """The file with the voxels, which may be that of the header; None if a list or pattern of files holds them."""
    fields = header.fields
    name = fields.get('elementdatafile') or fields.get('data file') or fields.get('datafile') or 'LOCAL'
    if name.upper() == 'LOCAL':
        return header.path
    if name.upper().startswith('LIST') or '%' in name:
        return None
    return os.path.join(os.path.dirname(header.path), name)


def files_of(path):
    """The files of a volume: itself, and that of the voxels if it is another one."""
    data = data_path(read_header(path)) if path.lower().endswith(('.mhd', '.nhdr')) else None
    return [path, data] if data and data != path and os.path.isfile(data) else [path]


def check_header(path):
    """OSError for a header whose voxels are in a file that is missing, or on which SimpleITK would crash."""
    header = read_header(path)
    data = data_path(header)
    if data and not os.path.isfile(data):
        raise FileNotFoundError(f'{path}: its voxels are in {data}, which is not there; copy both files')
    if not header.is_nrrd:
        return
    with open(path, 'rb') as file:
        if CONTROL.search(file.read(header.end)):
            raise OSError(f'{path} has a damaged header; copy or convert it again')
    for name, value in header.fields.items():
        if value.startswith('='):  # a key of the user, as 3D Slicer writes them, and no field
            continue
        has_vectors = '(' in value and name.startswith(('space ', 'measurement frame'))
        bad_vectors = has_vectors and (VECTOR.sub('', value) or len(VECTOR.findall(value)) > 4)
        if bad_vectors or len(value.split()) > 20 and name != 'content':
            raise OSError(f'{path} has damaged {name}; copy or convert it again')


def check(path, reader):
    """OSError if a file holds fewer or more voxels than its SimpleITK reader says; ValueError if it has no place."""
    header = read_header(path)
    fields = header.fields
    if header.is_nrrd:
        _require_place(header, 'space origin')
        _require_place(header, 'space directions')
        encoding = fields.get('encoding', '').lower()
        if encoding not in ('raw', 'gzip', 'gz'):
            raise OSError(f'{path} is neither raw nor gzip inside; convert it again')
        more_may_follow = 'line skip' in fields or 'byte skip' in fields
        is_packed = encoding != 'raw' and not more_may_follow
    else:
        if 'elementdatafile' not in fields:
            raise OSError(f'{path} has no ElementDataFile; copy or convert it again')
        _require_place(header, 'Offset', 'Position', 'Origin')
        _require_place(header, 'ElementSpacing', 'ElementSize')
        is_text = fields.get('binarydata', '').lower() == 'false'
        more_may_follow = is_text or 'headersize' in fields
        is_packed = fields.get('compresseddata', '').lower() == 'true'
    data = data_path(header)
    if not data or not os.path.isfile(data):
        return  # a list of files
    start = header.end if data == path else 0
    needed = itk.count_bytes(reader)
    held = _unpacked_size(data, start, needed) if is_packed else os.path.getsize(data) - start
    if held < needed or held > needed and not more_may_follow:
        problem = 'is truncated or damaged' if held < needed else 'holds more than its header says'
        raise OSError(f'{data} {problem}; copy or download it again, or save it uncompressed')


def _require_place(header, *names):
    """ValueError without one of these fields: SimpleITK would put the volume at 0, with voxels of 1 mm."""
    values = [header.fields[name.lower()] for name in names if name.lower() in header.fields]
    if not any(header.is_nrrd or THREE_NUMBERS.match(value) for value in values):
        names = ' or '.join(names)
        raise ValueError(f'{header.path} has no usable {names}, so it does not say where it lies; convert it again')


def _unpacked_size(path, start, needed):
    """How many bytes a gzip or zlib stream in a file holds, counted a little beyond `needed`; -1 if it is damaged."""
    unpacker = zlib.decompressobj(47)  # 47: gzip or zlib, whichever it is
    held = 0
    try:
        with open(path, 'rb') as file:
            file.seek(start)
            for block in iter(lambda: file.read(BLOCK), b''):
                held += len(unpacker.decompress(block))
                if held > needed:
                    break
    except zlib.error:
        return -1
    return held
