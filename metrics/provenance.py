"""Which data weights learnt from, as far as somebody recorded it, and what that makes of a search for copies."""

import os

from common import schema

# FILE FORMAT: what is read of run.json, or of NAME.json beside NAME.pkl. parts: digests of the classes, or of all data
# that the weights saw; source: how the data were made; transfer: the weights that the training began with.
_FACTS = {'data': {'digest': schema.text, 'parts?': [schema.text], 'source?': schema.text}}
_FACTS['settings?'] = {'transfer?': schema.text}
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


def facts(model):
    """What NAME.json beside NAME.pkl, or else run.json there, says: data, perhaps settings; {} if neither is there.

    ValueError if the file is damaged.
    """
    folder = os.path.dirname(os.path.abspath(model))
    for path in (os.path.splitext(model)[0] + '.json', os.path.join(folder, 'run.json')):
        if os.path.exists(path):
            return schema.read(path, _FACTS, 'remove it, and what the model was trained on counts as not known')
    return {}


def relation(known, data):
    """What data are to weights of which `facts` are known, a key of WORDS.

    data: has a digest and parts, the digests of its classes.
    """
    if not known:
        return 'unknown'
    learnt, here = set(known['data'].get('parts') or [known['data']['digest']]), set(data.parts)
    if known['data']['digest'] == data.digest or learnt == here:
        return 'same'
    if not learnt & here:
        return 'transferred' if (known.get('settings') or {}).get('transfer') else 'different'
    return 'more' if learnt < here else 'part'


def describe(known, kind, path):
    """A relation in a line for a person. path: of the data."""
    source = known['data'].get('source') if known else None
    words = WORDS[kind] % path
    return '%s (those were %s)' % (words, source) if source and kind == 'different' else words
