"""CT volumes (DICOM series, NIfTI, MetaImage, NRRD) -> patches in Hounsfield units (HU).

Points are (x, y, z). 'world' is the patient system of DICOM, ITK and LUNA16: mm, x to the patient's left, y to the
back, z to the head (LPS; negate x and y of RAS tools such as nibabel). 'voxel' is zero-based (column, row, slice) as
the file has them; DICOM slices count along row x column, for most scans from feet to head. A bad file is an OSError or
ValueError of one line, with remedy.
"""

import functools
import os
import re
from collections import defaultdict, namedtuple

import numpy as np

from common import files, log
from common.hounsfield import AIR
from dataset_tools import completeness, itk, nifti
from dataset_tools.dicom_files import find_series, slice_heights
from dataset_tools.dicom_series import left_out_message, read_series

FORMATS = re.compile(r'\.(nii|nii\.gz|mhd|mha|nrrd|nhdr)$', re.IGNORECASE)
NIFTI = re.compile(r'\.nii(\.gz)?$', re.IGNORECASE)
MASK_FOLDERS = re.compile(r'(seg|mask|label)', re.IGNORECASE)  # how they begin, as LUNA16's seg-lungs-LUNA16
INTERPOLATIONS = dict(linear='sitkLinear', bspline='sitkBSpline', lanczos='sitkLanczosWindowedSinc')
REACH = 8  # voxels beyond a patch that its filters need: in a cubic spline, what lies farther weighs less than 1e-4
AXIAL = 0.01  # slices lean less than this (0.57 degrees) from the axial plane
# image: a SimpleITK image [x,y,z] of HU, int16 or float32, none below AIR. notes: sentences about its values.
# left_out: {path: reason} of the files beside its DICOM slices
Volume = namedtuple('Volume', 'path image notes left_out')


class OutsideError(ValueError):
    """A point lies outside its volume."""


def find_volume(annotation, folder):
    """Where an annotation's volume is: (path, series), for read_volume(*find_volume(annotation, folder)).

    A series is looked for in `folder` and below, which is searched once: a file UID.mhd or another of FORMATS, but not
    in one of MASK_FOLDERS if there is another, else a folder UID, else DICOM slices. A UID may be followed by .mhd or
    another of FORMATS.
    """
    path, uid = annotation.path, annotation.series
    if path is not None:
        if not os.path.exists(path):
            hint = 'a relative path starts at the folder of the table, or at --volumes'
            raise FileNotFoundError(f'there is no {path}; {hint}')
        return path, uid
    by_name = _paths_by_name(folder)
    uid = uid if uid in by_name else FORMATS.sub('', uid)
    paths = by_name.get(uid, [])
    paths = [path for path in paths if os.path.isfile(path)] or paths
    if len(paths) > 1:
        paths = [path for path in paths if not MASK_FOLDERS.match(os.path.basename(os.path.dirname(path)))] or paths
    if len(paths) > 1:
        remedy = 'move masks and copies away, or use a path column'
        raise ValueError(f'{paths[0]} and {paths[1]} have the same name; {remedy}')
    if paths:
        return paths[0], None
    index = find_series(folder)
    slices = index.series.get(uid, []) + [path for path, (series, _) in index.damaged.items() if series == uid]
    if slices:
        return os.path.commonpath([os.path.dirname(path) for path in slices]), uid
    names = sorted(set(by_name) | set(index.series))
    near = [name for name in names if _extends(name, uid) or _extends(uid, name)]
    remedy = f'write {near[0]} if that is meant' if near else 'name the folder that does'
    raise FileNotFoundError(f'{folder} holds no {uid}, as file, folder or DICOM; {remedy}')


def _extends(name, other):
    """Whether a name is another one with something after it, or with other capitals."""
    return re.match(re.escape(other) + r'([^\w.]|[._-]\D|[_-]|$)', name, re.IGNORECASE) is not None


def clear_caches():
    """Forget what folders held: scans may have been added since."""
    _paths_by_name.cache_clear()
    find_series.cache_clear()
    slice_heights.cache_clear()


@functools.lru_cache(maxsize=8)
def _paths_by_name(folder):
    """{name without extension: paths} of the volume files and the folders below a folder."""
    paths = defaultdict(list)
    for parent, folders, names in sorted(os.walk(folder)):
        for name in folders + [name for name in names if FORMATS.search(name)]:
            paths[FORMATS.sub('', name)].append(os.path.join(parent, name))
    return paths


def read_volume(path, series=None, acquisition=None):
    """The Volume in a file of FORMATS, or of the DICOM series (SeriesInstanceUID; None: the only one) below a folder.

    acquisition: of the slices of a series, the AcquisitionNumber of those that are read; None: of all.
    `image` knows where it lies: image.TransformContinuousIndexToPhysicalPoint(voxel) -> world, and the inverse.
    """
    path = os.fspath(path)
    files.require_regular(path)
    files.require_utf8(path)
    if os.path.isdir(path):
        return Volume(path, *read_series(path, series, acquisition))
    if not FORMATS.search(path):
        remedy = 'name the folder of a DICOM series, or a file .nii .nii.gz .mhd .mha .nrrd'
        raise ValueError(f'{path} is not a volume; {remedy}')
    return Volume(path, _read_file(path), [], {})


def notes(volume):
    """What a user should know of a volume: a list of one line that names it, or of none."""
    parts = list(volume.notes)
    if volume.left_out:
        parts.append(left_out_message(volume.left_out, 'left out: '))
    return [log.one_line(f'{volume.path}: {"; ".join(parts)}')] if parts else []


def _read_file(path):
    if os.path.isfile(path):  # SimpleITK reports others
        completeness.check_header(path)
    reader = itk.read_header(path)
    size = reader.GetSize()
    values = reader.GetNumberOfComponents()
    if len(size) != 3 or min(size) < 2 or values != 1:
        shape = f'{" x ".join(map(str, size))} voxels of {values} value(s)'
        raise ValueError(f'{path} is {shape}; a CT volume is three-dimensional and gray')
    itk.require_memory(path, size)
    if NIFTI.search(path):
        return with_place(itk.assemble(path, size, lambda: nifti.slabs(path)), reader)
    completeness.check(path, reader)
    image = itk.attempt(path, reader.Execute)
    if image.GetPixelID() == itk.simple_itk().sitkInt16:
        return itk.clamp_in_place(path, image)
    return with_place(itk.assemble(path, size, lambda: itk.slabs_of(image)), image)


def with_place(image, source):
    """The image, with the origin, spacing and direction of another image or of a reader."""
    image.SetOrigin(source.GetOrigin())
    image.SetSpacing(source.GetSpacing())
    image.SetDirection(source.GetDirection())
    return image


def patches(volume, point, size, spacing, slices=1, coordinates='world', interpolation='bspline'):
    """Axial patches round a point -> float32 [slices,size,size] in HU, none below -1024; ValueError if it is outside.

    They lie in the patient's axial plane as radiologists look at it, however the volume is stored: columns run from the
    patient's right to left, rows from front to back, slices from feet to head. The point is the middle, index
    (size-1)/2, but for slice_offset; pixels are `spacing` mm apart, slices as far as the volume's. Outside is air. A
    pixel coarser than the voxels is the mean of k x k samples, k being the voxels across it: a box filter against
    aliasing. interpolation: one of INTERPOLATIONS.
    """
    for name, value in (('size', size), ('spacing', spacing), ('slices', slices)):
        if not 0 < value < float('inf'):
            raise ValueError(f'{name} is {value}; it must be above 0')
    sitk, image = itk.simple_itk(), volume.image
    middle = world(volume, point, coordinates) + [0, 0, slice_offset(volume, point, slices, coordinates)]
    direction = np.reshape(image.GetDirection(), (3, 3))
    lengths = np.array(image.GetSpacing())
    per_mm = np.abs(np.linalg.inv(direction * lengths)).max(axis=0)  # voxels for 1 mm along patient x, y, z
    kx, ky = (int(np.ceil(per_mm[axis] * spacing - 1e-3)) for axis in (0, 1))
    along_z = lengths[np.abs(direction[2]).argmax()]  # of the axis nearest to feet-head
    step = np.array([spacing / kx, spacing / ky, along_z])
    shape = np.array([size * kx, size * ky, slices])
    origin = middle - (shape - 1) / 2.0 * step
    part = _part(image, origin, origin + (shape - 1) * step)
    method = getattr(sitk, INTERPOLATIONS[interpolation])
    grid = shape.tolist(), sitk.Transform(3, sitk.sitkIdentity), method, origin.tolist(), step.tolist()
    samples = sitk.Resample(part, *grid, np.eye(3).ravel().tolist(), AIR, sitk.sitkFloat32)
    hu = np.maximum(sitk.GetArrayViewFromImage(samples), np.float32(AIR))  # all but linear overshoot at edges
    return hu.reshape(slices, size, ky, size, kx).mean(axis=(2, 4))


def slice_offset(volume, point, slices=1, coordinates='world'):
    """How far patches lie from a point, in mm towards the head: those of axial slices lie on the nearest ones.

    So the noise of a patch does not depend on where between two slices the point is. 0 if no axis of the volume is that
    from feet to head: such a volume is resampled where the point is.
    """
    image = volume.image
    direction = np.reshape(image.GetDirection(), (3, 3))
    axis = int(np.abs(direction[2]).argmax())
    if np.abs(np.delete(direction[2], axis)).max() > AXIAL:
        return 0.0
    k = _voxel(image, point, coordinates)[axis]
    before = (slices - 1) / 2.0
    nearest = np.rint(np.clip(k, 0, image.GetSize()[axis] - 1) - before) + before
    return float((nearest - k) * image.GetSpacing()[axis] * direction[2, axis])


def _voxel(image, point, coordinates):
    point = [float(value) for value in point]
    return np.array(image.TransformPhysicalPointToContinuousIndex(point) if coordinates == 'world' else point)


def world(volume, point, coordinates):
    """A point in mm; OutsideError if it is outside the volume, a voxel of which reaches half a step each way."""
    image, voxel = volume.image, _voxel(volume.image, point, coordinates)
    in_world = image.TransformContinuousIndexToPhysicalPoint
    if (np.clip(voxel, -0.5, np.array(image.GetSize()) - 0.5) != voxel).any():
        corners = [(np.array(corner) * image.GetSize() - 0.5).tolist() for corner in np.ndindex(2, 2, 2)]
        corners = [in_world(corner) for corner in corners] if coordinates == 'world' else corners
        spans = ', '.join(f'{name} {min(ends):.1f}..{max(ends):.1f}' for name, ends in zip('xyz', zip(*corners)))
        place = f'{tuple(float(value) for value in point)} is outside {volume.path}, {coordinates} {spans}'
        raise OutsideError(f'{place}; correct it, or its units')
    return np.array(in_world(voxel.tolist()))


def _part(image, first, last):
    """What a box in the world, and REACH voxels round it, holds of an image: filters take as long as their input is."""
    box = np.array([first, last])
    corners = [_voxel(image, box[list(corner), range(3)], 'world') for corner in np.ndindex(2, 2, 2)]
    part = crop_voxels(image, np.floor(np.min(corners, axis=0)) - REACH, np.ceil(np.max(corners, axis=0)) + REACH + 1)
    return itk.simple_itk().Cast(part, itk.simple_itk().sitkFloat32)


def crop_voxels(image, low, high):
    """The part of an image from one voxel (x, y, z) up to another, as far as it has them; one voxel at least."""
    limit = np.array(image.GetSize())
    low = np.clip(low, 0, limit - 1).astype(int)
    high = np.clip(high, low + 1, limit).astype(int)
    return itk.simple_itk().RegionOfInterest(image, (high - low).tolist(), low.tolist())
