"""JSON files that people have edited."""

import json

import pytest

from common import card, schema, types

WANTED = {
    'number?': types.nonnegative,
    'size': types.positive_float,
    'rows?': [dict(name=types.text)],
    'more?': types.mapping,
}


def _complaint(tmp_path, text):
    path = str(tmp_path / 'a.json')
    with open(path, 'w') as f:
        f.write(text)
    with pytest.raises(ValueError) as caught:
        schema.read(path, WANTED, 'make it again')
    assert str(caught.value).startswith(path + ' is damaged (') and str(caught.value).endswith('); make it again')
    return str(caught.value)


@pytest.mark.parametrize(
    'text, message',
    [
        ('{', 'it is not JSON'),
        ('', 'it is not JSON'),
        ('[' * 100000, 'it is not JSON'),
        ('{"a": ' * 100000, 'it is not JSON'),
        ('[]', 'it is not an object'),
        ('{}', 'size is not a number above zero'),
        ('{"size": "0.6"}', 'size is not a number above zero'),
        ('{"size": NaN}', 'size is not'),
        ('{"size": 1e999}', 'size is not'),
        ('{"size": 1%s}' % ('0' * 400), 'size is not'),
        ('{"size": 1, "number": 100000000000000000000}', 'number is not a whole number, zero or more'),
        ('{"size": 1, "number": true}', 'number is not'),
        ('{"size": 1, "rows": {}}', 'rows is not a list'),
        ('{"size": 1, "rows": [{"name": "a"}, 3]}', 'rows[1] is not an object'),
        ('{"size": 1, "rows": [{"name": 3}]}', 'rows[0].name is not text'),
        ('{"size": 1, "more": [1]}', 'more is not an object'),
    ],
    ids=range(16),
)
def test_what_does_not_fit_is_named_with_its_place(tmp_path, text, message):
    assert message in _complaint(tmp_path, text)


def test_what_may_be_missing_may_be_null_and_other_names_are_kept(tmp_path):
    path = str(tmp_path / 'a.json')
    with open(path, 'w') as f:
        json.dump({'size': 2, 'number': None, 'other': [1]}, f)
    assert schema.read(path, WANTED, '') == {'size': 2, 'number': None, 'other': [1]}


@pytest.mark.parametrize(
    'facts, message',
    [
        ('{"mm_per_pixel": "0.6"}', 'mm_per_pixel'),
        ('{"records": 100000000000000000000}', 'records'),
        ('{"window": [5, 5]}', 'window'),
        ('{"window": [0, 1e300]}', 'window'),
        ('[' * 100000, 'not JSON'),
    ],
)
def test_a_dataset_with_such_facts_is_refused_with_the_file(tmp_path, facts, message):
    (tmp_path / 'AIS.json').write_text(facts)
    with pytest.raises(ValueError) as caught:
        card.of_data(str(tmp_path / 'AIS-r04.tfrecords'))
    assert 'AIS.json is damaged' in str(caught.value) and message in str(caught.value)
