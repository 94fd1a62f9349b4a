"""The card of a dataset for catalogues and search engines: Croissant 1.1, a form of JSON-LD.

FILE FORMAT: docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html. It holds no names of nodules, scans, patients
and folders.
"""

import os

from common import card, files, manifest

NAME = 'croissant.json'
# The terms of the specification.
_TERMS = """arrayShape citeAs column containedIn equivalentProperty extract field fileProperty fileObject fileSet format
includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace
samplingRate separator source subField transform""".split()
_CONTEXT = {term: 'cr:' + term for term in _TERMS}
_CONTEXT.update({'@language': 'en', '@vocab': 'https://schema.org/', 'sc': 'https://schema.org/'})
_CONTEXT.update(cr='http://mlcommons.org/croissant/', rai='http://mlcommons.org/croissant/RAI/')
_CONTEXT.update(dct='http://purl.org/dc/terms/', conformsTo='dct:conformsTo')
_CONTEXT.update(data={'@id': 'cr:data', '@type': '@json'}, examples={'@id': 'cr:examples', '@type': '@json'})
_CONTEXT.update(dataType={'@id': 'cr:dataType', '@type': '@vocab'})
_CONTEXT.update(name={'@container': '@language'}, description={'@container': '@language'})


def _description(facts, files_count):
    """Sentences on a dataset with this card.Card."""
    nodules = len((facts.names or {}).get('nodule') or [])
    parts = [
        'Patches of CT with a lung nodule in the middle, as tfrecords of all resolutions (%d files).' % files_count
    ]
    if facts.phantoms:
        parts.append('Simulated: computed, not from patients.')
    elif facts.source:
        parts.append('From %s.' % facts.source)
    if facts.records:
        parts.append('%d images of %d nodules.' % (facts.records, nodules) if nodules else '%d images.' % facts.records)
    if facts.window:
        parts.append('Gray 0 to 255 is %g to %g HU.' % facts.window)
    if facts.mm_per_pixel:
        parts.append('%g mm per pixel at the finest resolution.' % facts.mm_per_pixel)
    return ' '.join(parts + ['Not for diagnosis.'])


def write(dataset, license, url):
    """Write croissant.json into the folder of a dataset; its path. license: a name or an address, or None."""
    names = (
        sorted(name for name in os.listdir(dataset) if name.endswith('.tfrecords')) if os.path.isdir(dataset) else []
    )
    if not names:
        raise ValueError('%s holds no tfrecords; name the folder of one dataset' % dataset)
    facts = card.of_data(dataset)
    path = os.path.join(dataset, NAME)
    distribution = []
    for name in names:
        size, digest = manifest.size_and_digest(os.path.join(dataset, name))
        entry = {'@type': 'cr:FileObject', '@id': name, 'name': name, 'contentUrl': name, 'sha256': digest}
        distribution.append(dict(entry, encodingFormat='application/x-tfrecord', contentSize='%d B' % size))
    about = {'@context': _CONTEXT, '@type': 'sc:Dataset', 'conformsTo': 'http://mlcommons.org/croissant/1.1'}
    about.update(name=facts.classes[0], description=_description(facts, len(names)), distribution=distribution)
    about.update({key: value for key, value in (('license', license), ('url', url)) if value})
    files.write_json(path, about)
    return path
