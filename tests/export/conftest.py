"""Random weights with the card of phantoms, and evaluations of them."""

import json

import pytest

from common import card
from runs import random_networks

CARD = card.Card(source=card.PHANTOMS, digest='1a2b-40', mm_per_pixel=0.7, window=(-1350.0, 150.0))


@pytest.fixture(scope='session')
def weights(tmp_path_factory):
    """A pickle of random networks of 16x16 that learned from phantoms."""
    return random_networks(str(tmp_path_factory.mktemp('weights') / 'AIS.pkl'), card_text=CARD.text())


@pytest.fixture
def evaluate(tmp_path):
    """Writes an evaluation.json of a weight file in which no copies were found, or what is given; its path."""

    def write(path, **changes):
        row = dict(key='nearer_share', fakes=0.009, reals=0.011)
        data = dict(weights=[card.sha256(path)], relation='same', rows=[row])
        data['verdicts'] = [dict(topic='fidelity', state='differs'), dict(topic='copies', state='alike')]
        evaluation = tmp_path / 'evaluation.json'
        evaluation.write_text(json.dumps(dict(data, **changes)))
        return str(evaluation)

    return write
