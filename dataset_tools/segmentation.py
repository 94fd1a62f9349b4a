"""DICOM SEG: the voxels of one of its segments."""

from collections import namedtuple

import numpy as np

from common import capacity
from dataset_tools import dicom_files
from dataset_tools.itk import simple_itk

# segments: their numbers; segment_of: which each frame shows; positions: of its first voxel, world mm [F,3]; rows,
# columns: directions; spacing: mm from row to row and from column to column; depth: from slice to slice if there is
# but one; inside: bool [F,R,C]
_Content = namedtuple('_Content', 'segments segment_of positions columns rows spacing depth inside')


def read(path, segment=None):
    """A segment of a DICOM SEG as a SimpleITK image of 0 and 1; segment: its number, None if it is the only one.

    A SEG leaves out the slices that are empty; here they are zeros.
    """
    content = _content(path)
    segment = choose(path, content.segments, segment)
    frames = [i for i, number in enumerate(content.segment_of) if number == segment and content.inside[i].any()]
    if not frames:
        raise ValueError(f'{path}: segment {segment} is empty; correct the table, or the SEG')
    normal = np.cross(content.columns, content.rows)
    heights = (content.positions @ normal)[frames]
    lowest = frames[heights.argmin()]
    heights = heights - heights.min()
    step = np.diff(np.unique(heights.round(3))).min() if len(frames) > 1 else content.depth
    slices = heights / step
    if np.abs(slices - slices.round()).max() > 0.1:
        raise ValueError(f'{path}: the slices of segment {segment} are uneven; export it again, or as NIfTI')
    slices = slices.round().astype(int)
    shape = (slices.max() + 1,) + content.inside.shape[1:]
    capacity.require_memory(2 * int(np.prod(shape, dtype=float)), path)
    voxels = np.zeros(shape, np.uint8)
    for k, frame in zip(slices, frames):
        voxels[k] |= content.inside[frame]
    image = simple_itk().GetImageFromArray(voxels)
    image.SetSpacing([content.spacing[1], content.spacing[0], float(step)])
    image.SetDirection(np.stack([content.columns, content.rows, normal], axis=1).ravel().tolist())
    image.SetOrigin(content.positions[lowest].tolist())
    return image


def _content(path):
    """The _Content of a file; OSError or ValueError if it is not a SEG of BINARY or FRACTIONAL type."""
    header = dicom_files.read_header(path)
    try:
        if header.get('SegmentationType') in ('BINARY', 'FRACTIONAL'):
            return _parse(header)
    except Exception as error:  # a damaged file raises whatever its elements lead to
        raise OSError(f'{path} cannot be read ({error}); export it again, or as NIfTI') from None
    raise ValueError(f'{path} is DICOM, but no SEG of type BINARY or FRACTIONAL; export it as one, or as NIfTI')


def _parse(header):
    frames = range(len(header.PerFrameFunctionalGroupsSequence))
    segment_of = [_group(header, i, 'SegmentIdentificationSequence').ReferencedSegmentNumber for i in frames]
    positions = [_group(header, i, 'PlanePositionSequence').ImagePositionPatient for i in frames]
    orientation = _group(header, 0, 'PlaneOrientationSequence').ImageOrientationPatient
    columns, rows = np.reshape(orientation, (2, 3)).astype(float)
    measures = _group(header, 0, 'PixelMeasuresSequence')
    depth = measures.get('SpacingBetweenSlices') or measures.SliceThickness
    values = _bits(header) if _is_packed(header) else header.pixel_array.ravel()
    values = values[: len(frames) * header.Rows * header.Columns].reshape(-1, header.Rows, header.Columns)
    return _Content(
        segments=[int(item.SegmentNumber) for item in header.SegmentSequence],
        segment_of=[int(number) for number in segment_of],
        positions=np.array(positions, float),
        columns=columns,
        rows=rows,
        spacing=[float(mm) for mm in measures.PixelSpacing],
        depth=float(depth),
        inside=values > header.get('MaximumFractionalValue', 1) / 2.0,
    )


def _is_packed(header):
    return header.BitsAllocated == 1 and not header.file_meta.TransferSyntaxUID.is_encapsulated


def _bits(header):
    """Eight voxels a byte, the lowest bit first; pydicom asks a newer NumPy for it than Python 3.6 has."""
    data = np.frombuffer(header.PixelData, np.uint8)
    return np.unpackbits(data).reshape(-1, 8)[:, ::-1].ravel()


def _group(header, frame, name):
    """A functional group of a frame, or the one that all frames share."""
    groups = header.PerFrameFunctionalGroupsSequence[frame]
    return (groups if name in groups else header.SharedFunctionalGroupsSequence[0])[name][0]


def choose(path, labels, label):
    """The label, if a mask has it, or the only one there is if the label is None; else ValueError."""
    if not labels:
        raise ValueError(f'{path} marks no voxel; remove its line, or correct the mask')
    if label in labels or label is None and len(labels) == 1:
        return labels[0] if label is None else label
    listed = ', '.join(map(str, labels[:8]))
    hint = 'say which one is meant in the column label' if label is None else f'there is no {label}'
    raise ValueError(f'{path} holds the labels {listed}; {hint}')
