import json

import pytest

from common import model_record


def weights_of(tmp_path, *classes):
    (tmp_path / 'run.json').write_text(json.dumps(dict(data=dict(digest='a-1', classes=classes))))
    return str(tmp_path / 'network-final.pkl')


def test_a_class_is_called_by_its_name_or_where_none_has_that_name_by_its_number(tmp_path):
    model = weights_of(tmp_path, 'AIS', 'MIA', 'IA')
    assert [model_record.label(model, 3, text) for text in ('IA', 'MIA', '0', '2')] == [2, 1, 0, 2]
    named = weights_of(tmp_path, '1', '2', '10')
    assert [model_record.label(named, 3, text) for text in ('1', '2', '10', '0')] == [0, 1, 2, 0]
    with pytest.raises(ValueError, match='no class B; its classes are 0 1, 1 2, 2 10'):
        model_record.label(named, 3, 'B')


def test_without_names_or_with_those_of_another_number_of_labels_classes_are_counted(tmp_path):
    model = str(tmp_path / 'a.pkl')
    assert model_record.label(model, 2, '1') == 1 and model_record.label_of_class(model, 2, 'MIA', 1) == 1
    with pytest.raises(ValueError, match='its classes are 0 to 1'):
        model_record.label(model, 2, '2')
    with pytest.raises(ValueError, match='no classes'):
        model_record.label(model, 0, '0')
    assert model_record.classes(weights_of(tmp_path, 'AIS', 'MIA'), 3) is None


def test_a_class_of_data_has_the_label_under_which_its_name_is_recorded(tmp_path):
    model = weights_of(tmp_path, 'IA', 'MIA', 'AIS')
    assert model_record.label_of_class(model, 3, 'AIS', 0) == 2
    with pytest.raises(ValueError, match='no class 2'):
        model_record.label_of_class(model, 3, '2', 0)
