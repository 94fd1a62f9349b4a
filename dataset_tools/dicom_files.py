"""DICOM headers, read with pydicom: which files below a folder are slices of which series, and what each says.

A file is whole if every element ends within it. A CT slice, or a file of many (enhanced CT), says for each picture
where it lies and how its values become Hounsfield units (HU).
"""

import functools
import os
import re
import warnings
from collections import OrderedDict, namedtuple

import numpy as np

from common import files, log

# series: {SeriesInstanceUID: paths}; left: {path: why it is none of their slices}; damaged: {path: (SeriesInstanceUID
# or None, error)}, which matters when the series is used
Found = namedtuple('Found', 'series left damaged')
# A picture of a file. size: columns and rows; position [3] of its first voxel in mm; orientation [6] of its rows and
# columns; spacing: mm from column to column and from row to row; rescale: (slope, intercept); padding: the stored
# values (least, most) that stand for none, or None
Picture = namedtuple('Picture', 'path frame size position orientation spacing rescale padding')

CT = '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.2.1', '1.2.840.10008.5.1.4.1.1.2.2'  # one picture, or many
DEFLATED = '1.2.840.10008.1.2.1.99'
LONG = 1 << 16  # bytes; longer elements stay in the file
# What programs that remove names write as PatientID of everybody
NOBODY = re.compile(
    r'(0*|x{3,}|-*|n/?a|none|null|unknown|removed|anon(ym(ous|i[sz]ed))?|de-?identified)$', re.IGNORECASE
)
PIXELS = 0x7FE00010  # tag of PixelData
ENDLESS = 0xFFFFFFFF  # length of an element that a delimiter ends; pydicom has looked for it


def _pydicom():
    try:
        import pydicom
    except ImportError:
        raise OSError('the headers of DICOM files are read with pydicom; install it: pip install pydicom') from None
    return pydicom


def _without_warnings(function):
    """A function in which pydicom does not warn of what is checked here."""

    @functools.wraps(function)
    def quiet(*arguments):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            return function(*arguments)

    return quiet


def looks_like_dicom(path):
    """Whether a file begins as DICOM does, perhaps without the preamble, or has its ending."""
    with open(path, 'rb') as file:
        head = file.read(132)
    bare = head[:2] == b'\x08\x00' or head[:6] == b'\x02\0\0\0UL'
    return head[128:] == b'DICM' or bare or path.lower().endswith(('.dcm', '.ima'))


def dataset(path):
    """The pydicom.Dataset of a file, without its long elements; OSError if it is no DICOM."""
    pydicom = _pydicom()
    try:
        found = pydicom.dcmread(path, defer_size=LONG, force=True)
    except Exception as error:  # pydicom raises whatever its parts do
        why = type(error).__name__ if isinstance(error, (KeyError, AttributeError)) else error
        raise OSError(f'{path} cannot be read ({" ".join(str(why).split())[:160]}); copy or export it again') from None
    if not len(found):
        raise OSError(f'{path} cannot be read (truncated, or no DICOM); copy or export it again')
    return found


def text(header, name):
    """An element as a line of text, '' if it is not there or not what its type says."""
    try:
        value = header.get(name)
    except Exception:
        return ''
    return '' if value is None else log.one_line(str(value).strip(' \0'))


def _require_whole(path, header):
    """OSError if the file ends before one of its elements does, or its pixels are too few."""
    packed = text(getattr(header, 'file_meta', {}), 'TransferSyntaxUID') == DEFLATED  # pydicom unpacks all or nothing
    end, pixels = os.path.getsize(path), 0
    for element in header.values():
        length = getattr(element, 'length', ENDLESS)
        held = length if packed or length == ENDLESS else end - element.value_tell
        if held < length or element.value and length != ENDLESS and len(element.value) < length:
            raise OSError(f'{path} is truncated or damaged; copy or export it again')
        pixels = length if element.tag == PIXELS else pixels
    needed = max(_number(header, 'NumberOfFrames'), 1) * _number(header, 'BitsAllocated') // 8
    needed *= _number(header, 'Rows') * _number(header, 'Columns')
    if not 0 < needed <= pixels:
        raise OSError(f'{path} is truncated or damaged: it has too few pixels; copy or export it again')


def _number(header, name):
    try:
        return int(header.get(name) or 0)
    except Exception:
        return 0


def _why_left(header):
    """Why a DICOM file is no CT slice, or None."""
    modality, kind, image_type = [text(header, name) for name in ('Modality', 'SOPClassUID', 'ImageType')]
    if modality not in ('', 'CT'):
        return f'{modality[:16]}, not CT'
    if kind and kind not in CT:
        return 'no CT image but ' + _pydicom().uid.UID(kind).name[:60]
    return 'localizer' if 'LOCALIZER' in image_type.upper() else None


@functools.lru_cache(maxsize=8)
@_without_warnings
def find_series(folder):
    """What DICOM files there are below a folder, a Found; links to folders are not followed."""
    found, first, paths = Found(OrderedDict(), OrderedDict(), OrderedDict()), {}, []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        found.left.update((os.path.join(parent, name), 'link to a folder') for name in links)
        names = [name for name in sorted(names) if not name.startswith('.') and name.upper() != 'DICOMDIR']
        paths += [os.path.join(parent, name) for name in names]
    for path in log.progress(paths, desc='looking for DICOM', unit='file', leave=False, delay=1):
        _sort(path, found, first)
    return found


def slices(folder, uid):
    """Paths of the slices of a series below a folder; uid: None if it is the only one."""
    found = find_series(folder).series
    return found[next(iter(found)) if uid is None else uid]


def kernel_and_patient(path):
    """Of a slice: the reconstruction kernel in letters that every name may have, or '', and the PatientID, or None."""
    header = dataset(path)
    patient = ' '.join(text(header, 'PatientID').split())
    kernel = re.sub(r'[^\w.+-]+', ' ', text(header, 'ConvolutionKernel')).strip()[:32]
    return kernel, None if NOBODY.match(patient) else patient


def _sort(path, found, first):
    """Add a file to what was found. first: {what a picture is known by: its path}"""
    if not os.path.isfile(path):
        found.left[path] = 'broken link' if os.path.islink(path) else 'no file'
        return
    if not os.path.getsize(path):
        found.left[path] = 'empty'
        return
    if not looks_like_dicom(path):
        return
    uid = None
    try:
        header = dataset(path)
        why = _why_left(header)
        if why:
            found.left[path] = why
            return
        uid = text(header, 'SeriesInstanceUID') or None
        files.require_utf8(path)
        _require_whole(path, header)
    except (OSError, ValueError) as error:
        found.damaged[path] = uid, error
        return
    known = text(header, 'SOPInstanceUID'), text(header, 'ImagePositionPatient'), uid
    if known[0] and first.setdefault(known, path) != path:
        found.left[path] = 'copy'
    else:
        found.series.setdefault(uid or 'no UID', []).append(path)


@_without_warnings
def pictures(path):
    """The Pictures of a CT file; ValueError if it does not say where they lie or how they become HU."""
    header = dataset(path)
    if text(header, 'PhotometricInterpretation') == 'MONOCHROME1':
        raise ValueError(f'{path} is stored as a negative (MONOCHROME1), so it is no original CT; export the original')
    if _number(header, 'SamplesPerPixel') > 1:
        raise ValueError(f'{path} is in colour, so it is no original CT slice; export the original')
    size, count = (_number(header, 'Columns'), _number(header, 'Rows')), max(_number(header, 'NumberOfFrames'), 1)
    groups = [_items(header, name) for name in ('PerFrameFunctionalGroupsSequence', 'SharedFunctionalGroupsSequence')]
    if count > 1 and len(groups[0]) != count:
        found = f'holds {count} frames and says of {len(groups[0])} where they lie'
        raise ValueError(f'{path} {found}; export it as slices, or as enhanced CT')
    padding, shared = _padding(path, header), groups[1][:1]
    macros = [groups[0][frame : frame + 1] + shared if groups[0] else None for frame in range(count)]
    return [_picture(path, frame, size, padding, header, macros[frame]) for frame in range(count)]


def _picture(path, frame, size, padding, header, groups):
    """The Picture of a frame, whose functional groups (its own, then the shared) say it, or else the header."""

    def numbers(name, count, sequence):
        holders = [header] if groups is None else [item for group in groups for item in _items(group, sequence)]
        return _numbers(path, next((item for item in holders if name in item), {}), name, count)

    position = numbers('ImagePositionPatient', 3, 'PlanePositionSequence')
    orientation = numbers('ImageOrientationPatient', 6, 'PlaneOrientationSequence')
    spacing = numbers('PixelSpacing', 2, 'PixelMeasuresSequence')
    names = 'RescaleSlope', 'RescaleIntercept'
    rescale = tuple(numbers(name, 1, 'PixelValueTransformationSequence')[0] for name in names)
    row, column = np.reshape(orientation, (2, 3))
    skewed = np.abs([row @ row - 1, column @ column - 1, row @ column]).max() > 0.01
    if skewed or min(spacing) <= 0 or not rescale[0]:
        found = f'PixelSpacing {spacing}, ImageOrientationPatient {orientation}, RescaleSlope {rescale[0]:g}'
        raise ValueError(f'{path} has {found}, which no scanner writes; export the series again')
    return Picture(path, frame, size, position, orientation, spacing[::-1], rescale, padding)


def _items(header, name):
    try:
        return list(header.get(name) or [])
    except Exception:
        return []


def _numbers(path, header, name, count):
    if name not in header or not text(header, name) and not header.get_item(name).value:
        raise ValueError(f'{path} has no {name}, so it is not an original CT slice; export the series again')
    try:
        value = header[name].value
        numbers = [float(number) for number in ([value] if isinstance(value, (str, float, int)) else value)]
    except Exception:
        numbers = []
    if len(numbers) != count or not all(abs(number) < float('inf') for number in numbers):
        shown = text(header, name)[:60]
        raise ValueError(f'{path} has the {name} {shown!r}, not {count} numbers; export the series again')
    return numbers


def _padding(path, header):
    """The stored values (least, most) that stand for no value, or None."""
    ends, bits = [], _number(header, 'BitsAllocated')
    for name in ('PixelPaddingValue', 'PixelPaddingRangeLimit'):
        if text(header, name):
            (value,) = _numbers(path, header, name, 1)
            wrapped = _number(header, 'PixelRepresentation') and value >= 1 << (bits - 1)  # signed, written as unsigned
            ends.append(value - (1 << bits) if wrapped else value)
    return (min(ends), max(ends)) if ends else None
