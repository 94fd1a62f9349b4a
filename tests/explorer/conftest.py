"""Small random networks, real patches, and an explorer of them."""

import collections
import json

import pytest

import dataset
import runs
import tfutil
from explored import MM, SIZE, WINDOW, blobs, flat_axes
from explorer import axes, explore_settings, explorer_app, explorer_service, models
from pix2pix import unet

Made = collections.namedtuple('Made', 'one labelled pix2pix data')


@pytest.fixture(scope='session')
def made(tmp_path_factory):
    """Paths of weights without and with labels, of pix2pix weights, and of a dataset; the first one's axes are kept."""
    folder = tmp_path_factory.mktemp('explorer')
    result = Made(*(str(folder / name) for name in ('one.pkl', 'labelled.pkl', 'pix2pix.pkl', 'AIS')))
    small = dict(resolution=SIZE, fmap_max=16)
    runs.random_networks(result.one, **small)
    runs.random_networks(result.labelled, label_size=3, **small)
    (folder / 'one.json').write_text(json.dumps(dict(data=dict(digest='1-1', window=WINDOW, mm_per_pixel=MM))))
    with tfutil.init_tf(cpu=True):
        networks = [('G', unet.U_net, dict(ngf=4)), ('D', unet.PatchGAN, dict(ndf=4))]
        tfutil.save(result.pix2pix, [tfutil.Network(n, build, size=SIZE, **more) for n, build, more in networks])
    dataset.write(result.data, 'AIS', blobs(40))
    (folder / 'AIS' / 'AIS.json').write_text(json.dumps(dict(window=WINDOW, mm_per_pixel=MM)))
    model = models.Model(result.one, cpu=True)
    axes.save(result.one, model.facts, flat_axes(model))
    return result


@pytest.fixture(scope='session')
def explorer(made):
    with explorer_service.opened(
        explore_settings.Serve([made.one, made.one], made.pix2pix, made.data, cpu=True)
    ) as result:
        yield result


@pytest.fixture(scope='session')
def visit(explorer):
    """Opens the link in a new browser; returns its client."""
    app = explorer_app.application(explorer, 'token')

    def call():
        client = app.test_client()
        client.get('/?token=token')
        client.get('/api/about')
        return client

    return call


@pytest.fixture
def client(visit):
    return visit()


@pytest.fixture
def post(client):
    """Posts JSON that has to be answered; returns the answer's JSON."""

    def call(path, **given):
        response = client.post('/api/' + path, json=given)
        assert response.status_code == 200, response.data
        return response.get_json()

    return call
