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
from dataset_tools import assembly, completeness, nifti
from dataset_tools.dicom_files import find_series
from dataset_tools.dicom_series import left_out, read_series
from dataset_tools.itk import attempt, header_of, require_memory, simple_itk

FORMATS = re.compile(r'\.(nii|nii\.gz|mhd|mha|nrrd|nhdr)$', re.IGNORECASE)
MASKS = re.compile(r'(seg|mask|label)', re.IGNORECASE)  # how folders of masks begin, as LUNA16's seg-lungs-LUNA16
INTERPOLATIONS = dict(linear='sitkLinear', bspline='sitkBSpline', lanczos='sitkLanczosWindowedSinc')
REACH = 8  # voxels beyond a patch that its filters need: in a cubic spline, what lies farther weighs less than 1e-4
AXIAL = 0.01  # slices lean less than this (0.57 degrees) from the axial plane
# image: a SimpleITK image [x,y,z] of HU, int16 or float32, none below AIR. notes: sentences about its values; left:
# {path: why} of the files beside its DICOM slices
Volume = namedtuple('Volume', 'path image notes left')


class OutsideError(ValueError):
    """A point lies outside its volume."""


def find_volume(annotation, folder):
    """Where an annotation's volume is: (path, series), for read_volume(*find_volume(annotation, folder)).

    A series is looked for in `folder` and below, which is searched once: a file UID.mhd or another of FORMATS, but not
    in a folder of MASKS if there is another, else a folder UID, else DICOM slices. A UID may be followed by .mhd or
    another of FORMATS.
    """
    where, path, uid = annotation[:3]
    if path is not None:
        if not os.path.exists(path):
            raise FileNotFoundError(
                f'{where}: there is no {path}; a relative path starts at the folder of the table, or at --volumes'
            )
        return path, uid
    named = _named(folder)
    uid = uid if uid in named else FORMATS.sub('', uid)
    found = [path for path in named.get(uid, ()) if os.path.isfile(path)] or named.get(uid, ())
    if len(found) > 1:
        found = [path for path in found if not MASKS.match(os.path.basename(os.path.dirname(path)))] or found
    if len(found) > 1:
        names = f'{found[0]} and {found[1]}'
        raise ValueError(f'{where}: {names} have the same name; move masks and copies away, or use a path column')
    if found:
        return found[0], None
    indexed = find_series(folder)
    slices = indexed.series.get(uid, []) + [path for path, (owner, _) in indexed.damaged.items() if owner == uid]
    if slices:
        return os.path.commonpath([os.path.dirname(path) for path in slices]), uid
    near = [name for name in sorted(set(named) | set(indexed.series)) if _almost(name, uid) or _almost(uid, name)]
    remedy = f'write {near[0]} if that is meant' if near else 'name the folder that does'
    raise FileNotFoundError(f'{where}: {folder} holds no {uid}, as file, folder or DICOM; {remedy}')


def _almost(name, other):
    """Whether a name is another one with something after it, or with other capitals."""
    return re.match(re.escape(other) + r'([^\w.]|[._-]\D|[_-]|$)', name, re.IGNORECASE) is not None


def look_anew():
    """Forget what folders held: scans may have been added since."""
    _named.cache_clear()
    find_series.cache_clear()


@functools.lru_cache(maxsize=8)
def _named(folder):
    """{name without extension: paths} of the volume files and the folders below a folder."""
    found = defaultdict(list)
    for parent, folders, others in sorted(os.walk(folder)):
        for name in folders + [name for name in others if FORMATS.search(name)]:
            found[FORMATS.sub('', name)].append(os.path.join(parent, name))
    return found


def read_volume(path, series=None):
    """The Volume in a file of FORMATS, or of the DICOM series (SeriesInstanceUID; None: the only one) below a folder.

    `image` knows where it lies: image.TransformContinuousIndexToPhysicalPoint(voxel) -> world, and the inverse.
    """
    path = os.fspath(path)
    files.require_regular(path)
    files.require_utf8(path)
    if not os.path.isdir(path) and not FORMATS.search(path):
        wanted = 'name the folder of a DICOM series, or a file .nii .nii.gz .mhd .mha .nrrd'
        raise ValueError(f'{path} is not a volume; {wanted}')
    return Volume(path, *read_series(path, series)) if os.path.isdir(path) else Volume(path, _read_file(path), [], {})


def told(volume):
    """What a user should know of a volume, as lines that name files."""
    parts = volume.notes + ([left_out(volume.left, 'left out: ')] if volume.left else [])
    return [log.one_line(f'{volume.path}: {"; ".join(parts)}')] if parts else []


def _read_file(path):
    if os.path.isfile(path):  # SimpleITK has words for others
        completeness.check_header(path)
    reader = header_of(path)
    size, values = reader.GetSize(), reader.GetNumberOfComponents()
    if len(size) != 3 or min(size) < 2 or values != 1:
        found = f'{" x ".join(map(str, size))} voxels of {values} value(s)'
        raise ValueError(f'{path} is {found}; a CT volume is three-dimensional and gray')
    require_memory(path, size)
    if re.search(r'\.nii(\.gz)?$', path, re.IGNORECASE):
        image = nifti.read(path, size)
        image.SetOrigin(reader.GetOrigin())
        image.SetSpacing(reader.GetSpacing())
        image.SetDirection(reader.GetDirection())
        return image
    completeness.check(path, reader)
    image = attempt(path, reader.Execute)
    if image.GetPixelID() == simple_itk().sitkInt16:
        return assembly.checked(path, image)
    stored, some = simple_itk().GetArrayViewFromImage(image), assembly.slices_at_once(size)
    whole = assembly.assembled(path, size, lambda: ((k, stored[k : k + some]) for k in range(0, size[2], some)))
    whole.CopyInformation(image)
    return whole


def patches(volume, point, size, spacing, slices=1, coordinates='world', where='the point', interpolation='bspline'):
    """Axial patches round a point -> float32 [slices,size,size] in HU, none below -1024; ValueError if it is outside.

    They lie in the patient's axial plane as radiologists look at it, however the volume is stored: columns run from the
    patient's right to left, rows from front to back, slices from feet to head. The point is the middle, index
    (size-1)/2, but for slice_offset; pixels are `spacing` mm apart, slices as far as the volume's. Outside is air. A
    pixel coarser than the voxels is the mean of k x k samples, k being the voxels across it: a box filter against
    aliasing. interpolation: one of INTERPOLATIONS. `where` begins the error, as annotation.where does.
    """
    for name, value in (('size', size), ('spacing', spacing), ('slices', slices)):
        if not 0 < value < float('inf'):
            raise ValueError(f'{name} is {value}; it must be above 0')
    sitk, image = simple_itk(), volume.image
    middle = world(volume, point, coordinates, where) + [0, 0, slice_offset(volume, point, slices, coordinates)]
    direction, lengths = np.reshape(image.GetDirection(), (3, 3)), np.array(image.GetSpacing())
    per_mm = np.abs(np.linalg.inv(direction * lengths)).max(axis=0)  # voxels for 1 mm along patient x, y, z
    kx, ky = (int(np.ceil(per_mm[axis] * spacing - 1e-3)) for axis in (0, 1))
    along_z = lengths[np.abs(direction[2]).argmax()]  # of the axis nearest to feet-head
    step = np.array([spacing / kx, spacing / ky, along_z])
    number = np.array([size * kx, size * ky, slices])
    origin = middle - (number - 1) / 2.0 * step
    part = _part(image, origin, origin + (number - 1) * step)
    method = getattr(sitk, INTERPOLATIONS[interpolation])
    grid = number.tolist(), sitk.Transform(3, sitk.sitkIdentity), method, origin.tolist(), step.tolist()
    samples = sitk.Resample(part, *grid, np.eye(3).ravel().tolist(), AIR, sitk.sitkFloat32)
    hu = np.maximum(sitk.GetArrayViewFromImage(samples), np.float32(AIR))  # all but linear overshoot at edges
    return hu.reshape(slices, size, ky, size, kx).mean(axis=(2, 4))


def slice_offset(volume, point, slices=1, coordinates='world'):
    """How far patches lie from a point, in mm towards the head: those of axial slices lie on the nearest ones.

    So the noise of a patch does not depend on where between two slices the point is. 0 if no axis of the volume is that
    from feet to head: such a volume is cut where the point is.
    """
    image, direction = volume.image, np.reshape(volume.image.GetDirection(), (3, 3))
    axis = np.abs(direction[2]).argmax()
    if np.abs(np.delete(direction[2], axis)).max() > AXIAL:
        return 0.0
    k = _voxel(image, point, coordinates)[axis]
    before = (slices - 1) / 2.0
    nearest = np.rint(np.clip(k, 0, image.GetSize()[int(axis)] - 1) - before) + before
    return float((nearest - k) * image.GetSpacing()[int(axis)] * direction[2, axis])


def _voxel(image, point, coordinates):
    point = [float(value) for value in point]
    return np.array(image.TransformPhysicalPointToContinuousIndex(point) if coordinates == 'world' else point)


def world(volume, point, coordinates, where):
    """A point in mm; OutsideError if it is outside the volume, a voxel of which reaches half a step each way."""
    image, voxel = volume.image, _voxel(volume.image, point, coordinates)
    in_world = image.TransformContinuousIndexToPhysicalPoint
    if (np.clip(voxel, -0.5, np.array(image.GetSize()) - 0.5) != voxel).any():
        corners = [(np.array(corner) * image.GetSize() - 0.5).tolist() for corner in np.ndindex(2, 2, 2)]
        corners = [in_world(corner) for corner in corners] if coordinates == 'world' else corners
        spans = ', '.join(f'{name} {min(ends):.1f}..{max(ends):.1f}' for name, ends in zip('xyz', zip(*corners)))
        place = f'{tuple(float(value) for value in point)} is outside {volume.path}, {coordinates} {spans}'
        raise OutsideError(f'{where}: {place}; correct it, or its units')
    return np.array(in_world(voxel.tolist()))


def _part(image, first, last):
    """What a box in the world, and REACH voxels round it, holds of an image: filters take as long as their input is."""
    box = np.array([first, last])
    corners = [_voxel(image, box[list(corner), range(3)], 'world') for corner in np.ndindex(2, 2, 2)]
    limit = np.array(image.GetSize())
    begin = np.clip(np.floor(np.min(corners, axis=0)) - REACH, 0, limit - 1).astype(int)
    end = np.clip(np.ceil(np.max(corners, axis=0)) + REACH + 1, begin + 1, limit).astype(int)
    part = simple_itk().RegionOfInterest(image, (end - begin).tolist(), begin.tolist())
    return simple_itk().Cast(part, simple_itk().sitkFloat32)
