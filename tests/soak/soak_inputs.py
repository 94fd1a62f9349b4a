"""Damaged files by the thousand: each is read, or refused in one line that names it, quickly and in little memory.

Each kind is read in processes of their own, which a crash would end.
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
NUMBERS = dict(pickles=30000, records=2000, arrays=4000, json=3000, pictures=6000, volumes=1200)


def _status(name):
    """VmRSS, the memory of this process, or VmHWM, its peak, in bytes."""
    with open('/proc/self/status') as f:
        return next(1024 * int(line.split()[1]) for line in f if line.startswith(name))


def _size(path):
    names = [os.path.join(path, name) for name in os.listdir(path)] if os.path.isdir(path) else [path]
    return sum(map(os.path.getsize, names))


def _complaint(error, path):
    """What is wrong with an error, or None."""
    text = str(error)
    if not isinstance(error, (ValueError, OSError, MemoryError, ImportError)) or isinstance(error, UnicodeError):
        return 'another exception'
    return 'more than a line' if '\n' in text else None if path in text else 'it does not name the file'


def work(kind, begin, end, folder):
    """Read damaged files begin..end of a kind; print {counts, slowest, failures} as JSON."""
    import numpy as np
    import readers

    readers.empty(folder)
    reader = readers.KINDS[kind](folder, np.random.RandomState(1))
    found = dict(read=0, refused=0, slowest=0.0, most=0, failures=[])
    for index in range(begin, end):
        reader.damaged(index, np.random.RandomState([7, index]))
        with open(os.path.join(folder, 'now'), 'w') as f:
            f.write(str(index))
        with open('/proc/self/clear_refs', 'w') as f:
            f.write('5')  # the peak begins anew
        before, started, wrong = _status('VmRSS'), time.process_time(), None
        try:
            reader.read(index)
            found['read'] += 1
        except Exception as error:
            found['refused'] += 1
            wrong = _complaint(error, reader.path)
            wrong = wrong and '%s: %s: %.200s' % (wrong, type(error).__name__, error)
        seconds, memory = time.process_time() - started, max(_status('VmHWM') - before, 0)
        found['slowest'], found['most'] = max(found['slowest'], seconds), max(found['most'], memory)
        if seconds > SECONDS:
            wrong = wrong or '%.1f seconds' % seconds
        bound = MEMORY[0] * _size(reader.path) + MEMORY[1] + getattr(reader, 'more', 0)
        if memory > bound and index > begin:  # the first one loads libraries
            wrong = wrong or '%d MB' % (memory >> 20)
        if wrong:
            found['failures'].append('%s %d: %s' % (kind, index, wrong))
    print(json.dumps(found))


def _soak(kind, tmp_path):
    total, started = dict(read=0, refused=0, slowest=0.0, most=0, failures=[]), time.time()
    for begin in range(0, NUMBERS[kind], BATCH):
        end = min(begin + BATCH, NUMBERS[kind])
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
        found = json.loads(out.splitlines()[-1])
        for name in ('read', 'refused', 'failures'):
            total[name] += found[name]
        for name in ('slowest', 'most'):
            total[name] = max(total[name], found[name])
    words = '%s: %d read, %d refused; slowest %.2f s, most memory %d MB; %d failures; %.0f s'
    figures = total['read'], total['refused'], total['slowest'], total['most'] >> 20, len(total['failures'])
    print(words % ((kind,) + figures + (time.time() - started,)))
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


if __name__ == '__main__':
    work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
