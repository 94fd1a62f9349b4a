"""DICOM SEG: the voxels of one of its segments."""

from collections import namedtuple

import numpy as np

from common import capacity
from dataset_tools import dicom_files
from dataset_tools.itk import simple_itk

# numbers: of the segments; of_frame: which each frame shows; planes: where its first voxel is, world mm [F,3]; rows,
# columns: directions; spacing: mm from row to row and from column to column; depth: from slice to slice if there is
# but one; inside: bool [F,R,C]
_Content = namedtuple('_Content', 'numbers of_frame planes columns rows spacing depth inside')


def read(path, number=None):
    """A segment of a DICOM SEG as a SimpleITK image of 0 and 1; number: its SegmentNumber, None if it is the only one.

    A SEG leaves out the slices that are empty; here they are zeros.
    """
    seg = _content(path)
    number = chosen(path, seg.numbers, number)
    frames = [frame for frame, shown in enumerate(seg.of_frame) if shown == number and seg.inside[frame].any()]
    if not frames:
        raise ValueError(f'{path}: segment {number} is empty; correct the table, or the SEG')
    normal = np.cross(seg.columns, seg.rows)
    heights = (seg.planes @ normal)[frames]
    first = frames[heights.argmin()]
    heights = heights - heights.min()
    step = np.diff(np.unique(heights.round(3))).min() if len(frames) > 1 else seg.depth
    places = heights / step
    if np.abs(places - places.round()).max() > 0.1:
        raise ValueError(f'{path}: the slices of segment {number} are uneven; export it again, or as NIfTI')
    number_of_slices = int(places.max().round()) + 1
    capacity.require_memory(2 * number_of_slices * seg.inside[0].size, path)
    voxels = np.zeros((number_of_slices,) + seg.inside.shape[1:], np.uint8)
    for place, frame in zip(places.round().astype(int), frames):
        voxels[place] |= seg.inside[frame]
    image = simple_itk().GetImageFromArray(voxels)
    image.SetSpacing([seg.spacing[1], seg.spacing[0], float(step)])
    image.SetDirection(np.stack([seg.columns, seg.rows, normal], axis=1).ravel().tolist())
    image.SetOrigin(seg.planes[first].tolist())
    return image


def _content(path):
    """The _Content of a file; OSError or ValueError if it is no SEG of BINARY or FRACTIONAL type."""
    data = dicom_files.dataset(path)
    try:
        if data.get('SegmentationType') in ('BINARY', 'FRACTIONAL'):
            numbers = [int(segment.SegmentNumber) for segment in data.SegmentSequence]
            each = range(len(data.PerFrameFunctionalGroupsSequence))
            shown = [_group(data, frame, 'SegmentIdentificationSequence').ReferencedSegmentNumber for frame in each]
            planes = [_group(data, frame, 'PlanePositionSequence').ImagePositionPatient for frame in each]
            across = _group(data, 0, 'PlaneOrientationSequence').ImageOrientationPatient
            measures = _group(data, 0, 'PixelMeasuresSequence')
            depth = measures.get('SpacingBetweenSlices') or measures.SliceThickness
            pixels = _bits(data.PixelData) if _packed(data) else data.pixel_array.ravel()
            pixels = pixels[: len(each) * data.Rows * data.Columns].reshape(-1, data.Rows, data.Columns)
            columns, rows = np.reshape(across, (2, 3)).astype(float)
            spacing = [float(value) for value in measures.PixelSpacing]
            half = data.get('MaximumFractionalValue', 1) / 2.0
            return _Content(
                numbers,
                list(map(int, shown)),
                np.array(planes, float),
                columns,
                rows,
                spacing,
                float(depth),
                pixels > half,
            )
    except Exception as error:  # a damaged file raises whatever its elements lead to
        raise OSError(f'{path} cannot be read ({error}); export it again, or as NIfTI') from None
    raise ValueError(f'{path} is DICOM, but no SEG of type BINARY or FRACTIONAL; export it as one, or as NIfTI')


def _packed(data):
    return data.BitsAllocated == 1 and not data.file_meta.TransferSyntaxUID.is_encapsulated


def _bits(packed):
    """Eight voxels a byte, the lowest bit first; pydicom asks a newer NumPy for it than Python 3.6 has."""
    return np.unpackbits(np.frombuffer(packed, np.uint8)).reshape(-1, 8)[:, ::-1].ravel()


def _group(data, frame, name):
    """A functional group of a frame, or the one that all frames share."""
    own = data.PerFrameFunctionalGroupsSequence[frame]
    return (own if name in own else data.SharedFunctionalGroupsSequence[0])[name][0]


def chosen(path, numbers, number):
    """The number that was asked for, or the only one there is."""
    if not numbers:
        raise ValueError(f'{path} marks no voxel; remove its line, or correct the mask')
    if number is None and len(numbers) > 1 or number not in [None] + list(numbers):
        listed = ', '.join(map(str, numbers[:8]))
        asked = 'say which one is meant in the column label' if number is None else f'there is no {number}'
        raise ValueError(f'{path} holds the labels {listed}; {asked}')
    return numbers[0] if number is None else number
