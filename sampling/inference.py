"""Image files from a generator: of latents, of walks between them, and of the latent nearest to a picture."""

import os
import re

import numpy as np

import tfutil
from common import arrays, capacity, files, gray_range, images, log, model_record
from common.image_writer import ImageWriter
from sampling import generate, interpolation, projection

# Bytes of memory and of disk for each byte of an image's pixels, by what is written.
ROOM = {'npy': (0, 4), 'frames': (0, 1), 'png': (0, 1), 'gif': (images.FRAMES, 1), 'sheet': (1 + images.SHEET, 1)}
BETWEEN = {'slerp': interpolation.spherical, 'linear': interpolation.linear}


def load_array(path, columns, what):
    """A float array [N, columns] from a NumPy file."""
    array = arrays.load(path)
    if array.ndim == 2 and array.shape[1] == columns:
        with np.errstate(over='ignore'):
            array = np.array(array, np.float32)
    if array.ndim != 2 or array.shape[1] != columns or not np.isfinite(array).all():
        words = '%s has the shape %s; %s are finite numbers [N, %d]'
        raise ValueError(words % (path, list(array.shape), what, columns))
    return array


def _require_room(cfg, generator, number):
    """Refuse what memory or disk cannot hold, before any of it is made. number: of latents that are given or drawn."""
    shown, shape = number * (_steps(cfg) if cfg.interpolate else 1), generator.outputs[0].shape.as_list()[1:]
    pixels = shown * int(np.prod(shape))
    sheet = cfg.format == 'png' and (cfg.grid or cfg.interpolate)
    memory, disk = ROOM['sheet' if sheet else cfg.format]
    vectors = (24 if cfg.interpolate else 16) * shown * sum(generate.sizes(generator))
    what = '--number %d' % number + (' with %d steps' % _steps(cfg) if cfg.interpolate else '')
    what += ' (%d images of %dx%d)' % (shown, shape[1], shape[2])
    capacity.require_memory(memory * pixels + vectors, what)
    capacity.require_disk(cfg.outdir, disk * pixels, what)


def _steps(cfg):
    return cfg.steps or (16 if cfg.format == 'gif' else 8)


def inputs(cfg, generator, default):
    """Latents [N, latent size] and labels [N, classes] as the settings say; N: `default` if nothing says it."""
    latent_size, label_size = generate.sizes(generator)
    latents = load_array(cfg.latents, latent_size, 'latents of this network') if cfg.latents else None
    labels = load_array(cfg.labels, label_size, 'labels of this network') if cfg.labels else None
    rows = [len(array) for array in (latents, labels) if array is not None]
    number = cfg.number if cfg.number is not None else min(rows or [default])
    if rows and number > min(rows):
        raise ValueError('--number %d is more than --latents or --labels holds (%d); lower it' % (number, min(rows)))
    _require_room(cfg, generator, number)
    if latents is None:
        latents = generate.random_latents(number, latent_size, cfg.seed)
    if labels is None and cfg.label is not None:
        labels = generate.one_hot(np.full(number, _label(cfg, label_size)), label_size)
    elif labels is None:
        labels = generate.taking_turns(number, label_size)
    return latents[:number].reshape(number, latent_size), labels[:number]


def walk(cfg, latents, labels, steps):
    """Latents and labels of the images between those given. Labels go straight, whatever the latents do."""
    if len(latents) < 2:
        words = '--interpolate needs two latents or more, and there are %d; raise --number or give more --latents'
        raise ValueError(words % len(latents))
    between, straight = BETWEEN[cfg.interpolate], interpolation.linear
    if cfg.format == 'png':
        return interpolation.path(latents, steps, between), interpolation.path(labels, steps, straight)
    closed = cfg.format == 'gif'
    return interpolation.tour(latents, steps, between, closed), interpolation.tour(labels, steps, straight, closed)


def _write(cfg, made, name, columns):
    """Write Images in the format of the settings; columns: of a sheet, None for a square one. The Album of pictures."""
    path = os.path.join(cfg.outdir, name)

    def track(items):
        return log.progress(items, unit='image')

    if cfg.format == 'npy':
        with files.atomic(path + '.npy') as f:
            header = {'descr': '<f4', 'fortran_order': False, 'shape': tuple(made.shape)}
            np.lib.format.write_array_header_1_0(f, header)
            for image in track(made):
                f.write(image.astype('<f4').tobytes())
    elif cfg.format == 'gif':
        images.animate(path + '.gif', map(images.to_uint8, track(made)), 0.06 if cfg.interpolate else 0.5)
    elif cfg.format == 'png' and (cfg.grid or cfg.interpolate):
        file = name + ('.png' if cfg.interpolate else '_grid.png')
        album = ImageWriter(cfg.outdir, [file], re.escape(file) + '$')
        album.save(file, images.grid(made.pixels(track), columns))
        return album
    else:
        names = ['%s_img_%d.png' % (name, i) for i in range(len(made))]
        album = ImageWriter(cfg.outdir, names, name + r'_img_\d+\.png$')
        for file, image in zip(names, track(made)):
            album.save(file, images.to_uint8(image))
        return album
    return None


def _label(cfg, label_size):
    try:
        return model_record.label(cfg.model, label_size, cfg.label)
    except ValueError as error:
        raise ValueError('--label %s: %s' % (cfg.label, error)) from None


def _class(cfg, number, label_size):
    """'2', or '2 (MIA)' where the names of the classes are recorded."""
    names = model_record.classes(cfg.model, label_size)
    return '%d (%s)' % (number, names[number]) if names else str(number)


def _made_of(cfg, label_size):
    """Which classes the images are of, as part of a sentence; '' for a network without labels."""
    if not label_size or cfg.labels:
        return ''
    if cfg.label is None:
        return ', classes %s in turn,' % ', '.join(_class(cfg, k, label_size) for k in range(label_size))
    return ', class %s,' % _class(cfg, _label(cfg, label_size), label_size)


def _generate(cfg, generator):
    """Write the images of latents, or of the walk between them, and say where."""
    latents, labels = inputs(cfg, generator, 5 if cfg.interpolate else 10)
    name, steps = 'inference', None
    if cfg.interpolate:
        name, steps = 'interpolation', _steps(cfg)
        latents, labels = walk(cfg, latents, labels, steps)
    made = generate.Images(generator, latents, labels, cfg.minibatch)
    if len(made) == 0:
        return
    os.makedirs(cfg.outdir, exist_ok=True)
    with log.timed('images computed and written'):
        album = _write(cfg, made, name, steps)
    print('%d images of %s%s are in %s' % (len(made), cfg.model, _made_of(cfg, labels.shape[1]), cfg.outdir))
    if album:
        album.report()


def _project(cfg, generator):
    """Find the latent of the picture cfg.project, write it and its image, and say how near they are."""
    channels, size = [int(n) for n in generator.outputs[0].shape[1:3]]
    try:
        picture = images.load(cfg.project, size, channels, cfg.range)
    except ValueError as error:  # the remedy after the semicolon is for another script, if it is not --range
        kind, why = 'gray' if channels == 1 else 'colour', str(error)
        why = why if isinstance(error, gray_range.RangeNeeded) else why.split('; ')[0]
        words = '%s; --project takes %s pictures of %d x %d pixels with 8 or 16 bits'
        raise ValueError(words % (why, kind, size, size)) from None
    label_size = generate.sizes(generator)[1]
    _, labels = inputs(cfg._replace(number=max(8, label_size)), generator, None)
    path = os.path.join(cfg.outdir, 'projection')
    files.require_replaceable(path + '.npy', path + '.png')
    with log.timed('latent found'):
        found, label, image = projection.project(generator, picture / 127.5 - 1, labels, cfg.project_steps, cfg.seed)
    image = images.to_uint8(image)
    difference = np.abs(image.astype(int) - picture)
    os.makedirs(cfg.outdir, exist_ok=True)
    with files.atomic(path + '.npy') as f:
        np.save(f, found)
    sheet = images.grid(np.stack([picture, image, difference.astype(np.uint8)]), 3)
    images.save(path + '.png', sheet)
    error = np.sqrt(np.mean(np.square(difference)))
    named = ', class ' + _class(cfg, label.argmax(), label_size) if label_size else ''
    print(
        '%s: the nearest image of %s differs by %.1f gray levels (root mean square)%s; its latent is %s'
        % (cfg.project, cfg.model, error, named, path + '.npy')
    )


def run(cfg):
    """Generate or project as the settings of config.Inference say."""
    with tfutil.init_tf(cpu=cfg.cpu):
        generator = generate.load_generator(cfg.model, cfg.network)
        if cfg.project:
            _project(cfg, generator)
        else:
            _generate(cfg, generator)
