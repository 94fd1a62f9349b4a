"""training.mp4."""

import os
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

import config
from common import images
from fake_ffmpeg import FakeFFmpeg
from runs import TINY
from training import run_folder, training_video


@pytest.fixture
def ffmpeg(monkeypatch):
    fake = FakeFFmpeg()
    monkeypatch.setitem(sys.modules, 'imageio_ffmpeg', fake)
    return fake


@pytest.fixture
def folder(tmp_path):
    """Makes a run folder whose picture at k kimg has the gray level k. seconds: {kimg: those of its line}."""

    def make(seconds, size=32, channels=1):
        run = run_folder.Run(str(tmp_path))
        images.save(run.picture(0), np.full([channels, size, size], 255, np.uint8))  # before the first line of the log
        for kimg, second in seconds.items():
            run.add_row(dict(kimg=kimg + 0.5, lod=2.25, seconds=second))
            images.save(run.picture(kimg), np.full([channels, size, size], kimg, np.uint8))
        return run

    return make


def shown_by_the_reference(seconds, share):
    """The kimg of the picture at a share of the video: the last one before share ** 1.5 of the time of the run."""
    now = share**1.5 * max(seconds.values())
    return max([kimg for kimg, second in seconds.items() if second <= now], default=min(seconds))


@pytest.mark.parametrize('channels', [1, 3])
def test_a_video_shows_at_each_moment_the_picture_that_the_reference_shows(ffmpeg, folder, channels):
    seconds = {20: 30.0, 40: 100.0, 60: 160.0, 80: 900.0}
    run = folder(seconds, channels=channels)
    training_video.write(run, config.Train(video=4.0, video_fps=25.0))
    assert ffmpeg.size == (32, 48) and ffmpeg.options['fps'] == 25
    shown = ffmpeg.images()[:, :32]
    assert len(shown) == 100 and (shown == shown[:, :1, :1]).all()
    expected = [shown_by_the_reference(seconds, i / 99) for i in range(100)]
    assert shown.reshape(100, -1)[:, 0].tolist() == expected and set(expected) == set(seconds)
    assert expected[-1] == 80  # the end of the run
    with open(run.file('training.mp4'), 'rb') as f:
        assert f.read() == b'whole'


def test_a_large_picture_is_halved_until_it_fits_the_screen(ffmpeg, folder):
    run = folder({7: 1.0}, size=2176)
    training_video.write(run, config.Train(video=0.1))
    assert ffmpeg.size == (544, 560) and (ffmpeg.images()[:, :544] == 7).all() and len(ffmpeg.frames) == 3


def test_without_pictures_a_line_says_so_and_nothing_is_written(ffmpeg, tmp_path, capsys):
    run = run_folder.Run(str(tmp_path))
    training_video.write(run, config.Train(video=1.0))
    assert 'no pictures' in capsys.readouterr().out and not os.path.exists(run.file('training.mp4'))


def test_a_complete_run_gets_its_video_without_further_training(succeeds, ffmpeg, tmp_path, finished_run):
    run = str(tmp_path / '000-AIS')
    shutil.copytree(finished_run, run)
    before = {name: os.path.getmtime(os.path.join(run, name)) for name in os.listdir(run) if name.endswith('.pkl')}
    for _ in range(2):  # the second one replaces the first
        out = succeeds('3-train.py', '--resume', run, '--video', 1, '--video-fps', 10)
        assert 'is complete' in out and 'training.mp4' in out and len(ffmpeg.frames) == 10
    with Image.open(run + '/fakes000000.png') as picture:
        assert (ffmpeg.images()[-1][:64] == np.asarray(picture)).all()
    assert before == {name: os.path.getmtime(os.path.join(run, name)) for name in before}


def test_a_file_of_somebody_else_with_that_name_stays(complains, ffmpeg, tmp_path, finished_run):
    run = tmp_path / '000-AIS'
    shutil.copytree(finished_run, str(run))
    (run / 'training.mp4').write_bytes(b'mine')
    complains('3-train.py', '--resume', run, '--video', 1, parts=['training.mp4'])
    assert (run / 'training.mp4').read_bytes() == b'mine'


def test_a_video_without_ffmpeg_is_refused_before_the_training(refuses, training_data, monkeypatch):
    monkeypatch.setitem(sys.modules, 'imageio_ffmpeg', None)
    refuses('3-train.py', '--data', training_data, '--video', 1, *TINY, parts=['pip install imageio-ffmpeg'])
