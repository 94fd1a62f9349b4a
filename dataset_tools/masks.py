"""Masks of nodules: label maps and DICOM SEG, as a place, a size, and pixels of a patch."""

import re
from collections import namedtuple

import numpy as np

from common import files
from dataset_tools import completeness, ct_volumes, nifti, segmentation
from dataset_tools.itk import attempt, header_of, require_memory, simple_itk

# image: SimpleITK, of 0 and 1, cut down to the nodule; centre: world mm; diameter_mm: of the sphere of the same volume
# (diameter_of 'sphere') or, if it lies in one or two slices, of the circle of its largest slice ('axial circle')
Region = namedtuple('Region', 'image centre diameter_mm diameter_of')


def read(path, label=None):
    """The Region of a label (None: the only one) in a label map, which is a volume file, or in a DICOM SEG."""
    files.require_regular(path)
    files.require_utf8(path)
    sitk = simple_itk()
    image = segmentation.read(path, label) if _is_dicom(path) else _labelled(path, label)
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(image)
    box = np.reshape(shape.GetBoundingBox(1), (2, 3))  # first voxel, number of voxels
    low = np.maximum(box[0] - 1, 0)
    size = np.minimum(box.sum(axis=0) + 1, image.GetSize()) - low
    image = sitk.RegionOfInterest(image, size.tolist(), low.tolist())
    direction = np.abs(np.reshape(image.GetDirection(), (3, 3)))
    through = int(direction[2].argmax())  # the axis nearest to feet-head
    if box[1, through] > 2:
        return Region(image, shape.GetCentroid(1), 2 * shape.GetEquivalentSphericalRadius(1), 'sphere')
    voxels = sitk.GetArrayViewFromImage(image)
    area = voxels.sum(axis=tuple(axis for axis in range(3) if axis != 2 - through)).max()
    area = area * np.prod(image.GetSpacing()) / image.GetSpacing()[through]
    return Region(image, shape.GetCentroid(1), float(2 * np.sqrt(area / np.pi)), 'axial circle')


def _is_dicom(path):
    if ct_volumes.FORMATS.search(path):
        return False
    if not segmentation.is_dicom(path):
        raise ValueError(f'{path} is no mask; name a file .nii .nii.gz .mhd .mha .nrrd, or a DICOM SEG')
    return True


def _labelled(path, label):
    """The voxels of a label map that have a label, as 1."""
    sitk = simple_itk()
    with open(path, 'rb'):  # SimpleITK says less of a file that is missing
        completeness.check_nrrd(path)
    reader = header_of(path)
    if len(reader.GetSize()) != 3 or reader.GetNumberOfComponents() != 1:
        raise ValueError(f'{path} is no label map of three dimensions; save it as one')
    require_memory(path, reader.GetSize())
    if re.search(r'\.nii(\.gz)?$', path, re.IGNORECASE):
        image = sitk.GetImageFromArray(np.concatenate([slab for _, slab in nifti.slabs(path, reader.GetSize())()]))
        image.SetOrigin(reader.GetOrigin())
        image.SetSpacing(reader.GetSpacing())
        image.SetDirection(reader.GetDirection())
    else:
        completeness.check(path, reader)
        image = attempt(path, reader.Execute)
    voxels = sitk.GetArrayViewFromImage(image)
    found = np.unique(voxels[voxels != 0])
    if not (np.isfinite(found).all() and (found == np.rint(found)).all() and (found > 0).all()):
        raise ValueError(f'{path} holds {found[0]:g}, so it is no label map; its voxels are 0, 1, 2 and so on')
    number = segmentation.chosen(path, [int(value) for value in found], label)
    return image == number


def on_patch(region, volume, point, *grid):
    """The mask, bool [slices,size,size], where ct_volumes.patches(volume, point, *grid) has the pixels."""
    sitk, image = simple_itk(), volume.image
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(region.image.GetSize()) - 1.0)
    world = [region.image.TransformContinuousIndexToPhysicalPoint(corner.tolist()) for corner in corners]
    voxels = np.array([image.TransformPhysicalPointToContinuousIndex(corner) for corner in world + [tuple(point)]])
    low = np.clip(np.floor(voxels.min(axis=0)) - 1, 0, np.array(image.GetSize()) - 1).astype(int)
    high = np.clip(np.ceil(voxels.max(axis=0)) + 2, low + 1, image.GetSize()).astype(int)
    part = sitk.RegionOfInterest(image, (high - low).tolist(), low.tolist())  # of the volume's own grid
    inside = sitk.Resample(
        region.image, part, sitk.Transform(3, sitk.sitkIdentity), sitk.sitkLinear, 0, sitk.sitkFloat32
    )
    return ct_volumes.patches(volume._replace(image=inside), point, *grid, interpolation='linear') > 0.5
