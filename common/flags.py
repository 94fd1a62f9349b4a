"""Records of settings as flags: the parser, its help and its complaints."""

import argparse
import difflib
import os
import platform
import re

from common import VERSION, flag_aliases, types
from common.log import one_line, program

_KINDS = {int: 'a whole number', float: 'a number', str: 'text'}
_MEANT = ' (did you mean '
_GENERAL = 'quiet', 'verbose', 'config'


def flag(name):
    """The flag of a setting: --fmap-max of fmap_max."""
    return '--' + name.replace('_', '-')


def _Formatter(prog):
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=32)


class Parser(argparse.ArgumentParser):
    """Reads flags, and says of a wrong one, in one line, what was wanted or probably meant; exit code 2.

    record: flags of these settings, or commands: {name: (record, meaning)}, of one of these. source: a JSON file that
    the flags come from, None for the command line; its errors are ValueErrors that name it.
    """

    def __init__(self, record=None, commands=None, source=None, **options):
        self.source, self.commands, options['allow_abbrev'] = source, {}, options.get('allow_abbrev', False)
        self.rows = record.ROWS if record else {}
        prog = options.pop('prog', program())
        super().__init__(formatter_class=_Formatter, add_help=False, prog=prog, **options)
        first = [name for name, row in record.ROWS.items() if row[0] is ...] if record else ['command']
        words = ([] if prog.startswith('python') else ['python']) + ['%(prog)s'] + [name.upper() for name in first]
        self.usage = ' '.join(words + ['[flags]'])
        if commands:
            choice = self.add_subparsers(
                dest='command', metavar='COMMAND', title='commands', parser_class=Parser, prog=prog
            )
            self.epilog = 'COMMAND -h lists the flags of one'
        for name, (made, meaning) in (commands or {}).items():
            self.commands[name] = choice.add_parser(name, record=made, help=meaning, description=meaning)
        if record:
            self._add_settings(record)
        _add_general(self, bool(record))

    def _add_settings(self, record):
        """Values that are not given are left out."""
        groups = {}
        for title, names in record.GROUPS:
            groups.update(dict.fromkeys(names.split(), self.add_argument_group(title.strip())))
        for name, row in record.ROWS.items():
            if row[0] is not ...:
                _add_flag(groups.get(name, self), name, *row, several=not self.source)
            elif not self.source:
                _add_positional(groups.get(name, self), name, *row)
        if record.EXAMPLE:
            self.epilog = 'example: ' + record.EXAMPLE

    def error(self, message):
        if self.source:
            raise ValueError('%s is damaged (%s)' % (self.source, message))
        hint = '' if _MEANT in message else ' (-h lists the flags)'
        self.exit(2, '%s: error: %s%s\n' % (self.prog, one_line(message), hint))

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            words = '%r is unknown%s; choose from %s'
            near = _did_you_mean(value, action.choices)
            raise argparse.ArgumentError(action, words % (value, near, ', '.join(action.choices)))

    def values(self, argv):
        """The values of argv, {name: value}; a name that no flag has is an error."""
        found, unknown = self.parse_known_args(argv)
        if unknown:
            parser = self.commands.get(getattr(found, 'command', None), self)
            hint = parser._hint(unknown[0].partition('=')[0]) if unknown[0].startswith('-') else ''
            parser.error('unrecognized argument %s%s' % (unknown[0], hint))
        return vars(found)

    def _hint(self, text):
        """What is probably meant by a flag that there is not."""
        same = flag_aliases.same(text, dict(self.rows, **dict.fromkeys(_GENERAL, (None, ''))))
        if not same:
            return _did_you_mean(text, self._option_string_actions)
        if ' ' in same:
            return ' (%s)' % same
        default, meaning = self.rows.get(same, (None, ''))[:2]
        meaning = ': ' + re.split(r'[;:(]', meaning)[0].strip() if meaning else ''
        return ' (here it is %s%s)' % (same.upper() + ', without a flag' if default is ... else flag(same), meaning)


def _did_you_mean(text, known):
    near = difflib.get_close_matches(text, list(known), 1, 0.75)
    return _MEANT + '%s?)' % near[0] if near else ''


def general(values):
    """The settings among values that were parsed, {name: value}, and those that every script has."""
    own = {name: value for name, value in values.items() if name not in _GENERAL}
    return own, {name: values[name] for name in _GENERAL}


def typed(kind):
    """A kind of values for argparse: what is none ends in what the kind says it wants."""

    def value(text):
        try:
            return kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError('%r is not %s' % (text, wanted(kind))) from None

    return value


def wanted(kind):
    return _KINDS.get(kind) or kind.wants


def _metavar(name, kind):
    words = wanted(kind)
    whole = words.startswith(('a whole number', 'a power'))
    return 'N' if whole else 'X' if words.startswith('a number') else name.split('_')[-1].upper()


def _typed_as(default):
    return '%g' % default if isinstance(default, float) else str(default)


def _add_positional(group, name, _, meaning, kind):
    how = dict(nargs='+') if kind is list else dict(choices=kind) if isinstance(kind, tuple) else dict(type=typed(kind))
    meaning += ': ' + ', '.join(kind) if isinstance(kind, tuple) else ''
    group.add_argument(name, metavar=name.upper(), help=meaning.replace('%', '%%'), **how)


def _add_flag(group, name, default, meaning, kind=None, several=True):
    """several: a list has its texts after one flag, as people type them; otherwise each has a flag of its own."""
    kind = kind or type(default)
    if kind is bool:
        how = dict(action='store_true')
    elif kind is list:
        how = dict(nargs='+') if several else dict(action='append')
        how['metavar'] = name.split('_')[-1].upper()
        meaning += ' (default: %s)' % ' '.join(default)
    else:
        how = dict(choices=kind) if isinstance(kind, tuple) else dict(type=typed(kind), metavar=_metavar(name, kind))
        how.update(dict(nargs='?', const=kind[0]) if isinstance(kind, types.OptionalChoice) else {})
        meaning += '' if default is None else ' (default: %s)' % _typed_as(default)
    group.add_argument(flag(name), default=argparse.SUPPRESS, help=meaning.replace('%', '%%'), **how)


def _add_general(parser, all_of_them):
    group = parser.add_argument_group('general')
    group.add_argument('-h', '--help', action='help', help='show this and end')
    version = 'nodule generation with progressive growing wGAN %s, Python %s' % (VERSION, platform.python_version())
    group.add_argument('--version', action='version', version=version, help='show the version and end')
    if not all_of_them:
        return
    amount = group.add_mutually_exclusive_group()
    amount.add_argument('--quiet', action='store_true', help='no bars and no progress, only results and errors')
    amount.add_argument('--verbose', action='store_true', help='also versions, the device, and what took how long')
    config = 'settings from a JSON file, as the run.json of a training run; flags beside it count more'
    group.add_argument('--config', metavar='FILE', help=config)


def complete(parser):
    """Answer a shell that asks for completions, where argcomplete is installed."""
    if '_ARGCOMPLETE' in os.environ:
        try:
            import argcomplete
        except ImportError:
            return
        argcomplete.autocomplete(parser)
