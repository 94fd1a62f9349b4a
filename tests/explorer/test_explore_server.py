"""What the server of the explorer answers, against the other scripts and plain NumPy."""

import base64
import io
import json
import re
import shlex
import shutil
import threading
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image, PngImagePlugin

from common import images
from explored import MM, SIZE, WINDOW, decoded, refused, state
from explorer import models, worker
from metrics import nodules
from places import ONCE


def file_name(response):
    """The name that a browser gives to a file that it saves."""
    return re.match('attachment; filename="([^"]+)"$', response.headers['Content-Disposition']).group(1)


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
    assert about['data'] == dict(path=made.data, count=40, classes=['AIS'], adjective='real')
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


def test_an_answer_also_says_what_the_nodule_measures_without_moves(post):
    for seed in range(9):
        plain = post('image', **state(seed=seed))
        moved = post('image', **state(seed=seed, moves=dict(sefa1=60.0)))
        assert plain['start'] == plain['measured'] and moved['start'] == plain['measured']
        if moved['measured'] != moved['start']:
            return
    raise AssertionError('none of the nodules changed')


def test_the_reach_of_an_attribute_holds_the_nodule_itself(post, client):
    found = (state(seed=seed) for seed in range(40))
    chosen = next(each for each in found if post('image', **each)['measured']['diameter_mm'])
    start = post('image', **chosen)['measured']['diameter_mm']
    low, high = post('reach?axis=diameter_mm', **chosen)['ends']
    assert low <= start + 0.05 and high >= start - 0.05
    assert refused(client.post('/api/reach?axis=size', json=chosen), 'no axis size')
    assert refused(client.post('/api/reach', json=chosen), 'axis is missing')


def test_what_a_nodule_does_not_have_has_no_reach(post):
    seeds = range(100)
    nothing = next(seed for seed in seeds if post('image', **state(seed=seed))['measured']['wall_mm'] is None)
    assert post('reach?axis=wall_mm', **state(seed=nothing))['ends'] is None


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


@ONCE
@pytest.mark.parametrize(
    'changes', [{}, dict(moves=dict(diameter_mm=1.0, sefa1=20.0), locks=['mean_hu']), dict(seed=1.5)]
)
def test_saved_latents_give_the_same_pixels_by_the_command_that_is_shown(post, client, succeeds, tmp_path, changes):
    chosen = state(**changes)
    saved = client.post('/api/save/latents', json=chosen)
    (tmp_path / 'latents.npy').write_bytes(saved.data)
    command = shlex.split(post('command', **chosen)['command'])
    assert command[:2] == ['python', '2-inference.py'] and command[-1] == file_name(saved)
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


def test_a_saved_file_is_named_after_weights_seed_and_the_diameter_that_was_measured(post, client):
    for chosen in (state(seed=2), state(seed=1.25, moves=dict(sefa1=40.0))):
        diameter = post('image', **chosen)['measured']['diameter_mm']
        size = '' if diameter is None else '-%.1fmm' % diameter
        name = 'one-seed%s%s' % (chosen['seed'], size)
        for kind, ending in (('png', '.png'), ('raw', '.npy'), ('latents', '-latents.npy')):
            assert file_name(client.post('/api/save/' + kind, json=chosen)) == name + ending
    latent = post_latents(client, client.post('/api/save/latents', json=state()).data)['latents'][0]
    assert file_name(client.post('/api/save/png', json=state(latent=latent))).startswith('one-seedlatent')


def post_latents(client, content, code=200):
    response = client.post('/api/latents?model=0', data=content, content_type='application/octet-stream')
    assert response.status_code == code, response.data
    return response.get_json()


@pytest.mark.parametrize('scale', [1, 4])
def test_a_saved_picture_opens_the_same_nodule_again_here_and_in_2_inference(
    post, client, succeeds, tmp_path, made, scale
):
    chosen = state(seed=5, moves=dict(sefa1=30.0))
    shown = decoded(post('image', **chosen)['pixels'])
    png = client.post('/api/save/png?scale=%d' % scale, json=chosen).data
    assert (np.asarray(Image.open(io.BytesIO(png))) == np.kron(shown, np.ones([scale, scale]))).all()
    opened = post_latents(client, png)
    assert (opened['model'], opened['label']) == (0, 0)
    assert (decoded(post('image', **state(latent=opened['latents'][0]))['pixels']) == shown).all()
    (tmp_path / 'saved.png').write_bytes(png)
    files = tmp_path / 'out'
    files.mkdir()
    assert (generated(succeeds, files, '--model', made.one, '--latents', tmp_path / 'saved.png') == shown).all()


def test_the_text_of_a_saved_picture_says_latent_weights_window_and_scale_and_no_folder(client, made):
    chosen = state(seed=5)
    picture = Image.open(io.BytesIO(client.post('/api/save/png?scale=4', json=chosen).data))
    assert list(picture.info) == ['nodule']
    origin = json.loads(picture.info['nodule'])
    latent = np.load(io.BytesIO(client.post('/api/save/latents', json=chosen).data))
    assert base64.b64decode(origin.pop('latent')) == latent.astype('<f4').tobytes()
    assert origin == dict(model='one.pkl', label=0, window=WINDOW, mm_per_pixel=pytest.approx(MM / 4))


def test_a_picture_of_other_weights_of_the_same_name_is_refused(client, made, tmp_path):
    png = client.post('/api/save/png', json=state()).data
    picture = Image.open(io.BytesIO(png))
    text, f = PngImagePlugin.PngInfo(), io.BytesIO()
    text.add_text('nodule', picture.info['nodule'])
    Image.fromarray(255 - np.asarray(picture)).save(f, 'PNG', pnginfo=text)
    assert 'other weights of that name' in post_latents(client, f.getvalue(), 400)['error']


def test_a_walk_is_a_closed_loop_through_its_stops(post, client):
    stops = [state(seed=1), state(seed=2), state(seed=7)]
    frames = [decoded(text) for text in post('walk', stops=stops, steps=4)['frames']]
    assert len(frames) == 12
    for i, stop in enumerate(stops):
        expected = decoded(post('image', **stop)['pixels'])
        assert np.abs(frames[4 * i].astype(int) - expected).max() <= 1
    gif = client.post('/api/walk.gif?scale=4', json=dict(stops=stops, steps=4, seconds=3))
    assert file_name(gif) == 'one-seed1-2-7.gif'
    assert Image.open(io.BytesIO(gif.data)).n_frames == 12 and Image.open(io.BytesIO(gif.data)).size == (128, 128)
    archive = zipfile.ZipFile(io.BytesIO(client.post('/api/walk.zip', json=dict(stops=stops, steps=4)).data))
    assert len(archive.namelist()) == 12
    assert (np.asarray(Image.open(archive.open('frame_005.png'))) == frames[5]).all()
    assert refused(
        client.post('/api/walk.gif?scale=3', json=dict(stops=stops, steps=4, seconds=3)), 'scale is not 1 or 4'
    )
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
