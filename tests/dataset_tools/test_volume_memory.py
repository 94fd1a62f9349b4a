"""How much memory the reading of volumes takes."""

import subprocess
import sys
import weakref

import numpy as np
import pytest
import SimpleITK as sitk

from created import CREATE
from dataset_tools import annotations, ct_volumes, scan_crops
from places import ONCE, ROOT
from scans import picture, write

# ru_maxrss would begin with the memory of the tests, whose child this process is.
PEAK = """
import re, runpy, sys
def peak():
    with open('/proc/self/status') as f:
        return 1024 * int(re.search(r'VmHWM:\\s*(\\d+) kB', f.read()).group(1))
"""
OF_VOLUME = """
import pydicom, scipy
from dataset_tools import ct_volumes, itk
itk.simple_itk()
ct_volumes.read_volume(sys.argv[1])  # a small one, for what libraries allocate once
before = peak()
volume = ct_volumes.read_volume(sys.argv[2])
assert volume.image.GetSizeOfPixelComponent() == 2
print(peak() - before)
"""
OF_SCRIPT = """
sys.argv.pop(0)
sys.path.insert(0, '.')
runpy.run_path(sys.argv[0], run_name='__main__')
print(peak())
"""


@ONCE
@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='it is read from /proc')
@pytest.mark.parametrize('form', ['dicom', 'nii', 'nii.gz', 'mha', 'nrrd'])
def test_reading_a_volume_takes_little_more_than_the_volume(tmp_path, form):
    hu = np.random.RandomState(1).randint(-900, -700, size=(200, 320, 320)).astype('int16')
    (tmp_path / 'small').mkdir()
    small, large = [
        write(folder, sitk.GetImageFromArray(values), form)
        for folder, values in ((tmp_path / 'small', hu[:3, :9, :9]), (tmp_path, hu))
    ]
    run = [sys.executable, '-c', PEAK + OF_VOLUME, str(small), str(large)]
    taken = int(subprocess.check_output(run, cwd=ROOT, universal_newlines=True).splitlines()[-1])
    assert taken < 2 * hu.nbytes


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='it is read from /proc')
def test_a_data_set_takes_the_memory_of_its_scan_and_of_libraries_without_tensorflow(tmp_path):
    voxels = np.random.RandomState(1).randint(-900, -700, size=(160, 256, 256)).astype('int16')
    sitk.WriteImage(sitk.GetImageFromArray(voxels), str(tmp_path / 'scan.mha'))
    (tmp_path / 'nodules.csv').write_text('path,x,y,z\nscan.mha,120,120,80\nscan.mha,90,120,40\n')
    command = [sys.executable, '-c', PEAK + OF_SCRIPT, CREATE, 'volumes', str(tmp_path / 'nodules.csv')]
    command += ['--coordinates', 'world', '--outdir', str(tmp_path / 'out')]
    output = subprocess.check_output(command, cwd=ROOT, universal_newlines=True).splitlines()
    assert output[-2].endswith('nodules.html shows what is in it')
    assert int(output[-1]) < 300 << 20


def test_a_volume_is_gone_before_the_next_is_read(tmp_path, monkeypatch):
    images, read = [], ct_volumes.read_volume

    def watched(*source, **options):
        assert all(image() is None for image in images)
        volume = read(*source, **options)
        images.append(weakref.ref(volume.image))
        return volume

    monkeypatch.setattr(ct_volumes, 'read_volume', watched)
    image = picture(size=(12, 10, 6))
    point = image.TransformContinuousIndexToPhysicalPoint((5.0, 5.0, 3.0))
    table = 'path,x,y,z\n'
    for name in 'abc':
        sitk.WriteImage(image, str(tmp_path / (name + '.mha')))
        table += '%s.mha,%.3f,%.3f,%.3f\n' % ((name,) + point)
    (tmp_path / 'nodules.csv').write_text(table)
    marked = annotations.read_annotations(str(tmp_path / 'nodules.csv'))
    jobs = [scan_crops.Job((a.path, None), [a], 16, 0.6, 1, (-1900, 1100), interpolation='linear') for a in marked]
    assert sum(len(scan_crops.crop(job).patches) for job in jobs) == 3
