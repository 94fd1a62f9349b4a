"""Which data weights learnt from, as far as somebody recorded it, and what that makes of a search for copies."""

_NOTHING = 'the search for copies says nothing about memorisation'
WORDS = {
    'same': '%s is the data it was trained on',
    'part': '%s is a part of the data it was trained on: copies of the rest are not looked for',
    'more': '%s is the data it was trained on, and others',
    'different': '%s is not the data it was trained on: ' + _NOTHING,
    'transferred': '%s is not the data it was trained on, and those of the weights that it began with are not known: '
    + _NOTHING,
    'unknown': 'not known whether %s is the data it was trained on (no run.json beside it tells): if it is not, '
    + _NOTHING,
}
LEARNT = 'same', 'part', 'more'  # those of which a search for copies tells something


def relation(known, data):
    """What data are to weights whose card.Card is known, a key of WORDS.

    data: has a digest and parts, the digests of its classes.
    """
    if not known.digest:
        return 'unknown'
    learnt, here = set(known.parts or [known.digest]), set(data.parts)
    if known.digest == data.digest or learnt == here:
        return 'same'
    if not learnt & here:
        return 'transferred' if known.transfer else 'different'
    return 'more' if learnt < here else 'part'


def describe(known, kind, path):
    """A relation in a line for a person. path: of the data."""
    words = WORDS[kind] % path
    return '%s (those were %s)' % (words, known.source) if known.source and kind == 'different' else words
