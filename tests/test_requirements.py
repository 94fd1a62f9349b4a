"""What runs with only the four packages of the original, and what the absence of the others is called."""

import os
import subprocess
import sys

import numpy as np
import pytest

from common import images
from places import ROOT
from runs import TINY

HIDDEN = """
import runpy, sys
for name in ('scipy', 'filelock', 'psutil', 'SimpleITK'):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def run(*arguments):
    """Exit code, stdout and stderr of a script that finds TensorFlow, NumPy, Pillow and tqdm only."""
    command = [sys.executable, '-c', HIDDEN] + [str(argument) for argument in arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize('script', ['1-dataset_display.py', '2-inference.py'])
def test_display_and_inference_need_only_the_original_packages(tmp_path, script):
    code, _, err = run(script, '--number', 1, '--outdir', tmp_path)
    assert code == 0, err
    assert len(os.listdir(str(tmp_path))) == 1


def test_training_goes_on_without_a_lock_and_without_a_figure_of_memory_and_says_so(tmp_path, training_data):
    code, out, err = run('3-train.py', '--data', training_data, '--outdir', tmp_path, *TINY)
    assert code == 0, err
    assert 'pip install filelock' in out and 'memory ? MB' in out
    assert os.path.exists(str(tmp_path / '000-AIS' / 'network-final.pkl'))


def test_a_package_that_is_missing_is_one_line_with_the_command_that_installs_it(tmp_path):
    (tmp_path / 'nodules.csv').write_text('path,x,y,z\nscan.nii,1,2,3\n')
    (tmp_path / 'scan.nii').write_bytes(b'')
    images.save(str(tmp_path / 'patch.png'), np.zeros([1, 64, 64], np.uint8))
    for arguments, package in (
        (['2-inference.py', '--project', tmp_path / 'patch.png'], 'scipy'),
        (['4-evaluate.py'], 'scipy'),
        (['0-dataset_create.py', 'volumes', tmp_path / 'nodules.csv'], 'SimpleITK'),
    ):
        code, _, err = run(*arguments, '--outdir', tmp_path / 'out')
        assert code == 2 and err.count('\n') == 1 and 'pip install %s' % package in err, err
        assert not (tmp_path / 'out').exists()
