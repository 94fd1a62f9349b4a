"""DICOM series: pictures sorted by where they lie, checked and read as one volume."""

import collections
import functools
import os

import numpy as np

from common.hounsfield import AIR
from dataset_tools import assembly, dicom_files
from dataset_tools.itk import attempt, require_memory, simple_itk

TISSUE = -1000.0, 3071.0  # HU between which padding cannot be told from what it surrounds


def read_series(folder, uid):
    """The series with that SeriesInstanceUID below a folder, or the only one there: (image, notes, left).

    image: a SimpleITK image of HU; notes: sentences about its values; left: {path: why} of files that are not in it.
    """
    found = dicom_files.find_series(folder)
    uid = next(iter(found.series)) if uid is None and len(found.series) == 1 else uid
    homes = {os.path.dirname(path) for path in found.series.get(uid, ())}
    for path, (owner, error) in found.damaged.items():
        if not found.series or owner == uid or owner is None and os.path.dirname(path) in homes:
            raise error
    left = {path: why for path, why in found.left.items() if len(found.series) < 2 or os.path.dirname(path) in homes}
    if uid not in found.series:
        listed = ', '.join(f'{name} ({len(paths)} slices)' for name, paths in sorted(found.series.items())[:8])
        wanted = f'name a folder with {uid or "one series"}, or fill a seriesuid column'
        raise ValueError(f'{folder} holds {listed or "no CT slices"}{left_out(left, "; left out: ")}; {wanted}')
    pictures = [picture for path in found.series[uid] for picture in dicom_files.pictures(path)]
    applied = {picture.path: picture.rescale for picture in pictures if picture.frame == 0}
    pictures, step = _in_order(folder, pictures, left)
    size = pictures[0].size + (len(pictures),)
    require_memory(folder, size)
    padded, some = collections.Counter(), assembly.slices_at_once(size)
    frames = collections.Counter(picture.path for picture in pictures)
    last = functools.lru_cache(maxsize=1)(lambda path: _read(path, size[:2] + (frames[path],)))

    def hu(picture):
        stack = simple_itk().GetArrayViewFromImage(last(picture.path))  # dies with the image
        return _in_hu(stack[picture.frame].copy(), applied[picture.path], picture, padded)

    def slabs():
        padded.clear()
        for first in range(0, len(pictures), some):
            yield first, np.stack([hu(picture) for picture in pictures[first : first + some]])

    image = assembly.assembled(folder, size, slabs)
    along = np.reshape(pictures[0].orientation, (2, 3))
    axes = np.stack([along[0] / np.linalg.norm(along[0]), along[1] / np.linalg.norm(along[1]), step], axis=1)
    length = np.linalg.norm(step)
    image.SetOrigin(list(pictures[0].position))
    image.SetSpacing(list(pictures[0].spacing) + [length])
    image.SetDirection((axes / [1, 1, length]).ravel().tolist())
    return image, _notes(padded, float(np.prod(size, dtype=float))), left


def _notes(padded, voxels):
    """Sentences about the voxels that were counted as padding."""
    words = dict(
        filled='are padding and became air, -1024 HU', kept='are padding by their value, as tissue is; they stay'
    )
    return [f'{100 * padded[what] / voxels:.2g} % of the voxels {words[what]}' for what in sorted(padded)]


def left_out(left, begin=''):
    """{path: why} as words: '2 x localizer (a.dcm, b.dcm), 1 x empty (c.dcm)', after the words `begin`; '' of none."""
    by_reason = collections.OrderedDict()
    for path, why in left.items():
        by_reason.setdefault(why, []).append(os.path.basename(path))
    parts = [
        f'{len(names)} x {why} ({", ".join(names[:3])}{", ..." * (len(names) > 3)})' for why, names in by_reason.items()
    ]
    return begin + ', '.join(parts) if parts else ''


def _read(path, size):
    """The pictures of a file as a SimpleITK image of that size, with the rescale of the first."""
    image = attempt(path, lambda: simple_itk().ReadImage(path, imageIO='GDCMImageIO'))
    if image.GetSize() != size or image.GetNumberOfComponentsPerPixel() != 1:
        raise OSError(f'{path} cannot be read (its pixels are not what its header says); copy or export it again')
    return image


def _in_hu(values, applied, picture, padded):
    """A picture in HU, of values after the rescale `applied`; its padding becomes air and is counted in `padded`."""
    slope, intercept = picture.rescale
    if picture.rescale != applied:
        values = np.rint((values - applied[1]) / applied[0]) * slope + intercept
    if picture.padding:
        least, most = sorted(end * slope + intercept for end in picture.padding)
        hit = (values >= least - 1e-3) & (values <= most + 1e-3) if most > AIR else np.zeros(1, bool)
        if hit.any():
            tissue = most > TISSUE[0] and least < TISSUE[1]
            padded['kept' if tissue else 'filled'] += np.count_nonzero(hit)
            values = values if tissue else np.where(hit, AIR, values)
    return values


def _in_order(folder, pictures, left):
    """Pictures from one end to the other, and the step between them in mm [3]; ValueError if they make no volume."""
    geometry = np.array([list(p.size) + p.orientation + p.spacing for p in pictures])
    odd = np.abs(geometry - np.median(geometry, axis=0)).max(axis=1)
    if odd.max() > 1e-3:
        path = pictures[odd.argmax()].path
        raise ValueError(f'{path} differs from the other slices in size, pixel spacing or orientation; remove it')
    along = np.reshape(pictures[0].orientation, (2, 3))
    normal = np.cross(along[0], along[1])
    pictures = sorted(pictures, key=lambda p: np.dot(p.position, normal))  # names often run the other way
    positions = np.array([p.position for p in pictures])
    # The step of a tilted gantry is not at right angles to the slices.
    return pictures, _slice_step(folder, pictures, positions @ normal, positions, left)


def _slice_step(folder, pictures, heights, positions, left):
    """From a slice to the next, in mm [3]; ValueError if slices are missing, doubled or unevenly spaced."""
    if len(pictures) < 2:
        raise ValueError(f'{pictures[0].path} is the only slice of its series; a CT volume has many')
    gaps = np.diff(heights)
    usual = np.sort(gaps)[(len(gaps) - 1) // 2]  # the lower median: right even where one of three slices is missing
    k, step = np.abs(gaps - usual).argmax(), (positions[-1] - positions[0]) / (len(pictures) - 1)
    off = np.linalg.norm(positions - positions[0] - np.arange(len(pictures))[:, None] * step, axis=1)
    if not off.max() < 0.1 * usual:
        below, above = [p.path + (f' frame {p.frame + 1}' if p.frame else '') for p in pictures[k : k + 2]]
        raise ValueError(
            f'{folder}: {gaps[k]:.2f} mm from {below} to {above} but {usual:.2f} mm between others, so '
            f'slices are missing, doubled or uneven{left_out(left, "; left out: ")}; export all of them, once'
        )
    return step
