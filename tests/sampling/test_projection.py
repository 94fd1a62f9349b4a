"""The search for the latent of a picture, as functions and as a user runs it."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

import tfutil
from common import images
from sampling import projection
from tfutil import tf


def test_the_pyramid_loss_is_the_mean_over_box_averages(session, random):
    x, y = random.randn(2, 3, 1, 16, 16).astype(np.float32)
    levels, difference = [], x - y[:1]
    for size in (16, 8, 4):
        levels.append(np.square(difference).mean(axis=(1, 2, 3)))
        difference = difference.reshape(3, 1, size // 2, 2, size // 2, 2).mean(axis=(3, 5))
    assert_allclose(
        tfutil.run(projection.pyramid_loss(tf.constant(x), tf.constant(y[:1]))), np.mean(levels, axis=0), rtol=1e-5
    )


def test_the_latent_of_a_generated_image_is_found_again(script, tmp_path, weights):
    assert script('2-inference.py', '--model', weights, '--number', '2', '--label', '1', '--outdir', tmp_path)[0] == 0
    search = ['--project', tmp_path / 'inference_img_1.png', '--project-steps', 120]
    code, out, err = script('2-inference.py', '--model', weights, *search, '--outdir', tmp_path / 'a')
    assert code == 0 and ', class 1;' in out, (out, err)
    latent = np.load(str(tmp_path / 'a' / 'projection.npy'))
    assert latent.shape == (1, 16) and latent.dtype == np.float32 and abs(np.square(latent).mean() - 1) < 1e-5
    sheet = images.read(str(tmp_path / 'a' / 'projection.png')).astype(float)
    target, image, difference = sheet[:, :, :16], sheet[:, :, 16:32], sheet[:, :, 32:]
    assert_array_equal(target, images.read(str(tmp_path / 'inference_img_1.png')))
    assert_array_equal(np.abs(target - image), difference)
    error = np.sqrt(np.mean(difference**2))
    assert error < 1 < 10 < target.std() and 'by %.1f gray levels' % error in out
    result = ['--latents', tmp_path / 'a' / 'projection.npy', '--label', '1']
    assert script('2-inference.py', '--model', weights, *result, '--outdir', tmp_path / 'c')[0] == 0
    assert np.abs(images.read(str(tmp_path / 'c' / 'inference_img_0.png')) - image).max() <= 1


def test_a_picture_of_16_bits_is_projected_as_its_gray_levels(script, tmp_path, weights, random):
    gray = random.randint(256, size=[16, 16])
    Image.fromarray((gray * 257).astype(np.uint16)).save(str(tmp_path / 'deep.png'))
    search = ['--project', tmp_path / 'deep.png', '--project-steps', 2]
    assert script('2-inference.py', '--model', weights, *search, '--outdir', tmp_path)[0] == 0
    assert_array_equal(images.read(str(tmp_path / 'projection.png'))[0, :, :16], gray)


def test_a_picture_that_uses_a_sliver_of_16_bits_is_projected_by_its_range(refuses, script, tmp_path, weights, random):
    hu = random.randint(-1000, 200, [16, 16])
    Image.fromarray((hu + 1024).astype(np.uint16)).save(str(tmp_path / 'ct.png'))
    search = ['--model', weights, '--project', tmp_path / 'ct.png', '--project-steps', 2]
    refuses('2-inference.py', *search, parts=['ct.png', '0..65535', '--range', '-876,2124'])
    assert script('2-inference.py', *search, '--range=-876,2124', '--outdir', tmp_path)[0] == 0
    result = images.read(str(tmp_path / 'projection.png'))[0, :, :16]
    assert np.abs(result - (hu + 1900) / 3000.0 * 255).max() <= 0.51


def test_bad_flags_and_pictures_are_refused_in_one_line(refuses, tmp_path, weights, random, monkeypatch):
    monkeypatch.chdir(str(tmp_path))
    images.save('colour.png', random.randint(256, size=[3, 16, 16]).astype(np.uint8))
    images.save('wide.png', random.randint(256, size=[1, 16, 17]).astype(np.uint8))
    images.save('gray.png', random.randint(256, size=[1, 16, 16]).astype(np.uint8))
    np.save('float.npy', random.randn(16, 16))
    np.save('one.npy', random.randn(1, 16))
    np.save('label.npy', np.eye(2))
    with open('text.png', 'w') as f:
        f.write('hello')
    for arguments, message in (
        ('--interpolate slerp --number 1', ['--interpolate', '--number']),
        ('--interpolate slerp --number 0', ["--number: '0'", 'one or more']),
        ('--interpolate slerp --latents one.npy', ['two latents', '--latents']),
        ('--interpolate slerp --steps 1', ['--steps']),
        ('--interpolate cubic', ['--interpolate', 'slerp']),
        ('--interpolate slerp --format frames --grid', ['--grid', 'frames']),
        ('--grid --format gif', ['--grid', 'gif']),
        ('--steps 5', ['--steps', '--interpolate']),
        ('--format frames', ['frames', '--interpolate']),
        ('--label 1 --labels label.npy', ['--label ', '--labels']),
        ('--project-steps 9', ['--project-steps', '--project;']),
        ('--range 0,9', ['--range', '--project;']),
        ('--project colour.png', ['colour.png', 'gray', '16 x 16']),
        ('--project wide.png', ['wide.png', '17 x 16', '16 x 16 pixels']),
        ('--project float.npy', ['float.npy', 'float64', '--range']),
        ('--project text.png', ['text.png']),
        ('--project missing.png', ['missing.png']),
        ('--project .', ['.']),
        ('--project gray.png --label 2', ['--label 2', '0 to 1']),
        ('--project gray.png --project-steps 0', ['--project-steps']),
        ('--project gray.png --interpolate slerp', ['--project', '--interpolate']),
        ('--project gray.png --grid --number 3', ['--grid and --number']),
    ):
        refuses('2-inference.py', '--model', weights, *arguments.split(), parts=message)
