"""Inputs that do not exist, or are no files."""

import os
import socket

import pytest

from common import inputs
from places import ROOT


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with some files."""
    for name in ('demo/weight/AIS.pkl', 'demo/weight/README.md', 'datasets/MIA/MIA-r06.tfrecords', 'nodules.csv'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('x')
    monkeypatch.chdir(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    'typed, meant',
    [
        ('demo/weight/AIS.pk', 'demo/weight/AIS.pkl'),
        ('demo/weight/AIS', 'demo/weight/AIS.pkl'),
        ('demo/weight/ais.PKL', 'demo/weight/AIS.pkl'),
        ('demo/weights/AIS.pkl', 'demo/weight/AIS.pkl'),
        ('Demo/wieght/AIS.pkl', 'demo/weight/AIS.pkl'),
        ('dataset/MIA', 'datasets/MIA'),
        ('nodule.csv', 'nodules.csv'),
        ('results/000-AIS', None),
        ('demo/weight/AIS.pkl/x', None),
        ('nothing/like/it', None),
    ],
)
def test_a_path_that_is_not_there_is_answered_with_the_nearest_one_that_is(here, typed, meant):
    relative = inputs.nearest(typed)
    assert (relative and os.path.normpath(relative)) == (meant and os.path.normpath(meant))
    absolute = inputs.nearest(str(here / typed))
    assert absolute == (meant and str(here / meant))


@pytest.mark.parametrize(
    'name, flag, typed, meant',
    [
        ('2-inference.py', '--model', 'demo/weight/AIS.pk', 'demo/weight/AIS.pkl'),
        ('4-evaluate.py', '--model', 'demo/weight/AIS.pk', 'demo/weight/AIS.pkl'),
        ('1-dataset_display.py', '--tfrecords', 'dataset/MIA', 'datasets/MIA'),
        ('3-train.py', '--data', 'dataset/MIA', 'datasets/MIA'),
        ('2-inference.py', '--config', 'nodule.csv', 'nodules.csv'),
    ],
)
def test_scripts_answer_with_the_nearest_path(refuses, here, name, flag, typed, meant):
    refuses(name, flag, typed, parts=['%s does not exist; did you mean %s?' % (typed, meant)])


def test_weights_with_no_similar_path_are_answered_with_the_page_that_has_links(refuses, here):
    refuses('2-inference.py', '--model', 'nothing.x', parts=['nothing.x does not exist', 'docs/generation.md'])
    with open(os.path.join(ROOT, 'docs', 'generation.md'), encoding='utf-8') as f:
        text = f.read()
    assert 'drive.google.com' in text and 'pan.baidu.com' in text


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='needs pipes with names')
@pytest.mark.parametrize(
    'name, flags',
    [
        ('2-inference.py', ['--model']),
        ('2-inference.py', ['--latents']),
        ('2-inference.py', ['--project']),
        ('2-inference.py', ['--config']),
        ('1-dataset_display.py', ['--tfrecords']),
        ('3-train.py', ['--data']),
        ('3-train.py', ['--transfer']),
        ('4-evaluate.py', ['--features']),
        ('0-dataset_create.py', ['volumes']),
        ('0-dataset_create.py', ['images']),
    ],
)
def test_a_pipe_a_device_and_a_socket_are_no_inputs_and_nothing_waits_for_them(refuses, tmp_path, name, flags):
    os.mkfifo(str(tmp_path / 'pipe'))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(str(tmp_path / 's')))
        for path in (tmp_path / 'pipe', '/dev/zero', tmp_path / 's'):
            refuses(name, *flags, path, parts=[path, 'is a pipe, a device or a socket'])


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='needs pipes with names')
def test_a_pipe_within_a_folder_of_inputs_is_named_too(refuses, tmp_path, training_data):
    for name in ('pictures/a.png', 'arrays/a.npy', 'set/A-r02.tfrecords'):
        (tmp_path / name).parent.mkdir()
        os.mkfifo(str(tmp_path / name))
    for folder, name in (('pictures', 'a.png'), ('arrays', 'a.npy')):
        refuses('0-dataset_create.py', 'images', tmp_path / folder, parts=[name, 'is a pipe'])
    refuses('1-dataset_display.py', '--tfrecords', tmp_path / 'set', parts=['A-r02.tfrecords', 'is a pipe'])


@pytest.mark.parametrize('name, flag', [('2-inference.py', '--model'), ('2-inference.py', '--latents')])
def test_a_folder_is_no_file(refuses, tmp_path, name, flag):
    refuses(name, flag, tmp_path, parts=[tmp_path, 'name a file'])
