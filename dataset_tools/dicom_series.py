"""DICOM series: slices found below a folder, sorted, checked and read as one volume."""

import functools
import os
import re
from collections import defaultdict

import numpy as np

from common import files
from common.quiet import hushed
from dataset_tools import completeness
from dataset_tools.itk import attempt, finite, header_of, require_memory, simple_itk

DICOM_TAGS = {  # and how many numbers each holds
    '0020|0032': ('ImagePositionPatient', 3),
    '0020|0037': ('ImageOrientationPatient', 6),
    '0028|0030': ('PixelSpacing', 2),
    '0028|0100': ('BitsAllocated', 1),
    '0028|1052': ('RescaleIntercept', 1),
    '0028|1053': ('RescaleSlope', 1),
}
UID = '0020|000e'  # SeriesInstanceUID


def _is_ct_slice(path):
    """Whether a file is DICOM with pixels: reports and contours have none for SimpleITK to read."""
    with open(path, 'rb') as file:
        head = file.read(8192)
    dicom = head[128:132] == b'DICM' or head[:2] == b'\x08\x00' or path.lower().endswith(('.dcm', '.ima'))
    modality = re.search(rb'\x08\x00\x60\x00(?:CS..|....)([A-Z]+)', head, re.DOTALL)
    return dicom and (not modality or modality.group(1) == b'CT')


@functools.lru_cache(maxsize=8)
def find_series(folder):
    """{SeriesInstanceUID: paths} of the CT slices below a folder."""
    series = defaultdict(list)
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.startswith('.') or name.upper() == 'DICOMDIR' or not _is_ct_slice(os.path.join(parent, name)):
                continue
            files.require_utf8(os.path.join(parent, name))
            completeness.check_dicom(os.path.join(parent, name))
            reader = header_of(os.path.join(parent, name), 'GDCMImageIO')
            uid = reader.GetMetaData(UID).strip(' \0') if reader.HasMetaDataKey(UID) else 'no UID'
            series[uid].append(os.path.join(parent, name))
    return series


def read_series(folder, uid):
    """The SimpleITK image of the series with that SeriesInstanceUID below a folder, or of the only one there."""
    series = find_series(folder)
    uid = next(iter(series)) if uid is None and len(series) == 1 else uid
    if uid not in series:
        listed = ', '.join(f'{name} ({len(paths)} slices)' for name, paths in sorted(series.items())[:8])
        wanted = f'name a folder with {uid or "one series"}, or fill a seriesuid column'
        raise ValueError(f'{folder} holds {listed or "no CT slices"}; {wanted}')
    slices = [(path, _slice_header(path)) for path in sorted(series[uid])]
    geometry = np.array([header.GetSize() + header.GetDirection() + header.GetSpacing()[:2] for _, header in slices])
    odd = np.abs(geometry - np.median(geometry, axis=0)).max(axis=1)
    if odd.max() > 1e-3:
        path = slices[odd.argmax()][0]
        raise ValueError(f'{path} differs from the other slices in size, pixel spacing or orientation; remove it')
    direction = np.reshape(slices[0][1].GetDirection(), (3, 3))
    slices.sort(key=lambda item: np.dot(item[1].GetOrigin(), direction[:, 2]))  # names often run the other way
    paths, positions = [item[0] for item in slices], np.array([item[1].GetOrigin() for item in slices])
    # The step of a tilted gantry is not at right angles to the slices.
    direction[:, 2] = _slice_step(folder, paths, positions @ direction[:, 2], positions)
    lengths = np.linalg.norm(direction, axis=0)
    reader = simple_itk().ImageSeriesReader()  # GDCM applies RescaleSlope and RescaleIntercept, slice by slice
    reader.SetFileNames(paths)
    if any(header.GetPixelIDValue() != simple_itk().sitkInt16 for _, header in slices):
        reader.SetOutputPixelType(simple_itk().sitkFloat32)
    require_memory(folder, slices[0][1], len(slices))
    try:
        with hushed():
            image = reader.Execute()
    except RuntimeError:  # which of them is it?
        [attempt(path, header_of(path, 'GDCMImageIO').Execute) for path in paths]
        raise OSError(f'{folder} cannot be read; copy or export it again') from None
    image.SetOrigin(positions[0].tolist())
    image.SetSpacing(slices[0][1].GetSpacing()[:2] + (float(lengths[2]),))
    image.SetDirection((direction / lengths).ravel().tolist())
    return image


def _slice_header(path):
    header = header_of(path, 'GDCMImageIO')
    for tag, (name, count) in DICOM_TAGS.items():
        text = header.GetMetaData(tag).strip(' \0') if header.HasMetaDataKey(tag) else ''
        if not text:
            raise ValueError(f'{path} has no {name}, so it is not an original CT slice; export the series again')
        if len(finite(text)) != count:
            raise ValueError(f'{path} has the {name} {text[:60]!r}, not {count} numbers; export the series again')
    columns, rows, frames = header.GetSize()
    if frames != 1 or header.GetNumberOfComponents() != 1:
        raise ValueError(f'{path} holds several frames or colours; convert it to NIfTI, with dcm2niix for example')
    with open(path, 'rb') as file:  # some releases of GDCM take the missing rows of a slice for zeros
        data = file.read()
    packed = re.search(rb'\xe0\x7f\x10\x00O[BW]\0\0\xff\xff\xff\xff', data)  # compressed pixels, up to a delimiter
    held = len(data) - data.find(b'\xe0\x7f\x10\x00') - 8
    needed = columns * rows * int(header.GetMetaData('0028|0100')) // 8
    if b'\xfe\xff\xdd\xe0' not in data[packed.end() :] if packed else held < needed:
        raise OSError(f'{path} is truncated; copy or export it again')
    return header


def _slice_step(folder, paths, heights, positions):
    """From a slice to the next, in mm [3]; ValueError if slices are missing, doubled or unevenly spaced."""
    if len(paths) < 2:
        raise ValueError(f'{paths[0]} is the only slice of its series; a CT volume has many')
    gaps = np.diff(heights)
    usual = np.sort(gaps)[(len(gaps) - 1) // 2]  # the lower median: right even where one of three slices is missing
    k, step = np.abs(gaps - usual).argmax(), (positions[-1] - positions[0]) / (len(paths) - 1)
    off = np.linalg.norm(positions - positions[0] - np.arange(len(paths))[:, None] * step, axis=1)
    if not off.max() < 0.1 * usual:
        raise ValueError(
            f'{folder}: {gaps[k]:.2f} mm from {paths[k]} to {paths[k + 1]} but {usual:.2f} mm between others, so '
            'slices are missing, doubled or uneven; export all of them, once'
        )
    return step
