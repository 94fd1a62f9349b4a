"""`Card`, what a dataset and weights record about their images: window, mm per pixel, classes, origin.

A dataset has its card in NAME.json. Weights carry theirs within the pickle, without names of nodules, scans and
patients; these, and the cards of files that carry none, are in NAME.json or run.json beside the pickle.
"""

import glob
import json
import os
import re
import typing

from common import hounsfield, manifest, schema, types, weight_files

PUBLISHED_WINDOW = hounsfield.WINDOWS['paper']  # that of the published patches, which record none
PHANTOMS = 'phantoms: computed, not from patients'  # FILE FORMAT: the source of simulated patches
KINDS = 'nodule', 'scan', 'patient'  # of names

# FILE FORMAT: NAME.json beside a dataset (_DATASET); the option `card` of networks in a pickle, which is JSON
# (_CARRIED); NAME.json or run.json beside weights (_BESIDE).
_SCALE = {'window?': types.limits, 'mm_per_pixel?': types.positive_float}
_DATASET = {'entries?': [dict(nodule=types.text, records=types.nonnegative)]}
_DATASET.update({name + '?': types.nonnegative for name in ('records', 'resolution', 'channels', 'fold')}, **_SCALE)
_CARRIED = {name + '?': types.text for name in ('source', 'digest', 'transfer')}
_CARRIED.update({name + '?': [types.text] for name in ('classes', 'parts')}, **_SCALE)
_NAMES = {kind + '?': [types.text] for kind in KINDS}
_SETTINGS = {'transfer?': types.text, 'holdout?': types.fraction, 'seed?': types.nonnegative}
_SETTINGS['mirror_augment?'] = types.switch
_BESIDE = {'data': dict(_CARRIED, digest=types.text, **{'names?': _NAMES}), 'settings?': _SETTINGS}


class Card(typing.NamedTuple):
    """What is known of a dataset, or of the data that weights learned from; None for what is not known."""

    path: str = None  # of the dataset or the weights
    window: tuple = None  # (lo, hi): HU at gray 0 and 255
    mm_per_pixel: float = None
    classes: list = None  # names, in the order of a network's labels
    source: str = None  # how the images were made
    digest: str = None  # of all pixels, as dataset.Pyramid computes it
    parts: list = None  # digests of the classes, or of all data that the weights saw
    names: dict = None  # {kind of KINDS: sorted names} of whom the images show
    transfer: str = None  # weights that the training began with
    holdout: tuple = None  # (share, seed) of the nodules that a training kept out, as dataset.split takes them
    mirrored: bool = None  # whether a training mirrored images at random
    entries: list = None  # of a dataset: {nodule, records, and perhaps scan, patient, ...}, in the order of the images
    differing: dict = {}  # {window or mm_per_pixel: [(class, value)]} where pooled classes differ
    records: int = None  # images at each level of a dataset
    resolution: int = None
    channels: int = None
    fold: int = None
    inner: object = None  # inner fold
    side: object = None  # train or test

    @property
    def unit(self):
        """Unit of `gray_window`: 'HU', or 'gray levels' of colour and where pooled classes have different windows."""
        return 'gray levels' if 'window' in self.differing or self.channels not in (None, 1) else 'HU'

    @property
    def gray_window(self):
        """What gray 0 and 255 stand for, in `unit`: the window that is recorded, else that of the published patches."""
        if self.unit != 'HU':
            return hounsfield.GRAY
        return tuple(self.window or PUBLISHED_WINDOW)

    @property
    def phantoms(self):
        """Whether the images are recorded as simulated patches, not from patients."""
        return self.source == PHANTOMS

    @property
    def adjective(self):
        """What to call the images, as opposed to generated ones."""
        return 'simulated' if self.phantoms else 'real'

    def to_hu(self, gray):
        """Gray levels 0..255 -> float32 in `unit`."""
        return hounsfield.to_hu(gray, self.gray_window)

    def members(self):
        """[(nodule, scan, patient)] of the images of a dataset; scan and patient may be None, as may the list."""
        if self.entries is None:
            return None
        members = []
        for entry in self.entries:
            members += [(entry['nodule'], entry.get('scan'), entry.get('patient'))] * entry['records']
        return members

    def class_names(self, label_size):
        """Names of the classes of a network with so many labels; None if they are not recorded."""
        names = self.classes or []
        return names if label_size and len(names) == label_size else None

    def label(self, label_size, text):
        """Index of the class that a text names, or counts from 0 where no class has that name; ValueError if none."""
        names = self.class_names(label_size) or []
        if text in names:
            return names.index(text)
        if text.isdecimal() and int(text) < label_size:
            return int(text)
        raise self._no_class(label_size, text)

    def label_of_class(self, label_size, name, index):
        """Label of a dataset's class in a network: that of its name where names are recorded, otherwise its index."""
        names = self.class_names(label_size)
        if names and name not in names:
            raise self._no_class(label_size, name)
        return names.index(name) if names else index

    def _no_class(self, label_size, text):
        if not label_size:
            return ValueError('%s has no classes, so it takes no label' % self.path)
        names = self.class_names(label_size)
        listed = ', '.join('%d %s' % pair for pair in enumerate(names)) if names else '0 to %d' % (label_size - 1)
        return ValueError('%s has no class %s; its classes are %s' % (self.path, text, listed))

    def differing_text(self, field):
        """'AIS -1350 to 150 HU, MIA -1900 to 1100 HU' of a field in `differing`."""
        texts = []
        for name, value in self.differing[field]:
            if field == 'window':
                texts.append('%s %g to %g HU' % ((name,) + tuple(value)))
            else:
                texts.append('%s %s' % (name, 'not known' if value is None else '%g mm per pixel' % value))
        return ', '.join(texts)

    def data(self):
        """What NAME.json or run.json beside weights holds under `data`."""
        fields = {name: getattr(self, name) for name in ('digest', 'parts', 'classes', 'window', 'mm_per_pixel')}
        fields.update(source=self.source, names=self.names)
        return {name: value for name, value in fields.items() if value is not None}

    def text(self):
        """What a pickle carries: JSON without names of nodules, scans and patients, and without folders."""
        fields = {name.rstrip('?'): getattr(self, name.rstrip('?')) for name in _CARRIED}
        fields['transfer'] = os.path.basename(self.transfer) if self.transfer else None
        return json.dumps({name: value for name, value in sorted(fields.items()) if value is not None})


def of_data(path):
    """The Card of a dataset: a folder, one of its tfrecords files, or either without its ending.

    ValueError if its NAME.json is damaged.
    """
    name = os.path.basename(os.path.abspath(path))
    inside = sorted(glob.glob(os.path.join(glob.escape(path), '*-r??.tfrecords')))
    stem = inside[0] if inside else os.path.join(path, name) if os.path.isdir(path) else path
    stem = re.sub(r'(-r\d\d)?\.tfrecords$', '', stem)
    if not os.path.exists(stem + '.json'):
        return Card(path=path, classes=[name])
    facts = schema.read(stem + '.json', _DATASET, 'make the dataset again, or remove that file')
    fields = _fields(facts, [*_DATASET, 'inner', 'side'])
    source = facts.get('source')
    card = Card(path=path, classes=[name], source=None if source is None else str(source), **fields)
    return card._replace(names=_names(card.members()))


def _fields(values, names):
    """{field of a Card: value} of values from JSON. names: as in a schema."""
    fields = {name.rstrip('?'): values.get(name.rstrip('?')) for name in names}
    fields['window'] = fields['window'] and tuple(fields['window'])
    return fields


def _names(members):
    """{kind: sorted names} of Card.members; None of None."""
    if members is None:
        return None
    return {kind: sorted({member[i] for member in members} - {None}) for i, kind in enumerate(KINDS)}


def combined(cards):
    """The Card of pooled classes or datasets: what all record alike, and in `differing` what they do not.

    Where some record a window, the others have that of the published patches. Entries and names are None unless all
    have them.
    """
    windows = [card.window for card in cards]
    if any(windows):
        windows = [card.gray_window for card in cards]
    values = {'window': windows, 'mm_per_pixel': [card.mm_per_pixel for card in cards]}
    classes = [name for card in cards for name in card.classes]
    alike, differing = {}, {}
    for field, of_classes in values.items():
        if all(value == of_classes[0] for value in of_classes):
            alike[field] = of_classes[0]
        else:
            differing[field] = list(zip(classes, of_classes))
    if all(card.source == cards[0].source for card in cards):
        alike['source'] = cards[0].source
    entries = None
    if all(card.entries is not None for card in cards):
        entries = [entry for card in cards for entry in card.entries]
    pooled = Card(path=cards[0].path, classes=classes, entries=entries, differing=differing, **alike)
    return pooled._replace(names=_names(pooled.members()))


def of_weights(path):
    """The Card of the data that a weight file learned from; ValueError if it, or the JSON beside it, is damaged."""
    states = weight_files.read(path, roles=None) if os.path.isfile(path) else [dict(static_kwargs={})]
    return _merged(states[0]['static_kwargs'].get('card'), path)


def of_network(network, path):
    """As of_weights, of a tfutil.Network that was loaded from path."""
    return _merged(network.card, path)


def _merged(text, path):
    """The Card that a pickle carries as text, completed by the file beside it where that is of the same data."""
    beside = _beside(path)
    if text is None:
        return beside
    try:
        fields = json.loads(text)
        problem = schema.problem(fields, _CARRIED)
    except (ValueError, TypeError, RecursionError):
        problem = 'it is not JSON'
    if problem:
        raise ValueError('%s is damaged (its card: %s); copy it again' % (path, problem))
    carried = Card(path=path, **_fields(fields, _CARRIED))
    if not carried.digest and beside.digest:  # emptied
        return beside
    if carried.digest == beside.digest:
        carried = carried._replace(names=beside.names, holdout=beside.holdout, mirrored=beside.mirrored)
    return carried


def _beside(path):
    """The Card in NAME.json beside NAME.pkl, or else in run.json there."""
    folder = os.path.dirname(os.path.abspath(path))
    for file in (os.path.splitext(path)[0] + '.json', os.path.join(folder, 'run.json')):
        remedy = 'remove it, and what the model was trained on counts as not known'
        if os.path.exists(file) and 'records' not in schema.read(file, types.mapping, remedy):  # of a dataset
            facts = schema.read(file, _BESIDE, remedy)
            fields = _fields(facts['data'], _BESIDE['data'])
            settings = facts.get('settings') or {}
            fields.update(transfer=settings.get('transfer'), mirrored=settings.get('mirror_augment'))
            if settings.get('holdout'):
                fields['holdout'] = settings['holdout'], settings.get('seed') or 0
            return Card(path=path, **fields)
    return Card(path=path)


def of_training(data, classes, transfer=None):
    """The Card of weights that learn from a dataset, {data: its Card}, and begin with those of the path `transfer`.

    Its parts and names are also those that the weights of `transfer` learned from. Names are None where either is not
    known.
    """
    parts, names = data.parts, data.names
    if transfer:
        before = of_weights(transfer)
        seen = before.parts or [before.digest]
        parts = parts and parts + [part for part in seen if part and part not in parts]
        if names and before.names is not None:
            names = {kind: sorted(set(names[kind]) | set(before.names.get(kind) or [])) for kind in KINDS}
        elif names:
            names = None
    return data._replace(classes=classes, transfer=transfer, parts=parts, names=names, entries=None)


def normalize(patient):
    """A patient's name or number in one form for all spellings: capitals and blanks do not count."""
    return ' '.join(patient.split()).casefold()


def in_common(names, others):
    """(kind, a name) that two {kind: names} have in common, or None; patients in all spellings."""
    for kind in KINDS:
        spelt = normalize if kind == 'patient' else str
        here, there = [{spelt(name): name for name in both.get(kind) or []} for both in (names, others)]
        both = set(here) & set(there)
        if both:
            return kind, here[min(both)]
    return None


def sha256(path):
    """SHA-256 of a weight file, as hexadecimal digits."""
    return manifest.size_and_digest(path)[1]
