"""Signals at any moment of runs of both kinds: python -m pytest -q -s tests/soak/soak_signals.py"""

import glob
import os
import signal
import time

import numpy as np
import pytest

from common import run_names, safe_pickle
from runs import outcomes, start_python
from training import checkpoint

MOMENTS = 20
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
PYTHON = 0.15  # seconds in which Python itself starts; SIGINT then ends it in its own way


def whole(outdir, needed, roles):
    """The run folder, of which everything that is there can be read; how many snapshots it holds."""
    for run in glob.glob(os.path.join(outdir, '*')):
        for path in glob.glob(os.path.join(run, 'network-*.pkl')):
            safe_pickle.read(path, *roles)
        if os.path.exists(os.path.join(run, 'network-final.pkl')) or checkpoint.last(run, **needed):
            return len(run_names.snapshots(run))
    return 0


@pytest.mark.parametrize('kind', ['plain', 'metrics', 'pix2pix'], indirect=True)
def test_signals_at_any_moment_end_a_run_cleanly_and_two_at_once(kind, tmp_path):
    name, start, needed, roles = kind
    begin = time.time()
    assert outcomes([start_python(start + ['--outdir', tmp_path / 'whole'])])[0][0] == 0
    length, random = time.time() - begin, np.random.RandomState(int(begin))
    print('%s, %.1f s from start to end' % (name, length))
    slowest = [0, 0]
    for i, moment in enumerate(sorted(random.uniform(0, length, MOMENTS))):
        number, twice, outdir = random.choice(list(CODES)), i % 2, str(tmp_path / str(i))
        process = start_python(start + ['--outdir', outdir])
        time.sleep(moment)
        begin = time.time()
        process.send_signal(number)
        if twice:
            time.sleep(0.3)
            begin = time.time()
            process.send_signal(number)
        code, _, err = outcomes([process])[0]
        seconds = time.time() - begin
        slowest[twice] = max(slowest[twice], seconds)
        result, number = whole(outdir, needed, roles), signal.Signals(number)
        print(
            '  %5.2f s: %s %s: ended in %.2f s with %d, %d snapshots'
            % (moment, number.name, 'twice' if twice else 'once', seconds, code, result)
        )
        assert code in (CODES[number], -number, 0), err
        assert moment < PYTHON or 'Traceback' not in err, err
        assert code or glob.glob(os.path.join(outdir, '*', 'network-final.pkl'))
        assert not twice or seconds < 5
        assert twice or not glob.glob(os.path.join(outdir, '*', '*.part')) + glob.glob(
            os.path.join(outdir, '*', '*.new*')
        )
    print('%s: at most %.1f s from the first signal to the end, %.1f s from the second' % ((name,) + tuple(slowest)))
