"""Pages about phantoms call them simulated, and never real."""

import json
import re

import pytest

import dataset
import sets
from common.card import PHANTOMS
from metrics import comparison, evaluate, evaluation_page
from places import ONCE

pytestmark = pytest.mark.usefixtures('discs')


def words(path):
    """Text of a page, its alternative texts and labels."""
    page = path.read_text(encoding='utf-8')
    page = re.sub(r'<(style|script)>.*?</\1>', '', page, flags=re.DOTALL)
    attributes = re.findall(r'(?:alt|aria-label|title)="([^"]*)"', page)
    text = ' '.join(re.sub(r'<[^>]*>', ' ', page).split() + attributes).lower()
    return text.replace('--real-holdout', '')


@ONCE
@pytest.mark.parametrize('source, used, unused', [(PHANTOMS, 'simulated', 'real'), (None, 'real', 'simulated')])
def test_pages_call_images_that_are_recorded_as_phantoms_simulated(random, tmp_path, source, used, unused):
    images = sets.pictures(random, 80, 16)
    folder = tmp_path / 'AIS'
    dataset.write(str(folder), 'AIS', images[:50])
    (folder / 'AIS.json').write_text(json.dumps(dict(source=source) if source else {}))
    both = [evaluate(part, str(folder), number=12, audit=6) for part in (images[50:65], images[65:])]
    evaluation_page.write(both[0], str(tmp_path))
    result = comparison.write(both, str(tmp_path))
    for name in ('evaluation.html', 'comparison.html'):
        text = words(tmp_path / name)
        assert re.search(r'\b%s\b' % used, text) and not re.search(r'\b%ss?\b' % unused, text)
    assert ('not from patients' in text) == (source == PHANTOMS)
    printed = ' '.join([str(both[0]), comparison.table(result)] + [str(note) for note in both[0].notes])
    assert re.search(r'\b%s\b' % used, printed) and not re.search(r'\b%ss?\b' % unused, printed)
