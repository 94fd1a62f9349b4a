"""Cards of datasets for catalogues."""

import hashlib
import json
import logging
import os

import numpy as np
import pytest

import dataset


@pytest.fixture
def folder(tmp_path):
    """A dataset of 8x8 that records what it is, and who is shown."""
    path = str(tmp_path / 'AIS')
    dataset.write(path, 'AIS', np.random.RandomState(0).randint(256, size=[6, 1, 8, 8]).astype(np.uint8))
    facts = dict(window=[-1350, 150], mm_per_pixel=0.7, source='CT volumes', records=6)
    facts['entries'] = [dict(nodule='Smith-1', patient='Smith', records=3), dict(nodule='Smith-2', records=3)]
    (tmp_path / 'AIS' / 'AIS.json').write_text(json.dumps(facts))
    return path


def test_a_dataset_has_a_card_with_its_files_and_without_names(folder, succeeds):
    succeeds('0-dataset_create.py', 'card', folder, '--license', 'CC-BY-4.0')
    path = os.path.join(folder, 'croissant.json')
    with open(path) as f:
        text = f.read()
    about = json.loads(text)
    assert about['name'] == 'AIS' and about['license'] == 'CC-BY-4.0' and 'Smith' not in text
    assert '6 images of 2 nodules' in about['description'] and '-1350 to 150 HU' in about['description']
    assert about['conformsTo'] == 'http://mlcommons.org/croissant/1.1'
    files = {x['@id']: x['sha256'] for x in about['distribution']}
    assert sorted(files) == ['AIS-r02.tfrecords', 'AIS-r03.tfrecords']
    for name, digest in files.items():
        with open(os.path.join(folder, name), 'rb') as f:
            assert hashlib.sha256(f.read()).hexdigest() == digest


def test_the_validator_of_croissant_accepts_it(folder, succeeds, caplog):
    validator = pytest.importorskip('mlcroissant')
    succeeds('0-dataset_create.py', 'card', folder, '--license', 'CC-BY-4.0', '--url', 'https://example.org/ais')
    with caplog.at_level(logging.WARNING):
        metadata = validator.Dataset(jsonld=os.path.join(folder, 'croissant.json')).metadata
    assert metadata.name and len(metadata.distribution) == 2
    assert not metadata.ctx.issues.errors and '@context' not in caplog.text


def test_a_folder_without_tfrecords_is_refused(complains, tmp_path):
    complains('0-dataset_create.py', 'card', tmp_path, parts=[tmp_path, 'no tfrecords'])
