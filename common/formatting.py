"""Shares, intervals and p-values as words of a sentence, and the order of names."""

import re


def natural_order(name):
    """A key that sorts names as people do: 'class2' before 'class10', and letters as `sorted` alone would."""
    parts = re.split('([0-9]+)', name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], name


def percent(share):
    """'58.1 %'"""
    return '%.1f %%' % (100 * share)


def interval(ends):
    """'52.3 to 63.7 %'"""
    return '%.1f to %.1f %%' % tuple(100 * end for end in ends)


def p_value(p):
    """'0.006', or '< 0.001'"""
    return '< 0.001' if p < 0.001 else '%.3f' % p


def p_equals(p):
    """'p = 0.006', or 'p < 0.001'"""
    return 'p ' + ('' if p < 0.001 else '= ') + p_value(p)
