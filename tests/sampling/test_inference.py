"""2-inference.py as a user runs it."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageSequence

import networks
import tfutil
from common import card, files, images, manifest, video
from created import read_picture
from fake_ffmpeg import FakeFFmpeg
from places import DATA, ROOT, visible
from runs import random_networks
from sampling import interpolation, latent_png

MODEL = os.path.join(DATA, 'tf2.21-numpy2.pkl')  # 8x8, latents of 8, 2 classes


def generate(script, outdir, *arguments):
    """The raw images of one run of 2-inference.py."""
    code, _, err = script('2-inference.py', '--outdir', outdir, '--format', 'npy', *arguments)
    assert code == 0, err
    assert visible(outdir) == ['inference.npy']
    return np.load(str(outdir / 'inference.npy'))


def test_inference_writes_the_network_output_as_gray_levels(script, tmp_path, plain):
    raw = generate(script, tmp_path / 'raw', '--model', plain, '--number', 3)
    assert raw.shape == (3, 1, 8, 8) and raw.dtype == np.float32
    assert script('2-inference.py', '--model', plain, '--number', 3, '--outdir', tmp_path / 'png')[0] == 0
    assert visible(tmp_path / 'png') == ['inference_img_%d.png' % i for i in range(3)]
    wanted = np.clip(np.rint((raw[:, 0] + 1) / 2 * 255), 0, 255)
    for i in range(3):
        assert_array_equal(read_picture(tmp_path / 'png' / ('inference_img_%d.png' % i)), wanted[i])
    assert script('2-inference.py', '--model', plain, '--number', 3, '--outdir', tmp_path / 'grid', '--grid')[0] == 0
    assert visible(tmp_path / 'grid') == ['inference_grid.png']
    assert_array_equal(read_picture(tmp_path / 'grid' / 'inference_grid.png')[:8, 8:], wanted[1])


def test_several_sheets_hold_the_images_in_their_order(script, refuses, tmp_path, plain):
    raw = generate(script, tmp_path / 'raw', '--model', plain, '--number', 8)
    gray = np.clip(np.rint((raw[:, 0] + 1) / 2 * 255), 0, 255)
    flags = '--model', plain, '--grid', '--sheets', 2, '--outdir', tmp_path / 'sheets'
    assert script('2-inference.py', *flags, '--number', 4)[0] == 0
    assert visible(tmp_path / 'sheets') == ['inference_grid_0.png', 'inference_grid_1.png']
    for i in range(2):
        expected = gray[4 * i : 4 * i + 4].reshape(2, 2, 8, 8).transpose(0, 2, 1, 3).reshape(16, 16)
        assert_array_equal(read_picture(tmp_path / 'sheets' / ('inference_grid_%d.png' % i)), expected)
    np.save(str(tmp_path / 'z.npy'), np.zeros([7, 8]))
    parts = ['--number 4 with --sheets 2', '(7)']
    refuses('2-inference.py', *flags[:-2], '--number', 4, '--latents', tmp_path / 'z.npy', parts=parts)


def test_a_smooth_walk_is_that_of_the_references_videos():
    walks, frames = interpolation.smoothed(2, 5, 40, 3.0, seed=7), np.arange(40)
    distance = np.minimum(frames, 40 - frames)  # around the end of the loop
    kernel = np.where(distance <= 12, np.exp(-0.5 * (distance / 3.0) ** 2), 0)
    for i in range(2):
        noise = np.random.RandomState([7, i]).randn(40, 5)
        smooth = np.array([np.roll(kernel, t).dot(noise) for t in frames])
        assert_allclose(walks[:, i], smooth / np.sqrt(np.mean(smooth**2)), atol=1e-5)
    assert_array_equal(interpolation.smoothed(1, 5, 40, 3.0, seed=7)[:, 0], walks[:, 0])


def test_a_smooth_walk_is_an_animation_of_a_grid_with_its_duration_and_frames(script, tmp_path, plain, monkeypatch):
    ffmpeg = FakeFFmpeg()
    monkeypatch.setitem(sys.modules, 'imageio_ffmpeg', ffmpeg)
    flags = '--model', plain, '--number', 4, '--interpolate', 'smooth', '--duration', 1.5, '--fps', 8, '--seed', 3
    for kind in ('gif', 'mp4'):
        code, _, err = script('2-inference.py', *flags, '--format', kind, '--outdir', tmp_path / kind)
        assert code == 0 and visible(tmp_path / kind) == ['interpolation.' + kind], err
    latents = interpolation.smoothed(4, 8, 12, 8, 3).reshape(48, 8)
    with tfutil.init_tf():
        (Gs,) = tfutil.load(plain, networks.BUILDERS, 'Gs')
        raw = Gs.run(latents, np.zeros([48, 0]))
    gray = np.clip(np.rint((raw + 1) * 127.5), 0, 255).reshape(12, 2, 2, 8, 8)
    expected = gray.transpose(0, 1, 3, 2, 4).reshape(12, 16, 16)
    assert ffmpeg.size == (16, 16) and ffmpeg.options['fps'] == 8 and ffmpeg.options['pix_fmt_in'] == 'gray'
    assert_allclose(ffmpeg.images().astype(float), expected, atol=1)
    with Image.open(str(tmp_path / 'gif' / 'interpolation.gif')) as gif:
        assert gif.size == (16, 16)
        durations = [frame.info['duration'] for frame in ImageSequence.Iterator(gif)]
        assert 12 * 120 <= sum(durations) <= 12 * 125  # GIF counts in 10 ms, and holds equal frames once
    assert (tmp_path / 'mp4' / 'interpolation.mp4').read_bytes() == b'whole'


def test_an_animation_is_shown_in_the_lung_window_where_the_window_of_the_weights_is_known(succeeds, tmp_path):
    window = -1000.0, 400.0
    path = random_networks(str(tmp_path / 'a.pkl'), card_text=card.Card(window=window, source=card.PHANTOMS).text())
    flags = ['--model', path, '--number', '2', '--outdir', tmp_path, '--cpu', '--format']
    succeeds('2-inference.py', *flags, 'npy')
    succeeds('2-inference.py', *flags, 'gif')
    stored = np.clip(np.rint(127.5 * (np.load(str(tmp_path / 'inference.npy')) + 1)), 0, 255)
    hu = window[0] + stored * (window[1] - window[0]) / 255
    expected = np.clip(np.rint((hu + 1350) * 255 / 1500), 0, 255)
    assert np.abs(expected - stored).mean() > 10
    with Image.open(str(tmp_path / 'inference.gif')) as gif:
        frames = [np.asarray(frame.convert('L'), float) for frame in ImageSequence.Iterator(gif)]
    assert_allclose(frames, expected[:, 0], atol=1)


def test_an_mp4_holds_the_frames_at_their_speed(tmp_path):
    imageio_ffmpeg = pytest.importorskip('imageio_ffmpeg')
    ramps = [np.arange(256).reshape(1, 16, 16).repeat(4, axis=1).repeat(4, axis=2) // 4 * 3 + i for i in range(30)]
    path = str(tmp_path / 'a.mp4')
    video.write(path, (ramp.astype(np.uint8) for ramp in ramps), 25)
    reader = imageio_ffmpeg.read_frames(path, pix_fmt='gray', bits_per_pixel=8)
    facts = next(reader)
    frames = [np.frombuffer(frame, np.uint8).reshape(1, 64, 64) for frame in reader]
    assert facts['fps'] == 25 and facts['codec'] == 'h264' and len(frames) == 30
    assert np.abs(np.array(frames, float) - ramps).mean() < 2
    assert visible(tmp_path) == ['a.mp4']


def test_without_ffmpeg_an_mp4_is_refused_with_the_package_to_install(complains, tmp_path, plain, monkeypatch):
    monkeypatch.setitem(sys.modules, 'imageio_ffmpeg', None)
    flags = '--model', plain, '--format', 'mp4', '--outdir', tmp_path
    complains('2-inference.py', *flags, parts=['pip install imageio-ffmpeg'])
    assert visible(tmp_path) == []


def test_image_i_depends_on_the_seed_and_on_i_alone(script, tmp_path, plain):
    ten = generate(script, tmp_path / 'a', '--model', plain, '--seed', 5)
    assert len(ten) == 10
    for i, arguments in enumerate((['--minibatch', 3], ['--minibatch', 1, '--number', 4], ['--number', 12, '--cpu'])):
        other = generate(script, tmp_path / str(i), '--model', plain, '--seed', 5, *arguments)
        count = min(len(other), 10)
        assert np.abs(other[:count] - ten[:count]).max() < 1e-5
    assert np.abs(generate(script, tmp_path / 'b', '--model', plain, '--seed', 6) - ten).max() > 0.01


def test_latents_from_a_file_and_the_two_generators(script, tmp_path, plain, random):
    latents = random.randn(4, 8)
    np.save(str(tmp_path / 'z.npy'), latents)
    arguments = ['--model', plain, '--latents', tmp_path / 'z.npy']
    with tfutil.init_tf():
        networks_of_file = tfutil.load(plain, networks.BUILDERS, 'G', 'Gs')
        expected = [network.run(latents, np.zeros([4, 0])) for network in networks_of_file]
    for name, raw in zip(('G', 'Gs'), expected):
        assert np.abs(generate(script, tmp_path / name, *arguments, '--network', name) - raw).max() < 1e-5
    assert len(generate(script, tmp_path / 'two', *arguments, '--number', 2)) == 2


def test_labels_take_turns_or_come_from_a_flag_or_a_file(script, tmp_path):
    turns = generate(script, tmp_path / 'turns', '--model', MODEL, '--number', 4)
    ones = generate(script, tmp_path / 'ones', '--model', MODEL, '--number', 4, '--label', 1)
    same = np.abs(turns - ones).max(axis=(1, 2, 3)) < 1e-5
    assert same.tolist() == [False, True, False, True]
    np.save(str(tmp_path / 'l.npy'), np.eye(2)[[0, 1, 0, 1]])
    from_file = generate(script, tmp_path / 'file', '--model', MODEL, '--labels', tmp_path / 'l.npy')
    assert np.abs(from_file - turns).max() < 1e-5


def test_a_class_may_be_named_and_the_summary_names_it(script, refuses, tmp_path):
    model, arguments = str(tmp_path / 'both.pkl'), ('--number', 2, '--format', 'npy', '--outdir')
    shutil.copy(MODEL, model)
    (tmp_path / 'both.json').write_text(json.dumps(dict(data=dict(digest='a-2', classes=['IA', 'MIA']))))
    _, by_name, _ = script('2-inference.py', '--model', model, '--label', 'MIA', *arguments, tmp_path / 'name')
    _, by_number, _ = script('2-inference.py', '--model', model, '--label', 1, *arguments, tmp_path / 'number')
    assert 'class 1 (MIA)' in by_name and 'class 1 (MIA)' in by_number
    assert_array_equal(*[np.load(str(tmp_path / name / 'inference.npy')) for name in ('name', 'number')])
    _, in_turn, _ = script('2-inference.py', '--model', model, *arguments, tmp_path / 'turns')
    assert 'classes 0 (IA), 1 (MIA) in turn' in in_turn
    refuses('2-inference.py', '--model', model, '--label', 'AIS', parts=['--label AIS', '0 IA, 1 MIA'])


def header(shape):
    """The beginning of a NumPy file, of which the numbers are missing."""
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % shape
    return b'\x93NUMPY\x01\0' + bytes([len(text), 0]) + text.encode()


def test_bad_flags_and_files_are_refused_in_one_line(refuses, tmp_path, plain, monkeypatch):
    monkeypatch.chdir(str(tmp_path))
    for name, array in dict(good=np.zeros([4, 8]), wide=np.zeros([4, 9]), nan=np.full([4, 8], np.nan)).items():
        np.save(name + '.npy', array)
    np.save('double.npy', np.full([1, 8], 1e300))  # beyond single precision
    np.save('object.npy', np.array([None, print]))
    contents = {'page': b'<!DOCTYPE html>', 'zip': b'PK\x03\x04' + bytes(40)}
    for i, shape in enumerate(['(0, %d)' % 10**20, '(8192, 4194304)', '(1, (', '(%d, 8)' % (1 << 37)]):
        contents['lie%d' % i] = header(shape)
    for name, content in contents.items():
        (tmp_path / (name + '.npy')).write_bytes(content)
    cases = [('--latents %s.npy' % name, [name + '.npy', 'numpy.save']) for name in [*contents, 'object']]
    cases += [
        ('--latents wide.npy', ['wide.npy', '[N, 8]']),
        ('--latents nan.npy', ['nan.npy', 'finite']),
        ('--latents double.npy', ['double.npy', 'finite']),
        ('--latents none.npy', ['none.npy']),
        ('--latents good.npy --number 5', ['--number 5', '4']),
        ('--label 0', ['--label 0', 'no classes']),
        ('--labels wide.npy', ['wide.npy', '[N, 0]']),
        ('--model nothing.pkl', ['nothing.pkl', 'docs/generation.md']),
        ('--model page.npy', ['page.npy', 'web page']),
        ('--model ' + ROOT, [ROOT]),
        ('--number -3', ['--number']),
        ('--sheets 2', ['--sheets goes with --grid']),
        ('--fps 5', ['--fps goes with --format gif or mp4']),
        ('--duration 5 --interpolate slerp', ['--duration goes with --interpolate smooth']),
        ('--steps 5 --interpolate smooth --format gif', ['--steps goes with --interpolate slerp']),
        ('--interpolate smooth', ['--interpolate smooth is an animation', '--format gif or mp4']),
        ('--format frames', ['--format frames goes with --interpolate']),
        ('--format jpg', ['--format']),
    ]
    cases += [
        ('--number 0 ' + flags, ["--number: '0'", 'one or more'])
        for flags in ('', '--grid', '--format npy', '--format gif')
    ]
    for arguments, message in cases:
        refuses('2-inference.py', '--model', plain, *arguments.split(), parts=message)


def test_a_label_beyond_the_classes_and_a_file_of_discriminators_are_refused(refuses, tmp_path):
    refuses('2-inference.py', '--model', MODEL, '--label', '2', parts=['--label 2', '0 to 1'])
    with tfutil.init_tf():
        D = tfutil.Network('D', networks.D_paper, resolution=8, fmap_base=64, fmap_max=8)
        tfutil.save(str(tmp_path / 'd.pkl'), (D, D, D))
    refuses('2-inference.py', '--model', tmp_path / 'd.pkl', parts=['d.pkl', 'no generator'])


def test_the_shell_sees_one_line_and_exit_code_2(tmp_path):
    (tmp_path / 'a.pkl').write_bytes(b'<html>')
    run = subprocess.Popen(
        [sys.executable, os.path.join(ROOT, '2-inference.py'), '--model', 'a.pkl'],
        cwd=str(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = run.communicate()
    assert run.returncode == 2 and out == b'' and err.count(b'\n') == 1 and b'a.pkl is a web page' in err
    assert visible(tmp_path) == ['a.pkl']


def test_images_of_an_earlier_run_are_not_replaced_in_silence(succeeds, tmp_path):
    few, many = ['--number', '2', '--outdir', tmp_path], ['--number', '3', '--outdir', tmp_path]
    assert 'replaced' not in succeeds('2-inference.py', *many)
    assert 'replaced' not in succeeds('2-inference.py', *many)  # the same again
    out = succeeds('2-inference.py', *few, '--model', os.path.join(ROOT, 'demo', 'weight', 'MIA.pkl'))
    assert 'replaced 2, left 1 as they were; another --outdir keeps both' in out


@pytest.mark.parametrize(
    'name, flags',
    [('inference.npy', ['--format', 'npy', '--latents']), ('projection.png', ['--project-steps', 1, '--project'])],
)
def test_an_input_is_not_written_over_though_the_script_wrote_it(script, tmp_path, plain, name, flags):
    manifest.begin('Inference', [])
    with files.atomic(str(tmp_path / name)) as f:
        np.save(f, np.zeros([2, 8], np.float32)) if name.endswith('.npy') else images.encode(
            np.zeros([1, 8, 8], np.uint8), f
        )
    before = (tmp_path / name).read_bytes()
    code, _, err = script('2-inference.py', '--model', plain, '--outdir', tmp_path, *flags, tmp_path / name)
    assert code == 2 and err.count('\n') == 1 and name + ' is an input of this command' in err
    assert (tmp_path / name).read_bytes() == before and visible(tmp_path) == [name]
    code, _, err = script('2-inference.py', '--model', plain, '--outdir', tmp_path / 'out', *flags, tmp_path / name)
    assert code == 0, err


def test_a_picture_of_the_explorer_gives_its_latent_and_its_class(weights, plain, succeeds, complains, tmp_path):
    path, latent = str(tmp_path / 'saved.png'), np.random.RandomState(1).randn(1, 16).astype(np.float32)
    np.save(str(tmp_path / 'latent.npy'), latent)
    with open(path, 'wb') as f:
        origin = latent_png.Origin('random.pkl', latent[0], 1, None, None)
        latent_png.encode(np.zeros([1, 16, 16], np.uint8), f, origin)
    of = ['--model', weights, '--format', 'npy', '--outdir']
    assert 'class 1' in succeeds('2-inference.py', *of, tmp_path / 'png', '--latents', path)
    succeeds('2-inference.py', *of, tmp_path / 'npy', '--latents', tmp_path / 'latent.npy', '--label', '1')
    pictures = [np.load(str(tmp_path / kind / 'inference.npy')) for kind in ('png', 'npy')]
    assert (pictures[0] == pictures[1]).all() and np.ptp(pictures[0]) > 0
    parts = ['saved.png holds a latent of 16 numbers, made with random.pkl; those of']
    complains('2-inference.py', '--model', plain, '--latents', path, parts=parts)
