"""Files that hostile or mistaken people drop: refused in words, and the server goes on."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from explored import SIZE, STATE


def png(width, height, mode='L', **options):
    f = io.BytesIO()
    Image.new(mode, (width, height)).save(f, options.pop('format', 'PNG'), **options)
    return f.getvalue()


def huge():
    """A PNG of a few bytes that says it has 65,535 x 65,535 pixels."""
    head = b'IHDR' + struct.pack('>IIBBBBB', 65535, 65535, 8, 0, 0, 0, 0)
    chunk = struct.pack('>I', 13) + head + struct.pack('>I', zlib.crc32(head) & 0xFFFFFFFF)
    return b'\x89PNG\r\n\x1a\n' + chunk + png(1, 1)[33:]


def npy(array, **options):
    f = io.BytesIO()
    np.save(f, array, **options)
    return f.getvalue()


PICTURES = {
    'huge header': (huge(), 'the picture cannot be read'),
    'other size': (png(SIZE, SIZE + 1), 'wanted is a gray PNG of %d x %d' % (SIZE, SIZE)),
    'GIF': (png(SIZE, SIZE, format='GIF'), 'of a type that is not known here'),
    'JPEG': (png(SIZE, SIZE, format='JPEG'), 'a JPEG picture'),
    'text': (b'hello', 'wanted is a gray PNG'),
    'page with a script': (b'<script>alert(1)</script>', 'a web page'),
    'nothing': (b'', 'empty'),
    'cut off': (png(SIZE, SIZE, 'RGB')[:50], 'the picture cannot be read'),
    'transparent': (png(SIZE, SIZE, 'RGBA'), 'transparent'),
    'too large': (b'\x89PNG' + bytes(4 * 2**20 + 500), 'larger than 4 MB'),
}
LATENTS = {
    'pickle': (b'\x80\x03cposix\nsystem\nX\x04\x00\x00\x00true\x85R.', 'not a NumPy file'),
    'objects': (npy(np.array([{}, {}], object), allow_pickle=True), 'not a NumPy file'),
    'other length': (npy(np.ones([1, 3])), 'has the shape [1, 3]'),
    'not finite': (npy(np.full([1, 16], np.nan)), 'finite'),
    'zero': (npy(np.zeros([1, 16])), 'zero'),
    'none': (npy(np.zeros([0, 16])), 'no latents'),
    'lying header': (npy(np.ones([1, 16])).replace(b'(1, 16)', b'(9, 16)'), 'not a NumPy file'),
    'too large': (npy(np.ones([20000, 16])), 'larger than 1 MB'),
}


def assert_refused(client, path, content, message):
    """A file is refused in words that name no place on this machine."""
    response = client.post(path, data=content, content_type='application/octet-stream')
    assert response.status_code == 400 and message in response.get_json()['error'], response.data
    assert '/tmp' not in response.get_json()['error']


@pytest.mark.parametrize('kind', sorted(PICTURES))
def test_what_is_no_picture_of_the_size_is_refused_in_words(client, kind):
    assert_refused(client, '/api/project?model=0', *PICTURES[kind])
    assert client.post('/api/image', json=STATE).status_code == 200


@pytest.mark.parametrize('kind', sorted(LATENTS))
def test_what_are_no_latents_is_refused_in_words(client, kind):
    assert_refused(client, '/api/latents?model=0', *LATENTS[kind])


def test_forms_of_other_sites_names_with_scripts_and_floods_are_not_taken(client):
    for path in ('project?model=0', 'latents?model=0'):
        for kind in ('text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded'):
            assert client.post('/api/' + path, data=b'x', content_type=kind).status_code == 415
    flood = client.post('/api/project?model=0', data=bytes(2**23), content_type='application/octet-stream')
    assert flood.status_code == 413
    for model in ('<script>', '-1', '1e9', '9' * 30, '\u0663'):
        response = client.post('/api/latents?model=' + model, data=b'x', content_type='application/octet-stream')
        assert response.status_code == 400 and response.mimetype == 'application/json'
    assert client.post('/api/save/..%2f..%2fetc', json=STATE).status_code == 404
    assert client.post('/api/image', data='{"seed": NaN}', content_type='application/json').status_code == 400
