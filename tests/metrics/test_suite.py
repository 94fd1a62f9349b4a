"""4-evaluate.py and 3-train.py --metrics as a user runs them."""

import csv
import json
import os
import re
import shutil

import numpy as np
import pytest

import dataset
import sets
from common import safe_pickle
from common.card import Card
from metrics import evaluate, frozen_graph, image_sets, memorisation, parallel, sliced_wasserstein, suite
from metrics.evaluation import TRAINED_ON
from metrics.metric import METRICS, TOPICS
from places import ONCE
from runs import random_networks, train
from sampling import Generator
from tfutil import tf


@pytest.fixture(scope='module')
def patches(tmp_path_factory):
    """A dataset of 60 images of 16x16."""
    folder = str(tmp_path_factory.mktemp('data') / 'AIS')
    random = np.random.RandomState(0)
    dataset.write(
        folder,
        'AIS',
        np.clip(100 + 20 * random.randn(60, 1, 16, 16) + 30 * random.randn(60, 1, 1, 1), 0, 255).astype(np.uint8),
    )
    return folder


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    """A frozen graph [N, 8, 8, 3] -> mean colour and 6 more features."""
    path = str(tmp_path_factory.mktemp('graph') / 'features.pb')
    with tf.Graph().as_default() as g:
        x = tf.placeholder(tf.float32, [None, 8, 8, 3])
        kernel = tf.constant(np.random.RandomState(0).randn(8, 8, 3, 6).astype(np.float32))
        tf.concat(
            [tf.reduce_mean(x, axis=[1, 2]), tf.reshape(tf.nn.conv2d(x, kernel, [1, 1, 1, 1], 'VALID'), [-1, 6])],
            axis=1,
            name='out',
        )
        with open(path, 'wb') as f:
            f.write(g.as_graph_def().SerializeToString())
    return path


@ONCE
@pytest.mark.usefixtures('discs')
def test_all_snapshots_of_a_run_are_evaluated_by_its_number(script, complains, tmp_path, patches, monkeypatch):
    run = tmp_path / 'results' / '003-AIS'
    run.mkdir(parents=True)
    (run / 'run.json').write_text('{"data": {"digest": "x"}}')
    monkeypatch.chdir(tmp_path)
    flags = ['--data', patches, '--audit', '10']
    complains('4-evaluate.py', '--run', 3, *flags, parts=['003-AIS has no snapshots'])
    complains('4-evaluate.py', '--run', 4, *flags, parts=['results holds not one run 4', '003-AIS'])
    complains('4-evaluate.py', '--run', 3, '--model', 'x.pkl', *flags, parts=['--run and --model'])
    for kimg in (120, 20):
        random_networks(str(run / ('network-snapshot-%06d.pkl' % kimg)), fmap_max=4 + kimg // 60)
    shutil.copy(str(run / 'network-snapshot-000120.pkl'), str(run / 'network-final.pkl'))
    code, out, err = script('4-evaluate.py', '--run', 3, *flags)
    assert code == 0, err
    with open(os.path.join('demo', 'output', '003-AIS', 'comparison.json')) as f:
        result = json.load(f)
    assert [(model['name'], model['kimg']) for model in result['models']] == [
        ('network-snapshot-000020', 20),
        ('network-snapshot-000120', 120),
    ]
    assert result['curves'][0]['kimg'] == [20, 120]


@pytest.mark.usefixtures('discs')
def test_weights_below_the_finest_level_are_compared_at_their_resolution(script, complains, tmp_path, patches):
    coarse = random_networks(str(tmp_path / 'coarse.pkl'), resolution=8)
    flags = ['--model', coarse, '--data', patches, '--outdir', tmp_path / 'out', '--audit', '10']
    complains('4-evaluate.py', *flags, parts=['[1, 8, 8]', '[1, 16, 16]', '--resolution'])
    shutil.copytree(patches, str(tmp_path / 'AIS'))
    os.remove(str(tmp_path / 'AIS' / 'AIS-r04.tfrecords'))
    rows = []
    for data, resolution in ((patches, ['--resolution', '8']), (str(tmp_path / 'AIS'), [])):
        code, out, err = script('4-evaluate.py', *flags, '--data', data, *resolution)
        assert code == 0, err
        with open(str(tmp_path / 'out' / 'evaluation.json')) as f:
            rows.append([{**row, 'seconds': 0} for row in json.load(f)['rows']])
    assert rows[0] == rows[1] and len(rows[0]) > 5


def test_colour_images_have_the_rows_that_do_not_depend_on_hu_or_nodules(script, tmp_path, random):
    images = np.concatenate([sets.pictures(random, 60, 16) for _ in range(3)], axis=1)
    dataset.write(str(tmp_path / 'RGB'), 'RGB', images)
    model = random_networks(str(tmp_path / 'a.pkl'), num_channels=3)
    flags = '--data', tmp_path / 'RGB', '--outdir', tmp_path / 'out', '--audit', 10
    code, out, err = script('4-evaluate.py', '--model', model, *flags)
    assert code == 0, err
    with open(str(tmp_path / 'out' / 'evaluation.json')) as f:
        result = json.load(f)
    of_colour = 'swd ms_ssim precision recall density coverage duplicates nearest_distance nearer_share'
    assert [row['key'] for row in result['rows']] == of_colour.split()
    assert 'gray images only' in result['colour'] and result['colour'] in out
    assert [verdict['topic'] for verdict in result['verdicts']] == ['fidelity', 'variety', 'copies']
    assert result['planted_copies'][0]['found'] == 10
    with open(str(tmp_path / 'out' / 'evaluation.html')) as f:
        page = f.read()
    assert 'HU' not in re.sub('<script.*?</script>|<style.*?</style>|id="hu"|base64,[^"]*', '', page, flags=re.S)


@pytest.mark.usefixtures('discs')
def test_an_evaluation_writes_a_table_a_json_file_and_a_page_that_needs_no_other_file(
    script, tmp_path, patches, weights, graph
):
    settings = ['--data', patches, '--audit', '10', '--features', graph]
    code, out, err = script('4-evaluate.py', '--model', weights, *settings, '--outdir', tmp_path)
    assert code == 0, err
    with open(str(tmp_path / 'evaluation.json')) as f:
        result = json.load(f)
    facts = ['SWD', 'model', 'data', 'searched for copies', 'reference images', 'compared', 'seed']
    notes = ['provenance', 'detection', 'too_few']
    others = ['relation', 'digest', 'weights', 'verdicts', 'rows', 'planted_copies', 'radiomics']
    assert set(result) == set(facts + notes + others)
    right_angles, other_angles = result['planted_copies']
    assert right_angles == dict(kind='right_angles', found=10, planted=10) and other_angles['planted'] == 10
    assert 'finds 10 of 10 training images that were mirrored' in result['detection'] and result['detection'] in out
    rows = {row['metric']: row for row in result['rows']}
    missing = set(METRICS) - {row['key'] for row in result['rows']}
    assert missing <= {'wall_mean'}  # few of these patches show a wall
    draws, error = re.match(r'mean of (\d+) draws .* at most ([\d.]+) %$', result['SWD']).groups()
    assert 4 <= int(draws) <= 16 and (int(draws) == 16 or float(error) <= 1)
    assert {
        'SWD x1000, 16x16',
        'MS-SSIM of pairs, 3 of 5 scales',
        'KID x1000',
        'FID',
        'precision, network',
        'recall, network',
        'gray histogram distance, HU',
        'nodule HU, mean',
        'nodule diameter, pixels, SD',
        'share nearer than 1st percentile',
    } <= set(rows)
    for row in rows.values():
        for name in ('fakes', 'reals'):
            lo, hi = row[name + '_interval']
            assert lo <= row[name] + 1e-9 and row[name] <= hi + 1e-9, row
        assert row['metric'] in out
    parts = [
        'generating 30 images',
        *[
            'measuring ' + part
            for part in ('the sliced', 'MS-SSIM', 'features', 'gray', 'nodules', 'radiomics', 'duplicates', 'copies')
        ],
    ]
    assert [line[: len(part)] for line, part in zip(out.splitlines(), parts)] == parts  # each as it begins
    assert rows['nodule HU, mean']['seconds'] == rows['nodule diameter, pixels, SD']['seconds']  # measured together
    for metric in ('SWD x1000, 16x16', 'KID x1000', 'FID', 'gray histogram distance, HU'):
        assert rows[metric]['fakes'] > 2 * rows[metric]['reals']  # random weights against real images
    with open(str(tmp_path / 'evaluation.html'), encoding='utf-8') as f:
        page = f.read()
    assert page.count('data:image/png;base64,') == 2 * 30 + 6 * 3 + 3 * 3 and page.count('<svg role="img"') == 10 - len(
        missing
    )
    assert not re.search(r'(src|href)="(?!data:|#)|https?:', page)
    for title in facts + ['provenance', 'planted copies', 'too few images to decide']:
        assert '<th scope="row">%s</th>' % title in page
    assert len(page) < 1e6 and 'further from the reference images than other real images are' in page.lower()
    assert all('<summary title="' in page and metric in page for metric in rows)


def numbers(path):
    """The figures of an evaluation.json, without the time they took."""
    with open(str(path / 'evaluation.json')) as f:
        rows = json.load(f)['rows']
    return [{name: value for name, value in row.items() if name != 'seconds'} for row in rows]


@pytest.mark.slow
@ONCE
def test_a_model_has_the_same_numbers_alone_and_among_others_cached_and_not(
    succeeds, tmp_path, patches, weights, graph, monkeypatch
):
    others = [str(tmp_path / name / ('network-snapshot-0000%s0.pkl' % name)) for name in '12']
    for seed, other in enumerate(others):
        os.makedirs(os.path.dirname(other))
        random_networks(other, fmap_max=6 + seed)
    held = str(tmp_path / 'held')
    dataset.write(held, 'held', 255 - dataset.read(patches + '/AIS-r04.tfrecords', 30))
    settings = ['--data', patches, '--real-holdout', held, '--audit', '8', '--features', graph, '--cpu']
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    alone = [('uncached', ['--no-cache']), ('fills', []), ('cached', [])]
    for name, more in alone:
        succeeds('4-evaluate.py', '--model', weights, *settings, *more, '--outdir', tmp_path / name)
        assert (tmp_path / 'cache' / 'nodule-evaluation').exists() == (name != 'uncached')
    monkeypatch.setattr(parallel, 'threads', lambda: 3)
    succeeds('4-evaluate.py', '--model', *others, weights, *settings, '--no-cache', '--outdir', tmp_path / 'many')
    with open(str(tmp_path / 'many' / 'comparison.json')) as f:
        result = json.load(f)
    assert [model['model'] for model in result['models']] == others + [weights]
    assert len({model['folder'].lower() for model in result['models']}) == 3
    expected = numbers(tmp_path / 'uncached')
    for name in ('fills', 'cached', os.path.join('many', result['models'][2]['folder'])):
        assert numbers(tmp_path / name) == expected
    for metric, row in zip(result['metrics'], expected):
        assert metric['metric'] == row['metric'] and metric['models'][2]['value'] == row['fakes']
    assert numbers(tmp_path / 'many' / result['models'][0]['folder']) != expected
    with open(str(tmp_path / 'many' / 'comparison.html'), encoding='utf-8') as f:
        page = f.read()
    for model in result['models']:
        assert '<a href="%s/evaluation.html">' % model['folder'] in page
    assert page.count('data:image/png;base64,') == 4 * 6 and page.count('<svg role="img"') == len(expected)  # curves
    assert not re.search(r'(src|href)="(?!data:|#|[\w-]+/evaluation.html")|https?:', page)


@pytest.mark.slow
@ONCE
def test_an_evaluation_can_be_called_from_python_and_takes_from_the_cache_what_takes_long(
    patches, weights, monkeypatch, tmp_path
):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    first = evaluate(weights, patches, number=30, audit=5, cpu=True)
    assert first.images.shape == (30, 1, 16, 16) and first.facts.model == weights
    swd = first.row('swd', 16)
    assert swd.fakes.value > 2 * swd.reals.value and 'SWD x1000, 16x16' in str(first)
    (undecided,) = [note.text for note in first.notes if note.key == 'too_few']
    assert 'precision' not in undecided and 'share nearer than 1st percentile' in undecided
    described, searched = [], []
    descriptors, nearest = sliced_wasserstein.descriptors, memorisation.nearest
    monkeypatch.setattr(
        sliced_wasserstein, 'descriptors', lambda *a, **k: described.append(a[1]) or descriptors(*a, **k)
    )
    monkeypatch.setattr(memorisation, 'nearest', lambda *a, **k: searched.append(1) or nearest(*a, **k))
    with Generator(weights, cpu=True) as generator:
        second = evaluate(generator, patches, number=30, audit=5)
        assert generator.sample(1).shape == (1, 1, 16, 16)  # its session is still open
    assert sorted({seed % 3 for seed in described}) == [0, 1] and len(searched) == 1  # fakes and references; fakes
    assert [row.fakes.value for row in second.rows] == [row.fakes.value for row in first.rows]


def test_arrays_are_compared_like_a_generator_and_a_dataset(random):
    images = sets.pictures(random, 60, 8)
    results = evaluate(images[:20], images[20:], audit=5)
    assert results.row('recall').fakes.value > 0.5 and results['relation'] == 'unknown' and results.weights == []
    with pytest.raises(KeyError):
        results.row('swd', 8)
    assert len(results.images) == 20 == len(results.sets.heldout_reals)
    assert evaluate(images[:15], images[20:], audit=5)['compared'].startswith('15 generated images with 15 reference')
    with pytest.raises(ValueError, match='5 images of each kind; an evaluation needs at least 10'):
        evaluate(images[:5], images[20:40])
    with pytest.raises(ValueError, match=r'real_images is float64 \[40, 1, 8, 8\]; images are uint8'):
        evaluate(images[:20], images[20:] / 255.0)
    with pytest.raises(ValueError, match=r'makes images of \[1, 4, 4\]'):
        evaluate(images[:20, :, :4, :4], images[20:])


@ONCE
@pytest.mark.usefixtures('discs')
def test_the_record_of_an_evaluation_has_a_state_for_each_topic_and_each_row(phantoms):
    images = phantoms[:60].copy()
    images[30:] = images[:30, :, ::-1]
    evaluated = evaluate(images, phantoms[100:220], audit=60)
    assert {verdict['topic'] for verdict in evaluated.verdicts} <= set(TOPICS)
    states = {verdict['topic']: verdict['state'] for verdict in evaluated['verdicts']}
    assert states['variety'] == 'differs' and states['copies'] == 'unknown' and states['size'] == 'undecided'
    rows = {row['key']: row for row in evaluated['rows']}
    assert rows['duplicates']['state'] == 'higher' and rows['duplicates']['p'] < 0.05
    assert {row['state'] for row in rows.values() if row['p'] > 0.05} == {'undecided'}
    assert json.loads(json.dumps(evaluated.record())) == evaluated.record()


@ONCE
@pytest.mark.usefixtures('discs')
def test_training_images_that_are_given_are_searched_for_copies_and_all_other_reals_are_compared(phantoms):
    real, training = phantoms[100:150], phantoms[200:300]
    copied = np.concatenate([phantoms[:30], np.rot90(training[:20], axes=(2, 3))])
    evaluated = evaluate(copied, real, audit=50, training_images=training)
    assert {image.tobytes() for image in evaluated.sets.heldout_reals} == {image.tobytes() for image in real}
    states = {verdict['topic']: verdict['state'] for verdict in evaluated.verdicts}
    assert (
        states['copies'] == 'differs'
        and evaluated['relation'] == 'same'
        and evaluated.nearest[0].distance[30:].max() == 0
    )
    assert evaluated['reference images'] == 'an array' and evaluated['searched for copies'] == '100 of them'
    with pytest.raises(ValueError, match='training_images: folder is a data set'):
        evaluate(copied, 'folder', training_images=training)


DATA = Card(path='FOLDER', digest='a-1', parts=['a-1'], classes=['AIS'])
POOLED = Card(path='FOLDER', digest='ab-2', parts=['a-1', 'b-1'], classes=['AIS', 'MIA'])


@pytest.mark.parametrize(
    'learned, data, relation',
    [
        (Card(), DATA, 'unknown'),
        (Card(digest='a-1'), DATA, 'same'),
        (Card(digest='ab-2'), POOLED, 'same'),
        (Card(digest='ab-2', parts=['b-1', 'a-1']), POOLED, 'same'),
        (Card(digest='c-1', parts=['c-1']), DATA, 'different'),
        (Card(digest='c-1'), POOLED, 'different'),
        (Card(digest='ab-2', parts=['a-1', 'b-1']), DATA, 'part'),
        (Card(digest='a-1', parts=['a-1']), POOLED, 'more'),
        (Card(digest='ac-2', parts=['a-1', 'c-1']), POOLED, 'part'),
        (Card(digest='c-1', transfer='other.pkl'), DATA, 'transferred'),
        (Card(digest='a-1', transfer='other.pkl'), DATA, 'same'),
        (Card(digest='a-1', parts=['a-1', 'c-1'], transfer='other.pkl'), DATA, 'part'),
        (Card(digest='a-1', parts=['renamed-1']), DATA, 'part'),
        (Card(digest='a-1', parts=['renamed-1']), POOLED, 'part'),
        (Card(digest='a-1', parts=[]), DATA, 'same'),
        (Card(parts=['a-1']), DATA, 'same'),
    ],
)
def test_digests_tell_what_data_are_to_weights_and_whether_a_search_for_copies_says_something(learned, data, relation):
    assert suite.relation(learned, data) == relation
    sentence = suite.describe_relation(learned, data)
    assert 'FOLDER' in sentence
    assert ('says nothing about memorisation' in sentence) == (relation not in TRAINED_ON)
    if relation == 'different':
        assert suite.describe_relation(learned._replace(source='phantoms'), data).endswith('(those were phantoms)')


@pytest.mark.parametrize(
    'origin, transfer, words',
    [
        ('dataset', None, 'held/AIS'),
        ('half', None, 'half of FOLDER, kept out of the comparison, not of a training on these data'),
        ('holdout', None, 'nodules of FOLDER that the training kept out (--holdout 0.2)'),
        ('holdout', 'a.pkl', 'nodules of FOLDER that the training kept out (--holdout 0.2); whether the weights that'),
    ],
)
def test_only_images_that_no_training_saw_are_said_to_be_held_out(origin, transfer, words):
    compared = image_sets.Sets(None, None, None, card=DATA, count=60, origin=origin)
    learned = Card(digest='a-1', holdout=(0.2, 7), transfer=transfer)
    assert suite._origin(compared, learned, 'held/AIS').startswith(words)


def test_a_comparison_that_is_doubtful_is_warned_of():
    def warnings(data, learned, label_size=0):
        compared = image_sets.Sets(None, None, None, card=data, count=60, origin='half')
        return {note.key: note.text for note in suite._warnings(compared, 'IA.pkl', learned, label_size)}

    assert warnings(DATA, Card()) == warnings(POOLED, Card(), label_size=2) == {}
    assert warnings(POOLED, Card(classes=['MIA', 'AIS'])) == warnings(POOLED, Card(digest='ab-2')) == {}
    pooled = 'FOLDER pools 2 classes (AIS, MIA), and %s; --data FOLDER/%s compares with one class'
    assert warnings(POOLED, Card(classes=['MIA'])) == {'classes': pooled % ('IA.pkl learned from MIA', 'MIA')}
    unknown = 'whether IA.pkl learned from all of them is not known'
    assert warnings(POOLED, Card()) == {'classes': pooled % (unknown, 'AIS')}
    differing = {'window': [('AIS', (-1000, 400)), ('MIA', (-1900, 1100))]}
    results = warnings(POOLED._replace(differing=differing), Card(digest='ab-2', window=(-1000, 400)))
    assert list(results) == ['window'] and 'gray levels are compared, not HU' in results['window']
    differing = {'mm_per_pixel': [('AIS', 0.5), ('MIA', 0.7)]}
    assert list(warnings(DATA, Card(mirrored=True))) == ['mirrored']
    results = warnings(POOLED._replace(differing=differing), Card(digest='ab-2'))
    assert list(results) == ['mm_per_pixel'] and results['mm_per_pixel'].startswith('mm per pixel differs between')
    results = warnings(DATA, Card(digest='a-1', window=(-1000, 400)))
    assert 'IA.pkl learned from images of -1000 to 400 HU, those of FOLDER have -1900 to 1100 HU' in results['window']


@pytest.mark.slow
@ONCE
def test_weights_that_travel_alone_still_say_which_data_they_learnt_from(script, succeeds, tmp_path, patches):
    assert train(script, patches, tmp_path, '--total-kimg', '0.064', '--lod-initial-resolution', '16')[0] == 0
    alone = shutil.copy(str(tmp_path / '000-AIS' / 'network-final.pkl'), str(tmp_path / 'alone.pkl'))
    settings = ['--number', '12', '--audit', '4', '--cpu', '--outdir', tmp_path / 'out', '--data', patches]
    out = succeeds('4-evaluate.py', '--model', alone, *settings)
    assert 'provenance: %s is the data it was trained on\n' % patches in out
    with open(str(tmp_path / 'out' / 'evaluation.json')) as f:
        assert json.load(f)['provenance'] in out


def test_features_are_those_of_the_graph(session, graph, random):
    images = random.randint(256, size=[3, 1, 8, 8]).astype(np.float32)
    kernel = np.random.RandomState(0).randn(8, 8, 3, 6)
    expected = np.concatenate(
        [np.repeat(images.mean(axis=(1, 2, 3))[:, None], 3, axis=1), np.einsum('nhw,hwcf->nf', images[:, 0], kernel)],
        axis=1,
    )
    np.testing.assert_allclose(frozen_graph.features(graph, 1, 8)(images), expected, rtol=1e-4, atol=1e-2)


def test_an_evaluation_refuses_bad_input_in_one_line(refuses, tmp_path, patches, weights, graph):
    few, other, flat, page, program = (
        str(tmp_path / name) for name in ('few', 'other', 'flat', 'page.pb', 'program.pb')
    )
    dataset.write(few, 'few', dataset.read(patches + '/AIS-r04.tfrecords')[:12])
    dataset.write(other, 'other', dataset.read(patches + '/AIS-r03.tfrecords')[:30])
    dataset.write(flat, 'flat', np.full([30, 1, 16, 16], 7, np.uint8))
    with open(page, 'w') as f:
        f.write('<!DOCTYPE html><html>')
    with tf.Graph().as_default() as g:
        tf.write_file(
            tf.as_string(tf.reduce_sum(tf.placeholder(tf.float32, [None, 8, 8, 3])), name='name'), 'stolen', name='out'
        )
        with open(program, 'wb') as f:
            f.write(g.as_graph_def().SerializeToString())
    base = ['4-evaluate.py', '--model', weights, '--data']
    refuses(*(base + [few]), parts=['few', 'at least 20'])
    refuses(*(base + [patches, '--number', '9']), parts=['--number 9', 'at least 10'])
    refuses(*(base + [patches, '--real-holdout', patches]), parts=['in common', 'held-out'])
    refuses(*(base + [other]), parts=['other', '[1, 8, 8]'])
    refuses(*(base + [patches, '--real-holdout', other]), parts=['other', 'agree'])
    refuses(*(base + [flat]), parts=['flat', 'same image'])
    refuses(*(base + [tmp_path / 'nowhere']), parts=['nowhere'])
    refuses('4-evaluate.py', '--model', 'missing.pkl', '--data', patches, parts=['missing.pkl'])
    refuses('4-evaluate.py', '--model', page, '--data', patches, parts=['page.pb', 'web page'])
    refuses(*(base + [patches, '--features', 'missing.pb']), parts=['missing.pb'])
    refuses(*(base + [patches, '--features', page]), parts=['page.pb', 'web page'])
    refuses(*(base + [patches, '--features', weights]), parts=['random.pkl', 'not a frozen TensorFlow graph'])
    refuses(*(base + [patches, '--features', program]), parts=['program.pb', 'is no arithmetic'])
    refuses(*(base + [patches, '--features', graph, '--feature-tensor', 'nothing']), parts=['features.pb', 'nothing'])


@ONCE
@pytest.mark.slow
def test_training_records_swd_and_keeps_the_best_snapshot(script, tmp_path, patches):
    arguments = '--metrics swd --keep 0 --lod-training-kimg 0.032 --lod-transition-kimg 0.032'.split()
    arguments += ['--lod-initial-resolution', '16']
    assert train(script, patches, tmp_path, *(arguments + ['--total-kimg', '0.192']))[0] == 0
    run = tmp_path / '000-AIS'
    with open(str(run / 'metrics.csv'), newline='') as f:
        rows = list(csv.DictReader(f))
    assert [row['kimg'] for row in rows] == ['0.064', '0.128', '0.192']
    assert all(row['mean'] == row['swd_16'] for row in rows)
    assert os.path.exists(str(run / 'network-best.pkl')) and len(safe_pickle.read(str(run / 'network-best.pkl'))) == 3
    assert train(script, patches, tmp_path, '--resume', 'latest', *(arguments + ['--total-kimg', '0.256']))[0] == 0
    with open(str(run / 'metrics.csv'), newline='') as f:
        assert len(list(csv.DictReader(f))) == 4
