"""Shows what the repository does, on this machine, all in demo/output; `make demo` runs it.

Real and generated nodules, a walk between latents, an evaluation, patches from masks.
"""

import os
import subprocess
import sys
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from common import hounsfield, images  # noqa: E402

OUTPUT = os.path.join('demo', 'output')
WEIGHT = os.path.join('demo', 'weight')
CLASSES = 'AIS', 'MIA', 'IA'


def run(*arguments):
    """Run a script of the project, shown as one would type it."""
    print('  $ python ' + ' '.join(arguments), flush=True)
    subprocess.check_call([sys.executable] + list(arguments), cwd=ROOT)


def compare():
    """Real and generated nodules of each class in one sheet."""
    rows = []
    for seed, name in enumerate(CLASSES):  # relatives: of one seed they would make like images
        outdir, sheets = os.path.join(OUTPUT, name), []
        reals, weights = os.path.join('processData', name), os.path.join(WEIGHT, name + '.pkl')
        run('1-dataset_display.py', '--tfrecords', reals, '--number', '16', '--grid', '--outdir', outdir)
        run('2-inference.py', '--model', weights, '--seed', str(seed), '--number', '16', '--grid', '--outdir', outdir)
        for sheet in ('dataset_grid.png', 'inference_grid.png'):
            hu = hounsfield.to_hu(images.read(os.path.join(ROOT, outdir, sheet)), hounsfield.WINDOWS['paper'])
            gray = hounsfield.to_gray(hu, hounsfield.WINDOWS['lung'])
            sheets.append(np.pad(gray, [(0, 0), (4, 4), (4, 4)], 'constant'))
        rows.append(np.concatenate(sheets, axis=2))
    images.save(os.path.join(ROOT, OUTPUT, 'real-generated.png'), np.concatenate(rows, axis=1))
    print('  real-generated.png, lung window: phantoms left, generated right; from above %s' % ', '.join(CLASSES))


def walk():
    weights = os.path.join(WEIGHT, 'MIA.pkl')
    run('2-inference.py', '--model', weights, '--interpolate', 'slerp', '--number', '5', '--outdir', OUTPUT)


def evaluate():
    compared = ['--model', os.path.join(WEIGHT, 'AIS.pkl'), '--data', os.path.join('processData', 'AIS')]
    run('4-evaluate.py', *compared, '--audit', '50')


def from_masks():
    masks = ['--model', os.path.join(WEIGHT, 'pix2pix.pkl'), '--masks', os.path.join('pix2pix', 'dataset-demo')]
    run('-m', 'pix2pix', 'generate', *masks, '--outdir', os.path.join(OUTPUT, 'pix2pix'))


STEPS = (
    ('Real and generated nodules', compare),
    ('A walk between generated nodules', walk),
    ('How good, how varied and how new they are', evaluate),
    ('CT patches of masks', from_masks),
)


def opener():
    """The command with which this desktop shows a folder, or None where nobody sits before one."""
    if not sys.stdout.isatty() or 'CI' in os.environ or 'SSH_CONNECTION' in os.environ:
        return None
    if os.name == 'nt':
        return 'explorer'
    if sys.platform == 'darwin':
        return 'open'
    return 'xdg-open' if os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY') else None


def show(folder):
    command = opener()
    try:
        if command:
            subprocess.call([command, folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        pass  # a desktop without it; the folder was named


def main():
    begin = time.time()
    for i, (title, step) in enumerate(STEPS):
        print('\n[%d/%d] %s' % (i + 1, len(STEPS), title), flush=True)
        before = time.time()
        step()
        print('  %.0f s' % (time.time() - before), flush=True)
    folder = os.path.join(ROOT, OUTPUT)
    print('\nDone in %.0f s, installation not included. Everything is in' % (time.time() - begin))
    print('  %s\nBegin with real-generated.png, AIS/evaluation.html and pix2pix/index.html.' % folder)
    show(folder)


if __name__ == '__main__':
    main()
