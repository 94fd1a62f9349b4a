"""Masks of nodules: label maps, DICOM SEG and RTSTRUCT, as a place, a size, and pixels of a patch."""

from collections import namedtuple

import numpy as np

from common import files
from dataset_tools import ct_volumes, dicom_files, itk, label_maps, rtstruct, segmentation
from dataset_tools.itk import simple_itk

NEAR = 3.0  # mm that a point may lie outside the nodule that it marks
# A body is a speck, and no nodule, if it is this small (voxels, or the mm3 of a ball of 3 mm, below which the field
# speaks of no nodule) and smaller than this share of the largest one.
SPECK_VOXELS, SPECK_MM3, SPECK_SHARE = 3, np.pi / 6 * 3.0**3, 0.1
HALF = 0.5  # of the marks that hold a voxel of the consensus: the 50 % level that is usual for LIDC

# image: SimpleITK, of 0 and 1, cut down to the nodule; centre: world mm; diameter_mm: of the sphere of the same volume
# (diameter_of 'sphere') or, if it lies in one or two slices, of the circle of its largest slice ('axial circle')
Region = namedtuple('Region', 'image centre diameter_mm diameter_of')


def read(path, label=None, point=None, kept=None):
    """The Region of a nodule: of a label in a label map, which is a volume file, or in a DICOM SEG or RTSTRUCT.

    label: its number or, where there are names, its name; None: the only one. point: in it, world mm; of several
    separate bodies the one at the point is taken. ValueError if there are several and no point, or none within NEAR of
    the point. kept: a dictionary that keeps what the file holds until another one is read, for the next call.
    """
    kept = {} if kept is None else kept
    if path not in kept:
        kept.clear()
        files.require_regular(path)
        files.require_utf8(path)
        kept[path] = _header(path) if _is_dicom(path) else label_maps.load(path)
    content = kept[path]
    if isinstance(content, label_maps.LabelMap):
        image = label_maps.voxels(content, label)
    else:
        image = _dicom(path, content, label)
    return _region(_body(path, _crop(image), point))


def largest_body(image):
    """The Region of the largest of the bodies of ones in an image of 0 and 1; voxels that touch at a corner are one."""
    sitk = simple_itk()
    return _region(sitk.RelabelComponent(sitk.ConnectedComponent(image, True)) == 1)


def consensus(regions):
    """The Region that at least HALF of the Regions hold, on the grid of the first; ValueError if there is none."""
    if len(regions) == 1:
        return regions[0]
    sitk, first = simple_itk(), regions[0].image
    corners = np.concatenate([itk.corners(region.image) for region in regions])
    voxels = np.array([first.TransformPhysicalPointToContinuousIndex(corner) for corner in corners.tolist()])
    low = np.floor(voxels.min(axis=0) + 1e-6)
    high = np.ceil(voxels.max(axis=0) - 1e-6)
    origin = first.TransformContinuousIndexToPhysicalPoint(low.tolist())
    grid = (high - low + 1).astype(int).tolist(), sitk.Transform(3, sitk.sitkIdentity), sitk.sitkLinear, origin
    grid += first.GetSpacing(), first.GetDirection(), 0, sitk.sitkFloat32
    votes = sum(sitk.Resample(region.image, *grid) > 0.5 for region in regions)
    image = sitk.Cast(votes, sitk.sitkFloat32) >= HALF * len(regions)
    if not sitk.GetArrayViewFromImage(image).any():
        raise ValueError('their masks do not overlap; correct them, or give their nodules different names')
    return _region(image)


def _region(image):
    """The Region of the voxels of an image that are 1."""
    image = _crop(image)
    shape = _statistics(image)
    through = int(np.abs(np.reshape(image.GetDirection(), (3, 3)))[2].argmax())  # the axis nearest to feet-head
    _, length = np.reshape(shape.GetBoundingBox(1), (2, 3))
    if length[through] > 2:
        return Region(image, shape.GetCentroid(1), 2 * shape.GetEquivalentSphericalRadius(1), 'sphere')
    voxels = simple_itk().GetArrayViewFromImage(image)  # [z,y,x]
    slice_axes = tuple(axis for axis in range(3) if axis != 2 - through)
    pixel_mm2 = np.prod(image.GetSpacing()) / image.GetSpacing()[through]
    area = voxels.sum(axis=slice_axes).max() * pixel_mm2
    return Region(image, shape.GetCentroid(1), float(2 * np.sqrt(area / np.pi)), 'axial circle')


def _statistics(image):
    """SimpleITK's measures of the labels in an image."""
    shape = simple_itk().LabelShapeStatisticsImageFilter()
    shape.Execute(image)
    return shape


def _crop(image):
    """An image of 0 and 1 without what is farther than a voxel from the ones."""
    first, length = np.reshape(_statistics(image).GetBoundingBox(1), (2, 3))
    return ct_volumes.crop_voxels(image, first - 1, first + length + 1)


def _body(path, image, point):
    """The one nodule in an image of 0 and 1: voxels that touch, at a corner at least, at the point if there is one."""
    bodies = simple_itk().ConnectedComponent(image, True)
    shape = _statistics(bodies)
    sizes = {body: shape.GetPhysicalSize(body) for body in shape.GetLabels()}
    least = SPECK_SHARE * max(sizes.values())
    large = []
    for body, mm3 in sizes.items():
        is_small = mm3 < SPECK_MM3 or shape.GetNumberOfPixels(body) <= SPECK_VOXELS
        if not is_small or mm3 >= least:
            large.append(body)
    if point is None and len(large) > 1:
        remedy = 'add x,y,z of the nodule, or give each body a number of its own and fill the column label'
        raise ValueError(f'{path} holds {len(large)} separate bodies and the table no point; {remedy}')
    if point is None:
        return bodies == large[0]
    distances = _distances(bodies, shape, point)
    if not distances:
        centres = np.array([shape.GetCentroid(body) for body in large])
        mm = np.linalg.norm(centres - point, axis=1).min()
        place = ', '.join(f'{value:.5g}' for value in point)
        problem = f'marks nothing at the point ({place}): the middle of the nearest nodule in it is {mm:.1f} mm away'
        raise ValueError(f'{path} {problem}; correct the point (or --coordinates), the mask or its label')
    return bodies == min(distances, key=lambda body: (body not in large, distances[body]))


def _distances(bodies, shape, point):
    """{body: mm from a point, world mm, to it} of the bodies within NEAR; 0 in it, next to 0 in a hole of its slice.

    bodies: their numbers, a SimpleITK image; shape: its _statistics.
    """
    spacing = np.array(bodies.GetSpacing())
    index = np.array(bodies.TransformPhysicalPointToContinuousIndex(list(point)))
    low = np.rint(index - NEAR / spacing).clip(0).astype(int)
    high = (np.rint(index + NEAR / spacing) + 1).clip(0).astype(int)
    voxels = simple_itk().GetArrayViewFromImage(bodies)  # [z,y,x]
    near = voxels[low[2] : high[2], low[1] : high[1], low[0] : high[0]]
    steps = np.abs(np.argwhere(near)[:, ::-1] + low - index) - 0.5  # a voxel reaches half a step each way
    distances = {}
    for body, mm in zip(near[near > 0].tolist(), np.linalg.norm(steps.clip(0) * spacing, axis=1).tolist()):
        if mm <= NEAR:
            distances[body] = min(mm, distances.get(body, NEAR))
    voxel = np.rint(index).astype(int)
    for body in shape.GetLabels():
        first, length = np.reshape(shape.GetBoundingBox(body), (2, 3))
        if ((first <= voxel) & (voxel < first + length)).all():
            i, j, k = voxel.tolist()
            filled = simple_itk().BinaryFillhole(bodies[:, :, k] == body)
            if filled[i, j]:
                distances[body] = min(1e-6, distances.get(body, NEAR))
    return distances


def _is_dicom(path):
    if ct_volumes.FORMATS.search(path):
        return False
    if not dicom_files.looks_like_dicom(path):
        raise ValueError(f'{path} is no mask; name a file .nii .nii.gz .mhd .mha .nrrd, or a DICOM SEG or RTSTRUCT')
    return True


@dicom_files.without_warnings
def _header(path):
    return dicom_files.read_header(path)


@dicom_files.without_warnings
def _dicom(path, header, label):
    """The voxels of a label in a DICOM file with that header, as 1."""
    is_rtstruct = dicom_files.text(header, 'Modality') == 'RTSTRUCT'
    return (rtstruct if is_rtstruct else segmentation).read(path, header, label)


def on_patch(region, volume, point, *grid):
    """The mask, bool [slices,size,size], where ct_volumes.patches(volume, point, *grid) has the pixels."""
    sitk, image = simple_itk(), volume.image
    world = itk.corners(region.image).tolist() + [list(point)]
    voxels = np.array([image.TransformPhysicalPointToContinuousIndex(corner) for corner in world])
    part = ct_volumes.crop_voxels(image, np.floor(voxels.min(axis=0)) - 1, np.ceil(voxels.max(axis=0)) + 2)
    identity = sitk.Transform(3, sitk.sitkIdentity)
    inside = sitk.Resample(region.image, part, identity, sitk.sitkLinear, 0, sitk.sitkFloat32)
    return ct_volumes.patches(volume._replace(image=inside), point, *grid, interpolation='linear') > 0.5
