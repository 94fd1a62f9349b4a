"""Many scans, some of them bad: problems are reported at once, left out if wanted, and no scan is read twice."""

import csv
import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest
import SimpleITK as sitk

from created import CREATE, facts, tree
from dataset_tools import scan_crops, volume_sources, writer
from places import ONCE, ROOT
from scans import POINT, picture, write

FLAGS = ['--resolution', 16, '--processes', 1]


@pytest.fixture
def ward(tmp_path):
    """Eight scans, one of which is damaged, and a table of a nodule in each; a second one of scan 3 is outside."""
    scan = picture(size=(30, 28, 12))
    for i in range(8):
        sitk.WriteImage(scan, str(tmp_path / ('s%d.mha' % i)))
    with open(str(tmp_path / 's5.mha'), 'r+b') as f:
        f.truncate(3000)
    lines = ['s%d.mha,%.3f,%.3f,%.3f' % ((i,) + tuple(POINT)) for i in range(8)] + ['s3.mha,0,0,9999']
    (tmp_path / 'nodules.csv').write_text('path,x,y,z\n' + '\n'.join(lines))
    return tmp_path / 'nodules.csv'


def test_a_dry_run_reports_all_findings_at_once_and_writes_nothing(script, ward, tmp_path):
    before = tree(tmp_path)
    code, out, err = script(CREATE, 'volumes', ward, *FLAGS, '--dry-run', '--outdir', tmp_path / 'out')
    assert code == 2 and err.count('\n') == 1 and '2 of 9 annotations' in err
    assert 'line 7' in out and 's5.mha is truncated' in out and 'line 10' in out and 'is outside' in out
    assert '7 nodules in 7 scans can be used' in out
    assert tree(tmp_path) == before


def test_bad_scans_are_left_out_if_asked_with_a_table_of_why(made, ward, tmp_path):
    out = made('volumes', ward, *FLAGS, '--skip-bad')
    assert 'left out: 2 annotations; nodules-skipped.csv says why' in out
    about = facts(tmp_path / 'out' / 'nodules')
    assert about['images'] == 7 and about['skipped'] == 2
    with open(str(tmp_path / 'out' / 'nodules-skipped.csv'), newline='') as f:
        rows = list(csv.DictReader(f))
    assert [row['line'].split()[-1] for row in rows] == ['7', '10'] and 'truncated' in rows[0]['why']
    assert not [name for name in os.listdir(str(tmp_path / 'out')) if name.endswith('unfinished')]


def test_a_run_goes_on_after_its_scan_was_mended_and_cuts_no_scan_twice(script, ward, tmp_path, monkeypatch):
    arguments = ['volumes', ward, *FLAGS, '--outdir', tmp_path / 'out']
    code, out, err = script(CREATE, *arguments)
    assert code == 2 and '--resume' in err and '--skip-bad' in err and 's5.mha' in out
    assert os.listdir(str(tmp_path / 'out')) == ['.nodules.unfinished']
    code, _, err = script(CREATE, *arguments)
    assert code == 2 and 'holds 6 scans' in err and '--resume' in err
    sitk.WriteImage(picture(size=(30, 28, 12)), str(tmp_path / 's5.mha'))
    ward.write_text(ward.read_text().rsplit('\n', 1)[0])
    seen = []
    monkeypatch.setattr(volume_sources, 'crop', lambda job: seen.append(job.scan[0]) or scan_crops.crop(job))
    code, _, err = script(CREATE, *arguments, '--resume')
    assert code == 0, err
    assert [os.path.basename(path) for path in seen] == ['s3.mha', 's5.mha']
    assert facts(tmp_path / 'out' / 'nodules')['images'] == 8


def contents(path):
    return {name: (path / name).read_bytes() for name in tree(path)}


def test_one_process_and_several_give_the_same_bytes(made, ward, tmp_path):
    results = []
    for processes in (1, 2):
        made('volumes', ward, '--resolution', 16, '--processes', processes, '--skip-bad', '--name', 'n', '--force')
        results.append(contents(tmp_path / 'out' / 'n'))
    assert results[0] == results[1]


@pytest.mark.slow
@ONCE
def test_a_run_that_is_killed_goes_on_to_the_same_bytes(made, tmp_path):
    sitk.WriteImage(picture(size=(30, 28, 12)), str(tmp_path / 's.mha'))
    for i in range(60):
        os.link(str(tmp_path / 's.mha'), str(tmp_path / ('s%d.mha' % i)))
    lines = ['s%d.mha,%.3f,%.3f,%.3f' % ((i,) + tuple(POINT)) for i in range(60)]
    (tmp_path / 'nodules.csv').write_text('path,x,y,z\n' + '\n'.join(lines))
    arguments = ['volumes', tmp_path / 'nodules.csv', '--resolution', 16]
    made(*arguments, '--name', 'n')
    whole = contents(tmp_path / 'out' / 'n')
    command = [sys.executable, os.path.join(ROOT, CREATE), *map(str, arguments), '--name', 'n', '--processes', '2']
    process = subprocess.Popen(command + ['--outdir', str(tmp_path / 'killed')], stdout=subprocess.DEVNULL)
    left = tmp_path / 'killed' / '.n.unfinished'
    while not left.exists() or len(os.listdir(str(left))) < 9:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert os.listdir(str(tmp_path / 'killed')) == ['.n.unfinished']
    subprocess.check_call(command + ['--outdir', str(tmp_path / 'killed'), '--resume'], stdout=subprocess.DEVNULL)
    assert contents(tmp_path / 'killed' / 'n') == whole


def test_a_run_that_stops_after_its_sets_have_their_names_goes_on_and_a_stranger_cannot_read_what_is_left(
    script, ward, tmp_path, monkeypatch
):
    arguments = ['volumes', ward, *FLAGS, '--skip-bad', '--outdir', tmp_path / 'out']

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(writer, 'write_page', stop)
        code, out, err = script(CREATE, *arguments)
    assert code == 130 and 'go on with --resume' in out
    left = tmp_path / 'out' / '.nodules.unfinished'
    assert stat.S_IMODE(os.stat(str(left)).st_mode) == 0o700
    before = contents(tmp_path / 'out' / 'nodules')
    code, _, err = script(CREATE, *arguments, '--resume')
    assert code == 0 and contents(tmp_path / 'out' / 'nodules') == before and not left.exists(), err
    assert script(CREATE, *arguments, '--resume')[0] == 2  # there is nothing to go on with, and the set is there


def test_a_set_that_another_command_made_meanwhile_is_not_replaced(complains, made, ward, tmp_path):
    arguments = ['volumes', ward, *FLAGS, '--outdir', tmp_path / 'out']
    complains(CREATE, *arguments)  # one scan is bad
    made('phantom', 'MIA', '--number', 2, '--resolution', 16, '--name', 'nodules')
    before = contents(tmp_path / 'out' / 'nodules')
    complains(CREATE, *arguments, '--resume', '--skip-bad', parts=['nodules'])
    assert contents(tmp_path / 'out' / 'nodules') == before


def test_luna16_as_published_is_read_though_some_subsets_are_missing(made, tmp_path):
    for folder in ('subset0', 'seg-lungs-LUNA16'):
        (tmp_path / folder).mkdir()
        sitk.WriteImage(picture(size=(30, 28, 12)), str(tmp_path / folder / '1.2.3.mhd'))
    text = 'seriesuid,coordX,coordY,coordZ,diameter_mm\n1.2.3,%.3f,%.3f,%.3f,6\n1.2.4,1,2,3,5\n' % tuple(POINT)
    (tmp_path / 'annotations.csv').write_text(text)
    out = made('volumes', tmp_path / 'annotations.csv', *FLAGS, '--skip-bad')
    assert 'left out: 1 annotations' in out and facts(tmp_path / 'out' / 'nodules')['images'] == 1


def test_the_page_beside_the_set_shows_what_is_in_it_and_names_nobody(made, ward, tmp_path, pages):
    out = made('volumes', ward, *FLAGS, '--skip-bad', '--folds', 3, '--name', 'cv')
    assert 'cv.html shows what is in it' in out
    text = (tmp_path / 'out' / 'cv.html').read_text(encoding='utf-8')
    assert '7 images of 7 nodules' in text and 'fold2/test' in text and '2 annotations; ' in text
    assert 'slices, mm' in text or 'mm between slices' in text
    assert not any(name in text for name in ('s5.mha', 's3', str(tmp_path)))


def test_entries_say_voxel_size_and_kernel(made, tmp_path):
    write(tmp_path, picture(), 'dicom')
    (tmp_path / 'nodules.csv').write_text('path,x,y,z\nseries,%.3f,%.3f,%.3f\n' % tuple(POINT))
    made('volumes', tmp_path / 'nodules.csv', *FLAGS)
    (entry,) = facts(tmp_path / 'out' / 'nodules')['entries']
    assert (entry['voxel_mm'], entry['slice_mm']) == (0.7, 1.25) and 'kernel' not in entry
    assert np.allclose(entry['point'], POINT, atol=1e-3)
