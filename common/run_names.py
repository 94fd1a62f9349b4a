"""Names of run folders, NNN-NAME, and of the snapshots in them, network-snapshot-KKKKKK.pkl."""

import glob
import os
import re

_SNAPSHOT = re.compile(r'network-snapshot-(\d{6})\.pkl$')


def run_number(name):
    """NNN of a run folder's name NNN-name, -1 of other names."""
    match = re.match(r'(\d{3,})-', name)
    return int(match.group(1)) if match else -1


def find(run, outdir):
    """The run folder that is meant by its path, its number in outdir, or 'latest', the highest number there."""
    pattern = os.path.join(glob.escape(outdir), '[0-9]*-*', 'run.json')
    runs = sorted((run_number(os.path.basename(path)), path) for path in map(os.path.dirname, glob.glob(pattern)))
    if run == 'latest':
        if not runs:
            raise FileNotFoundError('%s holds no runs; name the run folder or its --outdir' % outdir)
        return runs[-1][1]
    if run.isdecimal() and not os.path.exists(run):
        numbered = [path for number, path in runs if number == int(run)]
        if len(numbered) != 1:
            there = ', '.join(os.path.basename(path) for _, path in runs) or 'none'
            raise FileNotFoundError('%s holds not one run %s; name a run folder (there: %s)' % (outdir, run, there))
        return numbered[0]
    if not os.path.isfile(os.path.join(run, 'run.json')):
        raise FileNotFoundError('%s is not a run folder (it has no run.json); name one like results/000-AIS' % run)
    return run


def snapshot_name(position):
    """The name of the snapshot at so many whole kimg (or epochs)."""
    return 'network-snapshot-%06d.pkl' % int(position)


def position_of(path):
    """kimg (or epochs) of a snapshot, as its name says; None of another file."""
    match = _SNAPSHOT.match(os.path.basename(path))
    return int(match.group(1)) if match else None


def snapshots(folder):
    """Paths of the snapshots in a run folder, oldest first."""
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if _SNAPSHOT.match(name))
