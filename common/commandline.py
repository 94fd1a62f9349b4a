"""Settings as flags: kinds of values, records of settings, parsing, and errors in one line."""

import argparse
import collections
import contextlib
import errno
import os
import re
import sys

from common import quiet


def filled(text):
    """Text that is not empty, as an unset variable of a shell would be."""
    if not text:
        raise ValueError(text)
    return text


def natural(text):
    """A whole number, zero or more, of at most 15 digits."""
    value = int(text)
    if not 0 <= value < 10**15:
        raise ValueError(text)
    return value


def positive(text):
    """A whole number, one or more, of at most 15 digits."""
    value = int(text)
    if not 1 <= value < 10**15:
        raise ValueError(text)
    return value


def positive_float(text):
    """A finite number above zero."""
    value = float(text)
    if not 0 < value < float('inf'):
        raise ValueError(text)
    return value


def natural_float(text):
    """A finite number, zero or more."""
    value = float(text)
    if not 0 <= value < float('inf'):
        raise ValueError(text)
    return value


def rate(text):
    """A number from 0 to below 1."""
    value = float(text)
    if not 0 <= value < 1:
        raise ValueError(text)
    return value


def number_between(least, most, power_of_two=False):
    """A kind: a whole number from least to most."""

    def kind(text):
        value = int(text) if text.isdigit() else -1
        if not least <= value <= most or power_of_two and value & value - 1:
            wanted = 'power of two' if power_of_two else 'whole number'
            raise argparse.ArgumentTypeError('%r is not a %s from %d to %d' % (text, wanted, least, most))
        return value

    return kind


def channels(text):
    """1 or 3."""
    if text not in ('1', '3'):
        raise ValueError(text)
    return int(text)


def limits(text):
    """'LO,HI': two finite numbers, the smaller first."""
    lo, hi = [float(part) for part in text.split(',')]
    if not float('-inf') < lo < hi < float('inf'):
        raise ValueError(text)
    return lo, hi


def settings(record_name, **rows):
    """A record type. A row is (default, meaning[, kind]).

    kind: what turns the flag's text into a value (default: the default's type), or a tuple of choices; bool makes a
    switch. A default of ... makes an argument without a flag that has to be given; a kind of list takes one or more.
    """
    record = collections.namedtuple(record_name, list(rows))
    record.__new__.__defaults__ = tuple(row[0] for row in rows.values())
    record.ROWS = rows
    return record


class _Parser(argparse.ArgumentParser):
    """source: the file that holds the flags, None for the command line."""

    def __init__(self, *arguments, source=None, **options):
        super().__init__(*arguments, **options)
        self.source = source

    def error(self, message):
        if self.source:
            raise ValueError('%s is damaged (%s)' % (self.source, message))
        self.exit(2, '%s: error: %s (-h lists the flags)\n' % (self.prog, one_line(message)))


def parse(record, description, argv=None, abbreviated=False, source=None):
    """The record's flags read from argv, or the command line; a wrong flag is one line on stderr and exit code 2.

    abbreviated: flags may be cut short while they stay unique. source: a file that argv was read from; then a wrong
    flag is a ValueError that names it.
    """
    options = dict(allow_abbrev=abbreviated, source=source, add_help=not source)
    parser = _Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter, **options)
    _add(parser, record)
    return record(**vars(parser.parse_args(_joined(argv))))


def given(record, argv=None):
    """Names of the record's settings that argv holds a flag for, perhaps cut short."""
    flags = {'--' + name.replace('_', '-'): name for name in record._fields}
    texts = [text.partition('=')[0] for text in (sys.argv[1:] if argv is None else argv)]
    found = [[flag for flag in flags if flag == text or text not in flags and flag.startswith(text)] for text in texts]
    return {flags[names[0]] for text, names in zip(texts, found) if text[:2] == '--' and len(names) == 1}


def require_weights(path):
    """Complain if there is no such file, with the ways to get one."""
    if not os.path.exists(path):
        remedy = 'train it with 3-train.py or download the published weights (links in README.md)'
        raise FileNotFoundError('%s does not exist; %s' % (path, remedy))


def parse_command(commands, description, argv=None):
    """As parse, where argv begins with the name of a sub-command: its name and its record.

    commands: {name: (record, meaning)}.
    """
    parser = _Parser(description=description, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)
    choice = parser.add_subparsers(dest='command', metavar='COMMAND')
    for name, (record, meaning) in commands.items():
        _add(choice.add_parser(name, help=meaning, description=meaning, allow_abbrev=False), record)
    values = vars(parser.parse_args(_joined(argv)))
    name = values.pop('command')
    if name is None:
        parser.error('say what to do: ' + ', '.join(commands))
    return name, commands[name][0](**values)


def _add(parser, record):
    for name, row in record.ROWS.items():
        default, meaning, kind = row if len(row) == 3 else row + (type(row[0]),)
        meaning = meaning.replace('%', '%%')
        flag = '--' + name.replace('_', '-')
        how = dict(choices=kind) if isinstance(kind, tuple) else dict(nargs='+') if kind is list else dict(type=kind)
        if default is ...:
            parser.add_argument(name, help=meaning, **how)
        elif kind is bool:
            parser.add_argument(flag, action='store_true', help=meaning)
        else:
            if default is not None:
                meaning += ' (default: %(default)s)'
            if not isinstance(kind, tuple):
                how['metavar'] = name.upper()
            parser.add_argument(flag, default=default, help=meaning, **how)


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
    errno.EACCES: 'change its permissions or choose another place',
    errno.ENOTDIR: 'a part of the path is a file, choose another place',
    errno.EEXIST: 'choose another place',
    errno.EISDIR: 'name a file',
    errno.ENOTEMPTY: 'another run has made it meanwhile',
}


def command(main):
    """Run a script's main. An error that its user can mend is one line on stderr and exit code 2; Ctrl-C exits 130."""
    try:
        with _output():
            main()
    except KeyboardInterrupt:
        _leave('interrupted', 130)
    except MemoryError as error:
        _leave('out of memory (%s): ask for less at a time' % (error or 'no details'))
    except OSError as error:
        text = '%s: %s' % (error.filename, error.strerror) if error.filename else str(error)
        _leave('; '.join(filter(None, (text, _REMEDIES.get(error.errno)))))
    except (ValueError, ImportError) as error:
        _leave(error)


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


def one_line(message):
    """A message as printable text of at most 500 characters, whatever it holds; what is cut out is in the middle."""
    line = ''.join(c if c.isprintable() else '?' for c in ' '.join(str(message).split()))
    return line if len(line) <= 500 else line[:250] + '...' + line[-247:]


def warn(message):
    """A line on stderr, whatever the message holds."""
    print('%s: %s' % (sys.argv[0], one_line(message)), file=sys.stderr)


def _leave(message, code=2):
    warn(message)
    sys.exit(code)
