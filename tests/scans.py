"""CT scans for tests: HU as a formula in world coordinates, sampled on some grid and written with SimpleITK."""

import os

import numpy as np
import pytest
import SimpleITK as sitk

from dataset_tools import ct_volumes

POINT = np.array([21.3, -17.6, 103.2])  # the nodule, world mm
SPACING, SIZE = (0.7, 0.8, 1.25), (44, 40, 28)
PAPER_GRAY = 3000 / 255.0  # HU in one gray level
FLAT = np.eye(3)
FORMATS = ['dicom', 'nii', 'nii.gz', 'mhd', 'mha', 'nrrd']


def turned(x=0.0, y=0.0, z=0.0):
    """Direction cosines turned about the axes, in degrees."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.radians([x, y, z])), np.sin(np.radians([x, y, z]))
    about_y, about_x = [[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]], [[1, 0, 0], [0, cx, -sx], [0, sx, cx]]
    return np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]]) @ about_y @ about_x


def blob(world, centre=POINT, height=400.0, sigma=6.0):
    """A Gaussian nodule in lung: world [...,3] mm -> HU."""
    return -850.0 + height * np.exp(-((world - centre) ** 2).sum(-1) / (2 * sigma**2))


def lopsided(world):
    """A nodule with a small bright companion to the patient's left, in front, and towards the head."""
    return blob(world) + blob(world, POINT + [6.0, -4.0, 2.0], 300.0, 3.0) + 850.0


def chest(*places):
    """A small nodule in lung at each of these places, as a formula like blob."""
    return lambda world: sum(blob(world, place, sigma=4.0) + 850 for place in places) - 850


def grid(steps, origin, size=SIZE):
    index = np.stack(np.meshgrid(*(np.arange(n) for n in size), indexing='ij'), axis=-1)[..., None]  # [x,y,z,3,1]
    return (origin + (steps @ index)[..., 0]).transpose(2, 1, 0, 3)  # [z,y,x,3]


def centred_origin(steps, size=SIZE, offset=(0.3, -0.4, 0.2)):
    """The origin that puts POINT near the middle of the volume, and on no voxel."""
    return POINT - steps @ ((np.array(size) - 1) / 2.0 + offset)


def picture(hu=blob, direction=FLAT, spacing=SPACING, size=SIZE):
    steps = direction * spacing
    origin = centred_origin(steps, size)
    image = sitk.GetImageFromArray(np.rint(hu(grid(steps, origin, size))).astype('int16'))
    image.SetOrigin(origin.tolist())
    image.SetSpacing(spacing)
    image.SetDirection(direction.ravel().tolist())
    return image


def tilted():
    """A scan with a tilted gantry: the table moves along z, the slices lean. -> image, steps, places of the slices."""
    tilt = turned(x=20)
    steps = np.column_stack([tilt[:, 0] * 0.7, tilt[:, 1] * 0.8, [0, 0, 1.25]])
    origin = centred_origin(steps)
    image = sitk.GetImageFromArray(np.rint(lopsided(grid(steps, origin))).astype('int16'))
    image.SetSpacing(SPACING)
    image.SetDirection(tilt.ravel().tolist())
    return image, steps, [origin + k * steps[:, 2] for k in range(SIZE[2])]


def write_dicom(folder, image, uid='1.2.3', slope='0.5', modality='CT', positions=None, names=None, **tags):
    """One file per slice, stored as (HU + 1024) / slope, with names that run against the positions if not told."""
    os.makedirs(str(folder), exist_ok=True)
    hu, direction = sitk.GetArrayFromImage(image), np.reshape(image.GetDirection(), (3, 3))
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.SetImageIO('GDCMImageIO')
    paths = []
    for k in range(len(hu)):
        position = image.TransformIndexToPhysicalPoint((0, 0, k)) if positions is None else positions[k]
        piece = sitk.GetImageFromArray(hu[k : k + 1].astype('float32'))
        piece.SetSpacing(image.GetSpacing())
        piece.SetOrigin([float(value) for value in position])
        piece.SetDirection(direction.ravel().tolist())
        values = {
            '0008|0016': '1.2.840.10008.5.1.4.1.1.2',
            '0008|0018': f'{uid}.{k + 1}',
            '0008|0060': modality,
            '0020|000d': '1.2',
            '0020|000e': uid,
            '0020|0013': str(k),
            '0020|0032': '\\'.join('%.6f' % value for value in position),
            '0020|0037': '\\'.join('%.10f' % value for value in direction[:, :2].T.ravel()),
            '0028|0100': '16',
            '0028|0101': '16',
            '0028|0102': '15',
            '0028|0103': '1',
            '0028|1052': '-1024',
            '0028|1053': slope,
        }
        values.update({tag.replace('_', '|').lstrip('t'): value for tag, value in tags.items()})
        for tag, value in values.items():
            piece.SetMetaData(tag, value)
        paths.append(os.path.join(str(folder), names[k] if names else 'IM%03d.dcm' % (len(hu) - k)))
        writer.SetFileName(paths[-1])
        writer.Execute(piece)
    return paths


def write(folder, image, form):
    """-> the path of the volume."""
    if form == 'dicom':
        write_dicom(folder / 'series', image)
        return folder / 'series'
    sitk.WriteImage(image, str(folder / f'scan.{form}'))
    return folder / f'scan.{form}'


def pixels(size, spacing, z=0.0, centre=POINT):
    """World points [size,size,3] of the pixels of the axial patch that is wanted."""
    along = (np.arange(size) - (size - 1) / 2.0) * spacing
    x, y = np.meshgrid(along, along)
    return centre + np.stack([x, y, np.full_like(x, z)], axis=-1)


def to_slice(image, point=POINT):
    """How far the nearest slice of an image is above a point, in mm; its slices are axial, or one axis is feet-head."""
    ends = [[int(n) - 1 if k == axis else 0 for k, n in enumerate(image.GetSize())] for axis in range(3)]
    foot = image.TransformIndexToPhysicalPoint((0, 0, 0))[2]
    head, number = max(
        ((image.TransformIndexToPhysicalPoint(end)[2], max(end) + 1) for end in ends), key=lambda at: abs(at[0] - foot)
    )
    above = np.linspace(foot, head, number) - point[2]
    return above[np.abs(above).argmin()]


def centroid(patch, base=-850.0):
    weight = np.clip(patch - base, 0, None)
    weight = np.where(weight > 0.5 * weight.max(), weight, 0)
    rows, columns = np.indices(patch.shape)
    return np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()


def complaint(error_type, action, *parts):
    """The message of the error that an action raises: one line that contains all parts."""
    with pytest.raises(error_type) as caught:
        action()
    text = str(caught.value)
    assert '\n' not in text and all(str(part) in text for part in parts), text
    return text


def unreadable(kind, source, *message):
    """The complaint of read_volume about a path, or about a list of a path and a series."""
    ct_volumes.clear_caches()  # the folder may have changed
    source = source if isinstance(source, list) else [source]
    return complaint(kind, lambda: ct_volumes.read_volume(*source), *message)


GEOMETRIES = {
    'straight': FLAT,
    'oblique': turned(12, -8, 15),
    'head first': np.diag([-1.0, 1, -1]),
    'prone': np.diag([-1.0, -1, 1]),
}
STORED = {
    'RAS': np.diag([-1.0, -1, 1]),
    'feet down': np.diag([1.0, 1, -1]),
    'sagittal': np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]]),
    'coronal': np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
}
