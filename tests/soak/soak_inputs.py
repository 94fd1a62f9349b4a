"""Damaged files by the thousand: each is read, or refused in one line that names it, quickly and in little memory.

Each type is read in separate processes, which a crash would end.
"""

import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [HERE, os.path.dirname(HERE), os.path.dirname(os.path.dirname(HERE))]

BATCH = 1000  # files that a process reads
SECONDS = 2.0  # of the processor for a file, at most
MEMORY = 10, 64 << 20  # bytes for each byte of a file, and beside that
COUNTS = dict(pickles=30000, records=2000, arrays=4000, json=3000, pictures=6000, volumes=1200)
COUNTS.update(readings=1000, masks=1250, stacks=750)  # 500 of XML, of SQLite, of RTSTRUCT and of NPZ


def _status(name):
    """VmRSS, the memory of this process, or VmHWM, its peak, in bytes."""
    with open('/proc/self/status') as f:
        return next(1024 * int(line.split()[1]) for line in f if line.startswith(name))


def _size(path):
    names = [os.path.join(path, name) for name in os.listdir(path)] if os.path.isdir(path) else [path]
    return sum(map(os.path.getsize, names))


def _problem(error, path):
    """What is wrong with the error of a refusal, or None."""
    text = str(error)
    if not isinstance(error, (ValueError, OSError, MemoryError, ImportError)) or isinstance(error, UnicodeError):
        return 'another exception'
    return 'more than a line' if '\n' in text else None if path in text else 'it does not name the file'


def work(kind, begin, end, folder):
    """Reads damaged files begin..end of a kind of readers.KINDS; prints {counts, slowest, failures} as JSON."""
    import numpy as np
    import readers

    readers.empty(folder)
    reader = readers.KINDS[kind](folder, np.random.RandomState(1))
    result = dict(read=0, refused=0, slowest=0.0, most=0, failures=[])
    for index in range(begin, end):
        reader.damaged(index, np.random.RandomState([7, index]))
        with open(os.path.join(folder, 'now'), 'w') as f:
            f.write(str(index))
        with open('/proc/self/clear_refs', 'w') as f:
            f.write('5')  # resets the peak
        before = _status('VmRSS')
        started = time.process_time()
        problem = None
        try:
            reader.read(index)
            result['read'] += 1
        except Exception as error:
            result['refused'] += 1
            problem = _problem(error, reader.path)
            problem = problem and '%s: %s: %.200s' % (problem, type(error).__name__, error)
        seconds, memory = time.process_time() - started, max(_status('VmHWM') - before, 0)
        result['slowest'] = max(result['slowest'], seconds)
        result['most'] = max(result['most'], memory)
        if seconds > SECONDS:
            problem = problem or '%.1f seconds' % seconds
        bound = MEMORY[0] * _size(reader.path) + MEMORY[1] + getattr(reader, 'more', 0)
        if memory > bound and index > begin:  # the first one loads libraries
            problem = problem or '%d MB' % (memory >> 20)
        if problem:
            result['failures'].append('%s %d: %s' % (kind, index, problem))
    print(json.dumps(result))


def _soak(kind, tmp_path):
    total = dict(read=0, refused=0, slowest=0.0, most=0, failures=[])
    started = time.time()
    for begin in range(0, COUNTS[kind], BATCH):
        end = min(begin + BATCH, COUNTS[kind])
        folder = str(tmp_path / 'files')
        worker = [sys.executable, os.path.abspath(__file__), kind, str(begin), str(end), folder]
        process = subprocess.Popen(worker, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = [text.decode(errors='replace') for text in process.communicate()]
        if process.returncode:
            with open(os.path.join(folder, 'now')) as f:
                total['failures'].append('%s %s ended the process: %s %s' % (kind, f.read(), process.returncode, err))
            continue
        if err:
            total['failures'].append('%s %d..%d on stderr: %.500s' % (kind, begin, end, err))
        result = json.loads(out.splitlines()[-1])
        for name in ('read', 'refused', 'failures'):
            total[name] += result[name]
        for name in ('slowest', 'most'):
            total[name] = max(total[name], result[name])
    message = '%s: %d read, %d refused; slowest %.2f s, most memory %d MB; %d failures; %.0f s'
    figures = total['read'], total['refused'], total['slowest'], total['most'] >> 20, len(total['failures'])
    print(message % ((kind,) + figures + (time.time() - started,)))
    assert not total['failures'], '\n'.join(total['failures'][:30])


def test_damaged_pickles(tmp_path):
    _soak('pickles', tmp_path)


def test_damaged_records(tmp_path):
    _soak('records', tmp_path)


def test_damaged_arrays(tmp_path):
    _soak('arrays', tmp_path)


def test_damaged_json(tmp_path):
    _soak('json', tmp_path)


def test_damaged_pictures(tmp_path):
    _soak('pictures', tmp_path)


def test_damaged_volumes(tmp_path):
    _soak('volumes', tmp_path)


def test_damaged_readings(tmp_path):
    _soak('readings', tmp_path)


def test_damaged_masks(tmp_path):
    _soak('masks', tmp_path)


def test_damaged_stacks(tmp_path):
    _soak('stacks', tmp_path)


if __name__ == '__main__':
    work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
