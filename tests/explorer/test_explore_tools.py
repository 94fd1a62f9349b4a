"""Projection, drawing, the map and the search for copies, as the page asks for them."""

import base64
import threading
import types

import numpy as np
import pytest
from numpy.testing import assert_allclose

import dataset
from common import images
from explored import SIZE, STATE, decoded, refused, state
from explorer import mapping, models, projecting, worker
from explorer.models import encoded
from metrics import memorisation
from places import ONCE


def events(client, job):
    """The answers that a browser gets about a search until it ends, each once."""
    answers = [{'pending': True}]
    while not ('done' in answers[-1] or 'failed' in answers[-1]):
        answer = client.get('/api/project/' + job).get_json()
        if answer != answers[-1]:
            answers.append(answer)
    return answers[1:]


@ONCE
@pytest.mark.slow
def test_projection_is_that_of_2_inference_and_can_be_watched(client, succeeds, tmp_path, made, monkeypatch):
    picture = str(tmp_path / 'picture.png')
    images.save(picture, dataset.read(made.data + '/AIS-r05.tfrecords', 1)[0])
    brief = projecting.Inference(project_steps=16)
    monkeypatch.setattr(projecting, 'Inference', lambda: brief)
    response = client.post('/api/project', json=dict(model=0, pixels=encoded(images.read(picture))))
    answers = events(client, response.get_json()['job'])
    arguments = ['--model', made.one, '--project', picture, '--project-steps', 16, '--outdir', tmp_path, '--cpu']
    out = succeeds('2-inference.py', *arguments)
    assert answers[-1]['done'] and 'differs by %.1f gray levels' % answers[-1]['error'] in out
    assert_allclose(answers[-1]['latent'], np.load(str(tmp_path / 'projection.npy'))[0], atol=1e-3)
    errors = [event['error'] for event in answers[:-1]]
    assert errors == sorted(errors, reverse=True) and answers[0]['steps'] == 8 * 2 + 16
    image = client.post('/api/image', json=state(latent=answers[-1]['latent'])).get_json()
    assert np.abs(decoded(image['pixels']).astype(int) - decoded(answers[-1]['pixels'])).max() <= 1


@pytest.fixture
def search(client, made):
    """Begins a search for a real patch; returns its name."""
    pixels = encoded(dataset.read(made.data + '/AIS-r05.tfrecords', 1)[0])

    def call():
        return client.post('/api/project', json=dict(model=0, pixels=pixels)).get_json()['job']

    return call


def test_a_new_search_ends_the_one_before(client, explorer, search):
    first = explorer.search(search())
    second = search()
    assert refused(client.get('/api/project/' + first.name), 'that search has ended')
    client.post('/api/project/%s/stop' % first.name, json={})  # which is over: the second one goes on
    ended(first)
    assert client.get('/api/project/' + second).get_json().get('failed') is None
    assert client.post('/api/project/%s/stop' % second, json={}).status_code == 200
    assert events(client, second)[-1]['failed'] == 'the search was stopped'


def test_a_search_without_requests_ends(explorer, search, monkeypatch):
    assert projecting.TIMEOUT > 60  # as browsers let a hidden page ask once a minute
    monkeypatch.setattr(projecting, 'TIMEOUT', 0.2)
    ended(explorer.search(search()))


def test_a_search_tells_how_long_it_has_taken_and_how_long_it_will_take(monkeypatch):
    seen, now = [], [100.0]

    def project(picture, steps, seed, watch):
        for step, time in ((1, 105), (2, 107), (4, 111)):  # two seconds for a step
            now[0] = time
            watch(step, 10, picture)
            seen.append(search.latest())
        return types.SimpleNamespace(latent=np.ones([1, 2]), label=np.ones([1, 0]), image=picture)

    monkeypatch.setattr(projecting, 'time', types.SimpleNamespace(monotonic=lambda: now[0]))
    go, thread = threading.Event(), worker.Worker()
    thread.submit(lambda: go.wait(20), worker.IMAGE)
    model = types.SimpleNamespace(generator=types.SimpleNamespace(project=project))
    search = projecting.Search(thread, model, np.zeros([1, 4, 4], np.uint8))
    go.set()
    assert search.future.result(20)['seconds'] == 11
    assert [(each['seconds'], each['left']) for each in seen] == [(5, None), (7, 16), (11, 12)]
    thread.close()


def ended(search):
    """Wait, without a request, for a search that has to end because it was stopped."""
    assert isinstance(search.future.exception(20), projecting._Stopped)


def test_a_mask_becomes_patches_that_depend_on_the_seed_and_not_on_how_many_there_are(post, client):
    mask = post('stamp', shape='spiculated', diameter=12, seed=1)['mask']
    assert set(np.unique(decoded(mask))) == {0, 255}
    four = post('draw', mask=mask, samples=4, seed=0)['patches']
    assert post('draw', mask=mask, samples=2, seed=0)['patches'] == four[:2] and len(set(four)) == 4
    assert post('draw', mask=mask, samples=1, seed=1)['patches'][0] not in four
    blank = base64.b64encode(bytes(SIZE * SIZE)).decode()
    for text, message in ((blank, 'blank'), ('#', 'not base64'), (blank[:8], 'pixels')):
        assert refused(client.post('/api/draw', json=dict(mask=text, samples=1, seed=0)), message)
    assert refused(client.post('/api/stamp', json=dict(shape='star', diameter=12, seed=1)), 'ellipse, spiculated')


def test_a_nodule_is_inserted_and_the_rest_of_the_real_patch_stays(post, client):
    mask = np.zeros([SIZE, SIZE], np.uint8)
    mask[10:20, 10:20] = 255
    patch = np.full_like(mask, 250)
    real = decoded(post_get(client, 'real/3')['pixels'])
    payload = dict(mask=base64.b64encode(mask).decode(), patch=base64.b64encode(patch).decode(), index=3)
    answer = decoded(post('insert', soft=3, **payload)['pixels'])
    assert (answer[mask > 0] == 250).all() and (answer[:6] == real[:6]).all()
    edge = answer[15, 19:25].astype(int)
    assert (np.diff(edge) <= 0).all() and real[15, 21] < edge[2] < 250
    assert refused(client.post('/api/insert', json=dict(payload, soft=3, index=40)), 'real patches 0 to 39')


def post_get(client, path):
    return client.get('/api/' + path).get_json()


def test_real_patches_are_those_of_the_dataset(client, made):
    expected = dataset.read(made.data + '/AIS-r05.tfrecords')
    answer = post_get(client, 'real/7')
    assert (decoded(answer['pixels']) == expected[7, 0]).all() and answer['class'] == 'AIS'
    assert refused(client.get('/api/real/40'), 'real patches 0 to 39')


def computed(client, path):
    """What a path answers once it has been computed."""
    while True:
        response = client.get('/api/' + path)
        if response.status_code != 202:
            return response.get_json()
        assert response.get_json() == {'pending': True}


@ONCE
def test_a_map_shows_generated_and_real_images_where_they_measure(client, post):
    answer = computed(client, 'map?model=0&by=axes&x=diameter_mm&y=mean_hu')
    points = answer['points']
    sheet = decoded(answer['sheet'], (len(points), 32, 32))
    real = [(i, point) for i, point in enumerate(points) if point['kind'] == 'real']
    assert len(real) <= 40 and len(points) > 100
    i, point = real[5]
    assert point['class'] == 'AIS' and points[2]['class'] is None
    assert (sheet[i] == decoded(post_get(client, 'real/%d' % point['index'])['pixels'])).all()
    image = post('image', **state(seed=points[2]['index']))['measured']
    assert points[2]['x'] == pytest.approx(image['diameter_mm'], abs=0.3)
    assert all(point['values']['diameter_mm'] == pytest.approx(point['x'], abs=1e-3) for point in points)
    by_pca = computed(client, 'map?model=0&by=pca')['points']
    assert np.var([p['x'] for p in by_pca]) >= np.var([p['y'] for p in by_pca]) and len(by_pca) == 540
    assert refused(client.get('/api/map?model=0&by=axes&x=size&y=mean_hu'), 'there is no axis size')
    assert refused(client.get('/api/map?model=0'), 'by is missing')


def test_the_nearest_real_image_is_that_of_the_search_for_copies(post, made):
    reals = dataset.read(made.data + '/AIS-r05.tfrecords')
    answer, image = post('nearest', **STATE), decoded(post('image', **STATE)['pixels'])
    expected = memorisation.nearest(image[None, None], reals)
    assert answer['index'] == expected.index[0] and answer['error'] == pytest.approx(float(expected.distance[0]))
    shown = memorisation.placed(reals[answer['index']], expected)[0]
    assert_allclose(decoded(answer['pixels']), shown, atol=0.5)
    reach = 3 * SIZE // 16  # beyond is what was not compared
    difference = (image - shown)[reach:-reach, reach:-reach]
    assert np.sqrt(np.mean(np.square(difference))) == pytest.approx(answer['error'], rel=1e-3)
    assert answer['copy'] is None and answer['relation'] == 'different'  # they learned from other data


def test_whether_a_nodule_is_a_copy_is_judged_where_the_weights_learned_from_the_data(post, explorer, monkeypatch):
    data, generator = explorer.data, explorer.models[0].generator
    monkeypatch.setattr(generator, 'card', generator.card._replace(digest=data.digest, parts=data.parts))
    answer = post('nearest', **STATE)
    assert answer['relation'] == 'same' and answer['copy'] is (answer['error'] <= answer['limit'])


def test_an_image_may_be_a_copy_where_it_is_nearer_than_the_nearest_hundredth_of_held_out_images():
    flat = np.arange(200, dtype=np.uint8)[:, None, None, None] * np.ones([1, 1, 16, 16], np.uint8)
    neighbours = mapping.Neighbours(flat)  # each image is 1 gray level from its nearest other one
    copy, edge, new = [neighbours.answer(np.full([16, 16], gray, np.uint8)) for gray in (7, 200, 240)]
    assert (copy['index'], copy['error'], copy['limit'], copy['copy']) == (7, 0, 1, True)
    assert (edge['index'], edge['error'], edge['limit'], edge['copy']) == (199, 1, 1, True)  # as an evaluation counts
    assert (new['index'], new['error'], new['limit'], new['copy']) == (199, 41, 1, False)
    few = mapping.Neighbours(flat[: mapping.LEAST - 1]).answer(np.full([16, 16], 7, np.uint8))
    assert few['limit'] is None and few['copy'] is None


def test_a_map_of_a_network_with_classes_shows_each_of_them(made, monkeypatch):
    monkeypatch.setattr(mapping, 'N', 6)
    model, thread = models.Model(made.labelled, cpu=True), worker.Worker()
    nodule_map = mapping.Map(model, thread, None)
    try:
        while nodule_map.answer('pca') is None:
            pass
        points = nodule_map.answer('pca')['points']
        assert [(point['label'], point['class']) for point in points] == [(i % 3, str(i % 3)) for i in range(6)]
        sheet = decoded(nodule_map.answer('pca')['sheet'], (6, SIZE, SIZE))
        chosen = models.state(state(seed=4, label=1))
        assert np.abs(sheet[4].astype(int) - model.pixels(chosen)).max() <= 1
    finally:
        thread.close()
