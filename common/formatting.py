"""Shares and p-values as text, and the order of names."""

import re


def natural_order(name):
    """A key that sorts names as people do: 'class2' before 'class10', and letters as `sorted` alone would."""
    parts = re.split('([0-9]+)', name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], name


def percent(share):
    """'58.1 %'"""
    return '%.1f %%' % (100 * share)


def p_equals(p):
    """'p = 0.006', or 'p < 0.001'"""
    return 'p < 0.001' if p < 0.001 else 'p = %.3f' % p
