"""Shows what the repository does, on this machine; `make demo` runs it. All results are in demo/output.

Real and generated nodules, a walk between latents, an evaluation, patches from masks.
"""

import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import demo_page  # noqa: E402

from common import hounsfield  # noqa: E402

OUTPUT = os.path.join('demo', 'output')
WEIGHT = os.path.join('demo', 'weight')
CLASSES = 'AIS', 'MIA', 'IA'
EVALUATED = 'AIS'


def run(*arguments):
    """Runs a script of the project, after printing it as one would type it."""
    print('  $ python ' + ' '.join(arguments), flush=True)
    subprocess.check_call([sys.executable] + list(arguments), cwd=ROOT)


def compare():
    for seed, name in enumerate(CLASSES):  # the weights are related: of the same seed they make similar images
        outdir = os.path.join(OUTPUT, name)
        reals = os.path.join('processData', name)
        weights = os.path.join(WEIGHT, name + '.pkl')
        run('1-dataset_display.py', '--tfrecords', reals, '--number', '16', '--grid', '--outdir', outdir)
        run('2-inference.py', '--model', weights, '--seed', str(seed), '--number', '16', '--grid', '--outdir', outdir)


def walk():
    weights = os.path.join(WEIGHT, 'MIA.pkl')
    options = ['--interpolate', 'slerp', '--number', '5', '--format', 'gif', '--outdir', OUTPUT]
    run('2-inference.py', '--model', weights, *options)


def evaluate():
    weights, phantoms = os.path.join(WEIGHT, EVALUATED + '.pkl'), os.path.join(OUTPUT, 'phantoms')
    unseen = ['--number', '2000', '--seed', '6', '--outdir', phantoms, '--force']  # others than those of its training
    run('0-dataset_create.py', 'phantom', EVALUATED, *unseen)
    data = os.path.join(phantoms, EVALUATED)
    run('4-evaluate.py', '--model', weights, '--data', data, '--number', '1000', '--audit', '50')


def patches_of_masks():
    inputs = ['--model', os.path.join(WEIGHT, 'pix2pix.pkl'), '--masks', os.path.join('pix2pix', 'dataset-demo')]
    run('-m', 'pix2pix', 'generate', *inputs, '--outdir', os.path.join(OUTPUT, 'pix2pix'))


STEPS = (
    ('Real and generated nodules', compare),
    ('A walk between generated nodules', walk),
    ('How good, how varied and how new they are', evaluate),
    ('CT patches of masks', patches_of_masks),
)


def opener():
    """The command that opens a folder on this desktop, or None if there is no desktop."""
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
        pass  # the command is not installed; the folder was printed


def main():
    begin = time.time()
    for i, (title, step) in enumerate(STEPS, 1):
        print('\n[%d/%d] %s' % (i, len(STEPS), title), flush=True)
        step_begin = time.time()
        step()
        print('  %.0f s' % (time.time() - step_begin), flush=True)
    folder = os.path.join(ROOT, OUTPUT)
    demo_page.write(folder, CLASSES, hounsfield.WINDOWS['paper'], EVALUATED, time.time() - begin)
    print('\nDone in %.0f s, installation not included. Everything is in' % (time.time() - begin))
    print('  %s\nBegin with index.html.' % folder)
    show(folder)


if __name__ == '__main__':
    main()
