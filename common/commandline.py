"""Records of settings, read from flags and files, and errors in one line."""

import collections
import contextlib
import errno
import os
import re
import sys

from common import SUPPORTED, environment, files, flags, inputs, log, manifest, quiet, schema
from common.log import warning


def settings(record_name, example=None, groups='', inputs='', writer=None, **rows):
    """A record type. A row is (default, meaning[, kind]).

    kind: what turns the flag's text into a value (default: the default's type), or a tuple of choices; bool makes a
    switch, list takes one or more texts. A default of ... makes an argument without a flag that has to be given.
    A default stands as it is typed: as text where its kind makes something else of it.
    example, groups: for -h, a command, and headings with their rows, as 'input: model data; output: outdir'. inputs:
    names of the rows with files and folders to read, which are never replaced. writer: what kind of program it is, the
    same for those that may replace each other's files (default: record_name).
    """
    record = collections.namedtuple(record_name, list(rows))
    record.__new__.__defaults__ = tuple(map(_default, rows.values()))
    record.ROWS, record.EXAMPLE = rows, example
    record.INPUTS, record.WRITER = inputs.split(), writer or record_name
    record.GROUPS = [group.split(':') for group in groups.split(';') if group]
    return record


def _default(row):
    default, kind = row[0], row[-1]
    return kind(default) if len(row) == 3 and callable(kind) and isinstance(default, str) else default


def stored(record, values, path):
    """A record of settings, {name: value}, from the JSON file `path`; ValueError that names the file."""
    return record(**_stored(record, values, path))


def _stored(record, values, path):
    for name in values:
        if name not in record._fields:
            raise ValueError('%s is damaged or for another program than %s (it sets %s)' % (path, log.program(), name))
    written = {name: value for name, value in values.items() if value is not None and value is not False}
    argv = []
    for name, value in written.items():
        if record.ROWS[name][-1] is list and isinstance(value, list):
            argv += ['%s=%s' % (flags.flag(name), text) for text in value]
        else:
            argv.append(flags.flag(name) + ('' if value is True else '=%s' % value))
    return flags.general(flags.Parser(record, source=path).values(argv))[0]


def _record(record, values):
    """The record of parsed values and of their --config; how much is said is set at once."""
    found, general = flags.general(values)
    log.set_verbosity(general['quiet'], general['verbose'])
    cfg = record(**dict(_configured(record, general['config']), **found))
    inputs.check(cfg)
    manifest.begin(record.WRITER, inputs.paths(cfg) + [general['config']] * bool(general['config']))
    return cfg


def _configured(record, path):
    if not path:
        return {}
    inputs.require_near(path)
    remedy = 'it has to be like the run.json of a training run, {"settings": {...}}'
    return _stored(record, schema.read(path, dict(settings=schema.mapping), remedy)['settings'], path)


def parse(record, description, argv=None, abbreviated=False):
    """The record's flags read from argv, or the command line; a wrong flag is one line on stderr and exit code 2.

    abbreviated: flags may be cut short while they stay unique.
    """
    parser = flags.Parser(record, description=description, allow_abbrev=abbreviated)
    flags.complete(parser)
    return _record(record, parser.values(_joined(argv)))


def parse_command(commands, description, argv=None):
    """As parse, where argv begins with the name of a sub-command: its name and its record.

    commands: {name: (record, meaning)}.
    """
    parser = flags.Parser(commands=commands, description=description)
    flags.complete(parser)
    values = parser.values(_joined(argv))
    name = values.pop('command')
    if name is None:
        parser.error('say what to do: ' + ', '.join(commands))
    return name, _record(commands[name][0], values)


def explicit_flags(record, argv=None):
    """Names of the record's settings for which argv, or a file that it names with --config, holds a value."""
    found, _ = flags.Parser(record, allow_abbrev=True).parse_known_args(_joined(argv))
    found, general = flags.general(vars(found))
    return set(found) | set(_configured(record, general['config']))


def require_weights(path, roles=('G', 'D', 'Gs')):
    """Complain if there is no such file, with the ways to get one, or if it does not hold the networks `roles`."""
    if not os.path.exists(path):
        train = 'python -m pix2pix train' if len(roles) == 2 else '3-train.py'
        published = '' if len(roles) == 2 else ' or download the published weights (docs/generation.md says where)'
        raise FileNotFoundError('%s does not exist; train it with %s%s' % (path, train, published))
    from common import safe_pickle  # here, because -h should not wait for NumPy

    safe_pickle.read(path, roles)


def _joined(argv):
    """argparse takes -1000,400 for a flag; --window=-1000,400 it understands."""
    joined = []
    for text in sys.argv[1:] if argv is None else argv:
        if joined and re.match(r'-[\d.]', text) and re.match(r'--[^=]+$', joined[-1]):
            joined[-1] += '=' + text
        else:
            joined.append(text)
    return joined


_REMEDIES = {
    errno.ENOSPC: 'free some space',
    errno.EDQUOT: 'free some space',
    errno.EROFS: 'choose another place',
    errno.EPERM: 'choose another place',
    errno.EACCES: 'change its permissions or choose another place',
    errno.ENOTDIR: 'a part of the path is a file, choose another place',
    errno.EEXIST: 'choose another place',
    errno.EISDIR: 'name a file',
    errno.ENOTEMPTY: 'another run has made it meanwhile',
}


def command(main):
    """Run a script's main. An error that its user can mend is one line on stderr and exit code 2; Ctrl-C exits 130."""
    quiet.open_standard_streams()
    try:
        with _output(), log.timed('in all'):
            _require_locale()
            main()
    except KeyboardInterrupt:
        _leave('interrupted', 130)
    except MemoryError as error:
        _leave('out of memory (%s): ask for less at a time' % (error or 'no details'))
    except OSError as error:
        _leave('; '.join(filter(None, (log.reason(error), _REMEDIES.get(error.errno)))))
    except ImportError as error:
        _leave(_missing(error))
    except UnicodeEncodeError as error:
        _leave(_unencodable(error))
    except ValueError as error:
        _leave(error)


def _require_locale():
    """ValueError for arguments that this locale cannot hold: TensorFlow, JSON and pages want their letters."""
    for text in sys.argv[1:]:
        if not files.holds_utf8() and any('\udc80' <= c <= '\udcff' for c in text):
            raise ValueError('%s: %s' % (text, files.LOCALE))


def _unencodable(error):
    """What to do about a name, in what was to be written, that neither this locale nor UTF-8 can hold."""
    name = error.object[max(0, error.start - 40) : error.end + 40]
    return '%s: %s' % (name, 'its name is not UTF-8; rename it' if files.holds_utf8() else files.LOCALE)


def _missing(error):
    """What to do about a package that is not there."""
    name = (getattr(error, 'name', None) or '').split('.')[0]
    name = 'tensorflow' if name == 'google' else name  # its protocol buffers
    if name not in ('numpy', 'tensorflow', 'PIL', 'tqdm'):
        return error
    version = sys.version_info[:2]
    folder = environment.that_has(name)
    if folder:
        words = '%s is not installed in this Python (%s), but in %s; activate that: %s'
        return words % (name, sys.executable, environment.shown(folder), environment.activation(folder))
    if version == (3, 6) or (3, 10) <= version <= (3, 14):
        return '%s is not installed; pip install -r requirements-cpu.txt, or make demo' % name
    return '%s is not installed, and this is Python %d.%d; supported are %s' % ((name,) + version + (SUPPORTED,))


@contextlib.contextmanager
def _output():
    """Standard output as quiet.Output, where there is one, and nothing left in it at the end."""
    if not sys.stdout:
        yield
        return
    with contextlib.redirect_stdout(quiet.Output(sys.stdout, 'standard output')) as output:
        try:
            yield
        finally:
            output.flush()


def _leave(message, code=2):
    warning(message)
    sys.exit(code)
