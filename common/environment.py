"""The virtual environments of this project: where they are, and the line that activates one in the shell at hand."""

import glob
import os
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# How a shell reads a script into itself, and how the ending of the script that venv wrote for it is.
_SOURCE = {'bash': ('source', ''), 'zsh': ('source', ''), 'ksh': ('.', ''), 'fish': ('source', '.fish')}
_SOURCE.update(csh=('source', '.csh'), tcsh=('source', '.csh'))


def python_of(folder):
    """The Python of a virtual environment."""
    return os.path.join(folder, *(['Scripts', 'python.exe'] if os.name == 'nt' else ['bin', 'python']))


def _process(number):
    """(number of its parent, name) of a process; OSError or ValueError where the system does not tell."""
    try:
        with open('/proc/%d/stat' % number) as f:
            before, _, after = f.read().rpartition(')')  # "12 (bash) S 11 ..."
        return int(after.split()[1]), before.partition('(')[2]
    except FileNotFoundError:  # not Linux
        command = ['ps', '-o', 'ppid=', '-o', 'comm=', '-p', str(number)]
        parent, name = subprocess.check_output(command, stderr=subprocess.DEVNULL).decode().split(None, 1)
        return int(parent), os.path.basename(name.strip()).lstrip('-')


def shell():
    """The name of the shell that this was started from, by way of make and sh too; the login shell if none is seen."""
    names, number = [], os.getppid()
    try:
        while number > 1:
            number, name = _process(number)
            names.append(name)
    except (OSError, ValueError, subprocess.SubprocessError):
        pass
    seen = [name for name in names if name in _SOURCE or name == 'pwsh'] + [x for x in names if x in ('sh', 'dash')]
    return seen[0] if seen else os.path.basename(os.environ.get('SHELL', 'bash'))


def shown(path):
    """A path as one types it here: relative to the working folder where it is inside of that."""
    near = os.path.relpath(path) if os.path.splitdrive(path)[0] == os.path.splitdrive(os.getcwd())[0] else path
    return path if near.startswith(os.pardir) else near


def activation(folder):
    """The line that activates a virtual environment in this shell."""
    if os.name == 'nt':
        return os.path.join(shown(folder), 'Scripts', 'activate')  # cmd takes activate.bat, PowerShell Activate.ps1
    name = shell()
    if name == 'pwsh':
        return os.path.join(shown(folder), 'bin', 'Activate.ps1')
    how, ending = _SOURCE.get(name, ('.', ''))
    return '%s %s' % (how, shlex.quote(os.path.join(shown(folder), 'bin', 'activate' + ending)))


def that_has(package):
    """The folder of this project's virtual environment if a package is installed there, and not in this Python."""
    folder = os.path.join(ROOT, '.venv')
    libraries = ['Lib'] if os.name == 'nt' else ['lib', 'python*']
    there = glob.glob(os.path.join(glob.escape(folder), *libraries, 'site-packages', package))
    return folder if there and os.path.realpath(sys.prefix) != os.path.realpath(folder) else None
