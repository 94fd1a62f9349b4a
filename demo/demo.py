"""Shows what the repository can do on this machine: writes contact sheets to demo/output. `make demo` runs it."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUTPUT = os.path.join('demo', 'output')


def run(*arguments):
    subprocess.check_call([sys.executable] + list(arguments), cwd=ROOT)


def main():
    for name in ('AIS', 'MIA', 'IA'):
        data, weights = os.path.join('processData', name), os.path.join('demo', 'weight', name + '.pkl')
        outdir = os.path.join(OUTPUT, name)
        if os.path.isdir(os.path.join(ROOT, data)):
            run('1-dataset_display.py', '--tfrecords', data, '--number', '64', '--grid', '--outdir', outdir)
        else:
            print('%s: no data set there yet' % data)
        if os.path.exists(os.path.join(ROOT, weights)):
            run('2-inference.py', '--model', weights, '--number', '10', '--grid', '--outdir', outdir)
        else:
            print('%s: no weights there yet, so no generated %s nodules to show; make some: python 3-train.py --data %s' % (weights, name, data))


if __name__ == '__main__':
    main()
