"""Folds of data as they are published or exported, each read as 5-classify.py reads them."""

import numpy as np
import pytest
import SimpleITK as sitk

from classification import cross_validation
from created import CREATE
from dicom_masks import rtstruct, sphere_contours
from places import ONCE
from scans import POINT, chest, picture, write_dicom

pytestmark = [ONCE, pytest.mark.slow]
PLACES = [POINT, POINT + [14, 0, 0]]
FOLDS = '--folds 2 --inner 2 --resolution 16 --keep-names --name cv'.split()


def noisy(seed, **options):
    """A scan with nodules at PLACES."""
    random, hu = np.random.RandomState(seed), chest(*PLACES)
    return picture(lambda world: hu(world) + 30 * random.randn(*world.shape[:-1]), size=(64, 44, 20), **options)


def luna16(folder):
    """12 scans with a candidate that is a nodule and two that are none; no patients."""
    lines = ['seriesuid,coordX,coordY,coordZ,class']
    (folder / 'subset0').mkdir()
    for i in range(12):
        sitk.WriteImage(noisy(i), str(folder / 'subset0' / f'1.3.6.{i}.mhd'))
        for place, label in zip(PLACES + [POINT + [7, 10, 0]], (1, 0, 0)):
            lines.append(f'1.3.6.{i},{",".join("%.3f" % value for value in place)},{label}')
    (folder / 'candidates_V2.csv').write_text('\n'.join(lines) + '\n')
    flags = '--coordinates world --classes candidate,nodule --class-conflict first'.split()
    return ['volumes', folder / 'candidates_V2.csv', '--processes', 1] + flags


def nodulemnist(folder):
    """36 volumes, a third of them malignant; no patients."""
    random, arrays = np.random.RandomState(0), {}
    for part, count in dict(train=24, val=6, test=6).items():
        arrays[part + '_images'] = random.randint(256, size=[count] + [16] * 3).astype(np.uint8)
        arrays[part + '_labels'] = (np.arange(count) % 3 == 0).astype(np.uint8)[:, None]
    np.savez_compressed(str(folder / 'nodulemnist3d_16.npz'), **arrays)
    return ['images', folder / 'nodulemnist3d_16.npz', '--classes', 'benign,malignant', '--slices', 3]


def pacs(folder):
    """13 exams of 12 patients with two nodules each, outlined as RTSTRUCT."""
    lines = ['path,patient,nodule,class,mask,label']
    for i in range(13):
        image = noisy(i)
        write_dicom(folder / f'E{i}' / 'CT', image, uid=f'1.2.{i}')
        regions = {f'GTV {k}': sphere_contours(image, place, 3) for k, place in enumerate(PLACES, 1)}
        rtstruct(folder / f'E{i}' / 'rtstruct.dcm', regions)
        for k, label in enumerate(('part-solid MIA', 'AIS'), 1):
            lines.append(f'E{i}/CT,P{i % 12},{i}-{k},{label},E{i}/rtstruct.dcm,GTV {k}')
    (folder / 'nodules.csv').write_text('\n'.join(lines) + '\n')
    return ['volumes', folder / 'nodules.csv', '--slices', 3, '--processes', 1]


@pytest.mark.parametrize(
    'build, classes, counts, patients, unknown',
    [
        (luna16, ['candidate', 'nodule'], [24, 12], 12, 36),
        (nodulemnist, ['benign', 'malignant'], [24, 12], 36, 36),
        (pacs, ['AIS', 'part-solid MIA'], [13, 13], 12, 0),
    ],
)
def test_folds_of_public_data_keep_patients_together_and_hold_every_nodule(
    build, classes, counts, patients, unknown, succeeds, tmp_path
):
    succeeds(CREATE, *build(tmp_path), *FOLDS, '--outdir', tmp_path / 'out')
    folds = cross_validation.Folds(str(tmp_path / 'out' / 'cv'), 2)
    labels, names = folds.nodules()
    assert (folds.count, folds.classes, np.bincount(labels).tolist()) == (2, classes, counts)
    assert len(set(names)) == patients and folds.unknown_patients == unknown
