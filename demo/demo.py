"""Shows what the repository does, on this machine, all in demo/output; `make demo` runs it.

Real and generated nodules, a walk between latents, an evaluation, patches from masks.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUTPUT = os.path.join('demo', 'output')


def run(*arguments):
    subprocess.check_call([sys.executable] + list(arguments), cwd=ROOT)


def main():
    weights, data = os.path.join('demo', 'weight'), 'processData'
    for name in ('AIS', 'MIA', 'IA'):
        outdir, reals = os.path.join(OUTPUT, name), os.path.join(data, name)
        run('1-dataset_display.py', '--tfrecords', reals, '--number', '64', '--grid', '--outdir', outdir)
        run('2-inference.py', '--model', os.path.join(weights, name + '.pkl'), '--number', '10', '--outdir', outdir)
    walk = ['--model', os.path.join(weights, 'MIA.pkl'), '--interpolate', 'slerp', '--number', '5']
    run('2-inference.py', *walk, '--outdir', OUTPUT)
    compared = ['--model', os.path.join(weights, 'AIS.pkl'), '--data', os.path.join(data, 'AIS'), '--audit', '50']
    run('4-evaluate.py', *compared, '--outdir', OUTPUT)
    masks = ['--model', os.path.join(weights, 'pix2pix.pkl'), '--masks', os.path.join('pix2pix', 'dataset-demo')]
    run('-m', 'pix2pix', 'generate', *masks, '--outdir', os.path.join(OUTPUT, 'pix2pix'))
    print('Look at %s, begin with evaluation.html and pix2pix/index.html' % OUTPUT)


if __name__ == '__main__':
    main()
