"""DICOM RTSTRUCT and SEG, written with pydicom alone as a PACS exports them; segmentations of 3D Slicer."""

import gzip

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence

RTSTRUCT, SEG, LABELMAP = ('1.2.840.10008.5.1.4.1.1.' + end for end in ('481.3', '66.4', '66.7'))


def _save(path, header, sop_class):
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, '1.2.9'
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    file = FileDataset(str(path), header, file_meta=meta, preamble=b'\0' * 128)
    file.is_little_endian, file.is_implicit_VR = True, False
    file.SOPClassUID, file.SOPInstanceUID = sop_class, '1.2.9'
    file.save_as(str(path), write_like_original=False)
    return str(path)


def record(**elements):
    """A Dataset of these elements; a list of Datasets becomes a sequence."""
    item = Dataset()
    for name, value in elements.items():
        is_sequence = isinstance(value, list) and value and isinstance(value[0], Dataset)
        setattr(item, name, Sequence(value) if is_sequence else value)
    return item


def rtstruct(path, rois, kind='CLOSED_PLANAR', **more):
    """An RTSTRUCT of ROIs {name: [contour [N,3] in mm]}, numbered from 1; more: elements of each contour."""
    names, items = [], []
    for number, (name, contours) in enumerate(rois.items(), 1):
        names.append(record(ROINumber=str(number), ROIName=name))
        sequence = []
        for contour in contours:
            data = [f'{value:.4f}' for value in np.ravel(contour)]
            count = str(len(data) // 3)
            points = record(ContourGeometricType=kind, NumberOfContourPoints=count, ContourData=data, **more)
            sequence.append(points)
        item = record(ReferencedROINumber=str(number))
        if sequence:
            item.ContourSequence = Sequence(sequence)
        items.append(item)
    header = record(Modality='RTSTRUCT', StructureSetROISequence=names, ROIContourSequence=items)
    return _save(path, header, RTSTRUCT)


def sphere_contours(image, centre, radius, corners=60):
    """Contours of a sphere on the slices of an image: polygons of the same area as its cross-sections."""
    direction = np.reshape(image.GetDirection(), (3, 3))
    contours = []
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    for k in range(image.GetSize()[2]):
        origin = np.array(image.TransformIndexToPhysicalPoint((0, 0, k)))
        above = (origin - centre) @ direction[:, 2]
        if abs(above) < radius:
            across = np.sqrt(radius**2 - above**2) * np.sqrt(2 * np.pi / corners / np.sin(2 * np.pi / corners))
            circle = np.outer(np.cos(angles), direction[:, 0]) + np.outer(np.sin(angles), direction[:, 1])
            contours.append(centre + above * direction[:, 2] + across * circle)
    return contours


def segmentation(path, masks, kind='BINARY', series='1.2.3', background=0):
    """A SEG of label maps {name: SimpleITK image} on one grid; kind: BINARY, or LABELMAP with numbers from 1."""
    image = next(iter(masks.values()))
    voxels = [sitk.GetArrayFromImage(mask) > 0 for mask in masks.values()]
    labels = np.full(voxels[0].shape, background, np.uint8)
    for number, inside in enumerate(voxels, 1):
        labels[inside] = number
    frames = []  # (k, number)
    for number, inside in enumerate(voxels, 1):
        frames += [(k, number) for k in range(len(inside)) if inside[k].any()]
    if kind == 'LABELMAP':
        frames = [(k, None) for k in range(len(labels)) if (labels[k] != background).any()]
    groups = []
    for k, number in frames:
        position = [f'{value:.6f}' for value in image.TransformIndexToPhysicalPoint((0, 0, k))]
        group = record(PlanePositionSequence=[record(ImagePositionPatient=position)])
        if number:
            group.SegmentIdentificationSequence = Sequence([record(ReferencedSegmentNumber=number)])
        groups.append(group)
    direction = np.reshape(image.GetDirection(), (3, 3))[:, :2].T.ravel()
    x, y, z = image.GetSpacing()
    measures = record(PixelSpacing=[str(y), str(x)], SliceThickness=str(z), SpacingBetweenSlices=str(z))
    orientation = record(ImageOrientationPatient=[f'{value:.10f}' for value in direction])
    shared = record(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[orientation])
    header = record(
        Modality='SEG',
        SegmentationType=kind,
        Rows=image.GetSize()[1],
        Columns=image.GetSize()[0],
        NumberOfFrames=str(len(frames)),
        SamplesPerPixel=1,
        PhotometricInterpretation='MONOCHROME2',
        PixelRepresentation=0,
        ReferencedSeriesSequence=[record(SeriesInstanceUID=series)],
        SegmentSequence=[record(SegmentNumber=number, SegmentLabel=name) for number, name in enumerate(masks, 1)],
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=groups,
    )
    bits = 8 if kind == 'LABELMAP' else 1
    header.BitsAllocated, header.BitsStored, header.HighBit = bits, bits, bits - 1
    if kind == 'LABELMAP':
        data = np.concatenate([labels[k].ravel() for k, _ in frames]).tobytes()
        if background:
            header.PixelPaddingValue = background
    else:
        flat = np.concatenate([voxels[number - 1][k].ravel() for k, number in frames])
        flat = np.pad(flat, (0, -len(flat) % 8), mode='constant').reshape(-1, 8)[:, ::-1]
        data = np.packbits(flat).tobytes()
    header.PixelData = data + b'\0' * (len(data) % 2)
    header['PixelData'].VR = 'OB'
    return _save(path, header, LABELMAP if kind == 'LABELMAP' else SEG)


def layered(path, *masks):
    """A .seg.nrrd of label maps on one grid, each in a layer of its own with the value 1, named nodule 0 and so on."""
    image = masks[0]
    steps = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    axes = [','.join(f'{value:.9f}' for value in axis) for axis in steps.T]
    origin = ','.join(f'{value:.9f}' for value in image.GetOrigin())
    size = ' '.join(map(str, image.GetSize()))
    lines = [
        'NRRD0004', 'type: unsigned char', 'dimension: 4', 'space: left-posterior-superior',
        f'sizes: {len(masks)} {size}', f'space directions: none ({") (".join(axes)})',
        'kinds: list domain domain domain', 'encoding: gzip', f'space origin: ({origin})',
        'Segmentation_ConversionParameters:=' + ' '.join('many words of 3D Slicer'.split() * 20),
    ]  # fmt: skip
    for number in range(len(masks)):
        values = dict(LabelValue=1, Layer=number, Name=f'nodule {number}')
        lines += [f'Segment{number}_{name}:={value}' for name, value in values.items()]
    voxels = np.stack([sitk.GetArrayFromImage(mask) for mask in masks], axis=-1).astype(np.uint8)
    with open(str(path), 'wb') as file:
        file.write('\n'.join(lines).encode() + b'\n\n' + gzip.compress(voxels.tobytes()))
    return str(path)
