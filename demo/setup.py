"""Creates a virtual environment, installs what this machine needs, and runs a command in it; the Makefile calls it.

    python demo/setup.py demo       what the project does, in demo/output
    python demo/setup.py explore    a page in the browser to play with the generators
    python demo/setup.py page       the same page as one file, which any browser opens
    python demo/setup.py experiment do generated nodules help a classifier? on phantoms, about four hours
    python demo/setup.py test       the tests that prove most, in a few minutes
    python demo/setup.py test-all   all tests
    python demo/setup.py lint       ruff's rules and format
    python demo/setup.py soak       damaged files, kills, signals, full disks and dying workers, which takes hours

Any Python from 3.6 on can start it, on any system. --python chooses the Python to install for: by default that of
.venv, or this one if it is supported, or else the newest supported one that is installed. A Python other than that of
.venv gets .venv-VERSION, and so does --python python3.6. Needs nothing but Python.
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
LAST = '3.14'  # needs TensorFlow 2.22, so others are preferred
GPU, CPU = 'requirements.txt', 'requirements-cpu.txt'
WORKERS = min((os.cpu_count() or 1) + 1, 4)  # one more than there are cores, since tests also wait
PYTEST = ['-m', 'pytest', '-q', '-n', str(WORKERS), '--dist', 'loadfile', 'tests']
PAGE = [
    '8-export.py',
    'page',
    '--pix2pix',
    'demo/weight/pix2pix.pkl',
    '--out',
    'demo/output/explorer.html',
    '--unaudited',
]
COMMANDS = {
    'demo': [[os.path.join('demo', 'demo.py')]],
    'explore': [['7-explore.py', 'serve', '--data', 'processData', '--port', '0']],
    'page': [PAGE],
    'experiment': [[os.path.join('demo', 'run_experiment.py')]],
    'test': [PYTEST + ['-m', 'not slow']],
    'test-all': [PYTEST],
    'lint': [['-m', 'ruff', 'check', '.'], ['-m', 'ruff', 'format', '--check', '.']],
    'soak': [['-m', 'pytest', '-q', '-s'] + sorted(glob.glob(os.path.join(ROOT, 'tests', 'soak', 'soak_*.py')))],
}
PROBE = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])'
VERSION = 'import sys; print("%d.%d" % sys.version_info[:2])'
WITH_PIP = 'import pip._internal; ' + VERSION
# The Python that a virtual environment was created with.
BASE = 'import os, sys; print(getattr(sys, "_base_executable", None) or os.path.realpath(sys.executable))'


def supported():
    """Versions of Python for which there is a TensorFlow for this system, best first."""
    system, machine = platform.system(), platform.machine().lower()
    if machine in ('arm64', 'aarch64'):
        return [] if system == 'Windows' else MODERN
    return LEGACY if system == 'Darwin' else MODERN + LEGACY


def output(command):
    """What a command prints, or None if it does not exist or fails."""
    try:
        return subprocess.check_output(command, stderr=subprocess.DEVNULL, timeout=60).decode().strip()
    except (OSError, subprocess.SubprocessError):
        return None


def candidates(python):
    """Commands that may start a supported Python, likeliest first. python: the value of --python or None."""
    if python:
        return [[python]]
    commands = [[sys.executable]]
    commands += [['python' + version] for version in MODERN + LEGACY]
    if os.name == 'nt':
        commands += [['py', '-' + version] for version in MODERN + LEGACY]
    return commands + [['python3'], ['python']]


def choose(python=None):
    """(command, version) of the Python to install for; exits with one line if there is none."""
    versions = supported()
    tried = []  # (name, version)
    last_choice = None
    for command in candidates(python):
        version = output(command + ['-c', VERSION])
        if version in versions and output(command + ['-c', PROBE]):
            if version != LAST or python:
                return command, version
            last_choice = last_choice or (command, version)
        tried.append((' '.join(command), version))
    return last_choice or sys.exit(no_python_message(python, tried[0], versions))


def no_python_message(python, first, versions):
    """The error if no Python is suitable. first: (name, version) of the one that was tried first."""
    name, version = first
    if not versions:
        return 'there is no TensorFlow for %s on %s' % (platform.system(), platform.machine())
    if version in versions:
        message = '%s is Python %s without venv and ensurepip; install them (Debian, Ubuntu: apt install python%s-venv)'
        return message % (name, version, version)
    problem = 'is Python ' + version if version else 'cannot be started'
    if not python:
        problem += ', and no other was found'
    usable = []
    install = 'conda create -n nodule python=3.6'
    if MODERN[0] in versions:
        usable += ['3.10 to 3.13 (TensorFlow 2.21)', '3.14 (TensorFlow 2.22)']
        install = 'uv python install 3.13 (or python.org, apt, brew)'
    if LEGACY[0] in versions:
        usable.append('3.6 (TensorFlow 1.12)')
    message = '%s %s; this machine can use Python %s: install one, as by %s'
    return message % (name, problem, ' or '.join(usable), install)


def has_gpu():
    """Whether the driver lists a GPU that TensorFlow can use on this system."""
    return platform.system() == 'Linux' and 'GPU' in (output(['nvidia-smi', '-L']) or '')


def run(command, **options):
    """Runs a command at the top of the project; exits with its code if it fails."""
    code = subprocess.call(command, cwd=ROOT, **options)
    if code:
        sys.exit(code if code > 0 else 128 - code)


def pip_failure(text):
    """What to do after pip failed, from its output."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    missing = [line.split('found for ')[1].split(' ')[0] for line in lines if 'No matching distribution found' in line]
    unreachable = 'onnection', 'timed out', 'Max retries', 'SSLError', 'Could not fetch URL'
    if any(sign in line for line in lines for sign in unreachable):
        return (
            'the package index cannot be reached: go online, name a proxy (export https_proxy=http://HOST:PORT) or a '
            'mirror (export PIP_INDEX_URL=https://...); for a machine that is offline: pip download -r FILE -d wheels '
            'on one like it, then here export PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels'
        )
    if missing:
        message = 'the package index has no %s for this Python; take another with --python, or PYTHON= of make'
        return message % missing[0]
    if 'No space left on device' in text:
        return 'the disk is full: free some space (TensorFlow takes 2 GB, for a GPU 8 GB)'
    return next((line for line in reversed(lines) if line.startswith('ERROR')), (lines or ['pip failed'])[-1])


def install(python, stamp, files, before=()):
    """Installs requirement files in an environment unless the file `stamp` records the same contents.

    before: arguments of pip commands to run first.
    """
    requirements = ''.join(text_of(os.path.join(ROOT, name)) for name in files)
    if text_of(stamp) == requirements:
        return
    begin = time.time()
    log = os.path.join(os.path.dirname(stamp), 'pip.log')
    print('installing %s (the first time this may take minutes) ...' % ' '.join(files), flush=True)
    pip = [python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check']
    from_files = [part for name in files for part in ('-r', name)]
    for arguments in list(before) + [from_files]:
        with open(log, 'wb') as f:
            code = subprocess.call(pip + arguments, cwd=ROOT, stdout=f, stderr=f)
        if code:
            with open(log, encoding='utf-8', errors='replace') as f:
                sys.exit('%s (log of pip: %s)' % (pip_failure(f.read()), environment.relative(log)))
    with open(stamp, 'w', encoding='utf-8') as f:
        f.write(requirements)
    print('installed in %.0f s' % (time.time() - begin), flush=True)


def text_of(path):
    """The text of a file, or None if it does not exist."""
    try:
        with open(path, encoding='utf-8') as f:
            return f.read()
    except OSError:
        return None


def marker(folder):
    """The file by which this program recognizes its environments: folder and requirements; empty while incomplete."""
    return os.path.join(folder, 'made-by-demo-setup')


def choose_folder(version, python):
    """The folder of the environment for a version of Python; exits with one line if other environments are in the way.

    `.venv`, or `.venv-VERSION` if `.venv` has another version or was not made by this program, and for --python
    python3.6.
    """
    names = ['.venv-' + version]
    if not python or version in MODERN:
        names.insert(0, '.venv')
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


def create(command, folder, requirements):
    """Creates an empty virtual environment in a folder of this program, in place of what is there.

    The marker is created first, so that an incomplete environment is recognized, and is filled in last.
    """
    base = output(command + ['-c', BASE]) or command[0]  # not that of the environment that is about to be removed
    if os.path.isdir(folder):
        shutil.rmtree(folder)
    os.mkdir(folder)
    open(marker(folder), 'w').close()
    run([base, '-m', 'venv', folder])
    with open(marker(folder), 'w', encoding='utf-8') as f:
        f.write('%s\n%s\n' % (folder, requirements))


def environment_for(command, version, python, tests):
    """The folder of the virtual environment, which is created and filled if necessary."""
    folder = choose_folder(version, python)
    made_for = (text_of(marker(folder)) or '').splitlines()
    requirements = GPU if has_gpu() or made_for[1:] == [GPU] else CPU  # packages for GPUs also work without one
    device = 'for a GPU' if requirements == GPU else 'for the CPU'
    print('%s, Python %s, %s' % (os.path.basename(folder), version, device), flush=True)
    interpreter = environment.python_of(folder)
    if made_for != [folder, requirements] or output([interpreter, '-c', WITH_PIP]) != version:
        create(command, folder, requirements)
    newer_pip = [['pip>=21,<22']] if version == '3.6' else []  # that of Python 3.6 cannot install today's packages
    install(interpreter, os.path.join(folder, 'ready'), [requirements], newer_pip)
    if tests:
        for_tests = [requirements, os.path.join('tests', 'requirements.txt')]
        install(interpreter, os.path.join(folder, 'tests-ready'), for_tests)
    return folder


def main():
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument('command', choices=list(COMMANDS))
    parser.add_argument('--python', help='the Python to install for, such as python3.6')
    arguments = parser.parse_args()
    folder = os.path.join(ROOT, '.venv')
    interpreter = [environment.python_of(folder)]
    version = None
    if os.path.exists(marker(folder)) and not arguments.python:
        version = output(interpreter + ['-c', VERSION])
    if version not in supported():
        interpreter, version = choose(arguments.python)
        if not arguments.python and interpreter != [sys.executable]:
            this = '%d.%d' % sys.version_info[:2]
            print('this is Python %s, taking %s' % (this, ' '.join(interpreter)), flush=True)
    needs_tests = arguments.command not in ('demo', 'explore', 'page', 'experiment')
    folder = environment_for(interpreter, version, arguments.python, needs_tests)
    for command in COMMANDS[arguments.command]:
        run([environment.python_of(folder)] + command)
    if arguments.command == 'demo':
        print('To type commands of your own in this terminal, begin with\n  ' + environment.activation(folder))


if __name__ == '__main__':
    main()
