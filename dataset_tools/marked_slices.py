"""What readers marked in the slices of a scan: pixels of a nodule, and those on which readers agree."""

import os
from collections import defaultdict, namedtuple

import numpy as np

from dataset_tools import contours, dicom_files
from dataset_tools.itk import simple_itk

NEAR = 0.25  # of the distance between slices: so far may a mark lie from its slice
DIGITS = 2  # of a height in mm: marks of the same height are in one slice

# A slice of a nodule. z: its height, world mm; uid: its SOPInstanceUID, or ''; left, top: column and row of its first
# pixel in the scan; inside: bool [rows, columns]; corner: (x, y) of the first pixel of the scan, world mm, or None
Slice = namedtuple('Slice', 'z uid left top inside corner')
Slice.__new__.__defaults__ = (None,)


def from_contours(outlines):
    """The Slices within the outlines of LIDC-IDRI: [(z, uid, included, [N,2] columns and rows)].

    The pixels of an outline lie just outside the nodule. One that is not included is the border of a hole, and no pixel
    of it belongs to the nodule either. Slices without a pixel are left out.
    """
    by_height = defaultdict(list)
    for outline in outlines:
        by_height[round(outline[0], DIGITS)].append(outline)
    slices = []
    for same in by_height.values():
        points = np.concatenate([points for *_, points in same])
        left, top = points.min(axis=0)
        columns, rows = points.max(axis=0) - [left, top] + 1
        nodule, holes = np.zeros([2, rows, columns], bool)
        for _, _, included, points in same:
            shifted = points - [left, top]
            filled = contours.fill(shifted, [rows, columns])
            filled[shifted[:, 1], shifted[:, 0]] = not included
            (nodule if included else holes)[filled] = True
        slices.append(Slice(same[0][0], same[0][1], int(left), int(top), nodule & ~holes))
    return [cropped(part) for part in slices if part.inside.any()]


def cropped(part):
    """A Slice without the rows and columns round its pixels."""
    rows, columns = [np.flatnonzero(part.inside.any(axis=axis)) for axis in (1, 0)]
    inside = part.inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return part._replace(left=part.left + int(columns[0]), top=part.top + int(rows[0]), inside=inside)


def touch(first, second):
    """Whether the Slices of two marks share a pixel."""
    by_height = {round(part.z, DIGITS): part for part in second}
    for part in first:
        other = by_height.get(round(part.z, DIGITS))
        if other and _votes([part, other]).max() == 2:
            return True
    return False


def _votes(parts):
    """How many of some Slices of one height mark each pixel of the box round them all, [rows, columns]."""
    left, top, right, bottom = _box(parts)
    votes = np.zeros([bottom - top, right - left], int)
    for part in parts:
        rows, columns = np.shape(part.inside)
        votes[part.top - top :, part.left - left :][:rows, :columns] += part.inside
    return votes


def _box(parts):
    """(left, top, right, bottom) of the box round some Slices."""
    ends = [(part.left + np.shape(part.inside)[1], part.top + np.shape(part.inside)[0]) for part in parts]
    right, bottom = np.max(ends, axis=0)
    return min(part.left for part in parts), min(part.top for part in parts), int(right), int(bottom)


def consensus(marks, agreement):
    """The Slices of the pixels that at least a share `agreement` of some marks has; marks: lists of Slices."""
    by_height = defaultdict(list)
    for mark in marks:
        for part in mark:
            by_height[round(part.z, DIGITS)].append(part)
    slices = []
    for _, parts in sorted(by_height.items()):
        left, top, _, _ = _box(parts)
        inside = _votes(parts) >= agreement * len(marks) - 1e-9
        if inside.any():
            slices.append(cropped(parts[0]._replace(left=left, top=top, inside=inside)))
    return slices


def image(slices, volume, series):
    """The Slices of one nodule on the grid of a ct_volumes.Volume, as a SimpleITK image of 0 and 1.

    series: of the scan, for its DICOM headers. ValueError if the volume does not have these slices or pixels.
    """
    _require_same_slices(slices, volume, series)
    scan = volume.image
    if abs(scan.GetDirection()[8]) < 0.99:
        raise ValueError(f'{volume.path} has no axial slices, which are marked; {_REMEDY}')
    indices = []
    for part in slices:
        position = (part.z - scan.GetOrigin()[2]) / (scan.GetSpacing()[2] * scan.GetDirection()[8])
        if not (abs(position - round(position)) <= NEAR and 0 <= round(position) < scan.GetSize()[2]):
            raise ValueError(f'{volume.path} has no slice at {part.z:g} mm, which is marked; {_REMEDY}')
        indices.append(int(round(position)))
    left, top, right, bottom = _box(slices)
    shift = 0.0 if slices[0].corner is None else np.abs(np.subtract(slices[0].corner, scan.GetOrigin()[:2])).max()
    if right > scan.GetSize()[0] or bottom > scan.GetSize()[1] or shift > min(scan.GetSpacing()[:2]) / 2:
        raise ValueError(f'{volume.path} has other pixels than those that are marked; {_REMEDY}')
    first = min(indices)
    voxels = np.zeros([max(indices) - first + 1, bottom - top, right - left], np.uint8)
    for k, part in zip(indices, slices):
        rows, columns = np.shape(part.inside)
        voxels[k - first, part.top - top :, part.left - left :][:rows, :columns] |= np.array(part.inside, np.uint8)
    result = simple_itk().GetImageFromArray(voxels)
    result.SetSpacing(scan.GetSpacing())
    result.SetDirection(scan.GetDirection())
    result.SetOrigin(scan.TransformIndexToPhysicalPoint([left, top, first]))
    return result


_REMEDY = 'use the scan that the annotations belong to, all of its slices, as it was published'


def _require_same_slices(slices, volume, series):
    """ValueError if a DICOM slice that is named lies at another height than its mark."""
    if not (os.path.isdir(volume.path) and any(part.uid for part in slices)):
        return
    heights = dicom_files.slice_heights(volume.path, series)
    for part in slices:
        if part.uid and part.uid not in heights:
            raise ValueError(f'{volume.path} has no slice {part.uid}, which is marked; {_REMEDY}')
        if part.uid and abs(heights[part.uid] - part.z) > NEAR * volume.image.GetSpacing()[2]:
            place = f'lies at {heights[part.uid]:g} mm, but is marked at {part.z:g} mm'
            raise ValueError(f'{volume.path}: the slice {part.uid} {place}; {_REMEDY}')
