"""Whether a MetaImage or NRRD file holds as many bytes as its header says, asked before SimpleITK reads them.

SimpleITK takes the missing voxels of truncated MetaImage files for zeros, and crashes on vectors of NRRD headers that
are longer than those of volumes.
"""

import os
import re
import zlib

from dataset_tools.itk import bits_of, voxels_of

_BLOCK = 1 << 14  # bytes unpacked at a time; they become a thousand times as many at most
_THREE = rb'([ \t]+[-+]?[.\d]+([eE][-+]?\d+)?){3}\s*$'  # numbers of a line of MetaImage
_NRRD_DATA = re.compile(rb'^data ?file: *([^\r\n]*)', re.MULTILINE | re.IGNORECASE)
_VECTOR = re.compile(rb'(none|\([-+.\deE]{1,40}(,[-+.\deE]{1,40}){,3}\))\s*')


def check_header(path):
    """OSError for a file whose voxels should be in another that is missing, and for an NRRD file with vectors, or more
    values of a field, than volumes have."""
    with open(path, 'rb') as file:
        head = file.read(1 << 16)
    if not head.startswith(b'NRRD'):
        if path.lower().endswith(('.mhd', '.mha')):
            _require_data(path, re.search(rb'^ElementDataFile *= *([^\r\n]*)', head, re.MULTILINE))
        return
    _require_data(path, _NRRD_DATA.search(_fields(head)))
    for name, values in re.findall(rb'^([\w ]+): *([^\r\n]*)', _fields(head), re.MULTILINE):
        odd = len(values.split()) > 20 and name != b'content'
        if b'(' in values and name.startswith((b'space ', b'measurement frame')):
            odd = odd or _VECTOR.sub(b'', values) or len(_VECTOR.findall(values)) > 4
        if odd:
            raise OSError(f'{path} has damaged {name.decode()}; copy or convert it again')


def _require_data(path, field):
    """OSError if the one file that a header's field names is not there; lists and patterns are of several."""
    name = os.fsdecode(field.group(1)).strip() if field else 'LOCAL'
    if name.upper().startswith(('LOCAL', 'LIST')) or '%' in name or os.path.isfile(_beside(path, name)):
        return
    raise FileNotFoundError(f'{path}: its voxels are in {_beside(path, name)}, which is not there; copy both files')


def _beside(path, name):
    return os.path.join(os.path.dirname(path), name)


def _fields(head):
    """The lines of an NRRD header."""
    header = re.match(rb'.*?\r?\n\r?\n', head, re.DOTALL)
    return header.group() if header else head


def check(path, reader):
    """OSError for the file of a reader that has its header, if it holds more or fewer voxels than that says."""
    with open(path, 'rb') as file:
        head = file.read(1 << 16)
    found = (_nrrd if head.startswith(b'NRRD') else _meta_image)(path, reader, head)
    data, start, needed, packed, more = found
    if not os.path.isfile(data):
        return  # a list of files
    held = _unpacked(data, start, needed) if packed else os.path.getsize(data) - start
    if held < needed or held > needed and not more:
        what = 'is truncated or damaged' if held < needed else 'holds more than its header says'
        raise OSError(f'{data} {what}; copy or download it again, or save it uncompressed')


def _unpacked(path, start, needed):
    """How many bytes a gzip or zlib stream in a file holds, counted up to one more than are needed; -1 if damaged."""
    unpacker, held = zlib.decompressobj(47), 0  # 47: gzip or zlib, whichever it is
    try:
        with open(path, 'rb') as file:
            file.seek(start)
            for block in iter(lambda: file.read(_BLOCK), b''):
                held += len(unpacker.decompress(block))
                if held > needed:
                    break
    except zlib.error:
        return -1
    return held


def _bytes_of(reader):
    return voxels_of(reader) * bits_of(reader) // 8


def _require_place(path, header, *lines):
    """ValueError if a header does not say where the volume lies: SimpleITK would put it at 0, with voxels of 1 mm."""
    for line in lines:
        if not re.search(rb'^' + line, header, re.MULTILINE):
            name = re.match(r'[\w |(]+', line.decode()).group().strip(' (').replace('|', ' or ')
            raise ValueError(f'{path} has no usable {name}, so it does not say where it lies; convert it again')


# Each tells where the voxels are: (file, first byte, bytes that are needed from there, whether they are compressed,
# whether more may follow).


def _meta_image(path, reader, head):
    header = re.match(rb'.*?ElementDataFile *= *([^\r\n]*)\r?\n?', head, re.DOTALL)
    if not header:
        raise OSError(f'{path} has no ElementDataFile; copy or convert it again')
    _require_place(
        path, header.group(), rb'(Offset|Position|Origin) *=' + _THREE, rb'(ElementSpacing|ElementSize) *=' + _THREE
    )
    name = os.fsdecode(header.group(1)).strip()
    packed = re.search(rb'CompressedData *= *True', header.group(), re.IGNORECASE)
    text = re.search(rb'BinaryData *= *False', header.group(), re.IGNORECASE)
    more = text or re.search(rb'HeaderSize *=', header.group())
    local = name.upper() == 'LOCAL'
    data = path if local else _beside(path, name)
    return data, header.end() if local else 0, _bytes_of(reader), packed, more


def _nrrd(path, reader, head):
    fields = _fields(head)
    _require_place(path, fields, rb'space origin:', rb'space directions:')
    encoding = re.search(rb'^encoding: *(\w+)', fields, re.MULTILINE)
    apart = _NRRD_DATA.search(fields)
    if not encoding or encoding.group(1).lower() not in (b'raw', b'gzip', b'gz'):
        raise OSError(f'{path} is neither raw nor gzip inside; convert it again')
    data = _beside(path, os.fsdecode(apart.group(1)).strip()) if apart else path
    more = re.search(rb'^(line|byte) skip:', fields, re.MULTILINE)
    start = 0 if apart else len(fields)
    return data, start, _bytes_of(reader), not more and encoding.group(1).lower() != b'raw', more
