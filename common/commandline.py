"""Records of settings, read from flags and files, and errors in one line."""

import collections
import contextlib
import errno
import os
import sys

from common import SUPPORTED, environment, files, flags, inputs, log, manifest, prepare_libraries, quiet, schema, types
from common.log import warning

Setting = collections.namedtuple('Setting', 'default meaning type')
_TYPES = {bool: types.switch, str: types.text, list: types.texts}


def group(heading, **rows):
    """Rows of `settings` that -h lists under a heading."""
    return heading, rows


def settings(record_name, description, *groups, example=None, inputs='', writer=None, presets=None, **rows):
    """A record type whose fields are settings. A row is (default, meaning[, type]).

    type: a Type or a tuple of choices; where the default is False, text or a list of texts, it says the type itself. A
    default stands as it is typed; ... makes a required argument without a flag. groups: of `group`.
    inputs: names of the rows with files and folders to read, which are never replaced. writer: what kind of program it
    is, the same for those that may replace each other's files (default: record_name). presets: {name: flags} of the
    setting `preset`; flags and files that are given count more.
    """
    groups += ((None, rows),) if rows else ()
    table = {name: _setting(*row) for _, rows in groups for name, row in rows.items()}
    record = collections.namedtuple(record_name, list(table))
    record.__new__.__defaults__ = tuple(map(_default, table.values()))
    record.SETTINGS = table
    record.GROUPS = [(heading, list(rows)) for heading, rows in groups]
    record.DESCRIPTION, record.EXAMPLE = description, example
    record.INPUTS, record.WRITER = inputs.split(), writer or record_name
    record.PRESETS = presets or {}
    return record


def _setting(default, meaning, kind=None):
    if isinstance(kind, tuple):
        kind = types.Choice(*kind)
    return Setting(default, meaning, kind or _TYPES[type(default)])


def _default(setting):
    return setting.default if setting.default in (None, ...) else setting.type.read(setting.default)


def from_json(record, values, path):
    """A record of settings, {name: value}, that the JSON file `path` holds; ValueError that names the file."""
    return record(**_read(record, values, path))


def _read(record, values, path):
    """Values of JSON as values of settings; null and false stand for flags that were left out."""
    result = {}
    for name, value in values.items():
        setting = record.SETTINGS.get(name)
        if setting is None or setting.default is ...:
            raise ValueError('%s is damaged or for another program than %s (it sets %s)' % (path, log.program(), name))
        if value is None or value is False:
            continue
        try:
            result[name] = setting.type.read(value)
        except ValueError as error:
            raise ValueError('%s is damaged (%s: %s)' % (path, flags.flag(name), error)) from None
    return result


def _read_config(record, path):
    """The values of settings in a file that --config names."""
    if not path:
        return {}
    inputs.require_near(path)
    remedy = 'it has to be like the run.json of a training run, {"settings": {...}}'
    return _read(record, schema.read(path, dict(settings=types.mapping), remedy)['settings'], path)


def _begin_program(record, values):
    """The record of settings from parsed flags and their --config.

    Also sets how much is logged, refuses inputs that are not there, and tells `manifest` which program writes.
    """
    general = {name: values.pop(name) for name in flags.GENERAL}
    log.set_verbosity(general['quiet'], general['verbose'])
    config = general['config']
    values = dict(_read_config(record, config), **values)
    preset = record.PRESETS.get(values.get('preset'))
    if preset:
        values = dict(_parse_flags(record, preset.split()), **values)
    cfg = record(**values)
    inputs.check(cfg)
    manifest.begin(record.WRITER, inputs.paths(cfg) + [config] * bool(config))
    return cfg


def _parse_flags(record, argv):
    values = flags.Parser(record).values(argv)
    return {name: value for name, value in values.items() if name not in flags.GENERAL}


def parse(record, argv=None, abbreviated=False):
    """The record of settings from the flags in argv (default: the command line); exit code 2 for a wrong flag.

    abbreviated: flags may be cut short while they stay unique.
    """
    parser = flags.Parser(record, description=record.DESCRIPTION, allow_abbrev=abbreviated)
    flags.complete(parser)
    return _begin_program(record, parser.values(argv))


def parse_command(commands, description, argv=None):
    """As parse, where argv begins with the name of a sub-command: its name and its record. commands: {name: record}."""
    parser = flags.Parser(commands=commands, description=description)
    flags.complete(parser)
    values = parser.values(argv)
    name = values.pop('command')
    if name is None:
        parser.error('name a command: ' + ', '.join(commands))
    return name, _begin_program(commands[name], values)


def explicit_flags(record, argv=None):
    """Names of the record's settings for which argv, or a file that it names with --config, holds a value."""
    namespace, _ = flags.Parser(record, allow_abbrev=True).parse_known_args(argv)
    values = vars(namespace)
    from_file = _read_config(record, values['config'])
    return set(values) - set(flags.GENERAL) | set(from_file)


_TRAINED_WITH = {  # by the number of networks in a file
    1: '5-classify.py run',
    2: 'python -m pix2pix train',
    3: '3-train.py or download the published weights (docs/generation.md says where)',
}


def require_weights(path, roles=('G', 'D', 'Gs')):
    """Refuse a path with no file, with the ways to get one, or with a file that does not hold the networks `roles`."""
    if not os.path.exists(path):
        raise FileNotFoundError('%s does not exist; train it with %s' % (path, _TRAINED_WITH[len(roles)]))
    from common import weight_files  # here, because -h should not wait for NumPy

    weight_files.read(path, roles)


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
    try:
        quiet.open_standard_streams()
        prepare_libraries()
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
        _leave(_missing_package(error))
    except UnicodeEncodeError as error:
        _leave(_unencodable(error))
    except ValueError as error:
        _leave(error)


def _require_locale():
    """ValueError for arguments that this locale cannot hold: TensorFlow, JSON and pages want their letters."""
    for argument in sys.argv[1:]:
        if not files.holds_utf8() and any('\udc80' <= c <= '\udcff' for c in argument):
            raise ValueError('%s: %s' % (argument, files.utf8_remedy()))


def _unencodable(error):
    """The message about a name, in what was to be written, that neither this locale nor UTF-8 can hold."""
    name = error.object[max(0, error.start - 40) : error.end + 40]
    return '%s: %s' % (name, files.utf8_remedy())


def _missing_package(error):
    """The message about a package that is not there, with how to get it."""
    name = (getattr(error, 'name', None) or '').split('.')[0]
    if name not in ('numpy', 'tensorflow', 'PIL', 'tqdm'):
        return error
    folder = environment.folder_with(name)
    if folder:
        message = '%s is not installed in this Python (%s), but in %s; activate that: %s'
        return message % (name, sys.executable, environment.relative(folder), environment.activation(folder))
    version = sys.version_info[:2]
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
