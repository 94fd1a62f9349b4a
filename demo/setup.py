"""Makes a virtual environment, installs what this machine needs, and runs something in it; the Makefile calls it.

    python demo/setup.py demo       what the project does, in demo/output
    python demo/setup.py explore    a page in the browser to play with the generators
    python demo/setup.py experiment do generated nodules help a classifier? on phantoms, three hours
    python demo/setup.py test       the tests that prove most, in a few minutes
    python demo/setup.py test-all   all tests
    python demo/setup.py lint       ruff's rules and format
    python demo/setup.py soak       damaged files, kills, signals, full disks and dying workers, which takes hours

Any Python from 3.6 on starts it, on any system; --python says which one to install for, by default that of .venv, or
this one if it is supported, or else the newest supported one that is found. Another Python than that of .venv gets
.venv-VERSION, as does Python 3.6 that was asked for. Needs nothing but Python.
"""

import argparse
import glob
import os
import platform
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from common import environment  # noqa: E402

MODERN, LEGACY = ['3.13', '3.12', '3.11', '3.10', '3.14'], ['3.6']  # TensorFlow 2.21 or 2.22, and 1.12
LAST = '3.14'  # it needs TensorFlow 2.22, so others are taken first
GPU, CPU = 'requirements.txt', 'requirements-cpu.txt'
PYTEST = ['-m', 'pytest', '-q', '-n', 'logical', '--maxprocesses', '4', '--dist', 'loadfile', 'tests']
COMMANDS = {
    'demo': [[os.path.join('demo', 'demo.py')]],
    'explore': [['7-explore.py', 'serve', '--data', 'processData', '--port', '0']],
    'experiment': [[os.path.join('demo', 'experiment.py')]],
    'test': [PYTEST + ['-m', 'not slow']],
    'test-all': [PYTEST],
    'lint': [['-m', 'ruff', 'check', '.'], ['-m', 'ruff', 'format', '--check', '.']],
    'soak': [['-m', 'pytest', '-q', '-s'] + sorted(glob.glob(os.path.join(ROOT, 'tests', 'soak', 'soak_*.py')))],
}
PROBE = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])'
VERSION = 'import sys; print("%d.%d" % sys.version_info[:2])'
WITH_PIP = 'import pip._internal; ' + VERSION
# What a virtual environment was made of.
BASE = 'import os, sys; print(getattr(sys, "_base_executable", None) or os.path.realpath(sys.executable))'


def supported():
    """Versions of Python for which this machine's system has a TensorFlow, best first."""
    system, machine = platform.system(), platform.machine().lower()
    if machine in ('arm64', 'aarch64'):
        return [] if system == 'Windows' else MODERN
    return LEGACY if system == 'Darwin' else MODERN + LEGACY


def output(command):
    """What a command prints, or None if it is not there or fails."""
    try:
        return subprocess.check_output(command, stderr=subprocess.DEVNULL, timeout=60).decode().strip()
    except (OSError, subprocess.SubprocessError):
        return None


def candidates(forced):
    """Commands that may start a supported Python, likeliest first."""
    if forced:
        return [[forced]]
    found = [[sys.executable]] + [['python' + version] for version in MODERN + LEGACY]
    launcher = [['py', '-' + version] for version in MODERN + LEGACY] if os.name == 'nt' else []
    return found + launcher + [['python3'], ['python']]


def choose(forced=None):
    """(command, version) of the Python to install for; exits with one line if there is none."""
    versions, first, last = supported(), None, None
    for command in candidates(forced):
        version = output(command + ['-c', VERSION])
        if version in versions and output(command + ['-c', PROBE]):
            if version != LAST or forced:
                return command, version
            last = last or (command, version)
        first = first or (' '.join(command), version)
    return last or sys.exit(complaint(forced, first, versions))


def complaint(forced, first, versions):
    """What to say where no Python will do. first: (name, version) of the one that was looked at first."""
    name, version = first
    if not versions:
        return 'there is no TensorFlow for %s on %s' % (platform.system(), platform.machine())
    if version in versions:
        words = '%s is Python %s without venv and ensurepip; install them (Debian, Ubuntu: apt install python%s-venv)'
        return words % (name, version, version)
    what = 'is Python ' + version if version else 'cannot be started'
    modern, legacy = MODERN[0] in versions, LEGACY[0] in versions
    names = ['3.10 to 3.13 (TensorFlow 2.21)', '3.14 (TensorFlow 2.22)'] * modern + ['3.6 (TensorFlow 1.12)'] * legacy
    how = 'uv python install 3.13 (or python.org, apt, brew)' if modern else 'conda create -n nodule python=3.6'
    words = '%s %s%s; this machine can use Python %s: install one, as by %s'
    return words % (name, what, '' if forced else ', and no other was found', ' or '.join(names), how)


def has_gpu():
    """Whether the driver shows a GPU that TensorFlow can use on this system."""
    return platform.system() == 'Linux' and 'GPU' in (output(['nvidia-smi', '-L']) or '')


def run(command, **options):
    """Run a command at the top of the project; its failure is this program's."""
    code = subprocess.call(command, cwd=ROOT, **options)
    if code:
        sys.exit(code if code > 0 else 128 - code)


def failure(text):
    """What to do where pip failed, from what it printed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    missing = [line.split('found for ')[1].split(' ')[0] for line in lines if 'No matching distribution found' in line]
    unreachable = 'onnection', 'timed out', 'Max retries', 'SSLError', 'Could not fetch URL'
    if any(word in line for line in lines for word in unreachable):
        return (
            'the package index cannot be reached: go online, name a proxy (export https_proxy=http://HOST:PORT) or a '
            'mirror (export PIP_INDEX_URL=https://...); for a machine that is offline: pip download -r FILE -d wheels '
            'on one like it, then here export PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels'
        )
    if missing:
        return (
            'the package index has no %s for this Python; take another with --python, or PYTHON= of make' % missing[0]
        )
    if 'No space left on device' in text:
        return 'the disk is full: free some space (TensorFlow takes 2 GB, for a GPU 8 GB)'
    return next((line for line in reversed(lines) if line.startswith('ERROR')), (lines or ['pip failed'])[-1])


def install(python, stamp, files, before=()):
    """Install requirement files in an environment unless that was done with the same contents; `stamp` records them."""
    wanted = ''
    for name in files:
        with open(os.path.join(ROOT, name), encoding='utf-8') as f:
            wanted += f.read()
    if text_of(stamp) == wanted:
        return
    begin, log = time.time(), os.path.join(os.path.dirname(stamp), 'pip.log')
    print('installing %s (the first time this may take minutes) ...' % ' '.join(files), flush=True)
    pip = [python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check']
    for arguments in list(before) + [[part for name in files for part in ('-r', name)]]:
        with open(log, 'wb') as f:
            code = subprocess.call(pip + arguments, cwd=ROOT, stdout=f, stderr=f)
        if code:
            with open(log, encoding='utf-8', errors='replace') as f:
                sys.exit('%s (all that pip said: %s)' % (failure(f.read()), environment.shown(log)))
    with open(stamp, 'w', encoding='utf-8') as f:
        f.write(wanted)
    print('installed in %.0f s' % (time.time() - begin), flush=True)


def text_of(path):
    """The text of a file, or None if there is no such file."""
    try:
        with open(path, encoding='utf-8') as f:
            return f.read()
    except OSError:
        return None


def marker(folder):
    """The file that says that this program made an environment: its place and requirements, none before it is whole."""
    return os.path.join(folder, 'made-by-demo-setup')


def place(version, forced):
    """The folder of the environment for a version of Python; exits with one line if what is there is not ours.

    `.venv`, or where that is of another version or somebody else's, and for Python 3.6 that was asked for,
    `.venv-VERSION`.
    """
    names = ['.venv'] * (not forced or version in MODERN) + ['.venv-' + version]
    for name in names:
        folder = os.path.join(ROOT, name)
        if not os.path.isdir(folder) or not os.listdir(folder):
            return folder
        if os.path.exists(marker(folder)):
            if output([environment.python_of(folder), '-c', VERSION]) in (version, None):
                return folder
        else:
            print('%s was not made by this program and stays as it is' % name, flush=True)
    sys.exit('there is no place for an environment: move %s away' % ' or '.join(names))


def make(command, folder, requirements):
    """An empty virtual environment in a folder that is this program's; what is there is removed.

    The marker comes first, so that one that was cut off is known as ours, and is filled in last.
    """
    base = output(command + ['-c', BASE]) or command[0]  # not of the environment that is about to be removed
    if os.path.isdir(folder):
        shutil.rmtree(folder)
    os.mkdir(folder)
    open(marker(folder), 'w').close()
    run([base, '-m', 'venv', folder])
    with open(marker(folder), 'w', encoding='utf-8') as f:
        f.write('%s\n%s\n' % (folder, requirements))


def environment_for(command, version, forced, tests):
    """The folder of the virtual environment, made and filled if it has to be."""
    folder = place(version, forced)
    made = (text_of(marker(folder)) or '').splitlines()
    requirements = GPU if has_gpu() or made[1:] == [GPU] else CPU  # packages for GPUs work without one too
    python, name = environment.python_of(folder), os.path.basename(folder)
    print('%s, Python %s, %s' % (name, version, 'for a GPU' if requirements == GPU else 'for the CPU'), flush=True)
    if made != [folder, requirements] or output([python, '-c', WITH_PIP]) != version:
        make(command, folder, requirements)
    newer = [['pip>=21,<22']] if version == '3.6' else []  # that of Python 3.6 cannot install today's packages
    install(python, os.path.join(folder, 'ready'), [requirements], newer)
    if tests:
        install(python, os.path.join(folder, 'tests-ready'), [requirements, os.path.join('tests', 'requirements.txt')])
    return folder


def main():
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument('what', choices=list(COMMANDS))
    parser.add_argument('--python', help='the Python to install for, such as python3.6')
    arguments = parser.parse_args()
    folder, version = os.path.join(ROOT, '.venv'), None
    command = [environment.python_of(folder)]
    if os.path.exists(marker(folder)) and not arguments.python:
        version = output(command + ['-c', VERSION])
    if version not in supported():
        command, version = choose(arguments.python)
        if not arguments.python and command != [sys.executable]:
            print('this is Python %d.%d, taking %s' % (sys.version_info[:2] + (' '.join(command),)), flush=True)
    needs_tests = arguments.what not in ('demo', 'explore', 'experiment')
    folder = environment_for(command, version, arguments.python, needs_tests)
    for parts in COMMANDS[arguments.what]:
        run([environment.python_of(folder)] + parts)
    if arguments.what == 'demo':
        print('To type commands of your own in this terminal, begin with\n  ' + environment.activation(folder))


if __name__ == '__main__':
    main()
