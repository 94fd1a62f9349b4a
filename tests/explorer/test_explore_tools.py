"""Projection, drawing, the map and the search for copies, as the page asks for them."""

import base64
import io

import numpy as np
import pytest
from numpy.testing import assert_allclose

import dataset
from common import images
from explored import SIZE, STATE, decoded, refused, state
from explorer import projecting
from metrics import memorisation


def events(client, job):
    """The answers that a browser gets about a search until it ends, each once."""
    answers = [{'pending': True}]
    while not ('done' in answers[-1] or 'failed' in answers[-1]):
        answer = client.get('/api/project/' + job).get_json()
        if answer != answers[-1]:
            answers.append(answer)
    return answers[1:]


@pytest.mark.slow
def test_projection_is_that_of_2_inference_and_can_be_watched(client, succeeds, tmp_path, made, monkeypatch):
    picture = str(tmp_path / 'picture.png')
    images.save(picture, dataset.read(made.data + '/AIS-r05.tfrecords', 1)[0])
    brief = projecting.Inference(project_steps=16)
    monkeypatch.setattr(projecting, 'Inference', lambda: brief)
    with open(picture, 'rb') as f:
        response = client.post('/api/project?model=0', data=f.read(), content_type='application/octet-stream')
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
    f = io.BytesIO()
    images.encode(dataset.read(made.data + '/AIS-r05.tfrecords', 1)[0], f)

    def call():
        response = client.post('/api/project?model=0', data=f.getvalue(), content_type='application/octet-stream')
        return response.get_json()['job']

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


def test_a_map_shows_generated_and_real_images_where_they_measure(client, post):
    answer = computed(client, 'map?model=0&by=axes&x=diameter_mm&y=mean_hu')
    points = answer['points']
    sheet = decoded(answer['sheet'], (len(points), 32, 32))
    real = [(i, point) for i, point in enumerate(points) if point['kind'] == 'real']
    assert len(real) <= 40 and len(points) > 100
    i, point = real[5]
    assert (sheet[i] == decoded(post_get(client, 'real/%d' % point['index'])['pixels'])).all()
    image = post('image', **state(seed=points[2]['index']))['measured']
    assert points[2]['x'] == pytest.approx(image['diameter_mm'], abs=0.3)
    by_pca = computed(client, 'map?model=0&by=pca')['points']
    assert np.var([p['x'] for p in by_pca]) >= np.var([p['y'] for p in by_pca]) and len(by_pca) == 540
    assert refused(client.get('/api/map?model=0&by=axes&x=size&y=mean_hu'), 'there is no axis size')
    assert refused(client.get('/api/map?model=0'), 'by is missing')


def test_the_nearest_real_image_is_that_of_the_search_for_copies(post, made):
    reals = dataset.read(made.data + '/AIS-r05.tfrecords')
    answer, image = post('nearest', **STATE), decoded(post('image', **STATE)['pixels'])
    expected = memorisation.nearest(image[None, None], reals)
    assert answer['index'] == expected.index[0] and answer['error'] == pytest.approx(float(expected.distance[0]))
    turned = memorisation.turned(decoded(answer['pixels']), int(expected.symmetry[0]) % 4)
    assert sorted(turned.ravel()) == sorted(reals[answer['index']].ravel())
    assert answer['typical'] > 0
