"""DICOM SEG: the voxels of one of its segments."""

import contextlib
from collections import namedtuple

import numpy as np

from common import capacity
from dataset_tools.itk import simple_itk

TYPES = 'BINARY', 'FRACTIONAL', 'LABELMAP'

# segments: [(number, name)]; segment_of: which each frame shows, None if its values are the numbers (LABELMAP);
# positions: of its first voxel, world mm [F,3]; rows, columns: directions; spacing: mm from row to row and from column
# to column; depth: from slice to slice if there is but one; values: [F,R,C], bool if not LABELMAP
_Content = namedtuple('_Content', 'segments segment_of positions columns rows spacing depth values')


def read(path, header, segment=None):
    """A segment of a DICOM SEG as a SimpleITK image of 0 and 1; segment: number or name, None if it is the only one.

    header: its pydicom.Dataset. A SEG leaves out the slices that are empty; here they are zeros.
    """
    content = _content(path, header)
    number, name = content.segments[choose(path, content.segments, segment)]
    inside = content.values if content.segment_of else content.values == number
    shown = [i for i in range(len(inside)) if not content.segment_of or content.segment_of[i] == number]
    frames = [i for i in shown if inside[i].any()]
    if not frames:
        raise ValueError(f'{path}: segment {number} ({name}) is empty; correct the table, or the SEG')
    normal = np.cross(content.columns, content.rows)
    heights = (content.positions @ normal)[frames]
    lowest = frames[heights.argmin()]
    slices, step = planes(path, f'segment {number} ({name})', heights, content.depth)
    shape = (int(slices.max()) + 1,) + inside.shape[1:]
    capacity.require_memory(2 * int(np.prod(shape, dtype=float)), path)
    voxels = np.zeros(shape, np.uint8)
    for k, frame in zip(slices, frames):
        voxels[k] |= inside[frame]
    image = simple_itk().GetImageFromArray(voxels)
    image.SetSpacing([content.spacing[1], content.spacing[0], step])
    image.SetDirection(np.stack([content.columns, content.rows, normal], axis=1).ravel().tolist())
    image.SetOrigin(content.positions[lowest].tolist())
    return image


def planes(path, name, heights, depth):
    """(indices of evenly spaced planes, mm from one to the next) of heights in mm; depth: if there is but one plane.

    ValueError if the heights are uneven. name: of what has them.
    """
    heights = heights - np.min(heights)
    levels = np.unique(heights.round(3))
    step = float(np.diff(levels).min()) if len(levels) > 1 else depth
    indices = heights / step
    if not np.abs(indices - indices.round()).max() <= 0.1:  # or not a number
        raise ValueError(f'{path}: the slices of {name} are uneven; export it again, or as NIfTI')
    return indices.round().astype(int), step


def _content(path, header):
    """The _Content of a file; OSError or ValueError if it is not a SEG of one of TYPES."""
    with damage(path):
        if header.get('SegmentationType') in TYPES:
            return _parse(header)
    listed = ', '.join(TYPES)
    raise ValueError(f'{path} is DICOM, but no RTSTRUCT and no SEG of type {listed}; export it as one, or as NIfTI')


@contextlib.contextmanager
def damage(path):
    """Whatever the elements of a damaged SEG or RTSTRUCT lead to becomes an OSError of one line."""
    try:
        yield
    except Exception as error:
        why = ' '.join(str(error).split())[:160]
        raise OSError(f'{path} cannot be read ({why or type(error).__name__}); export it again, or as NIfTI') from None


def _parse(header):
    frames = range(len(header.PerFrameFunctionalGroupsSequence))
    segments = [(int(item.SegmentNumber), str(item.get('SegmentLabel', ''))) for item in header.SegmentSequence]
    positions = [_group(header, i, 'PlanePositionSequence').ImagePositionPatient for i in frames]
    orientation = _group(header, 0, 'PlaneOrientationSequence').ImageOrientationPatient
    columns, rows = np.reshape(orientation, (2, 3)).astype(float)
    measures = _group(header, 0, 'PixelMeasuresSequence')
    depth = measures.get('SpacingBetweenSlices') or measures.SliceThickness
    values = _bits(header) if _is_packed(header) else header.pixel_array.ravel()
    values = values[: len(frames) * header.Rows * header.Columns].reshape(-1, header.Rows, header.Columns)
    segment_of = None
    if header.SegmentationType == 'LABELMAP':
        background = int(header.get('PixelPaddingValue', 0))
        segments = [segment for segment in segments if segment[0] != background]
    else:
        numbers = [_group(header, i, 'SegmentIdentificationSequence').ReferencedSegmentNumber for i in frames]
        segment_of = [int(number) for number in numbers]
        values = values > header.get('MaximumFractionalValue', 1) / 2.0
    spacing = [float(mm) for mm in measures.PixelSpacing]
    _require_geometry(np.array(positions, float), columns, rows, spacing + [float(depth)])
    return _Content(
        segments=segments,
        segment_of=segment_of,
        positions=np.array(positions, float),
        columns=columns,
        rows=rows,
        spacing=spacing,
        depth=float(depth),
        values=values,
    )


def _require_geometry(positions, columns, rows, lengths):
    """ValueError for frames that lie nowhere: lengths in mm, directions and positions of no image."""
    skew = np.abs([columns @ columns - 1, rows @ rows - 1, columns @ rows]).max()
    if not (np.isfinite(positions).all() and skew < 0.01 and 0 < min(lengths) <= max(lengths) < np.inf):
        raise ValueError('it does not say where its frames lie')


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


def choose(path, segments, label):
    """The index of the segment that a label names, or of the only one if it is None; else ValueError.

    segments: [(number, name)]; label: text, a number or else a name, in which capitals do not count.
    """
    if not segments:
        raise ValueError(f'{path} marks no voxel; remove its line, or correct the mask')
    if label is None:
        chosen = range(len(segments))
    else:
        chosen = [i for i, (number, _) in enumerate(segments) if str(number) == str(label)]
        named = [i for i, (_, name) in enumerate(segments) if name.strip().lower() == str(label).strip().lower()]
        chosen = chosen or named
    if len(chosen) == 1:
        return chosen[0]
    listed = ', '.join(f'{number} ({name})' if name else str(number) for number, name in segments[:8])
    hint = 'say which one is meant in the column label'
    if label is not None:
        label = repr(label)[:40]
        hint = f'several are {label}, so write what only one has' if chosen else f'there is no {label}'
    raise ValueError(f'{path} holds the labels {listed}; {hint}')
