"""Shows what the repository does, on this machine: real and generated nodules, a walk between latents, an evaluation, patches from masks; all in
demo/output. `make demo` runs it."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUTPUT = os.path.join('demo', 'output')


def run(*arguments):
    subprocess.check_call([sys.executable] + list(arguments), cwd=ROOT)


def main():
    for name in ('AIS', 'MIA', 'IA'):
        outdir, weights = os.path.join(OUTPUT, name), os.path.join('demo', 'weight', name + '.pkl')
        run('1-dataset_display.py', '--tfrecords', os.path.join('processData', name), '--number', '64', '--grid', '--outdir', outdir)
        run('2-inference.py', '--model', weights, '--number', '10', '--outdir', outdir)
    run('2-inference.py', '--model', os.path.join('demo', 'weight', 'MIA.pkl'), '--interpolate', 'slerp', '--number', '5', '--outdir', OUTPUT)
    run('4-evaluate.py', '--model', os.path.join('demo', 'weight', 'AIS.pkl'), '--data', os.path.join('processData', 'AIS'), '--audit', '50', '--outdir', OUTPUT)
    run('-m', 'pix2pix', 'generate', '--model', os.path.join('demo', 'weight', 'pix2pix.pkl'), '--masks', os.path.join('pix2pix', 'dataset-demo'),
        '--outdir', os.path.join(OUTPUT, 'pix2pix'))
    print('Look at %s, begin with evaluation.html and pix2pix/index.html' % OUTPUT)


if __name__ == '__main__':
    main()
