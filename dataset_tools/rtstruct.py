"""DICOM RTSTRUCT: the voxels within the contours of one of its regions of interest (ROI)."""

import numpy as np

from common import capacity
from dataset_tools import contours, segmentation
from dataset_tools.itk import simple_itk

CLOSED = 'CLOSED_PLANAR', 'CLOSEDPLANAR_XOR'
PIXELS, FINEST, COARSEST = 200, 0.1, 1.0  # pixels across an ROI, whose size in mm has these limits
FLAT = 0.1  # mm that the points of a contour may lie off its plane
STRAIGHT = 0.01  # of the normal of a plane off an axis of the patient, which rounded points may be the reason of
LARGEST = 1000.0  # mm
THICKNESS = 1.0  # mm of an ROI of one plane whose contour does not say it


def read(path, header, label=None):
    """An ROI of a DICOM RTSTRUCT as a SimpleITK image of 0 and 1; label: number or name, None if it is the only one.

    header: its pydicom.Dataset. Planes are those of the contours; each stands for the voxels up to half way to the
    next. A voxel belongs to the ROI if an odd number of the contours of its plane goes round it, so that a contour in
    another one is a hole (DICOM PS3.3 C.8.8.6.3).
    """
    with segmentation.damage(path):
        rois = _rois(header)
    number, name, contour_items = rois[segmentation.choose(path, [roi[:2] for roi in rois], label)]
    with segmentation.damage(path):
        polygons, thickness = _closed(contour_items)
    name = f'ROI {number} ({name})'
    if not polygons:
        raise ValueError(f'{path}: {name} has no closed contour; choose another ROI, or draw it again')
    points = np.concatenate(polygons)
    if not np.isfinite(points).all() or np.ptp(points, axis=0).max() > LARGEST:
        raise ValueError(f'{path}: the contours of {name} are no part of a patient; export it again')
    axes = _axes(polygons)
    placed = [polygon @ axes for polygon in polygons]  # mm along a row, along a column, and through the planes
    uneven = max(np.ptp(polygon[:, 2]) for polygon in placed)
    if uneven > FLAT:
        raise ValueError(f'{path}: the contours of {name} do not lie in parallel planes; export it as SEG')
    heights = np.array([polygon[:, 2].mean() for polygon in placed])
    planes, step = segmentation.planes(path, name, heights, thickness)
    low = np.concatenate(placed).min(axis=0)[:2]
    size = np.concatenate(placed).max(axis=0)[:2] - low
    pixel = float(np.clip(size.max() / PIXELS, FINEST, COARSEST))
    columns, rows = (np.ceil(size / pixel) + 1).astype(int)
    shape = int(planes.max()) + 1, int(rows), int(columns)
    capacity.require_memory(2 * int(np.prod(shape, dtype=float)), path)
    voxels = np.zeros(shape, bool)
    for plane, polygon in zip(planes, placed):
        voxels[plane] ^= contours.fill((polygon[:, :2] - low) / pixel, shape[1:])
    if not voxels.any():
        raise ValueError(f'{path}: the contours of {name} enclose nothing; choose another ROI, or draw it again')
    image = simple_itk().GetImageFromArray(voxels.astype(np.uint8))
    image.SetSpacing([pixel, pixel, step])
    image.SetDirection(axes.ravel().tolist())
    image.SetOrigin((axes @ np.append(low, heights.min())).tolist())
    return image


def _rois(header):
    """[(number, name, contours)] of the ROIs that have contours."""
    names = {int(item.ROINumber): str(item.get('ROIName', '')) for item in header.StructureSetROISequence}
    rois = []
    for item in header.ROIContourSequence:
        number = int(item.ReferencedROINumber)
        if item.get('ContourSequence'):
            rois.append((number, names.get(number, ''), item.ContourSequence))
    return rois


def _closed(contour_items):
    """(the closed contours of an ROI, [N,3] in mm; thickness of a plane in mm)."""
    closed = [item for item in contour_items if item.ContourGeometricType in CLOSED]
    polygons = [np.array(item.ContourData, float).reshape(-1, 3) for item in closed]
    thickness = min([float(item.get('ContourSlabThickness') or THICKNESS) for item in closed], default=THICKNESS)
    return [polygon for polygon in polygons if len(polygon) > 2], float(np.clip(thickness, FINEST, LARGEST))


def _axes(polygons):
    """Directions in columns: along rows, along columns, and the normal of the planes of some contours.

    The normal is that of the contour with the largest area (M. Newell's method), or the axis of the patient it is at.
    """
    normals = []
    for polygon in polygons:
        middle = polygon - polygon.mean(axis=0)
        normals.append(np.cross(middle, np.roll(middle, -1, axis=0)).sum(axis=0))
    lengths = np.linalg.norm(normals, axis=1)
    if not lengths.max() > 0:  # no area: filled, they are found to enclose nothing
        return np.eye(3)
    normal = normals[lengths.argmax()] / lengths.max()
    axis = int(np.abs(normal).argmax())
    normal = normal * np.sign(normal[axis])
    if np.abs(normal - np.eye(3)[axis]).max() < STRAIGHT:
        normal = np.eye(3)[axis]
    row = np.eye(3)[1 if axis == 0 else 0]
    row = row - (row @ normal) * normal
    row = row / np.linalg.norm(row)
    return np.stack([row, np.cross(normal, row), normal], axis=1)
