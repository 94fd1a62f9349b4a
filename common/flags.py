"""Records of settings as flags: the parser, its help and its complaints."""

import argparse
import difflib
import os
import platform
import re

from common import VERSION, flag_aliases, types
from common.log import one_line, program

GENERAL = 'quiet', 'verbose', 'config'  # flags of every script


def flag(name):
    """The flag of a setting, such as --fmap-max of fmap_max."""
    return '--' + name.replace('_', '-')


class Parser(argparse.ArgumentParser):
    """Reads flags; a wrong one is a line on stderr, with what was wanted or probably meant, and exit code 2.

    record: flags of these settings, or commands: {name: record}, those of one of these.
    """

    def __init__(self, record=None, commands=None, prog=None, **options):
        options.setdefault('allow_abbrev', False)
        super().__init__(formatter_class=_help_formatter, add_help=False, prog=prog or program(), **options)
        self._negative_number_matcher = re.compile(r'-[\d.]')  # of argparse: -1000,400 is a value, too
        self.settings = record.SETTINGS if record else {}
        self.commands = {}
        positional = [name for name, setting in self.settings.items() if setting.default is ...]
        self._set_usage(['command'] if commands else positional)
        if commands:
            self._add_commands(commands)
        if record:
            self._add_settings(record)
        self._add_general(settings=bool(record))

    def _set_usage(self, positional):
        python = '' if self.prog.startswith('python') else 'python '
        self.usage = ' '.join([python + '%(prog)s'] + [name.upper() for name in positional] + ['[flags]'])

    def _add_commands(self, commands):
        options = dict(metavar='COMMAND', title='commands', parser_class=Parser, prog=self.prog)
        choice = self.add_subparsers(dest='command', **options)
        for name, record in commands.items():
            meaning = record.DESCRIPTION
            self.commands[name] = choice.add_parser(name, record=record, help=meaning, description=meaning)
        self.epilog = 'COMMAND -h lists the flags of one'

    def _add_settings(self, record):
        """Settings without a flag are left out of what parsing returns."""
        for title, names in record.GROUPS:
            group = self.add_argument_group(title) if title else self
            for name in names:
                _add_setting(group, name, record.SETTINGS[name])
        if record.EXAMPLE:
            self.epilog = 'example: ' + record.EXAMPLE

    def _add_general(self, settings):
        group = self.add_argument_group('general')
        group.add_argument('-h', '--help', action='help', help='show this and end')
        version = 'nodule generation with progressive growing wGAN %s, Python %s'
        version %= VERSION, platform.python_version()
        group.add_argument('--version', action='version', version=version, help='show the version and end')
        if settings:
            amount = group.add_mutually_exclusive_group()
            amount.add_argument('--quiet', action='store_true', help='no bars and no progress, only results and errors')
            verbose = 'also versions, the device, and what took how long'
            amount.add_argument('--verbose', action='store_true', help=verbose)
            config = 'settings from a JSON file, as the run.json of a training run; flags beside it count more'
            group.add_argument('--config', metavar='FILE', help=config)

    def error(self, message):
        self.exit(2, '%s: error: %s (-h lists the flags)\n' % (self.prog, one_line(message)))

    def _check_value(self, action, value):
        """Of argparse: refuses a choice that there is not."""
        if action.choices is not None and value not in action.choices:
            message = '%r is unknown%s; choose from %s'
            message %= value, _did_you_mean(value, action.choices), ', '.join(action.choices)
            raise argparse.ArgumentError(action, message)

    def values(self, argv):
        """The values of argv, {name: value}; a name that no flag has is an error."""
        namespace, unknown = self.parse_known_args(argv)
        if unknown:
            parser = self.commands.get(getattr(namespace, 'command', None), self)
            parser._refuse(unknown[0])
        return vars(namespace)

    def _refuse(self, argument):
        """Complain of an argument that no flag takes, with the flag that is probably meant."""
        hint = self._hint(argument.partition('=')[0]) if argument.startswith('-') else ''
        self.error('unrecognized argument %s%s' % (argument, hint))

    def _hint(self, name):
        alias = flag_aliases.find(name, list(self.settings) + list(GENERAL))
        if alias in self.settings:
            setting = self.settings[alias]
            here = alias.upper() + ', without a flag' if setting.default is ... else flag(alias)
            return ' (here it is %s: %s)' % (here, setting.meaning)
        if alias:
            return ' (here it is %s)' % flag(alias)
        remedy = flag_aliases.remedy(name)
        return ' (%s)' % remedy if remedy else _did_you_mean(name, self._option_string_actions)


def _help_formatter(prog):
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=32)


def _did_you_mean(text, choices):
    near = difflib.get_close_matches(text, list(choices), 1, 0.75)
    return ' (did you mean %s?)' % near[0] if near else ''


def _add_setting(group, name, setting):
    """Add the flag of a setting, or the argument without a flag that has to be given."""
    kind, meaning = setting.type, setting.meaning
    word = name.split('_')[-1].upper()
    if kind is types.switch:
        options = dict(action='store_true')
    elif kind is types.texts:
        options = dict(nargs='+', metavar=word)
    elif isinstance(kind, types.Choice):
        options = dict(choices=kind.choices)
        options.update(dict(nargs='?', const=kind.choices[0]) if kind.optional else {})
    else:
        options = dict(type=_argparse_type(kind), metavar=kind.metavar or word)
    if setting.default is ...:
        meaning += ': ' + ', '.join(kind.choices) if isinstance(kind, types.Choice) else ''
        options['metavar'] = name.upper()
        group.add_argument(name, help=_escaped(meaning), **options)
    else:
        group.add_argument(
            flag(name), default=argparse.SUPPRESS, help=_escaped(meaning + _default(setting.default)), **options
        )


def _argparse_type(kind):
    def value(text):
        try:
            return kind.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return value


def _escaped(text):
    return text.replace('%', '%%')


def _default(default):
    """The end of a help text: a default as it is typed."""
    if default is None or default is False:
        return ''
    if isinstance(default, list):
        default = ' '.join(default)
    return ' (default: %s)' % ('%g' % default if isinstance(default, float) else default)


def complete(parser):
    """Answer a shell that asks for completions, where argcomplete is installed."""
    if '_ARGCOMPLETE' in os.environ:
        try:
            import argcomplete
        except ImportError:
            return
        argcomplete.autocomplete(parser)
