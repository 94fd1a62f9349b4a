"""Masks of nodules: label maps and DICOM SEG, as a place, a size, and pixels of a patch."""

import re
from collections import namedtuple

import numpy as np

from common import files
from dataset_tools import completeness, ct_volumes, dicom_files, nifti, segmentation
from dataset_tools.itk import attempt, header_of, require_memory, simple_itk

NEAR = 3.0  # mm that a point may lie outside the nodule that it marks
# A body is a speck, and no nodule, if it is this small (voxels, or the mm3 of a ball of 3 mm, below which the field
# speaks of no nodule) and smaller than this share of the largest one.
SPECK_VOXELS, SPECK_MM3, SPECK_SHARE = 3, np.pi / 6 * 3.0**3, 0.1
HALF = 0.5  # of the marks that hold a voxel of the consensus: the 50 % level that is usual for LIDC

# image: SimpleITK, of 0 and 1, cut down to the nodule; centre: world mm; diameter_mm: of the sphere of the same volume
# (diameter_of 'sphere') or, if it lies in one or two slices, of the circle of its largest slice ('axial circle')
Region = namedtuple('Region', 'image centre diameter_mm diameter_of')


def read(path, label=None, point=None):
    """The Region of a nodule: of a label (None: the only one) in a label map, which is a volume file, or a DICOM SEG.

    point: in it, world mm; of several separate bodies the one at the point is taken. ValueError if there are several
    and no point, or none within NEAR of the point.
    """
    files.require_regular(path)
    files.require_utf8(path)
    image = segmentation.read(path, label) if _is_dicom(path) else _labelled(path, label)
    return _region(_body(path, _cropped(image), point))


def consensus(regions):
    """The Region that at least HALF of the Regions hold, on the grid of the first; ValueError if there is none."""
    if len(regions) == 1:
        return regions[0]
    sitk, first = simple_itk(), regions[0].image
    corners = np.concatenate([_corners(region.image) for region in regions])
    voxels = np.array([first.TransformPhysicalPointToContinuousIndex(corner) for corner in corners.tolist()])
    low, high = np.floor(voxels.min(axis=0) + 1e-6), np.ceil(voxels.max(axis=0) - 1e-6)
    origin = first.TransformContinuousIndexToPhysicalPoint(low.tolist())
    grid = (high - low + 1).astype(int).tolist(), sitk.Transform(3, sitk.sitkIdentity), sitk.sitkLinear, origin
    grid += first.GetSpacing(), first.GetDirection(), 0, sitk.sitkFloat32
    held = sum(sitk.Resample(region.image, *grid) > 0.5 for region in regions)
    image = sitk.Cast(held, sitk.sitkFloat32) >= HALF * len(regions)
    if not sitk.GetArrayViewFromImage(image).any():
        raise ValueError('their masks do not overlap; correct them, or give their nodules different names')
    return _region(image)


def _region(image):
    """The Region of the voxels of an image that are 1."""
    sitk = simple_itk()
    image, shape = _cropped(image), sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(image)
    box = np.reshape(shape.GetBoundingBox(1), (2, 3))  # first voxel, number of voxels
    direction = np.abs(np.reshape(image.GetDirection(), (3, 3)))
    through = int(direction[2].argmax())  # the axis nearest to feet-head
    if box[1, through] > 2:
        return Region(image, shape.GetCentroid(1), 2 * shape.GetEquivalentSphericalRadius(1), 'sphere')
    voxels = sitk.GetArrayViewFromImage(image)
    area = voxels.sum(axis=tuple(axis for axis in range(3) if axis != 2 - through)).max()
    area = area * np.prod(image.GetSpacing()) / image.GetSpacing()[through]
    return Region(image, shape.GetCentroid(1), float(2 * np.sqrt(area / np.pi)), 'axial circle')


def _cropped(image):
    """An image of 0 and 1 without what is farther than a voxel from the ones."""
    shape = simple_itk().LabelShapeStatisticsImageFilter()
    shape.Execute(image)
    box = np.reshape(shape.GetBoundingBox(1), (2, 3))  # first voxel, number of voxels
    low = np.maximum(box[0] - 1, 0)
    size = np.minimum(box.sum(axis=0) + 1, image.GetSize()) - low
    return simple_itk().RegionOfInterest(image, size.tolist(), low.tolist())


def _body(path, image, point):
    """The one nodule in an image of 0 and 1: voxels that touch, at a corner at least, at the point if there is one."""
    sitk = simple_itk()
    bodies, shape = sitk.ConnectedComponent(image, True), sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(bodies)
    sizes = {body: shape.GetPhysicalSize(body) for body in shape.GetLabels()}
    least = SPECK_SHARE * max(sizes.values())
    small = {body for body in sizes if sizes[body] < SPECK_MM3 or shape.GetNumberOfPixels(body) <= SPECK_VOXELS}
    large = [body for body in sizes if body not in small or sizes[body] >= least]
    if point is None and len(large) > 1:
        raise ValueError(
            f'{path} holds {len(large)} separate bodies and the table no point; add x,y,z of the nodule, or give each '
            'body a number of its own and fill the column label'
        )
    if point is None:
        return bodies == large[0]
    away = _away(bodies, shape, point)
    if not away:
        middles = np.array([shape.GetCentroid(body) for body in large])
        mm = np.linalg.norm(middles - point, axis=1).min()
        place = ', '.join(f'{value:.5g}' for value in point)
        raise ValueError(
            f'{path} marks nothing at the point ({place}): the middle of the nearest nodule in it is {mm:.1f} mm away; '
            'correct the point (or --coordinates), the mask or its label'
        )
    return bodies == min(away, key=lambda body: (body not in large, away[body]))


def _away(bodies, shape, point):
    """{body: mm from a point, world mm, to it} of the bodies within NEAR; 0 in it, next to 0 in a hole of its slice.

    bodies: their numbers, a SimpleITK image; shape: its statistics.
    """
    sitk, voxels, spacing = simple_itk(), simple_itk().GetArrayViewFromImage(bodies), np.array(bodies.GetSpacing())
    index = np.array(bodies.TransformPhysicalPointToContinuousIndex(list(point)))
    low, high = [(np.rint(index + way * NEAR / spacing) + [0, 1][way > 0]).clip(0).astype(int) for way in (-1, 1)]
    part = voxels[tuple(slice(*ends) for ends in zip(low[::-1], high[::-1]))]
    steps = np.abs(np.argwhere(part)[:, ::-1] + low - index) - 0.5  # a voxel reaches half a step each way
    away = {}
    for body, mm in zip(part[part > 0].tolist(), np.linalg.norm(steps.clip(0) * spacing, axis=1).tolist()):
        if mm <= NEAR:
            away[body] = min(mm, away.get(body, NEAR))
    i, j, k = np.rint(index).astype(int).tolist()
    for body in shape.GetLabels():
        begin, number = np.reshape(shape.GetBoundingBox(body), (2, 3))
        if ((begin <= (i, j, k)) & ((i, j, k) < begin + number)).all():
            if sitk.BinaryFillhole(bodies[:, :, k] == body)[i, j]:
                away[body] = min(1e-6, away.get(body, NEAR))
    return away


def _corners(image):
    """The middles of the eight corner voxels of an image, world mm [8,3]."""
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(image.GetSize()) - 1.0)
    return np.array([image.TransformContinuousIndexToPhysicalPoint(corner) for corner in corners.tolist()])


def _is_dicom(path):
    if ct_volumes.FORMATS.search(path):
        return False
    if not dicom_files.looks_like_dicom(path):
        raise ValueError(f'{path} is no mask; name a file .nii .nii.gz .mhd .mha .nrrd, or a DICOM SEG')
    return True


def _labelled(path, label):
    """The voxels of a label map that have a label, as 1."""
    sitk = simple_itk()
    with open(path, 'rb'):  # SimpleITK says less of a file that is missing
        completeness.check_header(path)
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
    world = _corners(region.image).tolist() + [list(point)]
    voxels = np.array([image.TransformPhysicalPointToContinuousIndex(corner) for corner in world])
    low = np.clip(np.floor(voxels.min(axis=0)) - 1, 0, np.array(image.GetSize()) - 1).astype(int)
    high = np.clip(np.ceil(voxels.max(axis=0)) + 2, low + 1, image.GetSize()).astype(int)
    part = sitk.RegionOfInterest(image, (high - low).tolist(), low.tolist())  # of the volume's own grid
    inside = sitk.Resample(
        region.image, part, sitk.Transform(3, sitk.sitkIdentity), sitk.sitkLinear, 0, sitk.sitkFloat32
    )
    return ct_volumes.patches(volume._replace(image=inside), point, *grid, interpolation='linear') > 0.5
