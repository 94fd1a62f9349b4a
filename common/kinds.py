"""Kinds of values: each turns a text into its value, or raises ValueError; its docstring says what it wants."""


def filled(text):
    """text (it is empty, as an unset variable of a shell is)"""
    if not text:
        raise ValueError(text)
    return text


def natural(text):
    """a whole number, zero or more, of at most 15 digits"""
    value = int(text)
    if not 0 <= value < 10**15:
        raise ValueError(text)
    return value


def positive(text):
    """a whole number, one or more, of at most 15 digits"""
    value = int(text)
    if not 1 <= value < 10**15:
        raise ValueError(text)
    return value


def numbers(text):
    """a whole number, one or more, of at most 15 digits, or several with commas"""
    return ','.join(str(positive(part)) for part in text.split(','))


def positive_float(text):
    """a number above zero"""
    value = float(text)
    if not 0 < value < float('inf'):
        raise ValueError(text)
    return value


def natural_float(text):
    """a number, zero or more"""
    value = float(text)
    if not 0 <= value < float('inf'):
        raise ValueError(text)
    return value


def rate(text):
    """a number from 0 to below 1"""
    value = float(text)
    if not 0 <= value < 1:
        raise ValueError(text)
    return value


def number_between(least, most, power_of_two=False):
    """A kind: a whole number from least to most."""

    def kind(text):
        value = int(text) if text.isdigit() else -1
        if not least <= value <= most or power_of_two and value & value - 1:
            raise ValueError(text)
        return value

    kind.__doc__ = 'a %s from %d to %d' % ('power of two' if power_of_two else 'whole number', least, most)
    return kind


class Alone(tuple):
    """Choices for a flag that may stand alone, which means the first of them."""


def channels(text):
    """1 or 3"""
    if text not in ('1', '3'):
        raise ValueError(text)
    return int(text)


def limits(text):
    """LO,HI: two numbers, the smaller first"""
    lo, hi = [float(part) for part in text.split(',')]
    if not float('-inf') < lo < hi < float('inf'):
        raise ValueError(text)
    return lo, hi
