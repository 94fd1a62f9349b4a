"""Kinds of values: each turns a text into its value, or raises ValueError; `wants` says in words what it takes."""


def wants(words):
    """Note for a kind the words that a complaint uses for what it takes; python -OO drops docstrings."""

    def noted(kind):
        kind.wants = words
        return kind

    return noted


@wants('text (it is empty, as an unset variable of a shell is)')
def nonempty(text):
    if not text:
        raise ValueError(text)
    return text


@wants('a whole number, zero or more, of at most 15 digits')
def nonnegative(text):
    value = int(text)
    if not 0 <= value < 10**15:
        raise ValueError(text)
    return value


@wants('a whole number, one or more, of at most 15 digits')
def positive(text):
    value = int(text)
    if not 1 <= value < 10**15:
        raise ValueError(text)
    return value


@wants('a whole number, one or more, of at most 15 digits, or several with commas')
def numbers(text):
    return ','.join(str(positive(part)) for part in text.split(','))


@wants('a number above zero')
def positive_float(text):
    value = float(text)
    if not 0 < value < float('inf'):
        raise ValueError(text)
    return value


@wants('a number, zero or more')
def nonnegative_float(text):
    value = float(text)
    if not 0 <= value < float('inf'):
        raise ValueError(text)
    return value


@wants('a number from 0 to below 1')
def fraction(text):
    value = float(text)
    if not 0 <= value < 1:
        raise ValueError(text)
    return value


def number_between(least, most, power_of_two=False):
    """A kind: a whole number from least to most."""

    @wants('a %s from %d to %d' % ('power of two' if power_of_two else 'whole number', least, most))
    def kind(text):
        value = int(text) if text.isdigit() else -1
        if not least <= value <= most or power_of_two and value & value - 1:
            raise ValueError(text)
        return value

    return kind


class OptionalChoice(tuple):
    """Choices for a flag that may stand alone, which means the first of them."""


@wants('1 or 3')
def channels(text):
    if text not in ('1', '3'):
        raise ValueError(text)
    return int(text)


@wants('LO,HI: two numbers, the smaller first')
def limits(text):
    lo, hi = [float(part) for part in text.split(',')]
    if not float('-inf') < lo < hi < float('inf'):
        raise ValueError(text)
    return lo, hi
