"""The page that shows what the demo made: index.html in its folder."""

import glob
import json
import os

from common import images, page

TEMPLATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'demo_results.html')
SIZE = 64  # pixels of a patch
SHOWN = 8  # patches of a class
ZOOM = 2
DRAWN = 6  # patches of masks, a row
NEXT = [
    ('Move the size and the density of a nodule in the browser', 'make explore'),
    ('Train on the phantoms of a class', 'python 3-train.py --data processData/MIA --preset laptop --outdir results'),
    ('Make patches of your CT scans', 'python 0-dataset_create.py volumes nodules.csv --volumes scans'),
]


def _patches(path, alt):
    """Pictures of the first patches of a contact sheet."""
    sheet = images.read(path)
    columns = sheet.shape[2] // SIZE
    for i in range(SHOWN):
        y, x = SIZE * (i // columns), SIZE * (i % columns)
        picture = page.picture(sheet[:, y : y + SIZE, x : x + SIZE], '%s %d' % (alt, i + 1))
        yield picture._replace(width=ZOOM * SIZE, height=ZOOM * SIZE)


def _animation(path, alt):
    with open(path, 'rb') as f:
        uri = page.data_uri('gif', f.read())
    return page.Picture(uri, page.LARGE, page.LARGE, alt, False, SIZE)


def write(folder, classes, window, evaluated, seconds):
    """Writes index.html in the folder of the demo's results.

    window: HU at gray 0 and 255 of all patches; evaluated: the class that was evaluated; seconds: of the demo.
    """
    rows = []
    for name in classes:
        sets = []
        for title, sheet in (('phantoms', 'dataset_grid.png'), ('generated', 'inference_grid.png')):
            sets.append((title, list(_patches(os.path.join(folder, name, sheet), '%s, %s' % (name, title)))))
        rows.append((name, sets))
    with open(os.path.join(folder, evaluated, 'evaluation.json')) as f:
        verdicts = [(verdict['topic'], verdict['state']) for verdict in json.load(f)['verdicts']]
    drawn = sorted(glob.glob(os.path.join(folder, 'pix2pix', '*.png')))[:DRAWN]
    masks = [page.picture(images.read(path), os.path.basename(path)) for path in drawn]
    page.write(
        os.path.join(folder, 'index.html'),
        TEMPLATE,
        'Lung nodules from a GAN: the demo',
        window,
        seconds=seconds,
        classes=rows,
        walk=_animation(os.path.join(folder, 'interpolation.gif'), 'a walk between generated nodules'),
        verdicts=verdicts,
        evaluated=evaluated,
        evaluation=evaluated + '/evaluation.html',
        masks=masks,
        drawn='pix2pix/index.html',
        next=NEXT,
    )
