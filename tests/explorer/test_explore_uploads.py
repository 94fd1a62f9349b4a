"""Files that hostile or mistaken people drop: refused in words, and the server goes on."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from explored import SIZE, STATE, refused


def png(pnginfo=None):
    f = io.BytesIO()
    Image.new('L', (SIZE, SIZE)).save(f, 'PNG', pnginfo=pnginfo)
    return f.getvalue()


def text(content):
    """What a PNG says under the word that the page writes, compressed."""
    info = PngImagePlugin.PngInfo()
    info.add_text('nodule', content, zip=True)
    return info


def saved(**changes):
    """A PNG as the page saves it, of a latent of ones that no image was made of."""
    values = dict(model='one.pkl', latent=base64.b64encode(np.ones(16, '<f4')).decode(), label=0, window=None)
    values.update(mm_per_pixel=None)
    values.update(changes)
    return png(text(json.dumps(values)))


def npy(array, **options):
    f = io.BytesIO()
    np.save(f, array, **options)
    return f.getvalue()


LATENTS = {
    'pickle': (b'\x80\x03cposix\nsystem\nX\x04\x00\x00\x00true\x85R.', 'not a NumPy file'),
    'objects': (npy(np.array([{}, {}], object), allow_pickle=True), 'not a NumPy file'),
    'other length': (npy(np.ones([1, 3])), 'has the shape [1, 3]'),
    'not finite': (npy(np.full([1, 16], np.nan)), 'finite'),
    'zero': (npy(np.zeros([1, 16])), 'zero'),
    'none': (npy(np.zeros([0, 16])), 'no latents'),
    'lying header': (npy(np.ones([1, 16])).replace(b'(1, 16)', b'(9, 16)'), 'not a NumPy file'),
    'too large': (npy(np.ones([20000, 16])), 'larger than 1 MB'),
    'a picture without a latent': (png(), 'holds no latent'),
    'a picture of other weights': (saved(model='other.pkl'), 'was made with other.pkl; start the explorer'),
    'a picture with half a latent': (saved(latent='AAA'), 'a latent that is damaged'),
    'a picture with a latent that is not finite': (saved(latent='AADAfw=='), 'a latent that is damaged'),
    'a picture with a class that is none': (saved(label=-1), 'a latent that is damaged'),
    'a picture with a list': (png(text('[1]')), 'a latent that is damaged'),
    'a picture with an endless list': (png(text('[' * 10**5)), 'a latent that is damaged'),
    'a picture with a bomb': (png(text(' ' * 2**22)), 'the picture cannot be read'),
    'a picture that is cut off': (saved()[:60], 'the picture cannot be read'),
}


def assert_refused(client, path, content, message):
    """A file is refused in words that name no place on this machine."""
    response = client.post(path, data=content, content_type='application/octet-stream')
    assert response.status_code == 400 and message in response.get_json()['error'], response.data
    assert '/tmp' not in response.get_json()['error']


def test_pixels_that_are_no_picture_of_the_size_are_refused_in_words(client):
    cases = {'those are 3 pixels': 'AAAA', 'not base64': '#', 'pixels is': 7}
    for message, pixels in cases.items():
        assert refused(client.post('/api/project', json=dict(model=0, pixels=pixels)), message)
    assert client.post('/api/image', json=STATE).status_code == 200


@pytest.mark.parametrize('kind', sorted(LATENTS))
def test_what_are_no_latents_is_refused_in_words(client, kind):
    assert_refused(client, '/api/latents?model=0', *LATENTS[kind])


def test_forms_of_other_sites_names_with_scripts_and_floods_are_not_taken(client):
    for path in ('project', 'latents?model=0'):
        for kind in ('text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded'):
            assert client.post('/api/' + path, data=b'x', content_type=kind).status_code == 415
    flood = client.post('/api/project', data=bytes(2**23), content_type='application/json')
    assert flood.status_code == 413
    for model in ('<script>', '-1', '1e9', '9' * 30, '\u0663'):
        response = client.post('/api/latents?model=' + model, data=b'x', content_type='application/octet-stream')
        assert response.status_code == 400 and response.mimetype == 'application/json'
    assert client.post('/api/save/..%2f..%2fetc', json=STATE).status_code == 404
    assert client.post('/api/image', data='{"seed": NaN}', content_type='application/json').status_code == 400
