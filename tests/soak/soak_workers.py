"""Long tests of several workers: python -m pytest -q -s tests/soak/soak_workers.py"""

import glob
import os
import shutil
import signal
import time

import pytest

import dataset
from common import run_names
from runs import TINY, assert_same_weights, outcomes, random_networks, start_workers
from tfutil import tf
from training import workers

FLAGS = TINY + '--mbstd-group-size 0 --minibatch 24 --wait 100'.split()
FINAL = '000-AIS/network-final.pkl'
OTHER_TENSORFLOW = "import tfutil\ntfutil.tf.__version__ = '0'\n"
TWO_DEVICES = 'import tfutil\nalone = tfutil.init_tf\ntfutil.init_tf = lambda **how: alone(**dict(how, cpus=2))\n'
OTHERWISE = """import common, runpy, sys
common.prepare_libraries()
%s
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


@pytest.fixture(scope='module')
def uninterrupted(training_data, tmp_path_factory):
    """Where two workers, of which one came late, wrote; {number of workers: that}."""
    result = {}
    for number, delay in (2, 60), (3, 0):
        result[number] = tmp_path_factory.mktemp('uninterrupted%d' % number)
        ends = outcomes(start_workers(training_data, [result[number]] * number, FLAGS, delay=delay), 300)
        assert [end[0] for end in ends] == [0] * number, ends
        assert ends[0][1].startswith('waiting for ') == bool(delay)
    return result


@pytest.fixture(scope='module')
def differing(training_data, tmp_path_factory):
    """{case: (what is special about the last worker, flags of all before it, the word that names the difference)}."""
    folder, images, cases = tmp_path_factory.mktemp('differing'), dataset.Pyramid(training_data).images, {}
    for level in images:
        other, changed = str(folder / ('level%d' % level)), str(folder / ('changed%d' % level))
        shutil.copytree(training_data, other)
        pixels = images[level].copy()
        pixels[7, 0, 1, 2] ^= 1
        dataset.write(changed, 'AIS', pixels)
        shutil.copy(dataset.levels(changed)[level], dataset.levels(other)[level])
        cases['a pixel of level %d' % level] = dict(last=['--data', other]), [], 'the data'
    for flags in (
        ['--seed', '5'],
        ['--minibatch', '12'],
        ['--lod-training-kimg', '0.128'],
        ['--lod-transition-kimg', '0.128'],
        ['--total-kimg', '9'],
        ['--snapshot-kimg', '0.128'],
        ['--tick-kimg', '0.128'],
        ['--G-lrate', '0.002'],
        ['--mirror-augment'],
        ['--fmap-max', '16'],
    ):
        cases[' '.join(flags)] = dict(last=flags), [], flags[0]
    weights = [random_networks(str(folder / name), fmap_base=base) for name, base in (('a', 64), ('b', 32))]
    one, other = [dict(last=['--transfer', path]) for path in weights]
    cases['other weights to start from'] = other, one['last'], 'the file of --transfer'
    cases['weights of one worker only'] = other, [], 'the file of --transfer'
    cases['another TensorFlow'] = dict(before=['-c', OTHERWISE % OTHER_TENSORFLOW]), [], 'TensorFlow'
    cases['two devices'] = dict(before=['-c', OTHERWISE % TWO_DEVICES]), [], 'the number of devices'
    return cases


@pytest.mark.parametrize('number', [2, 3])
def test_workers_that_differ_in_one_thing_all_name_it_in_half_a_minute(training_data, tmp_path, differing, number):
    for case, (special, flags, word) in differing.items():
        begin = time.time()
        ends = outcomes(start_workers(training_data, [tmp_path] * number, FLAGS + flags, **special))
        print('%d workers, %s: %.1f s' % (number, case, time.time() - begin))
        for code, _, err in ends:
            assert code == 2 and '%s differs: ' % word in err and err.count('\n') == 1, (case, err)
        assert time.time() - begin < 30 and not os.listdir(str(tmp_path))


def test_workers_that_would_go_on_from_different_snapshots_say_so(training_data, tmp_path, uninterrupted):
    folders = [tmp_path / 'a', tmp_path / 'b']
    for folder in folders:
        shutil.copytree(str(uninterrupted[2]), str(folder))
    runs = [str(folder / '000-AIS') for folder in folders]
    for path in glob.glob(run_names.snapshots(runs[1])[-1][:-4] + '*'):
        os.unlink(path)
    longer = FLAGS + ['--total-kimg', '0.5', '--resume', runs[0]]
    for other in ['--resume', runs[1]], ['--resume', uninterrupted[3] / '000-AIS']:
        for code, _, err in outcomes(start_workers(training_data, folders, longer, last=other)):
            assert code == 2 and 'the snapshot to go on from differs' in err and err.count('\n') == 1, err


def begun(training_data, outdir, number, *arguments):
    """Workers of a run that has written a snapshot."""
    started = start_workers(training_data, [outdir] * number, FLAGS + ['--keep', '0'] + list(arguments))
    while not glob.glob(str(outdir / '000-AIS' / 'network-snapshot-*.npz')):
        assert not [worker for worker in started if worker.poll() is not None], outcomes(started)
        time.sleep(0.01)
    return started


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize('which, of', [(0, 2), (1, 2), (0, 3), (1, 3), (2, 3)])
def test_the_others_of_a_worker_that_was_killed_or_stopped_end(training_data, tmp_path, number, which, of):
    started = begun(training_data, tmp_path, of, '--total-kimg', '100')
    gone = started.pop(which)
    begin = time.time()
    gone.send_signal(number)
    ends = outcomes(started)
    seconds, codes = time.time() - begin, [code for code, _, _ in ends]
    print('%s of worker %d of %d: the others ended in %.1f s with %s' % (number.name, which, of, seconds, codes))
    assert seconds < (5 if number == signal.SIGKILL else 60)
    for code, _, err in ends:  # TensorFlow 1.12 itself crashes on some sudden deaths
        crashed = code == -signal.SIGSEGV and not hasattr(tf, 'config') and number == signal.SIGKILL
        assert crashed or code == 2 and err.endswith(workers.WORKER_GONE + '\n') and 'Traceback' not in err, err
    gone.kill()


@pytest.mark.parametrize('number', [2, 3])
@pytest.mark.parametrize('whom', [slice(0, 1), slice(1, 2), slice(None)])
def test_a_run_that_was_ended_by_a_signal_goes_on_to_the_same_weights(
    training_data, tmp_path, uninterrupted, number, whom
):
    started = begun(training_data, tmp_path, number)
    begin = time.time()
    for worker in started[whom]:
        worker.terminate()
    ends = outcomes(started)
    print('SIGTERM to %s of %d workers: ended in %.1f s' % (whom, number, time.time() - begin))
    assert [end[0] for end in ends] == [143] * number, ends
    assert not os.path.exists(str(tmp_path / FINAL))
    ends = outcomes(start_workers(training_data, [tmp_path] * number, FLAGS + ['--resume', tmp_path / '000-AIS']))
    assert [end[0] for end in ends] == [0] * number, ends
    assert_same_weights(uninterrupted[number] / FINAL, tmp_path / FINAL)
