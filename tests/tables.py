"""Tables, masks and folders of a hospital, for tests of 0-dataset_create.py."""

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from scans import POINT, grid, picture, write_dicom

PLANTED = ['Doe^John', 'Lesion77', 'Ward12', 'studies', '1.2.840.99.7', '20190704', 'Klinik', 'Export', 'Mask55']

WIDE = dict(spacing=(1.0, 1.0, 1.0), size=(40, 36, 36))  # of a picture that has room for two nodules


def sphere(image, centre, radius, value=1):
    """A label map on the grid of an image: voxels within radius mm of the centre have the value."""
    steps = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    world = grid(steps, np.array(image.GetOrigin()), image.GetSize())
    inside = np.linalg.norm(world - centre, axis=-1) <= radius
    mask = sitk.GetImageFromArray((inside * value).astype(np.uint8))
    mask.CopyInformation(image)
    return mask


def middle(mask):
    """The mean place of the voxels of a straight mask, world mm."""
    inside = np.argwhere(sitk.GetArrayFromImage(mask))[:, ::-1].mean(axis=0)
    return np.array(mask.GetOrigin()) + inside * mask.GetSpacing()


def seg(path, folder, image, *segments, kind=None):
    """A DICOM SEG of label maps on the slices of a CT series, written by highdicom; kind: its type (BINARY)."""
    highdicom = pytest.importorskip('highdicom')
    pydicom = pytest.importorskip('pydicom')
    code = pydicom.sr.codedict.codes
    slices = [pydicom.dcmread(file) for file in write_dicom(folder, image, slope='1')]
    slices.sort(key=lambda data: data.InstanceNumber)
    for data in slices:
        data.StudyInstanceUID, data.FrameOfReferenceUID = '1.2.3.4', '1.2.3.5'
        data.PatientID = data.PatientName = data.PatientBirthDate = data.PatientSex = data.AccessionNumber = ''
        data.SliceThickness = image.GetSpacing()[2]
        data.StudyID = data.StudyDate = data.StudyTime = data.ReferringPhysicianName = ''
    described = [
        highdicom.seg.SegmentDescription(
            segment,
            'nodule %d' % segment,
            code.SCT.MorphologicallyAbnormalStructure,
            code.SCT.Nodule,
            highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for segment in range(1, len(segments) + 1)
    ]
    voxels = np.stack([sitk.GetArrayFromImage(segment) > 0 for segment in segments], axis=-1).astype(np.uint8)
    highdicom.seg.Segmentation(
        slices,
        voxels,
        kind or highdicom.seg.SegmentationTypeValues.BINARY,
        described,
        *('1.2.9', 1, '1.2.9.1', 1, 'maker', 'model', '1', 'serial'),
    ).save_as(str(path))


def hospital(folder):
    """A folder full of PLANTED: a table of one scan with a mask, and pictures and their masks."""
    root = folder / 'Klinik Ward12'
    write_dicom(root / 'studies', picture(), uid='1.2.840.99.7', t0010_0010='Doe^John', t0008_0020='20190704')
    sitk.WriteImage(sphere(picture(), POINT, 6), str(root / 'Mask55.nii.gz'))
    row = '1.2.840.99.7,%.3f,%.3f,%.3f,AIS,Doe^John,Lesion77,Mask55.nii.gz\n' % tuple(POINT)
    (root / 'Export20190704.csv').write_text('seriesuid,x,y,z,class,patient,nodule,mask\n' + row)
    for name in ('Ward12', 'masks'):
        (root / name).mkdir()
        pixels = np.random.RandomState(1).randint(256, size=(16, 16)).astype(np.uint8)
        Image.fromarray(pixels).save(str(root / name / 'Doe^John Lesion77 20190704.png'))
    return root
