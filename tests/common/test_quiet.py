"""Programs whose output cannot be written, or is not read."""

import os
import subprocess
import sys

import pytest

from places import DATA, ROOT, visible

CODE = """
import sys
from common import commandline
def main():
    for i in range(%d):
        print('line', i)
    open(sys.argv[1], 'w').close()
commandline.command(main)
"""


@pytest.fixture
def program(tmp_path):
    """(a function: prints so many lines to `stdout` and then makes a file; the file)."""

    def start(lines, stdout, **options):
        command = [sys.executable, '-c', CODE % lines, str(tmp_path / 'made')]
        return subprocess.Popen(
            command, cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, universal_newlines=True, **options
        )

    return start, tmp_path / 'made'


@pytest.mark.parametrize('lines', [10, 100000])
def test_a_reader_that_has_gone_is_no_error_and_the_work_is_done(program, lines):
    start, made = program
    read, write = os.pipe()
    os.close(read)
    process = start(lines, write)
    os.close(write)
    assert process.communicate()[1] == '' and process.returncode == 0 and made.exists()


def test_no_standard_output_at_all_is_no_error(program):
    start, made = program
    process = start(10, None, preexec_fn=lambda: os.close(1))
    assert process.communicate()[1] == '' and process.returncode == 0 and made.exists()


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='needs the device /dev/full')
@pytest.mark.parametrize('lines', [10, 100000])
def test_a_full_disk_under_standard_output_is_one_line_that_says_so(program, lines):
    with open('/dev/full', 'w') as full:
        process = program[0](lines, full)
        err = process.communicate()[1]
    assert process.returncode == 2 and err.count('\n') == 1
    assert 'standard output: No space left' in err and 'free some space' in err


SCRIPT = [sys.executable, '1-dataset_display.py', '--number', '1', '--outdir']


@pytest.mark.slow
@pytest.mark.skipif(os.name == 'nt', reason='a shell of Unix')
@pytest.mark.parametrize('closed', ['2>&-', '>&- 2>&- <&-'])
def test_a_script_works_with_standard_streams_that_are_closed(tmp_path, closed):
    line = ' '.join("'%s'" % word for word in SCRIPT + [str(tmp_path / 'out')])
    code = subprocess.call(['bash', '-c', line + ' ' + closed], cwd=ROOT, stdout=subprocess.DEVNULL)
    assert code == 0 and visible(tmp_path / 'out') == ['dataset_img_0.png']


@pytest.mark.skipif(os.name == 'nt', reason='a shell of Unix')
def test_an_error_where_stderr_is_closed_is_an_exit_code_and_not_printed_as_a_result(tmp_path):
    line = "'%s' 2-inference.py --model nothing.pkl 2>&-" % sys.executable
    process = subprocess.Popen(['bash', '-c', line], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.communicate() == (b'', None) and process.returncode == 2


@pytest.mark.parametrize(
    'name, arguments',
    [
        ('0-dataset_create.py', 'phantom MIA --number 2 --resolution 16'.split()),
        ('0-dataset_create.py', 'pairs --phantom IA --number 2 --resolution 16'.split()),
        ('1-dataset_display.py', ['--number', 1]),
        ('2-inference.py', ['--model', os.path.join(DATA, 'tf2.21-numpy2.pkl')]),
    ],
)
def test_an_output_folder_that_cannot_be_written_is_one_line(complains, tmp_path, name, arguments):
    (tmp_path / 'file').write_bytes(b'')
    for outdir in (tmp_path / 'file', tmp_path / 'file' / 'below', '/proc/nowhere'):
        complains(name, *arguments, '--outdir', outdir, parts=[outdir])
