"""The virtual environments of this project: where they are, and the line that activates one in the shell at hand."""

import glob
import os
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The command with which a shell reads a script, and the ending of the script that venv wrote for it.
_SOURCE = {'bash': ('source', ''), 'zsh': ('source', ''), 'ksh': ('.', ''), 'fish': ('source', '.fish')}
_SOURCE.update(csh=('source', '.csh'), tcsh=('source', '.csh'))


def python_of(folder):
    """The Python of a virtual environment."""
    return os.path.join(folder, *(['Scripts', 'python.exe'] if os.name == 'nt' else ['bin', 'python']))


def _process(pid):
    """(pid of its parent, name) of a process; OSError or ValueError where the system does not report them."""
    try:
        with open('/proc/%d/stat' % pid) as f:
            before, _, after = f.read().rpartition(')')  # "12 (bash) S 11 ..."
        return int(after.split()[1]), before.partition('(')[2]
    except FileNotFoundError:  # not Linux
        command = ['ps', '-o', 'ppid=', '-o', 'comm=', '-p', str(pid)]
        parent, name = subprocess.check_output(command, stderr=subprocess.DEVNULL).decode().split(None, 1)
        return int(parent), os.path.basename(name.strip()).lstrip('-')


def shell():
    """The name of the shell that this was started from, by way of make and sh too; else that of the login shell."""
    names, pid = [], os.getppid()
    try:
        while pid > 1:
            pid, name = _process(pid)
            names.append(name)
    except (OSError, ValueError, subprocess.SubprocessError):
        pass
    shells = [name for name in names if name in _SOURCE or name == 'pwsh']
    shells += [name for name in names if name in ('sh', 'dash')]
    return shells[0] if shells else os.path.basename(os.environ.get('SHELL', 'bash'))


def relative(path):
    """A path as one types it here: relative to the working folder where it is inside of that."""
    same_drive = os.path.splitdrive(path)[0] == os.path.splitdrive(os.getcwd())[0]
    near = os.path.relpath(path) if same_drive else path
    return path if near.startswith(os.pardir) else near


def activation(folder):
    """The line that activates a virtual environment in this shell."""
    if os.name == 'nt':
        return os.path.join(relative(folder), 'Scripts', 'activate')  # cmd takes activate.bat, PowerShell Activate.ps1
    name = shell()
    if name == 'pwsh':
        return os.path.join(relative(folder), 'bin', 'Activate.ps1')
    command, ending = _SOURCE.get(name, ('.', ''))
    return '%s %s' % (command, shlex.quote(os.path.join(relative(folder), 'bin', 'activate' + ending)))


def folder_with(package):
    """The folder of this project's virtual environment if a package is installed there, and not in this Python."""
    folder = os.path.join(ROOT, '.venv')
    libraries = ['Lib'] if os.name == 'nt' else ['lib', 'python*']
    installed = glob.glob(os.path.join(glob.escape(folder), *libraries, 'site-packages', package))
    return folder if installed and os.path.realpath(sys.prefix) != os.path.realpath(folder) else None
