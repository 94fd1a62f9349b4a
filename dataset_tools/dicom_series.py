"""DICOM series: frames sorted by where they lie, checked and read as one volume."""

import collections
import os

import numpy as np

from common.hounsfield import AIR
from dataset_tools import dicom_files, itk

TISSUE = -1000.0, 3071.0  # HU between which padding cannot be distinguished from what it surrounds


def read_series(folder, uid, acquisition=None):
    """The series with that SeriesInstanceUID below a folder, or the only one there: (image, notes, left_out).

    image: a SimpleITK image of HU; notes: sentences about its values; left_out: {path: reason} of the other files.
    acquisition: the AcquisitionNumber of the frames that are read, or None for all.
    """
    paths, left_out = _select(folder, uid)
    frames = [frame for path in paths for frame in dicom_files.read_frames(path)]
    reader = _FrameReader(frames)
    if acquisition is not None:
        frames, left_out = _of_acquisition(folder, frames, acquisition, left_out)
    frames, step = _in_order(folder, frames, left_out)
    size = frames[0].size + (len(frames),)
    itk.require_memory(folder, size)

    def slabs():
        reader.padding.clear()
        slices = itk.slices_at_once(size)
        for first in range(0, len(frames), slices):
            yield first, np.stack([reader.hu(frame) for frame in frames[first : first + slices]])

    image = itk.assemble(folder, size, slabs)
    row, column = np.reshape(frames[0].orientation, (2, 3))
    length = np.linalg.norm(step)
    axes = [row / np.linalg.norm(row), column / np.linalg.norm(column), step / length]
    image.SetOrigin(list(frames[0].position))
    image.SetSpacing(list(frames[0].spacing) + [length])
    image.SetDirection(np.stack(axes, axis=1).ravel().tolist())
    return image, reader.notes(itk.count_voxels(size)), left_out


def _select(folder, uid):
    """(paths, left_out) of the series; ValueError or OSError if it is missing or damaged."""
    index = dicom_files.find_series(folder)
    if uid is None and len(index.series) == 1:
        uid = next(iter(index.series))
    paths = index.series.get(uid, [])
    folders = {os.path.dirname(path) for path in paths}
    for path, (series, error) in index.damaged.items():
        may_belong = series is None and os.path.dirname(path) in folders
        if not index.series or series == uid or may_belong:
            raise error
    left_out = index.left_out
    if len(index.series) > 1:
        left_out = {path: reason for path, reason in left_out.items() if os.path.dirname(path) in folders}
    if not paths:
        others = sorted(index.series.items())[:8]
        listed = ', '.join(f'{name} ({len(slices)} slices)' for name, slices in others)
        remedy = f'name a folder with {uid or "one series"}, or fill a seriesuid column'
        others = left_out_message(left_out, '; left out: ')
        raise ValueError(f'{folder} holds {listed or "no CT slices"}{others}; {remedy}')
    return paths, left_out


def _of_acquisition(folder, frames, acquisition, left_out):
    """Those frames of an AcquisitionNumber, and left_out with the files that have none of them."""
    chosen = [frame for frame in frames if frame.acquisition == acquisition]
    if not chosen:
        raise ValueError(f'{folder} has no acquisition {acquisition}; {_acquisitions_message(frames)}')
    used = {frame.path for frame in chosen}
    others = [(frame.path, f'acquisition {frame.acquisition}') for frame in frames if frame.path not in used]
    return chosen, dict(left_out, **dict(others))


def _acquisitions_message(frames):
    """How many frames each acquisition has, and how to choose one."""
    counts = collections.Counter(frame.acquisition for frame in frames)
    numbers = sorted(counts, key=lambda number: -1 if number is None else number)
    listed = ', '.join(f'{number} ({counts[number]} slices)' for number in numbers[:8])
    return f'it has the acquisitions {listed}; choose one with --acquisition'


def left_out_message(left_out, prefix=''):
    """{path: reason} as a message: 'prefix 2 x localizer (a.dcm, b.dcm), 1 x empty (c.dcm)'; '' if there are none."""
    names_by_reason = collections.OrderedDict()
    for path, reason in left_out.items():
        names_by_reason.setdefault(reason, []).append(os.path.basename(path))
    parts = []
    for reason, names in names_by_reason.items():
        more = ', ...' if len(names) > 3 else ''
        parts.append(f'{len(names)} x {reason} ({", ".join(names[:3])}{more})')
    return prefix + ', '.join(parts) if parts else ''


class _FrameReader:
    """Reads the HU of frames. padding: how many voxels were padding that is 'filled' with air, or 'kept' as tissue."""

    def __init__(self, frames):
        self.padding = collections.Counter()
        self._count = collections.Counter(frame.path for frame in frames)
        self._applied = {frame.path: frame.rescale for frame in frames if frame.index == 0}  # by SimpleITK, to all
        self._path = None
        self._image = None

    def hu(self, frame):
        """The values of a frame [rows, columns] in HU; its padding becomes air unless tissue has that value, too."""
        if frame.path != self._path:
            self._image = None  # before there is another
            self._image = _read_file(frame.path, frame.size + (self._count[frame.path],))
            self._path = frame.path
        values = itk.simple_itk().GetArrayViewFromImage(self._image)[frame.index].copy()
        slope, intercept = frame.rescale
        applied_slope, applied_intercept = self._applied[frame.path]
        if (slope, intercept) != (applied_slope, applied_intercept):
            values = np.rint((values - applied_intercept) / applied_slope) * slope + intercept
        if not frame.padding:
            return values
        lowest, highest = sorted(end * slope + intercept for end in frame.padding)
        if highest <= AIR:
            return values
        is_padding = (values >= lowest - 1e-3) & (values <= highest + 1e-3)
        if not is_padding.any():
            return values
        may_be_tissue = highest > TISSUE[0] and lowest < TISSUE[1]
        self.padding['kept' if may_be_tissue else 'filled'] += np.count_nonzero(is_padding)
        return values if may_be_tissue else np.where(is_padding, AIR, values)

    def notes(self, voxels):
        """Sentences about the voxels that were counted as padding, of so many in all."""
        meanings = dict(filled='and became air, -1024 HU', kept='by their value, as tissue is; they stay')
        percent = {key: 100 * count / voxels for key, count in sorted(self.padding.items())}
        return [f'{percent[key]:.2g} % of the voxels are padding {meanings[key]}' for key in percent]


def _read_file(path, size):
    """The SimpleITK image of a file, three-dimensional, with the rescale of its first frame applied."""
    image = itk.attempt(path, lambda: itk.simple_itk().ReadImage(path, imageIO='GDCMImageIO'))
    if image.GetSize() != size or image.GetNumberOfComponentsPerPixel() != 1:
        raise OSError(f'{path} cannot be read (its pixels are not what its header says); copy or export it again')
    return image


def _in_order(folder, frames, left_out):
    """Frames from one end to the other, and the step between them in mm [3]; ValueError if they are not a volume."""
    geometry = np.array([list(frame.size) + frame.orientation + frame.spacing for frame in frames])
    deviation = np.abs(geometry - np.median(geometry, axis=0)).max(axis=1)
    if deviation.max() > 1e-3:
        path = frames[deviation.argmax()].path
        raise ValueError(f'{path} differs from the other slices in size, pixel spacing or orientation; remove it')
    row, column = np.reshape(frames[0].orientation, (2, 3))
    normal = np.cross(row, column)
    frames = sorted(frames, key=lambda frame: np.dot(frame.position, normal))  # names often run the other way
    positions = np.array([frame.position for frame in frames])
    # The step of a tilted gantry is not at right angles to the slices.
    return frames, _slice_step(folder, frames, positions @ normal, positions, left_out)


def _slice_step(folder, frames, heights, positions, left_out):
    """From a slice to the next, in mm [3]; ValueError if slices are missing, doubled or unevenly spaced."""
    if len(frames) < 2:
        raise ValueError(f'{frames[0].path} is the only slice of its series; a CT volume has many')
    gaps = np.diff(heights)
    usual = np.sort(gaps)[(len(gaps) - 1) // 2]  # the lower median: right even where one of three slices is missing
    step = (positions[-1] - positions[0]) / (len(frames) - 1)
    expected = positions[0] + np.arange(len(frames))[:, None] * step
    if np.linalg.norm(positions - expected, axis=1).max() < 0.1 * usual:
        return step
    k = np.abs(gaps - usual).argmax()
    below, above = [frame.path + (f' frame {frame.index + 1}' if frame.index else '') for frame in frames[k : k + 2]]
    distances = f'{gaps[k]:.2f} mm from {below} to {above} but {usual:.2f} mm between others'
    others = left_out_message(left_out, '; left out: ')
    remedy = 'export all of them, once'
    if len({frame.acquisition for frame in frames}) > 1:
        remedy = _acquisitions_message(frames)
    raise ValueError(f'{folder}: {distances}, so slices are missing, doubled or uneven{others}; {remedy}')
