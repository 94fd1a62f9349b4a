"""Runs that are killed at any moment: python -m pytest -q -s tests/soak/soak_kills.py"""

import csv
import glob
import os
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from common import safe_pickle
from runs import outcomes, start_python

RUNS, KILLS = 4, 2  # of each kind, and of each run
MEASURED = {'seconds', 'sec_per_kimg', 'sec_per_epoch', 'memory_mb'}  # columns of tables, which no two runs share


def written(run, roles):
    """{name: content} of what two runs with the same settings have in common in their folders."""
    contents = {}
    for path in glob.glob(os.path.join(run, '*')):
        name = os.path.basename(path)
        if name.endswith('.pkl'):
            for i, state in enumerate(safe_pickle.read(path, *roles)):
                contents.update({'%s %d %s' % (name, i, local): array for local, array in state['variables']})
        elif name.endswith('.csv'):
            with open(path, newline='') as f:
                contents[name] = [
                    [row[column] for column in row if column not in MEASURED] for row in csv.DictReader(f)
                ]
        elif name.endswith(('.png', '.gif')):
            with open(path, 'rb') as f:
                contents[name] = f.read()
    return contents


def to_the_end(command, outdir):
    """Starts a run, or resumes the one in the folder."""
    return start_python(command + ['--outdir', outdir] + ['--resume', 'latest'] * bool(begun(outdir)))


def begun(outdir):
    """The run folders that contain a run."""
    return sorted(os.path.dirname(path) for path in glob.glob(os.path.join(outdir, '*', 'run.json')))


@pytest.mark.parametrize('kind', ['plain', 'conditional', 'metrics', 'transfer', 'pix2pix'], indirect=True)
def test_runs_that_were_killed_and_resumed_are_the_uninterrupted_run(kind, tmp_path):
    whole = str(tmp_path / 'whole')
    begin = time.time()
    assert outcomes([to_the_end(kind.command, whole)], 600)[0][0] == 0
    length, random = time.time() - begin, np.random.RandomState(int(begin))
    expected = written(begun(whole)[0], kind.roles)
    for i in range(RUNS):
        outdir, moments = str(tmp_path / str(i)), random.uniform(0, 1.05 * length, KILLS)
        for moment in moments:
            process = to_the_end(kind.command, outdir)
            time.sleep(moment)
            process.kill()
            process.communicate()
        ((code, _, err),) = outcomes([to_the_end(kind.command, outdir)], 600)
        print('%s, %.1f s long: killed after %s s, then ended with %d' % (kind.name, length, moments.round(2), code))
        assert code == 0, err
        actual = written(begun(outdir)[-1], kind.roles)
        assert set(actual) == set(expected)
        for name, value in expected.items():
            assert_array_equal(actual[name], value, name)
        assert not [name for name in os.listdir(begun(outdir)[-1]) if '.part' in name or '.new' in name]
