"""What the server of the explorer answers, against the other scripts and plain NumPy."""

import io
import json
import shlex
import shutil
import threading
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from common import images
from explored import SIZE, WINDOW, decoded, refused, state
from explorer import models, worker
from metrics import nodules


def generated(succeeds, folder, *arguments):
    """Pixels of the last image that 2-inference.py writes."""
    succeeds('2-inference.py', *arguments, '--outdir', folder, '--cpu')
    last = sorted(folder.glob('*.png'), key=lambda path: int(path.stem.split('_')[-1]))[-1]
    return images.read(str(last))[0]


@pytest.mark.slow
def test_about_holds_models_axes_data_and_windows(post, client, made):
    about = client.get('/api/about').get_json()
    first = about['models'][0]
    assert (first['name'], first['size'], first['labels'], first['window'], first['mm']) == (
        'one',
        SIZE,
        0,
        WINDOW,
        0.6,
    )
    assert first['axes_ready'] and first['axes'][0]['name'] == 'diameter_mm' and first['axes'][0]['usable']
    assert [axis['unit'] for axis in first['axes'] if axis['name'].startswith('sefa')] == ['\u00b0'] * 6
    assert about['data'] == dict(path=made.data, count=40, classes=['AIS'])
    assert about['pix2pix']['size'] == SIZE and ['lung', -1350.0, 150.0] in about['presets']


@pytest.mark.slow
@pytest.mark.parametrize(
    'recorded, names',
    [({}, ['0', '1', '2']), ({'classes': ['A', 'B', 'C']}, ['A', 'B', 'C']), ({'classes': ['A']}, ['0', '1', '2'])],
)
def test_labels_have_the_names_that_are_recorded(made, tmp_path, recorded, names):
    shutil.copy(made.labelled, str(tmp_path / 'G.pkl'))
    (tmp_path / 'G.json').write_text(json.dumps(dict(data=dict(recorded, digest='1-1'))))
    assert models.Model(str(tmp_path / 'G.pkl')).about()['classes'] == names


@pytest.mark.parametrize('seed', [0, 4])
def test_a_seed_is_that_image_of_2_inference(post, succeeds, tmp_path, made, seed):
    answer = post('image', **state(seed=seed))
    expected = generated(succeeds, tmp_path, '--model', made.one, '--number', seed + 1)
    assert_allclose(
        decoded(answer['pixels']).astype(int), expected, atol=1
    )  # sums of other minibatches round otherwise
    measured = nodules.measure(decoded(answer['pixels'])[None, None], mm_per_pixel=0.6)
    if measured.found[0]:
        assert answer['measured']['diameter_mm'] == pytest.approx(measured.diameter_mm[0], abs=1e-3)
        assert answer['outline'].startswith('M')


def test_between_seeds_nodules_blend(post):
    steps = [decoded(post('image', **state(seed=seed))['pixels']).astype(float) for seed in (2, 2.01, 2.5, 2.99, 3)]
    away = [np.abs(step - steps[0]).mean() for step in steps]
    assert (
        away[0] == 0 and away[1] < away[2] and np.abs(steps[3] - steps[4]).mean() < np.abs(steps[2] - steps[4]).mean()
    )


def test_truncation_lessens_variety_down_to_one_image(post):
    spreads = []
    for truncation in (1, 0.4, 0.1, 0):
        shown = [decoded(post('image', **state(seed=i, truncation=truncation))['pixels']) for i in range(12)]
        spreads.append(np.std(np.array(shown, float), axis=0).mean())
    assert spreads == sorted(spreads, reverse=True), spreads
    assert spreads[0] > 2 * spreads[2] and spreads[3] < 0.1


@pytest.mark.parametrize(
    'changes', [{}, dict(moves=dict(diameter_mm=1.0, sefa1=20.0), locks=['mean_hu']), dict(seed=1.5)]
)
def test_saved_latents_give_the_same_pixels_by_the_command_that_is_shown(post, client, succeeds, tmp_path, changes):
    chosen = state(**changes)
    saved = client.post('/api/save/latents', json=chosen)
    assert 'attachment; filename="latents.npy"' in saved.headers['Content-Disposition']
    (tmp_path / 'latents.npy').write_bytes(saved.data)
    command = shlex.split(post('command', **chosen)['command'])
    assert command[:2] == ['python', '2-inference.py'] and command[-1] == 'latents.npy'
    command[-1] = str(tmp_path / 'latents.npy')
    expected = generated(succeeds, tmp_path, *command[2:])
    assert (decoded(post('image', **chosen)['pixels']) == expected).all()
    again = client.post('/api/latents?model=0', data=saved.data, content_type='application/octet-stream').get_json()
    assert again['latents'] == np.load(io.BytesIO(saved.data)).tolist()
    loaded = post('image', **state(latent=again['latents'][0]))
    assert (decoded(loaded['pixels']) == expected).all()
    png = np.asarray(Image.open(io.BytesIO(client.post('/api/save/png', json=chosen).data)))
    raw = np.load(io.BytesIO(client.post('/api/save/raw', json=chosen).data))
    assert (png == expected).all() and raw.dtype == np.float32 and (images.to_uint8(raw)[0, 0] == expected).all()


def test_a_walk_is_a_closed_loop_through_its_stops(post, client):
    stops = [state(seed=1), state(seed=2), state(seed=7)]
    frames = [decoded(text) for text in post('walk', stops=stops, steps=4)['frames']]
    assert len(frames) == 12
    for i, stop in enumerate(stops):
        expected = decoded(post('image', **stop)['pixels'])
        assert np.abs(frames[4 * i].astype(int) - expected).max() <= 1
    gif = client.post('/api/walk.gif', json=dict(stops=stops, steps=4, seconds=3)).data
    assert Image.open(io.BytesIO(gif)).n_frames == 12
    archive = zipfile.ZipFile(io.BytesIO(client.post('/api/walk.zip', json=dict(stops=stops, steps=4)).data))
    assert len(archive.namelist()) == 12
    assert (np.asarray(Image.open(archive.open('frame_005.png'))) == frames[5]).all()
    for number in (1, 9):
        assert refused(client.post('/api/walk', json=dict(stops=stops[:1] * number, steps=4)), '2 to 8 nodules')
    assert refused(client.post('/api/walk', json=dict(stops=[stops[0], state(model=1)], steps=4)), 'of one model')


def test_of_one_view_of_a_browser_the_newest_request_is_answered_and_others_are_not_touched(visit, explorer):
    browsers, go, answers = [visit(), visit()], threading.Event(), {}
    explorer.worker.submit(lambda: go.wait(20), worker.IMAGE)

    def ask(which, seed, view):
        answers[which, seed, view] = browsers[which].post('/api/image?view=' + view, json=state(seed=seed))

    threads = []
    for request in [(0, 1, 'a'), (1, 1, 'a'), (0, 1, 'b'), (0, 2, 'a'), (0, 3, 'a')]:
        threads.append(threading.Thread(target=ask, args=request))
        threads[-1].start()
        threads[-1].join(0.3)  # until it waits
    go.set()
    for thread in threads:
        thread.join(20)
    codes = {request: response.status_code for request, response in answers.items()}
    assert codes == {(0, 1, 'a'): 400, (0, 2, 'a'): 400, (0, 3, 'a'): 200, (1, 1, 'a'): 200, (0, 1, 'b'): 200}
    assert refused(answers[0, 1, 'a'], 'newer request')


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(model=9), 'no model 9'), (dict(model=-1), 'model'), (dict(seed=-0.5), 'seed'), (dict(seed='1'), 'seed'),
        (dict(label=2), 'no class 2'), (dict(latent=[1.0]), 'latent has 1 numbers'), (dict(latent=[0]), 'latent'),
        (dict(latent='x'), 'latent'), (dict(moves=dict(size=1)), 'axis size'), (dict(moves=dict(sefa1='1')), 'moves'),
        (dict(moves=[]), 'moves'), (dict(moves=dict(mean_hu=5), locks=['x']), 'no axis x'), (dict(locks=[1]), 'locks'),
        (dict(truncation=1.5), 'truncation'), (dict(truncation=None), 'truncation'),
    ],
)  # fmt: skip
def test_a_state_that_no_page_sends_is_refused_in_words(client, changes, message):
    assert refused(client.post('/api/image', json=state(**changes)), message)
