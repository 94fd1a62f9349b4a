"""What is recorded of weights beside them: NAME.json of NAME.pkl, or run.json of the run that trained them."""

import os

from common import manifest, schema, types
from common.hounsfield import SCALE

# FILE FORMAT: what is read of either file. parts: digests of the classes, or of all data that the weights saw; source:
# how the data were made; transfer: the weights that the training began with. classes: their names, by label. names: of
# the nodules, scans and patients, also those of the weights that the training began with. window, HU at gray 0 and 255,
# and mm_per_pixel: as the dataset's NAME.json had them.
_NAMES = {'nodule?': [types.text], 'scan?': [types.text], 'patient?': [types.text]}
_FACTS = {'data': {'digest': types.text, 'source?': types.text, 'names?': _NAMES}}
_FACTS['data'].update({'parts?': [types.text], 'classes?': [types.text]}, **SCALE)
_FACTS['settings?'] = {'transfer?': types.text}


def digest(model):
    """SHA-256 of a weight file, as hexadecimal digits."""
    return manifest.size_and_digest(model)[1]


def facts(model):
    """What NAME.json beside NAME.pkl, or else run.json there, says: data, perhaps settings; {} if neither is there.

    ValueError if the file is damaged.
    """
    folder = os.path.dirname(os.path.abspath(model))
    for path in (os.path.splitext(model)[0] + '.json', os.path.join(folder, 'run.json')):
        if os.path.exists(path):
            return schema.read(path, _FACTS, 'remove it, and what the model was trained on counts as not known')
    return {}


def data_facts(model):
    """What is recorded of the data that weights learnt from; {} if nothing is."""
    return facts(model).get('data', {})


def classes(model, label_size):
    """The names of the classes of a network with so many labels, in order; None if they are not recorded."""
    names = data_facts(model).get('classes') or []
    return names if label_size and len(names) == label_size else None


def label(model, label_size, text):
    """The number of the class that a text names or, where none has that name, counts from 0; ValueError if none is."""
    names = classes(model, label_size) or []
    if text in names:
        return names.index(text)
    if text.isdigit() and int(text) < label_size:
        return int(text)
    raise _unknown(model, label_size, text)


def label_of_class(model, label_size, name, place):
    """The number of a class of data in a network: where it is recorded, that of its name, otherwise its place."""
    names = classes(model, label_size)
    if names and name not in names:
        raise _unknown(model, label_size, name)
    return names.index(name) if names else place


def _unknown(model, label_size, text):
    if not label_size:
        return ValueError('%s has no classes; leave the flag out' % model)
    names = classes(model, label_size)
    listed = ', '.join('%d %s' % pair for pair in enumerate(names)) if names else '0 to %d' % (label_size - 1)
    return ValueError('%s has no class %s; its classes are %s' % (model, text, listed))
