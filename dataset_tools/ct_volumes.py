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

from common import files
from common.hounsfield import AIR, LUNG
from dataset_tools import completeness
from dataset_tools.dicom_series import find_series, read_series
from dataset_tools.itk import attempt, header_of, require_memory, simple_itk

FORMATS = re.compile(r'\.(nii|nii\.gz|mhd|mha|nrrd|nhdr)$', re.IGNORECASE)
Volume = namedtuple('Volume', 'path image')  # a SimpleITK image [x,y,z] of HU, int16 or float32, none below AIR


def find_volume(annotation, folder):
    """Where an annotation's volume is: (path, series), for read_volume(*find_volume(annotation, folder)).

    A series is looked for in `folder` and below, which is searched once: a file UID.mhd or another of FORMATS, else a
    folder UID, else DICOM slices.
    """
    where, path, uid = annotation[:3]
    if path is not None:
        if not os.path.exists(path):
            raise FileNotFoundError(f'{where}: there is no {path}; a relative path starts at the folder of the table')
        return path, uid
    found = [path for path in _named(folder)[uid] if os.path.isfile(path)] or _named(folder)[uid]
    if len(found) > 1:
        names = f'{found[0]} and {found[1]}'
        raise ValueError(f'{where}: {names} have the same name; move masks and copies away, or use a path column')
    if found or uid in find_series(folder):
        return (found[0], None) if found else (folder, uid)
    raise FileNotFoundError(f'{where}: {folder} holds no {uid}, as file, folder or DICOM; name the folder that does')


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
    files.require_utf8(path)
    if not os.path.isdir(path) and not FORMATS.search(path):
        wanted = 'name the folder of a DICOM series, or a file .nii .nii.gz .mhd .mha .nrrd'
        raise ValueError(f'{path} is not a volume; {wanted}')
    image = read_series(path, series) if os.path.isdir(path) else _read_file(path)
    least = simple_itk().GetArrayViewFromImage(image).min()
    if not least <= LUNG:
        found = f'its least value is {least:g}, but lung lies below {LUNG:g}'
        raise ValueError(f'{path} is not in HU: {found}; convert it without rescaling')
    return Volume(path, image if least >= AIR else simple_itk().Clamp(image, image.GetPixelID(), AIR))


def _read_file(path):
    if os.path.isfile(path):  # SimpleITK has words for others
        completeness.check_nrrd(path)
    reader = header_of(path)
    size, values = reader.GetSize(), reader.GetNumberOfComponents()
    if len(size) != 3 or min(size) < 2 or values != 1:
        found = f'{" x ".join(map(str, size))} voxels of {values} value(s)'
        raise ValueError(f'{path} is {found}; a CT volume is three-dimensional and gray')
    if reader.HasMetaDataKey('qform_code'):
        codes = {reader.GetMetaData(key).strip() for key in ('qform_code', 'sform_code')}
        if codes == {'0'}:
            lacking = 'does not say how the patient lies (neither qform nor sform)'
            raise ValueError(f'{path} {lacking}; convert it from DICOM again')
    require_memory(path, reader)
    completeness.check(path, reader)
    if reader.GetPixelIDValue() != simple_itk().sitkInt16:
        reader.SetOutputPixelType(simple_itk().sitkFloat32)  # half the memory of float64, and still exact to 0.001 HU
    return attempt(path, reader.Execute)


def patches(volume, point, size, spacing, slices=1, coordinates='world', where='the point'):
    """Axial patches round a point -> float32 [slices,size,size] in HU, none below -1024; ValueError if it is outside.

    They lie in the patient's axial plane as radiologists look at it, however the volume is stored: columns run from the
    patient's right to left, rows from front to back, slices from feet to head. The point is the middle, index
    (size-1)/2; pixels are `spacing` mm apart, slices as far as the volume's. Interpolation is linear; outside is air. A
    pixel coarser than the voxels is the mean of k x k samples, k being the voxels across it: a box filter against
    aliasing. `where` begins the error, as annotation.where does.
    """
    for name, value in (('size', size), ('spacing', spacing), ('slices', slices)):
        if not 0 < value < float('inf'):
            raise ValueError(f'{name} is {value}; it must be above 0')
    sitk, image, point = simple_itk(), volume.image, [float(value) for value in point]
    in_world, in_voxels = image.TransformContinuousIndexToPhysicalPoint, image.TransformPhysicalPointToContinuousIndex
    voxel = np.array(in_voxels(point) if coordinates == 'world' else point)
    if (np.clip(voxel, -0.5, np.array(image.GetSize()) - 0.5) != voxel).any():  # a voxel reaches half a step each way
        corners = [(np.array(corner) * image.GetSize() - 0.5).tolist() for corner in np.ndindex(2, 2, 2)]
        corners = [in_world(corner) for corner in corners] if coordinates == 'world' else corners
        spans = ', '.join(f'{name} {min(ends):.1f}..{max(ends):.1f}' for name, ends in zip('xyz', zip(*corners)))
        place = f'{tuple(point)} is outside {volume.path}, {coordinates} {spans}'
        raise ValueError(f'{where}: {place}; correct it, or its units')
    direction, lengths = np.reshape(image.GetDirection(), (3, 3)), np.array(image.GetSpacing())
    per_mm = np.abs(np.linalg.inv(direction * lengths)).max(axis=0)  # voxels for 1 mm along patient x, y, z
    kx, ky = (int(np.ceil(per_mm[axis] * spacing - 1e-3)) for axis in (0, 1))
    along_z = lengths[np.abs(direction[2]).argmax()]  # of the axis nearest to feet-head
    step = np.array([spacing / kx, spacing / ky, along_z])
    number = np.array([size * kx, size * ky, slices])
    origin = np.array(in_world(voxel.tolist())) - (number - 1) / 2.0 * step
    grid = number.tolist(), sitk.Transform(3, sitk.sitkIdentity), sitk.sitkLinear, origin.tolist(), step.tolist()
    samples = sitk.Resample(image, *grid, np.eye(3).ravel().tolist(), AIR, sitk.sitkFloat32)
    return sitk.GetArrayViewFromImage(samples).reshape(slices, size, ky, size, kx).mean(axis=(2, 4))
