"""Settings of 7-explore.py: a record for each of its sub-commands."""

from common.commandline import group, settings
from common.types import integer_between, nonempty
from config import CPU, SEED

Axes = settings(
    'Axes',
    'learn which directions of the latents change size, density and place, and say how well',
    inputs='model',
    writer='explorer',
    example='python 7-explore.py axes --model demo/weight/AIS.pkl',
    model=('demo/weight/AIS.pkl', 'weights; their axes are kept beside them, as NAME.axes.npz'),
    number=(2000, 'generated images to learn the axes from', integer_between(200, 100000)),
    seed=SEED,
    cpu=CPU,
)
Serve = settings(
    'Serve',
    'play with generators in a browser',
    group(
        'input',
        model=(['demo/weight/AIS.pkl', 'demo/weight/MIA.pkl', 'demo/weight/IA.pkl'], 'weights, a button for each file'),
        pix2pix=('demo/weight/pix2pix.pkl', 'weights of pix2pix, for nodules that are drawn'),
        data=(None, 'a dataset of real patches: to insert nodules into, and to search for copies', nonempty),
    ),
    group('server', port=(8081, 'port to listen on, 0 for any free one', integer_between(0, 65535))),
    group('hardware', cpu=CPU),
    inputs='model pix2pix data',
    writer='explorer',
    example='python 7-explore.py serve --data processData',
)
DESCRIPTION = 'Play with generators: sliders for size and density, walks, projection of pictures, masks, maps.'
COMMANDS = dict(axes=Axes, serve=Serve)
