"""Types of values: what a flag's text is turned into, and which values of JSON are taken."""


class Type:
    """A type of values.

    wanted: what a complaint says after "is not". metavar: stands for a value in -h, by default the flag's last word.
    parse: a function from text to the value; check: a function from a value of JSON to the value. Both raise ValueError
    (TypeError, OverflowError) for what is none.
    """

    def __init__(self, wanted, parse, check, metavar=None):
        self.wanted = wanted
        self.metavar = metavar
        self._parse = parse
        self._check = check

    def parse(self, text):
        """The value that a text stands for; ValueError, with a sentence, if it stands for none."""
        return self._value(self._parse, text)

    def check(self, value):
        """The value that a value of JSON stands for; ValueError, with a sentence, if it stands for none."""
        return self._value(self._check, value)

    def _value(self, function, value):
        try:
            return function(value)
        except (ValueError, TypeError, OverflowError):
            raise ValueError('%r is not %s' % (value, self.wanted)) from None

    def read(self, value):
        """The value of a setting in a JSON file or of its default: text and numbers are taken as a flag's text is."""
        return self.parse(str(value)) if type(value) in (str, int, float) else self.check(value)

    def accepts(self, value):
        """Whether a value of JSON is of this type."""
        try:
            self.check(value)
        except ValueError:
            return False
        return True


class Choice(Type):
    """One of several texts. optional: the flag may stand alone, which means the first of them."""

    def __init__(self, *choices, optional=False):
        super().__init__('one of ' + ', '.join(choices), self._chosen, self._chosen)
        self.choices = choices
        self.optional = optional

    def _chosen(self, value):
        if value is True and self.optional:
            return self.choices[0]
        if value not in self.choices:
            raise ValueError
        return value


def flag_type(wanted, metavar=None):
    """Decorator: makes a Type of a parser of flag text. JSON values are not accepted; a settings file has that text."""
    return lambda parse: Type(wanted, parse, lambda value: _require(value, False), metavar)


def json_type(wanted):
    """Decorator: makes a Type of a function that says whether a value of JSON is of the type."""

    def decorate(holds):
        def check(value):
            return _require(value, holds(value))

        return Type(wanted, check, check)

    return decorate


def _require(value, holds):
    if not holds:
        raise ValueError
    return value


def _integer_type(wanted, holds):
    def check(value):
        return _require(value, type(value) is int and holds(value))

    return Type(wanted, lambda text: check(int(text)), check, 'N')


def _float_type(wanted, holds):
    def check(value):
        return _require(float(value), type(value) in (int, float) and holds(value))

    return Type(wanted, lambda text: check(float(text)), check, 'X')


def integer_between(least, most):
    """A Type: a whole number from least to most."""
    return _integer_type('a whole number from %d to %d' % (least, most), lambda value: least <= value <= most)


def float_between(least, most):
    """A Type: a number from least to most."""
    return _float_type('a number from %s to %s' % (least, most), lambda value: least <= value <= most)


def power_of_two(least, most):
    """A Type: a power of two from least to most."""
    powers = [2**i for i in range(64) if least <= 2**i <= most]
    return _integer_type('a power of two from %d to %d' % (least, most), lambda value: value in powers)


switch = json_type('true or false')(lambda value: type(value) is bool)
text = json_type('text')(lambda value: isinstance(value, str))
_list_of_texts = json_type('a list of texts')(lambda value: isinstance(value, list) and all(map(text.accepts, value)))
texts = Type(_list_of_texts.wanted, lambda text: [text], _list_of_texts.check)
mapping = json_type('an object')(lambda value: isinstance(value, dict))
nonempty = json_type('text (it is empty, as an unset variable of a shell is)')(
    lambda value: isinstance(value, str) and value != ''
)
nonnegative = _integer_type('a whole number, zero or more, of at most 15 digits', lambda value: 0 <= value < 10**15)
positive = _integer_type('a whole number, one or more, of at most 15 digits', lambda value: 1 <= value < 10**15)
number = _float_type('a number of at most ten digits', lambda value: abs(value) < 1e10)
positive_float = _float_type('a number above zero', lambda value: 0 < value < float('inf'))
nonnegative_float = _float_type('a number, zero or more', lambda value: 0 <= value < float('inf'))
fraction = _float_type('a number from 0 to below 1', lambda value: 0 <= value < 1)


@flag_type('a whole number, one or more, of at most 15 digits, or several with commas', 'N')
def integers(text):
    return ','.join(str(positive.parse(part)) for part in text.split(','))


@flag_type('two or more different names with commas', 'NAMES')
def names(text):
    parts = [part.strip() for part in text.split(',')]
    if len(parts) < 2 or '' in parts or len({part.lower() for part in parts}) < len(parts):
        raise ValueError
    return ','.join(parts)


def _channels(value):
    return _require(int(value), str(value) in ('1', '3'))


def _limits(lo, hi):
    return _require((lo, hi), lo < hi)


channels = Type('1 or 3', _channels, _channels)
limits = Type(
    'LO,HI: two numbers, the smaller first',
    lambda text: _limits(*map(number.parse, text.split(','))),
    lambda values: _limits(*map(number.check, values)),
)
