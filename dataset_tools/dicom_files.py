"""DICOM headers, read with pydicom: which files below a folder are slices of which series, and what each says.

A file is complete if every element ends within it. A CT slice, or a file of many (enhanced CT), says for each frame
where it lies and how its values become Hounsfield units (HU).
"""

import functools
import os
import re
import warnings
from collections import OrderedDict, namedtuple

import numpy as np

from common import files, log

# series: {SeriesInstanceUID: paths}; left_out: {path: why it is not a slice of one}; damaged: {path:
# (SeriesInstanceUID or None, error)}, which matters when the series is used
SeriesIndex = namedtuple('SeriesIndex', 'series left_out damaged')
# A frame of a file; most files hold one. size: columns and rows; position [3] of its first voxel in mm; orientation [6]
# of its rows and columns; spacing: mm from column to column and from row to row; rescale: (slope, intercept); padding:
# the stored values (lowest, highest) that stand for no value, or None; acquisition: its AcquisitionNumber, or None
Frame = namedtuple('Frame', 'path index size position orientation spacing rescale padding acquisition')

CT = '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.2.1', '1.2.840.10008.5.1.4.1.1.2.2'  # one frame, or many
DEFLATED = '1.2.840.10008.1.2.1.99'
LONG = 1 << 16  # bytes; longer elements stay in the file
# What programs that remove names write as PatientID of everybody
ANONYMOUS = re.compile(
    r'(0*|x{3,}|-*|n/?a|none|null|unknown|removed|anon(ym(ous|i[sz]ed))?|de-?identified)$', re.IGNORECASE
)
PIXELS = 0x7FE00010  # tag of PixelData
DELIMITED = 0xFFFFFFFF  # length of an element that a delimiter ends; pydicom has looked for it


def _pydicom():
    try:
        import pydicom
    except ImportError:
        raise OSError('the headers of DICOM files are read with pydicom; install it: pip install pydicom') from None
    return pydicom


def without_warnings(function):
    """A function in which pydicom does not warn of what is checked here."""

    @functools.wraps(function)
    def wrapper(*arguments):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            return function(*arguments)

    return wrapper


def looks_like_dicom(path):
    """Whether a file begins as DICOM does, perhaps without the preamble, or has its ending."""
    with open(path, 'rb') as file:
        head = file.read(132)
    has_no_preamble = head[:2] == b'\x08\x00' or head[:6] == b'\x02\0\0\0UL'
    return head[128:] == b'DICM' or has_no_preamble or path.lower().endswith(('.dcm', '.ima'))


def read_header(path):
    """The pydicom.Dataset of a file, without its long elements; OSError if it is not DICOM."""
    pydicom = _pydicom()
    try:
        header = pydicom.dcmread(path, defer_size=LONG, force=True)
    except Exception as error:  # pydicom raises whatever its parts do
        why = type(error).__name__ if isinstance(error, (KeyError, AttributeError)) else error
        raise OSError(f'{path} cannot be read ({" ".join(str(why).split())[:160]}); copy or export it again') from None
    if not len(header):
        raise OSError(f'{path} cannot be read (truncated, or no DICOM); copy or export it again')
    return header


def _value(header, name):
    """The value of an element, or None if it is missing or damaged."""
    try:
        return header.get(name)
    except Exception:  # pydicom parses elements when they are asked for
        return None


def text(header, name):
    """An element as a line of text, '' if it is missing or not what its type says."""
    value = _value(header, name)
    return '' if value is None else log.one_line(str(value).strip(' \0'))


def _integer(header, name):
    """An element as an integer, 0 if it is missing or not one."""
    try:
        return int(_value(header, name) or 0)
    except (ValueError, TypeError):
        return 0


def _items(header, name):
    """The items of a sequence."""
    return list(_value(header, name) or [])


def _require_complete(path, header):
    """OSError if the file ends before one of its elements does, or its pixels are too few."""
    deflated = text(getattr(header, 'file_meta', {}), 'TransferSyntaxUID') == DEFLATED  # pydicom unpacks all or nothing
    file_size = os.path.getsize(path)
    pixel_bytes = 0
    for element in header.values():
        length = getattr(element, 'length', DELIMITED)
        if length != DELIMITED:
            is_cut = not deflated and element.value_tell + length > file_size
            if is_cut or element.value and len(element.value) < length:
                raise OSError(f'{path} is truncated or damaged; copy or export it again')
        if element.tag == PIXELS:
            pixel_bytes = length
    frames = max(_integer(header, 'NumberOfFrames'), 1)
    needed = frames * _integer(header, 'BitsAllocated') // 8 * _integer(header, 'Rows') * _integer(header, 'Columns')
    if not 0 < needed <= pixel_bytes:
        raise OSError(f'{path} is truncated or damaged: it has too few pixels; copy or export it again')


def _why_not_ct(header):
    """Why a DICOM file is not a CT slice, or None."""
    modality = text(header, 'Modality')
    sop_class = text(header, 'SOPClassUID')
    if modality not in ('', 'CT'):
        return f'{modality[:16]}, not CT'
    if sop_class and sop_class not in CT:
        return 'no CT image but ' + _pydicom().uid.UID(sop_class).name[:60]
    return 'localizer' if 'LOCALIZER' in text(header, 'ImageType').upper() else None


@functools.lru_cache(maxsize=8)
@without_warnings
def find_series(folder):
    """The SeriesIndex of the DICOM files below a folder; links to folders are not followed."""
    index = SeriesIndex(OrderedDict(), OrderedDict(), OrderedDict())
    paths = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in folders:
            if os.path.islink(os.path.join(parent, name)):
                index.left_out[os.path.join(parent, name)] = 'link to a folder'
        names = [name for name in sorted(names) if not name.startswith('.') and name.upper() != 'DICOMDIR']
        paths += [os.path.join(parent, name) for name in names]
    first_paths = {}  # {what identifies a slice: the first path with it}
    for path in log.progress(paths, desc='looking for DICOM', unit='file', leave=False, delay=1):
        _add(path, index, first_paths)
    return index


def _add(path, index, first_paths):
    """Add a file to an index."""
    if not os.path.isfile(path):
        index.left_out[path] = 'broken link' if os.path.islink(path) else 'no file'
        return
    if not os.path.getsize(path):
        index.left_out[path] = 'empty'
        return
    if not looks_like_dicom(path):
        return
    series = None
    try:
        header = read_header(path)
        reason = _why_not_ct(header)
        if reason:
            index.left_out[path] = reason
            return
        series = text(header, 'SeriesInstanceUID') or None
        files.require_utf8(path)
        _require_complete(path, header)
    except (OSError, ValueError) as error:
        index.damaged[path] = series, error
        return
    instance = text(header, 'SOPInstanceUID')
    key = instance, text(header, 'ImagePositionPatient'), series
    if instance and first_paths.setdefault(key, path) != path:
        index.left_out[path] = 'copy'
    else:
        index.series.setdefault(series or 'no UID', []).append(path)


def slice_paths(folder, uid):
    """Paths of the slices of a series below a folder; uid: None if it is the only one."""
    series = find_series(folder).series
    return series[next(iter(series)) if uid is None else uid]


@functools.lru_cache(maxsize=1)  # one for all nodules of a scan
def slice_heights(folder, uid):
    """{SOPInstanceUID: z of its first pixel in mm} of the slices of a series below a folder, as slice_paths."""
    heights = {}
    for path in slice_paths(folder, uid):
        header = read_header(path)
        heights[text(header, 'SOPInstanceUID')] = _numbers(path, header, 'ImagePositionPatient', 3)[2]
    return heights


def kernel_and_patient(path):
    """Of a slice: the reconstruction kernel in letters that every name may have, or '', and the PatientID, or None."""
    header = read_header(path)
    patient = ' '.join(text(header, 'PatientID').split())
    kernel = re.sub(r'[^\w.+-]+', ' ', text(header, 'ConvolutionKernel')).strip()[:32]
    return kernel, None if ANONYMOUS.match(patient) else patient


@without_warnings
def read_frames(path):
    """The Frames of a CT file; ValueError if it does not say where they lie or how they become HU."""
    header = read_header(path)
    if text(header, 'PhotometricInterpretation') == 'MONOCHROME1':
        raise ValueError(f'{path} is stored as a negative (MONOCHROME1), so it is no original CT; export the original')
    if _integer(header, 'SamplesPerPixel') > 1:
        raise ValueError(f'{path} is in colour, so it is no original CT slice; export the original')
    count = max(_integer(header, 'NumberOfFrames'), 1)
    per_frame = _items(header, 'PerFrameFunctionalGroupsSequence')
    shared = _items(header, 'SharedFunctionalGroupsSequence')[:1]
    if count > 1 and len(per_frame) != count:
        problem = f'holds {count} frames and says of {len(per_frame)} where they lie'
        raise ValueError(f'{path} {problem}; export it as slices, or as enhanced CT')
    size = _integer(header, 'Columns'), _integer(header, 'Rows')
    padding = _padding(path, header)
    frames = []
    for index in range(count):
        groups = per_frame[index : index + 1] + shared if per_frame else None
        frames.append(_frame(path, index, size, padding, header, groups))
    return frames


def _frame(path, index, size, padding, header, groups):
    """A Frame as its functional groups say (its own, then the shared), or the header if there are none."""

    def read(name, count, sequence):
        holders = [header] if groups is None else [item for group in groups for item in _items(group, sequence)]
        holder = next((item for item in holders if name in item), {})
        return _numbers(path, holder, name, count)

    position = read('ImagePositionPatient', 3, 'PlanePositionSequence')
    orientation = read('ImageOrientationPatient', 6, 'PlaneOrientationSequence')
    spacing = read('PixelSpacing', 2, 'PixelMeasuresSequence')
    (slope,) = read('RescaleSlope', 1, 'PixelValueTransformationSequence')
    (intercept,) = read('RescaleIntercept', 1, 'PixelValueTransformationSequence')
    row, column = np.reshape(orientation, (2, 3))
    skew = np.abs([row @ row - 1, column @ column - 1, row @ column]).max()
    if skew > 0.01 or min(spacing) <= 0 or not slope:
        values = f'PixelSpacing {spacing}, ImageOrientationPatient {orientation}, RescaleSlope {slope:g}'
        raise ValueError(f'{path} has {values}, which no scanner writes; export the series again')
    holders = [(header, 'AcquisitionNumber')]
    for group in groups or ():
        holders += [(item, 'FrameAcquisitionNumber') for item in _items(group, 'FrameContentSequence')]
    numbers = [_integer(holder, name) for holder, name in holders[::-1] if text(holder, name)]
    acquisition = numbers[0] if numbers else None
    return Frame(path, index, size, position, orientation, spacing[::-1], (slope, intercept), padding, acquisition)


def _numbers(path, header, name, count):
    """The numbers of an element, a list; ValueError if they are missing or not so many."""
    if name not in header or not text(header, name) and not header.get_item(name).value:
        raise ValueError(f'{path} has no {name}, so it is not an original CT slice; export the series again')
    try:
        value = header[name].value
        numbers = [float(item) for item in ([value] if isinstance(value, (str, float, int)) else value)]
    except Exception:
        numbers = []
    if len(numbers) != count or not np.isfinite(numbers).all():
        content = text(header, name)[:60]
        raise ValueError(f'{path} has the {name} {content!r}, not {count} numbers; export the series again')
    return numbers


def _padding(path, header):
    """The stored values (lowest, highest) that stand for no value, or None."""
    bits = _integer(header, 'BitsAllocated')
    ends = []
    for name in ('PixelPaddingValue', 'PixelPaddingRangeLimit'):
        if text(header, name):
            (value,) = _numbers(path, header, name, 1)
            if _integer(header, 'PixelRepresentation') and value >= 1 << (bits - 1):  # signed, written as unsigned
                value -= 1 << bits
            ends.append(value)
    return (min(ends), max(ends)) if ends else None
