"""Whether a volume file holds as many bytes as its header says, asked before SimpleITK reads or allocates them.

SimpleITK takes the missing voxels of truncated NIfTI and MetaImage files for zeros, allocates what an element of a
DICOM file says of its length, and crashes on vectors of NRRD headers that are longer than those of volumes.
"""

import os
import re
import struct
import zlib

from dataset_tools.itk import bits_of, finite, voxels_of

_BLOCK = 1 << 14  # bytes unpacked at a time; they become a thousand times as many at most
_VECTOR = re.compile(rb'(none|\([-+.\deE]{1,40}(,[-+.\deE]{1,40}){,3}\))\s*')
_LONG = b'OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split()  # types of DICOM elements whose length has 4 bytes
_OTHER = re.compile(rb'1\.2\.840\.10008\.1\.2\.(2|1\.99)')  # big endian, and packed as a whole
_IMPLICIT = b'1.2.840.10008.1.2\0'  # elements without a type


def check_dicom(path):
    """OSError for a DICOM file one of whose elements is longer than the file."""
    size = os.path.getsize(path)
    with open(path, 'rb') as file:
        head = file.read(8192)
        position = 132 if head[128:132] == b'DICM' else 0
        implicit = _IMPLICIT in head or not position
        while position < size and not _OTHER.search(head):
            file.seek(position)
            element = file.read(12)
            if len(element) < 8:
                break  # padding
            kind = b'' if implicit and element[:2] != b'\2\0' else element[4:6]
            if kind in _LONG and len(element) == 12:
                length, header = struct.unpack('<I', element[8:])[0], 12
            elif re.match(b'[A-Z]{2}$', kind):
                length, header = struct.unpack('<H', element[6:8])[0], 8
            else:
                length, header = struct.unpack('<I', element[4:8])[0], 8
            position += header + (0 if length == 2**32 - 1 else length)  # a list, whose elements follow, has no length
        if position > size:
            raise OSError(f'{path} cannot be read (truncated, or no DICOM); copy or export it again')


def check_nrrd(path):
    """OSError for an NRRD file with vectors that volumes do not have."""
    with open(path, 'rb') as file:
        head = file.read(1 << 16)
    for name, values in re.findall(rb'^(space \w+|measurement frame): *([^\r\n]*)', _fields(head), re.MULTILINE):
        vectors = _VECTOR.findall(values)
        if b'(' in values and (_VECTOR.sub(b'', values) or len(vectors) > 4):
            raise OSError(f'{path} has damaged {name.decode()}; copy or convert it again')


def _fields(head):
    """The lines of an NRRD header."""
    header = re.match(rb'.*?\r?\n\r?\n', head, re.DOTALL)
    return header.group() if header else head


def check(path, reader):
    """OSError for the file of a reader that has its header, if it holds more or fewer voxels than that says."""
    with open(path, 'rb') as file:
        head = file.read(1 << 16)
    if reader.HasMetaDataKey('bitpix'):
        found = _nifti(path, reader)
    else:
        found = (_nrrd if head.startswith(b'NRRD') else _meta_image)(path, reader, head)
    data, start, needed, packed, more = found
    if not os.path.isfile(data):
        return  # a missing file, as SimpleITK will say, or a list of files
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


# Each tells where the voxels are: (file, first byte, bytes that are needed from there, whether they are compressed,
# whether more may follow).


def _nifti(path, reader):
    bits, offset = int(reader.GetMetaData('bitpix')), finite(reader.GetMetaData('vox_offset'))
    if len(offset) != 1 or offset[0] < 0:
        raise OSError(f'{path} has a damaged header; copy or convert it again')
    # numbers may be stored smaller than they are read
    return path, 0, voxels_of(reader) * bits // 8 + int(offset[0]), path.lower().endswith('.gz'), False


def _meta_image(path, reader, head):
    header = re.match(rb'.*?ElementDataFile *= *([^\r\n]*)\r?\n?', head, re.DOTALL)
    if not header:
        raise OSError(f'{path} has no ElementDataFile; copy or convert it again')
    name = os.fsdecode(header.group(1)).strip()
    packed = re.search(rb'CompressedData *= *True', header.group(), re.IGNORECASE)
    text = re.search(rb'BinaryData *= *False', header.group(), re.IGNORECASE)
    more = text or re.search(rb'HeaderSize *=', header.group())
    local = name.upper() == 'LOCAL'
    data = path if local else os.path.join(os.path.dirname(path), name)
    return data, header.end() if local else 0, _bytes_of(reader), packed, more


def _nrrd(path, reader, head):
    fields = _fields(head)
    encoding = re.search(rb'^encoding: *(\w+)', fields, re.MULTILINE)
    apart = re.search(rb'^data ?file: *([^\r\n]*)', fields, re.MULTILINE)
    if not encoding or encoding.group(1).lower() not in (b'raw', b'gzip', b'gz'):
        raise OSError(f'{path} is neither raw nor gzip inside; convert it again')
    data = os.path.join(os.path.dirname(path), os.fsdecode(apart.group(1)).strip()) if apart else path
    more = re.search(rb'^(line|byte) skip:', fields, re.MULTILINE)
    start = 0 if apart else len(fields)
    return data, start, _bytes_of(reader), not more and encoding.group(1).lower() != b'raw', more
