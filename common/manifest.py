"""What programs wrote into a folder, in a hidden file of it: the only files that they may replace or remove.

FILE FORMAT: `.written.jsonl` holds a JSON object a line, {"name", "by", "size", "sha256"}; by: what kind of program
wrote the file; size and sha256: of its content, null for a file that grows or was not finished. Lines are only ever
appended, before the file has its name: a process that is killed leaves one too many, never one too few. A torn line is
ignored.
"""

import contextlib
import hashlib
import json
import os
import stat

RECORD = '.written.jsonl'
_program = {'by': None, 'inputs': []}  # facts about the process, as its arguments are
_read = {}  # {folder: (bytes of its record that were read, the last of them, contents)}


def begin(by, inputs):
    """A program of the kind `by` begins, which may replace none of its inputs: files, and folders as a whole."""
    _program.update(by=by, inputs=[os.path.realpath(path) for path in inputs])


@contextlib.contextmanager
def another_program():
    """A block in which the main of another program runs in this process."""
    before = dict(_program)
    try:
        yield
    finally:
        _program.update(before)


def _contents(folder):
    """{(name, by): {(size, sha256) or None}} of a folder; {} where no program wrote into it. Reads what is new."""
    end, tail, contents = _read.get(folder, (0, b'', {}))
    try:
        with open(os.path.join(folder, RECORD), 'rb') as f:
            f.seek(end - len(tail))
            if f.read(len(tail)) != tail:  # another record has taken its place
                end, tail, contents = 0, b'', {}
                f.seek(0)
            data = f.read()
    except OSError:
        return {}
    lines = data[: data.rfind(b'\n') + 1]
    for line in lines.splitlines():
        try:
            entry = json.loads(line.decode())
            content = entry['sha256'] and (entry['size'], entry['sha256'])
            contents.setdefault((entry['name'], entry['by']), set()).add(content)
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
    _read[folder] = end + len(lines), (tail + lines)[-200:], contents
    return contents


def size_and_digest(*paths):
    """(size, SHA-256 as hexadecimal digits) of files, one after the other, of which little is in memory at a time."""
    digest, size = hashlib.sha256(), 0
    for path in paths:
        with open(path, 'rb') as f:
            for block in iter(lambda: f.read(1 << 22), b''):
                digest.update(block)
                size += len(block)
    return size, digest.hexdigest()


def record(path, content=None, durable=False):
    """Record a file that is about to have the name `path`. content: where its bytes are, None if they may change."""
    folder, name = os.path.split(os.path.abspath(path))
    size, sha256 = size_and_digest(content) if content else (None, None)
    line = json.dumps(dict(name=name, by=_program['by'], size=size, sha256=sha256), sort_keys=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, 'O_NOFOLLOW', 0)
    place = os.path.join(folder, RECORD)
    try:
        handle = os.open(place, flags, 0o666)
        try:
            text = b'\n%s\n' % line.encode()  # the first ends a line that was torn
            if os.write(handle, text) < len(text):
                os.write(handle, text)  # raises what kept it from being whole
            if durable:
                os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        error.filename = place
        raise


def is_ours(path):
    """Whether a program of this kind wrote the file, and its content is what was written."""
    folder, name = os.path.split(os.path.abspath(path))
    try:
        contents, status = _contents(folder).get((name, _program['by']), ()), os.stat(path)
        if not contents or not stat.S_ISREG(status.st_mode):
            return False
        # Another process may replace the file meanwhile; it records it before.
        return None in contents or size_and_digest(path) in _contents(folder).get((name, _program['by']), ())
    except OSError:
        return False


def is_input(path):
    """Whether a file that is there is an input of this program; what it wrote into a folder of inputs is none."""
    if not os.path.lexists(path):
        return False
    real = os.path.realpath(path)
    for source in _program['inputs']:
        if real == source:
            return True
        if os.path.isfile(source) and os.path.exists(path) and os.path.samefile(path, source):  # a hard link
            return True
    return False


def holds_input(folder):
    """Whether a folder is an input of this program, or one lies in it."""
    top = os.path.join(os.path.realpath(folder), '')
    return any(os.path.join(source, '').startswith(top) for source in _program['inputs'])


def unfinished(folder):
    """Paths of files that were being written when a process of this kind was killed, or that are being written."""
    entries = [name for name, by in _contents(os.path.abspath(folder)) if by == _program['by']]
    paths = [os.path.join(folder, name) for name in entries if name.startswith('.') and name.endswith('.part')]
    return [path for path in paths if is_ours(path)]
