"""Makes a virtual environment, installs what this machine needs, and runs something in it; the Makefile calls it.

    python demo/setup.py demo       what the project does, in demo/output
    python demo/setup.py explore    a page in the browser to play with the generators
    python demo/setup.py experiment do generated nodules help a classifier? on phantoms, three hours
    python demo/setup.py test       the tests
    python demo/setup.py lint       ruff's rules and format
    python demo/setup.py soak       damaged files, kills, signals, full disks and dying workers, which takes hours

Any Python from 3.6 on starts it, on any system; --python says which one to install for, by default this one if it is
supported, or else the newest supported one that is found. Needs nothing but Python.
"""

import argparse
import glob
import os
import platform
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODERN, LEGACY = ['3.13', '3.12', '3.11', '3.10'], ['3.6']  # TensorFlow 2.21 and 1.12
PYTEST = ['-m', 'pytest', '-q', '-n', 'logical', '--maxprocesses', '4', '--dist', 'loadfile', 'tests']
COMMANDS = {
    'demo': [[os.path.join('demo', 'demo.py')]],
    'explore': [['7-explore.py', 'serve', '--data', 'processData', '--port', '0']],
    'experiment': [[os.path.join('demo', 'experiment.py')]],
    'test': [PYTEST],
    'lint': [['-m', 'ruff', 'check', '.'], ['-m', 'ruff', 'format', '--check', '.']],
    'soak': [['-m', 'pytest', '-q', '-s'] + sorted(glob.glob(os.path.join(ROOT, 'tests', 'soak', 'soak_*.py')))],
}
PROBE = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])'
VERSION = 'import sys; print("%d.%d" % sys.version_info[:2])'


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
    versions, first = supported(), None
    for command in candidates(forced):
        version = output(command + ['-c', VERSION])
        if version in versions and output(command + ['-c', PROBE]):
            return command, version
        first = first or (' '.join(command), version)
    sys.exit(complaint(forced, first, versions))


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
    names = ['3.10 to 3.13 (TensorFlow 2.21)'] * modern + ['3.6 (TensorFlow 1.12)'] * legacy
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


def install(python, stamp, files, before=()):
    """Install requirement files in an environment unless that was done with the same contents; `stamp` records them."""
    wanted = ''
    for name in files:
        with open(os.path.join(ROOT, name), encoding='utf-8') as f:
            wanted += f.read()
    if os.path.exists(stamp):
        with open(stamp, encoding='utf-8') as f:
            if f.read() == wanted:
                return
    begin = time.time()
    print('installing %s (the first time this may take minutes) ...' % ' '.join(files), flush=True)
    pip = [python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check']
    for arguments in list(before) + [[part for name in files for part in ('-r', name)]]:
        run(pip + arguments)
    with open(stamp, 'w', encoding='utf-8') as f:
        f.write(wanted)
    print('installed in %.0f s' % (time.time() - begin), flush=True)


def environment(command, version, tests):
    """The Python of the virtual environment, made and filled if it has to be."""
    requirements = 'requirements.txt' if has_gpu() else 'requirements-cpu.txt'
    folder = os.path.join(ROOT, '.venv-%s-%s' % (version, requirements[:-4]))
    python = os.path.join(folder, 'Scripts' if os.name == 'nt' else 'bin', 'python')
    name = os.path.basename(folder)
    print('%s, Python %s, %s' % (name, version, 'for a GPU' if requirements == 'requirements.txt' else 'for the CPU'))
    if output([python, '-c', VERSION]) != version:
        run(command + ['-m', 'venv', '--clear', folder])
    newer = [['pip>=21,<22']] if version == '3.6' else []  # that of Python 3.6 cannot install today's packages
    install(python, os.path.join(folder, 'ready'), [requirements], newer)
    if tests:
        install(python, os.path.join(folder, 'tests-ready'), [requirements, os.path.join('tests', 'requirements.txt')])
    return python


def main():
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument('what', choices=list(COMMANDS))
    parser.add_argument('--python', help='the Python to install for, such as python3.6')
    arguments = parser.parse_args()
    command, version = choose(arguments.python)
    if not arguments.python and command != [sys.executable]:
        print('this is Python %d.%d, taking %s' % (sys.version_info[:2] + (' '.join(command),)))
    python = environment(command, version, tests=arguments.what not in ('demo', 'explore', 'experiment'))
    for parts in COMMANDS[arguments.what]:
        run([python] + parts)


if __name__ == '__main__':
    main()
