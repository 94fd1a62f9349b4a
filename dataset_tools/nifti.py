"""NIfTI files (.nii, .nii.gz), unpacked slab by slab; SimpleITK says where they lie. https://nifti.nimh.nih.gov/nifti-1"""

import gzip
import zlib

import numpy as np

from dataset_tools import assembly

# The header's fields that are needed, and the type of each at its byte, in the file's byte order
FIELDS = dict(size='i4 0', datatype='i2 70', pixdim='8f4 76', vox_offset='f4 108', slope='f4 112', inter='f4 116')
FIELDS.update(qform='i2 252', sform='i2 254', quatern='3f4 256', offset='3f4 268', srow='(3,4)f4 280')
TYPES = {2: 'u1', 4: 'i2', 8: 'i4', 16: 'f4', 64: 'f8', 256: 'i1', 512: 'u2', 768: 'u4', 1024: 'i8', 1280: 'u8'}
APART = 0.1  # mm by which sform and qform may differ at a corner


def read(path, size):
    """The SimpleITK image of HU, without its place, of a NIfTI file with so many voxels (x, y, z)."""
    return assembly.assembled(path, size, slabs(path, size))


def slabs(path, size):
    """A function that gives the values of a file, (first slice, array [n,y,x]), again and again."""
    opened = gzip.open if path.lower().endswith('.gz') else open
    header = _header(path, opened)
    _require_one_place(path, header, size)
    if int(header['datatype']) not in TYPES:
        raise OSError(f'{path} has voxels of type {header["datatype"]}; convert it to int16')
    dtype, start = np.dtype(TYPES[int(header['datatype'])]).newbyteorder(header['order']), float(header['vox_offset'])
    slope, inter = np.nan_to_num([header['slope'], header['inter']])  # no number is no scaling, as a slope of 0 is
    if not 0 <= start < 1 << 31:
        raise OSError(f'{path} has a damaged header; copy or convert it again')
    scaled, some = slope and (slope, inter) != (1, 0), assembly.slices_at_once(size)

    def each():
        with opened(path, 'rb') as file:
            _skip(path, file, int(start))
            for first in range(0, size[2], some):
                slices = min(some, size[2] - first)
                data = _bytes(path, file, slices * size[0] * size[1] * dtype.itemsize)
                slab = np.frombuffer(data, dtype).astype(dtype.newbyteorder('='), copy=False)
                slab = slab.reshape(slices, size[1], size[0])
                yield first, slab * slope + inter if scaled else slab
            if _bytes(path, file, 1, least=0):
                raise OSError(f'{path} holds more than its header says; copy or download it again')

    return each


def _bytes(path, file, number, least=None):
    """So many bytes of a file, or as few as `least`; OSError if it has not as many or cannot be unpacked."""
    try:
        data = file.read(number)
    except (zlib.error, EOFError, OSError):
        data, least = b'', None
    if len(data) < (number if least is None else least):
        raise OSError(f'{path} is truncated or damaged; copy or download it again, or save it uncompressed')
    return data


def _skip(path, file, number):
    while number:
        number -= len(_bytes(path, file, min(number, 1 << 20)))


def _header(path, opened):
    """{field: value} of FIELDS, and the byte order, '<' or '>'."""
    with opened(path, 'rb') as file:
        data = _bytes(path, file, 348)
    order = '<' if data[:4] == b'\x5c\x01\0\0' else '>'
    header = dict(order=order)
    for name, field in FIELDS.items():
        kind, place = field.split()
        header[name] = np.frombuffer(data, np.dtype(kind).newbyteorder(order), 1, int(place))[0]
    return header


def _require_one_place(path, header, size):
    """ValueError if the file does not say where the patient's left is, or says it in two ways that differ."""
    if header['qform'] <= 0 and header['sform'] <= 0:
        raise ValueError(f'{path} has neither qform nor sform, so right may be left; convert it from DICOM again')
    if header['qform'] <= 0 or header['sform'] <= 0:
        return
    b, c, d = (float(value) for value in header['quatern'])
    a = np.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    rotation = [
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ]
    steps = np.array(header['pixdim'][1:4], float) * [1, 1, -1 if header['pixdim'][0] < 0 else 1]
    by_quatern = np.column_stack([rotation * steps, header['offset']])
    corners = [list(corner * (np.array(size) - 1)) + [1] for corner in np.ndindex(2, 2, 2)]
    apart = np.linalg.norm((by_quatern - header['srow']) @ np.array(corners, float).T, axis=0).max()
    if not apart <= APART:
        found = f'its sform and its qform put the patient in places up to {apart:.1f} mm apart'
        raise ValueError(f'{path}: {found}; convert it from DICOM again, or set one of their codes to 0')
