import collections

import pytest

from common.card import Card
from metrics import training_data

Data = collections.namedtuple('Data', 'digest parts')
ONE, TWO = Data('a-1', ['a-1']), Data('ab-2', ['a-1', 'b-1'])


@pytest.mark.parametrize(
    'facts, data, kind',
    [
        (Card(), ONE, 'unknown'),
        (Card(digest='a-1'), ONE, 'same'),
        (Card(digest='ab-2'), TWO, 'same'),
        (Card(digest='ab-2', parts=['b-1', 'a-1']), TWO, 'same'),
        (Card(digest='c-1', parts=['c-1']), ONE, 'different'),
        (Card(digest='c-1'), TWO, 'different'),
        (Card(digest='ab-2', parts=['a-1', 'b-1']), ONE, 'part'),
        (Card(digest='a-1', parts=['a-1']), TWO, 'more'),
        (Card(digest='ac-2', parts=['a-1', 'c-1']), TWO, 'part'),
        (Card(digest='c-1', transfer='other.pkl'), ONE, 'transferred'),
        (Card(digest='a-1', transfer='other.pkl'), ONE, 'same'),
    ],
)
def test_data_are_what_their_digests_say(facts, data, kind):
    assert training_data.relation(facts, data) == kind
    assert 'FOLDER' in training_data.describe(facts, kind, 'FOLDER')


def test_a_search_for_copies_says_nothing_unless_the_data_are_known_to_be_those_of_the_training():
    for kind in training_data.WORDS:
        nothing = 'says nothing about memorisation' in training_data.WORDS[kind]
        assert nothing == (kind in ('different', 'transferred', 'unknown'))
    facts = Card(digest='c-1', source='phantom AIS')
    assert training_data.describe(facts, 'different', 'x').endswith('(those were phantom AIS)')
