import json
import os

import numpy as np
import pytest

import dataset
import networks
import tfutil
from common import card, safe_pickle
from places import ROOT
from runs import random_networks


def weights_of(tmp_path, *classes):
    (tmp_path / 'run.json').write_text(json.dumps(dict(data=dict(digest='a-1', classes=classes))))
    return card.of_weights(str(tmp_path / 'network-final.pkl'))


def test_a_class_is_called_by_its_name_or_where_none_has_that_name_by_its_number(tmp_path):
    weights = weights_of(tmp_path, 'AIS', 'MIA', 'IA')
    assert [weights.label(3, text) for text in ('IA', 'MIA', '0', '2')] == [2, 1, 0, 2]
    named = weights_of(tmp_path, '1', '2', '10')
    assert [named.label(3, text) for text in ('1', '2', '10', '0')] == [0, 1, 2, 0]
    with pytest.raises(ValueError, match='no class B; its classes are 0 1, 1 2, 2 10'):
        named.label(3, 'B')


def test_without_names_or_with_those_of_another_number_of_labels_classes_are_counted(tmp_path):
    weights = card.of_weights(str(tmp_path / 'a.pkl'))
    assert weights.label(2, '1') == 1 and weights.label_of_class(2, 'MIA', 1) == 1
    with pytest.raises(ValueError, match='its classes are 0 to 1'):
        weights.label(2, '2')
    with pytest.raises(ValueError, match='no classes'):
        weights.label(0, '0')
    assert weights_of(tmp_path, 'AIS', 'MIA').class_names(3) is None


def test_a_class_of_data_has_the_label_under_which_its_name_is_recorded(tmp_path):
    weights = weights_of(tmp_path, 'IA', 'MIA', 'AIS')
    assert weights.label_of_class(3, 'AIS', 0) == 2
    with pytest.raises(ValueError, match='no class 2'):
        weights.label_of_class(3, '2', 0)


def test_weights_without_a_card_have_that_of_the_file_of_their_name_or_else_of_their_run(tmp_path):
    model = str(tmp_path / 'network-final.pkl')
    assert card.of_weights(model) == card.Card(path=model)
    run = dict(data=dict(digest='a-1', window=[-1000, 400]), settings=dict(transfer='other.pkl'))
    (tmp_path / 'run.json').write_text(json.dumps(run))
    result = card.of_weights(model)
    assert (result.digest, result.window, result.transfer) == ('a-1', (-1000, 400), 'other.pkl')
    (tmp_path / 'network-final.json').write_text(json.dumps(dict(data=dict(digest='b-1'))))
    assert card.of_weights(model).digest == 'b-1'
    (tmp_path / 'network-final.json').write_text('{"data": {"digest": 7}}')
    with pytest.raises(ValueError, match='network-final.json is damaged'):
        card.of_weights(model)


def test_a_card_that_was_emptied_is_replaced_by_the_record_of_the_run_which_says_what_was_kept_out(tmp_path):
    model = random_networks(str(tmp_path / 'network-final.pkl'))
    run = dict(data=dict(digest='a-1'), settings=dict(holdout=0.2, seed=7))
    (tmp_path / 'run.json').write_text(json.dumps(run))
    for text, digest, holdout in (
        ('{}', 'a-1', (0.2, 7)),
        ('{"digest": "a-1"}', 'a-1', (0.2, 7)),
        ('{"digest": "b-1"}', 'b-1', None),  # run.json is that of another run
    ):
        result = card._merged(text, model)
        assert (result.digest, result.holdout) == (digest, holdout)
    (tmp_path / 'run.json').write_text(json.dumps(dict(run, settings=dict(holdout=0.0, seed=7))))
    assert card._merged(None, model).holdout is None


def test_whether_a_training_mirrored_images_is_in_the_record_of_its_run(tmp_path):
    model = random_networks(str(tmp_path / 'network-final.pkl'))
    assert card._merged('{"digest": "a-1"}', model).mirrored is None
    for mirrored in True, False:
        run = dict(data=dict(digest='a-1'), settings=dict(mirror_augment=mirrored))
        (tmp_path / 'run.json').write_text(json.dumps(run))
        assert card._merged('{"digest": "a-1"}', model).mirrored is mirrored
        assert card._merged('{"digest": "b-1"}', model).mirrored is None  # run.json is that of another run


def make(tmp_path, name, **facts):
    """A dataset of one image in a class folder."""
    dataset.write(str(tmp_path / name), name, np.zeros([1, 1, 8, 8], np.uint8))
    (tmp_path / name / (name + '.json')).write_text(json.dumps(facts))


def test_a_dataset_has_the_card_of_its_file_and_without_it_the_published_window_counts(tmp_path):
    entries = [dict(nodule='n1', scan='s1', records=1)]
    make(tmp_path, 'A', window=[-1000, 400], mm_per_pixel=0.6, source=card.PHANTOMS, entries=entries)
    result = dataset.Pyramid(str(tmp_path / 'A')).card
    assert result.window == result.gray_window == (-1000, 400) and result.unit == 'HU' and result.phantoms
    assert result.adjective == 'simulated'
    assert result.names == dict(nodule=['n1'], scan=['s1'], patient=[]) and result.members() == [('n1', 's1', None)]
    assert result.to_hu([0, 255]).tolist() == [-1000, 400]
    (tmp_path / 'A' / 'A.json').unlink()
    unknown = dataset.Pyramid(str(tmp_path / 'A')).card
    assert unknown.window is None and unknown.gray_window == (-1900, 1100) and unknown.adjective == 'real'
    assert unknown.members() is None and unknown.names is None


@pytest.mark.parametrize('name', ['AIS', 'MIA', 'IA', 'pix2pix'])
def test_demo_weights_are_recorded_as_of_phantoms(name):
    assert card.of_weights(os.path.join(ROOT, 'demo', 'weight', name + '.pkl')).phantoms


def test_entries_of_another_number_of_images_name_nobody(tmp_path):
    make(tmp_path, 'A', entries=[dict(nodule='n1', records=2)])
    assert dataset.Pyramid(str(tmp_path / 'A')).card.names is None


def test_pooled_classes_keep_what_all_say_alike_and_tell_what_differs(tmp_path):
    for name, window, mm in (('A', [-1000, 400], 0.6), ('B', [-1900, 1100], 0.6), ('C', None, 0.7)):
        make(tmp_path, name, window=window, mm_per_pixel=mm)
    a, b, c = [card.of_data(str(tmp_path / name)) for name in 'ABC']
    assert card.combined([a]).differing == {} and card.combined([a]).window == (-1000, 400)
    assert card.combined([c]).window is None
    assert card.combined([b, c]).window == (-1900, 1100)  # no recorded window means the published one
    assert list(card.combined([b, c]).differing) == ['mm_per_pixel']
    pooled = dataset.Pyramid(str(tmp_path)).card
    assert pooled.window is None and pooled.mm_per_pixel is None
    assert pooled.unit == 'gray levels' and pooled.to_hu(74) == 74
    assert pooled.differing_text('window') == 'A -1000 to 400 HU, B -1900 to 1100 HU, C -1900 to 1100 HU'
    assert pooled.differing_text('mm_per_pixel').endswith('B 0.6 mm per pixel, C 0.7 mm per pixel')
    (tmp_path / 'C' / 'C.json').unlink()
    assert dataset.Pyramid(str(tmp_path)).card.differing_text('mm_per_pixel').endswith('C not known')


@pytest.fixture(scope='module')
def carrying(tmp_path_factory):
    """A pickle of random networks that carry a card, its Card, and the pickle's path."""
    data = card.Card(window=(-1000, 400), mm_per_pixel=0.6, source=card.PHANTOMS, digest='a-1', parts=['a-1'])
    data = data._replace(names=dict(nodule=['secret'], scan=[], patient=[]), entries=[dict(nodule='secret', records=1)])
    learned = card.of_training(data, ['AIS', 'MIA'])
    path = str(tmp_path_factory.mktemp('weights') / 'a.pkl')
    random_networks(path, label_size=2, card_text=learned.text())
    return learned, path


def test_a_pickle_that_travels_alone_keeps_its_card_but_no_names(session, carrying):
    learned, path = carrying
    assert card.of_weights(path) == learned._replace(path=path, names=None)
    with open(path, 'rb') as f:
        assert b'secret' not in f.read()
    (Gs,) = tfutil.load(path, networks.BUILDERS, 'Gs')
    assert card.of_network(Gs, path) == card.of_weights(path)
    assert Gs.clone('copy').card == Gs.card and 'card' not in Gs.static_kwargs


def test_names_come_from_the_file_beside_the_pickle_if_it_is_of_the_same_data(carrying, tmp_path):
    learned, path = carrying
    copy = tmp_path / 'b.pkl'
    with open(path, 'rb') as f:
        copy.write_bytes(f.read())
    for digest, names in (('a-1', learned.names), ('other-1', None)):
        data = json.loads(json.dumps(dict(learned.data(), digest=digest)))
        (tmp_path / 'b.json').write_text(json.dumps(dict(data=data)))
        result = card.of_weights(str(copy))
        assert result.names == names and result.digest == 'a-1' and result.window == learned.window


def test_weights_that_carry_a_card_are_read_without_a_warning_and_built_by_their_own_source(session, carrying, capsys):
    _, path = carrying
    state = safe_pickle.read(path)[2]
    tfutil.Network.from_state(state, networks.BUILDERS)
    assert capsys.readouterr().err == ''
    source = dict(__name__='embedded')  # `from tfutil import tf` is the only name that the original has to provide
    exec(compile(state['build_module_src'], 'embedded', 'exec'), source)
    with tfutil.tf.variable_scope('original'):
        inputs = [tfutil.tf.placeholder(tfutil.tf.float32, name=name) for name in ('latents', 'labels')]
        images = source[state['build_func_name']](*inputs, is_template_graph=True, **state['static_kwargs'])
    assert images.shape.as_list()[1:] == [1, 16, 16]


@pytest.mark.parametrize('text', ['{', '[]', '{"window": [1, 0]}', '{"digest": 7}', '[' * 100000, 7])
def test_a_damaged_card_is_refused_with_the_file(session, tmp_path, text):
    path = random_networks(str(tmp_path / 'a.pkl'), card_text=text)
    with pytest.raises(ValueError, match='a.pkl is damaged'):
        card.of_weights(path)


def test_names_and_digests_of_weights_are_also_those_of_the_weights_that_they_began_with(tmp_path):
    data = card.Card(digest='b-1', parts=['b-1'], names=dict(nodule=['b'], scan=[], patient=[]))
    assert card.of_training(data, None, str(tmp_path / 'before.pkl')).names is None
    (tmp_path / 'before.json').write_text(json.dumps(dict(data=dict(digest='a-1', names=dict(nodule=['a'])))))
    learned = card.of_training(data, None, str(tmp_path / 'before.pkl'))
    assert learned.names['nodule'] == ['a', 'b'] and learned.parts == ['b-1', 'a-1']
    assert json.loads(learned.text())['transfer'] == 'before.pkl'
    assert card.in_common(learned.names, dict(nodule=['b', 'c'])) == ('nodule', 'b')
    assert card.in_common(learned.names, dict(scan=['b'])) is None


def test_the_file_of_a_dataset_beside_weights_says_nothing_of_them(tmp_path):
    (tmp_path / 'AIS.json').write_text(json.dumps(dict(records=3, window=[-1000, 400])))
    assert card.of_weights(str(tmp_path / 'AIS.pkl')) == card.Card(path=str(tmp_path / 'AIS.pkl'))
