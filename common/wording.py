"""Shares, intervals and p-values as words of a sentence."""


def percent(share):
    """'58.1 %'"""
    return '%.1f %%' % (100 * share)


def between(ends):
    """'52.3 to 63.7 %'"""
    return '%.1f to %.1f %%' % tuple(100 * end for end in ends)


def p_value(p):
    """'0.006', or '< 0.001'"""
    return '< 0.001' if p < 0.001 else '%.3f' % p


def p_equals(p):
    """'p = 0.006', or 'p < 0.001'"""
    return 'p ' + ('' if p < 0.001 else '= ') + p_value(p)
