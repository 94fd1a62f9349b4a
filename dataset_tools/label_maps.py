"""Label maps in volume files: the voxels that have a label, or are in a segment of 3D Slicer (.seg.nrrd)."""

import re
from collections import namedtuple

import numpy as np

from dataset_tools import completeness, ct_volumes, itk, nifti, segmentation
from dataset_tools.itk import simple_itk

# image: SimpleITK; segments: those of 3D Slicer, [(value of its voxels, name, layer)]; values: integers of the voxels
# that are not 0, None if there are segments
LabelMap = namedtuple('LabelMap', 'path image segments values')


def load(path):
    """The LabelMap in a file; OSError or ValueError if it holds none."""
    with open(path, 'rb'):  # SimpleITK says less of a file that is missing
        completeness.check_header(path)
    reader = itk.read_header(path)
    segments = _segments(path, reader)
    if len(reader.GetSize()) != 3 or reader.GetNumberOfComponents() != 1 and not segments:
        raise ValueError(f'{path} is no label map of three dimensions; save it as one')
    itk.require_memory(path, reader.GetSize() + (reader.GetNumberOfComponents(),))
    if ct_volumes.NIFTI.search(path):
        image = ct_volumes.with_place(itk.joined(reader.GetSize(), nifti.slabs(path)), reader)
    else:
        completeness.check(path, reader)
        image = itk.attempt(path, reader.Execute)
    return LabelMap(path, image, segments, None if segments else _values(path, image))


def _values(path, image):
    """The values of the voxels that are not 0, in order; ValueError if these are no positive integers."""
    values = np.unique(np.concatenate([np.unique(slab[slab != 0]) for _, slab in itk.slabs_of(image)]))
    if not (np.isfinite(values).all() and (values == np.rint(values)).all() and (values > 0).all()):
        raise ValueError(f'{path} holds {values[0]:g}, so it is no label map; its voxels are 0, 1, 2 and so on')
    return [int(value) for value in values]


def voxels(label_map, label=None):
    """The voxels of a label as a SimpleITK image of 0 and 1; label: its number or name, None if it is the only one.

    Only files of 3D Slicer have names. Segments of theirs that overlap lie in several layers, in which numbers recur.
    """
    path, image, segments, values = label_map
    if segments:
        return _segment(path, image, segments, label)
    value = values[segmentation.choose(path, [(value, '') for value in values], label)]
    return _surroundings(image, value) == value


def _surroundings(image, value):
    """The part of an image that has the voxels of a value, and those next to them."""
    inside = [np.zeros(length, bool) for length in image.GetSize()]  # where along x, y and z
    for first, slab in itk.slabs_of(image):
        is_value = slab == value
        inside[0] |= is_value.any(axis=(0, 1))
        inside[1] |= is_value.any(axis=(0, 2))
        inside[2][first : first + len(slab)] = is_value.any(axis=(1, 2))
    places = [np.flatnonzero(along) for along in inside]
    low = np.array([along[0] for along in places])
    high = np.array([along[-1] for along in places])
    return ct_volumes.crop_voxels(image, low - 1, high + 2)


def _segments(path, reader):
    """[(value of its voxels, name, layer)] of the segments that the header of a file of 3D Slicer lists."""
    segments = []
    for key in reader.GetMetaDataKeys():
        match = re.match(r'(Segment\d{1,6})_LabelValue$', key)
        if match:
            layer = match.group(1) + '_Layer'
            name = match.group(1) + '_Name'
            numbers = [reader.GetMetaData(key), reader.GetMetaData(layer) if reader.HasMetaDataKey(layer) else '0']
            if not all(re.match(r'\d{1,9}$', number) for number in numbers):
                raise ValueError(f'{path} has a damaged {key}; save it from 3D Slicer again')
            value, layer = map(int, numbers)
            segments.append((value, reader.GetMetaData(name) if reader.HasMetaDataKey(name) else '', layer))
    return segments


def _segment(path, image, segments, label):
    """The voxels of a segment of 3D Slicer, as 1."""
    value, name, layer = segments[segmentation.choose(path, [segment[:2] for segment in segments], label)]
    layers = image.GetNumberOfComponentsPerPixel()
    if layer >= layers:
        raise ValueError(f'{path} has {layers} layers, and {name} is in layer {layer}; save it from 3D Slicer again')
    if layers > 1:
        image = simple_itk().VectorIndexSelectionCast(image, layer)
    inside = image == value
    if not simple_itk().GetArrayViewFromImage(inside).any():
        raise ValueError(f'{path}: the segment {value} ({name}) is empty; correct the table, or the segmentation')
    return inside
