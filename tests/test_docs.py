"""README and docs: links lead somewhere, commands run as they stand, the page of the Python interface is current."""

import glob
import itertools
import os
import re
import runpy
import shlex
import shutil

import numpy as np
import pytest

from common import images
from explorer import learning
from places import ONCE, ROOT
from scans import POINT, blob, picture, write

PAGES = ['README.md'] + sorted(
    'docs/' + os.path.basename(path) for path in glob.glob(os.path.join(ROOT, 'docs', '*.md'))
)
# What is added to a command that begins like this, so that it takes seconds; the last flag counts.
SMALL = {
    '0-dataset_create.py phantom': '--number 40',
    '0-dataset_create.py pairs --phantom': '--resolution 32 --number 4',
    '0-dataset_create.py volumes nodules.csv --volumes scans --folds 5 --name cv': '--folds 2 --resolution 16',
    '5-classify.py gans': '--fmap-max 8 --fmap-base 64 --minibatch 2 --total-kimg 0.008 --lod-initial-resolution 16 '
    '--cpu',
    '5-classify.py run': '--repeats 1 --steps 4 --cpu',
    '5-classify.py predict': '--cpu',
    '3-train.py --resume': '--total-kimg 0.032',
    '3-train.py': '--fmap-max 8 --fmap-base 64 --minibatch 8 --lod-training-kimg 0.008 --lod-transition-kimg 0.008 '
    '--total-kimg 0.016 --lod-initial-resolution 64 --cpu',
    '4-evaluate.py': '--number 20 --audit 5 --cpu',
    '2-inference.py': '--cpu',
    '6-turing_test.py create': '--number 20 --practice 2 --cpu',
    '7-explore.py axes': '--number 200 --cpu',
    '7-explore.py page': '--cpu',
    '-m pix2pix train': '--ngf 4 --ndf 4 --minibatch 4 --epochs 1 --cpu',
    '-m pix2pix generate': '--cpu',
}


def read(page):
    with open(os.path.join(ROOT, page), encoding='utf-8') as f:
        return f.read()


def commands(page):
    """What a page says to type, in order: lines of its sh blocks, and the commands in its tables."""
    text = read(page)
    lines = itertools.chain(*[block.splitlines() for block in re.findall(r'```sh\n(.*?)```', text, re.DOTALL)])
    return list(lines) + re.findall(r'^\|.*`(python .*?)` \|$', text, re.MULTILINE)


def anchor(heading):
    """What GitHub calls a heading in a link."""
    return re.sub(r'[^\w\- ]', '', heading.strip().lower()).replace(' ', '-')


@pytest.mark.parametrize('page', PAGES)
def test_links_lead_to_files_and_headings_that_are_there(page):
    for target in re.findall(r'\]\(([^)\s]+)\)', read(page)):
        if not target.startswith('http'):
            path, _, part = target.partition('#')
            path = (
                os.path.normpath(os.path.join(ROOT, os.path.dirname(page), path)) if path else os.path.join(ROOT, page)
            )
            assert os.path.exists(path), target
            assert not part or part in map(anchor, re.findall(r'^#+ (.*)$', read(path), re.MULTILINE)), target


def test_the_page_of_the_python_interface_is_that_of_the_docstrings():
    make_api = runpy.run_path(os.path.join(ROOT, 'docs', 'make_api.py'))
    assert read('docs/api.md') == make_api['page'](), 'python docs/make_api.py'


def test_sentences_of_the_readme_are_short():
    prose = [
        line
        for line in re.sub(r'```.*?```', '', read('README.md'), flags=re.DOTALL).splitlines()
        if line[:1] not in '|#>!'
    ]
    sentences = re.split(r'(?<=[.:?])\s', re.sub(r'\[(.*?)\]\(.*?\)', r'\1', ' '.join(prose)))
    words = [len(re.findall(r'[\w-]+', sentence)) for sentence in sentences if re.search(r'\w', sentence)]
    assert np.mean(words) <= 18 and len(read('README.md').splitlines()) <= 120


@pytest.fixture
def folder(page, tmp_path, monkeypatch):
    """A working folder as a reader of the pages has it: the repository's data, and what the pages take for granted."""
    random, classes, number = np.random.RandomState(0), ['MIA'], 10
    if page == 'docs/classification.md':
        classes, number = ['AIS', 'MIA', 'IA'], 18

    def noisy(points):
        return blob(points) + 30 * random.randn(*points.shape[:-1])

    for name in ('processData', 'pix2pix/dataset-demo'):
        os.makedirs(str((tmp_path / name).parent), exist_ok=True)
        os.symlink(os.path.join(ROOT, name), str(tmp_path / name))
    tracked = shutil.ignore_patterns('*.axes.npz', '.*')
    shutil.copytree(os.path.join(ROOT, 'demo', 'weight'), str(tmp_path / 'demo' / 'weight'), ignore=tracked)
    monkeypatch.setattr(learning, 'FOLLOWED', 6)  # nodules that axes are tried on, four times as many outside of tests
    for name in ('scans', 'pictures', 'arrays', 'cts', 'masks'):
        (tmp_path / name).mkdir()
    place = ','.join('%.3f' % value for value in POINT)
    for i in range(number):
        write(tmp_path / 'scans', picture(noisy), 'nii.gz').rename(tmp_path / 'scans' / ('%d.nii.gz' % i))
        patch = random.randint(256, size=[1, 64, 64]).astype(np.uint8)
        for name in ('pictures', 'cts', 'masks'):
            images.save(str(tmp_path / name / ('%d.png' % i)), patch)
        np.save(str(tmp_path / 'arrays' / ('%d.npy' % i)), random.uniform(-1000, 400, [64, 64]))
    lines = ['seriesuid,coordX,coordY,coordZ,class']
    lines += ['%d,%s,%s' % (i, place, classes[i % len(classes)]) for i in range(number)]
    (tmp_path / 'nodules.csv').write_text('\n'.join(lines) + '\n')
    shutil.copy(str(tmp_path / 'pictures' / '0.png'), str(tmp_path / 'patch.png'))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@ONCE
@pytest.mark.parametrize('page', [page for page in PAGES if commands(page)])
def test_commands_run_in_the_order_of_the_page(page, folder, script, outcome):
    from pix2pix.__main__ import main

    for command in commands(page):
        python, *arguments = shlex.split(command)
        small = [flags for begin, flags in SMALL.items() if ' '.join(arguments).startswith(begin)][:1]
        arguments += shlex.split(' '.join(small)) + ['--project-steps', '2'] * ('--project' in arguments)
        assert python == 'python'
        if arguments[0] == '-m':
            code, out, err = outcome(main, *arguments[2:])
        else:
            code, out, err = script(*arguments)
        assert code == 0, '%s: %s%s' % (command, out[-3000:], err)
