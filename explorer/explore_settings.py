"""Settings of 7-explore.py: a record for each of its sub-commands."""

from common.commandline import settings
from common.types import nonempty, number_between
from config import CPU, SEED

Axes = settings(
    'Axes',
    inputs='model',
    writer='explorer',
    example='python 7-explore.py axes --model demo/weight/AIS.pkl',
    model=('demo/weight/AIS.pkl', 'weights; their axes are kept beside them, as NAME.axes.npz'),
    number=(2000, 'generated images to learn the axes from', number_between(200, 100000)),
    seed=SEED,
    cpu=CPU,
)
Serve = settings(
    'Serve',
    inputs='model pix2pix data',
    writer='explorer',
    example='python 7-explore.py serve --data processData',
    groups='input: model pix2pix data; server: port; hardware: cpu',
    model=(['demo/weight/AIS.pkl', 'demo/weight/MIA.pkl', 'demo/weight/IA.pkl'], 'weights, one tab each', list),
    pix2pix=('demo/weight/pix2pix.pkl', 'weights of pix2pix, for nodules that are drawn'),
    data=(None, 'a dataset of real patches: to insert nodules into, and to search for copies', nonempty),
    port=(8081, 'port to listen on, 0 for any free one', number_between(0, 65535)),
    cpu=CPU,
)
Page = settings(
    'Page',
    inputs='model',
    writer='explorer',
    example='python 7-explore.py page --model demo/weight/AIS.pkl --out explore.html',
    model=('demo/weight/AIS.pkl', 'weights'),
    out=('explore.html', 'the file to write', nonempty),
    cpu=CPU,
)
COMMANDS = dict(
    axes=(Axes, 'learn which directions of the latents change size, density and place, and say how well'),
    serve=(Serve, 'play with generators in a browser'),
    page=(Page, 'write a page of one file that shows nodules along each axis, without a server'),
)
