import collections
import json

import numpy as np
import pytest

import dataset
from common import model_record
from metrics import training_data

Data = collections.namedtuple('Data', 'digest parts')
ONE, TWO = Data('a-1', ['a-1']), Data('ab-2', ['a-1', 'b-1'])


def known(digest, **more):
    return dict(data=dict(digest=digest, **more))


@pytest.mark.parametrize(
    'facts, data, kind',
    [
        ({}, ONE, 'unknown'),
        (known('a-1'), ONE, 'same'),
        (known('ab-2'), TWO, 'same'),
        (known('ab-2', parts=['b-1', 'a-1']), TWO, 'same'),
        (known('c-1', parts=['c-1']), ONE, 'different'),
        (known('c-1'), TWO, 'different'),
        (known('ab-2', parts=['a-1', 'b-1']), ONE, 'part'),
        (known('a-1', parts=['a-1']), TWO, 'more'),
        (known('ac-2', parts=['a-1', 'c-1']), TWO, 'part'),
        (dict(known('c-1'), settings=dict(transfer='other.pkl')), ONE, 'transferred'),
        (dict(known('a-1'), settings=dict(transfer='other.pkl')), ONE, 'same'),
    ],
)
def test_data_are_what_their_digests_say(facts, data, kind):
    assert training_data.relation(facts, data) == kind
    assert 'FOLDER' in training_data.describe(facts, kind, 'FOLDER')


def test_a_search_for_copies_says_nothing_unless_the_data_are_known_to_be_those_of_the_training():
    for kind in training_data.WORDS:
        nothing = 'says nothing about memorisation' in training_data.WORDS[kind]
        assert nothing == (kind in ('different', 'transferred', 'unknown'))
    facts = known('c-1', source='phantom AIS')
    assert training_data.describe(facts, 'different', 'x').endswith('(those were phantom AIS)')


def test_facts_are_those_of_the_file_of_the_same_name_then_those_of_the_run(tmp_path):
    model = str(tmp_path / 'network-final.pkl')
    assert model_record.facts(model) == {}
    (tmp_path / 'run.json').write_text(json.dumps(dict(known('a-1'), settings=dict(transfer=None))))
    assert model_record.facts(model)['data']['digest'] == 'a-1'
    (tmp_path / 'network-final.json').write_text(json.dumps(known('b-1')))
    assert model_record.facts(model)['data']['digest'] == 'b-1'
    (tmp_path / 'network-final.json').write_text('{"data": {"digest": 7}}')
    with pytest.raises(ValueError, match='network-final.json is damaged'):
        model_record.facts(model)


def test_classes_of_which_one_says_another_window_are_named(tmp_path):
    for name, window in (('A', [-1000, 400]), ('B', [-1900, 1100]), ('C', None)):
        dataset.write(str(tmp_path / name), name, np.zeros([2, 1, 8, 8], np.uint8))
        (tmp_path / name / (name + '.json')).write_text(json.dumps(dict(window=window, mm_per_pixel=0.6)))
    a, b, c, whole = [dataset.Pyramid(str(tmp_path / name)) for name in ('A', 'B', 'C', '')]
    assert (
        training_data.differing(a) == {} and training_data.differing(b, c) == {}
    )  # who says nothing has the paper's window
    assert training_data.scale(b, c) == dict(window=[-1900, 1100], mm_per_pixel=0.6)
    assert training_data.scale(c)['window'] is None and training_data.scale(whole)['window'] is None
    words = 'A -1000 to 400 HU, B -1900 to 1100 HU, C -1900 to 1100 HU'
    assert training_data.differing(whole) == training_data.differing(a, b, c) == dict(window=words)


def test_window_and_size_of_pixels_are_what_the_classes_of_a_dataset_agree_on(tmp_path):
    for name, spacing in (('A', 0.6), ('B', 0.7)):
        dataset.write(str(tmp_path / name), name, np.zeros([2, 1, 8, 8], np.uint8))
        about = dict(window=[-1000, 400], mm_per_pixel=spacing)
        (tmp_path / name / (name + '.json')).write_text(json.dumps(about))
    one, both = [dataset.Pyramid(str(path)) for path in (tmp_path / 'A', tmp_path)]
    assert training_data.scale(one) == dict(window=[-1000, 400], mm_per_pixel=0.6)
    assert training_data.scale(both) == dict(window=[-1000, 400], mm_per_pixel=None)
    (tmp_path / 'A' / 'A.json').unlink()
    assert training_data.scale(one) == dict(window=None, mm_per_pixel=None)
