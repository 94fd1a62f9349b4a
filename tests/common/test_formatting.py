from common.formatting import natural_order


def test_numbers_in_names_are_compared_as_numbers_and_names_without_numbers_as_ever():
    assert sorted(['10', '1', '2'], key=natural_order) == ['1', '2', '10']
    assert sorted(['fold10/b', 'fold2/b', 'fold2/a9', 'fold2/a10'], key=natural_order) == [
        'fold2/a9', 'fold2/a10', 'fold2/b', 'fold10/b']  # fmt: skip
    for names in (['MIA', 'IA', 'AIS', 'ais'], ['a b', 'a', 'a-b'], ['01', '1', '001']):
        assert sorted(names, key=natural_order) == sorted(names)
