"""Image files from a generator: of latents, of walks between them, and of the latent of a picture."""

import itertools
import os

import numpy as np

from common import arrays, capacity, files, hounsfield, images, log, video
from sampling import interpolation, latent_png, projection
from sampling.generator import Generator, Images

# Bytes of memory and of disk for each byte of an image's pixels, by what is written.
ROOM = {'npy': (0, 4), 'frames': (0, 1), 'png': (0, 1), 'gif': (images.FRAMES, 1), 'mp4': (0, 1)}
ROOM['sheet'] = 1 + images.SHEET, 1
ANIMATED = {'gif': 1 / 0.06, 'mp4': 30.0}  # formats, and their frames a second
SINGLE = 2.0  # the same of images that are no walk
DURATION, SMOOTHING = 10.0, 1.0  # seconds of a smooth walk, and of what it is smoothed over


def load_array(path, columns, what):
    """A float array [N, columns] from a NumPy file."""
    array = arrays.load(path)
    if array.ndim == 2 and array.shape[1] == columns:
        with np.errstate(over='ignore'):
            array = np.array(array, np.float32)
    if array.ndim != 2 or array.shape[1] != columns or not np.isfinite(array).all():
        fact = 'has the shape %s' % list(array.shape)
        raise files.BadFile(path, fact, '%s are finite numbers [N, %d]' % (what, columns))
    return array


def _load_latents(cfg, generator):
    """Latents [N, latent_size] of cfg.latents or None, and the settings, with the class of a picture that holds one."""
    if not cfg.latents:
        return None, cfg
    if not cfg.latents.lower().endswith('.png'):
        return load_array(cfg.latents, generator.latent_size, 'latents of this network'), cfg
    origin = latent_png.load(cfg.latents)
    if len(origin.latent) != generator.latent_size:
        fact = 'holds a latent of %d numbers, made with %s' % (len(origin.latent), origin.model)
        raise files.BadFile(cfg.latents, fact, 'those of %s have %d' % (cfg.model, generator.latent_size))
    if generator.label_size and cfg.label is None and not cfg.labels:
        cfg = cfg._replace(label=str(origin.label))
    return origin.latent[None], cfg


def _steps(cfg):
    return cfg.steps or (16 if cfg.format in ANIMATED else 8)


def _fps(cfg):
    return cfg.fps or (ANIMATED[cfg.format] if cfg.interpolate else SINGLE)


def _frames(cfg):
    """Frames of a smooth walk."""
    return max(int(round((cfg.duration or DURATION) * _fps(cfg))), 1)


def _is_sheet(cfg):
    return cfg.format == 'png' and bool(cfg.grid or cfg.interpolate)


def _require_room(cfg, generator, n):
    """Refuse what memory or disk cannot hold, before any of it is made. n: latents."""
    count, what = n, '--number %d' % n
    if cfg.interpolate == 'smooth':
        count *= _frames(cfg)
        what += ' in %d frames' % _frames(cfg)
    elif cfg.interpolate:
        count *= _steps(cfg)
        what += ' with %d steps' % _steps(cfg)
    what += ' (%d images of %dx%d)' % (count, generator.resolution, generator.resolution)
    pixels = count * int(np.prod(generator.shape))
    memory, disk = ROOM['sheet' if _is_sheet(cfg) else cfg.format]
    vectors = (24 if cfg.interpolate else 16) * count * (generator.latent_size + generator.label_size)
    capacity.require_memory(memory * pixels + vectors, what)
    capacity.require_disk(cfg.outdir, disk * pixels, what)


def _labels(cfg, generator, n):
    """Labels [n, label_size] for --label, or of the classes in turn."""
    try:
        return generator.labels(n, cfg.label)
    except ValueError as error:
        raise ValueError('--label %s: %s' % (cfg.label, error)) from None


def _inputs(cfg, generator, latents):
    """Latents [N, latent_size] and labels [N, label_size] as the settings say. latents: those of a file, or None."""
    labels = None
    rows = [] if latents is None else [len(latents)]
    if cfg.labels:
        labels = load_array(cfg.labels, generator.label_size, 'labels of this network')
        rows.append(len(labels))
    n = cfg.number and cfg.number * cfg.sheets
    if n is None:
        n = min(rows or [5 if cfg.interpolate else 10 * cfg.sheets])
    if rows and n > min(rows):
        sheets = ' with --sheets %d' % cfg.sheets if cfg.sheets > 1 else ''
        message = '--number %d%s is more than --latents or --labels holds (%d); lower it'
        raise ValueError(message % (cfg.number, sheets, min(rows)))
    _require_room(cfg, generator, n)
    if latents is None:
        latents = generator.latents(n, cfg.seed)
    if labels is None:
        labels = _labels(cfg, generator, n)
    return latents[:n], labels[:n]


def _walk(cfg, latents, labels):
    """Latents and labels of the images between those of the settings. Labels change evenly, whatever the latents do.

    Of a smooth walk, they are those of the first frame, then those of the second, and so on; labels stay.
    """
    if cfg.interpolate == 'smooth':
        (n, size), frames = latents.shape, _frames(cfg)
        latents = interpolation.smoothed(n, size, frames, (cfg.smoothing or SMOOTHING) * _fps(cfg), cfg.seed)
        return latents.reshape(frames * n, size), np.tile(labels, (frames, 1))
    if len(latents) < 2:
        message = '--interpolate needs two latents or more, and there are %d; raise --number or give more --latents'
        raise ValueError(message % len(latents))
    steps, between = _steps(cfg), interpolation.KINDS[cfg.interpolate]
    if cfg.format == 'png':
        return interpolation.path(latents, steps, between), interpolation.path(labels, steps, interpolation.linear)
    closed = cfg.format in ANIMATED
    latents = interpolation.tour(latents, steps, between, closed)
    return latents, interpolation.tour(labels, steps, interpolation.linear, closed)


def _sheets(pixels, n, columns=None):
    """Contact sheets of n images each, the last one perhaps of fewer, from an iterable of images uint8 [C, R, R]."""
    pixels = iter(pixels)
    while True:
        part = list(itertools.islice(pixels, n))
        if not part:
            return
        yield images.grid(np.array(part), columns)


def _write(cfg, batch, window):
    """Write Images in the format of the settings. The ImageWriter of pictures, None of another format.

    window: HU at gray 0 and 255, or None if it is not known.
    """
    name = 'interpolation' if cfg.interpolate else 'inference'
    path = os.path.join(cfg.outdir, name)

    def track(items):
        return log.progress(items, unit='image')

    if cfg.format == 'npy':
        with files.atomic(path + '.npy') as f:
            header = {'descr': '<f4', 'fortran_order': False, 'shape': tuple(batch.shape)}
            np.lib.format.write_array_header_1_0(f, header)
            for image in track(batch):
                f.write(image.astype('<f4').tobytes())
        return None
    pixels = map(images.to_uint8, track(batch))
    if cfg.format in ANIMATED:
        if window:  # animations are for the eye
            pixels = (hounsfield.in_window(image, window, hounsfield.WINDOWS['lung']) for image in pixels)
        if cfg.interpolate == 'smooth':
            pixels = _sheets(pixels, len(batch) // _frames(cfg))
        if cfg.format == 'gif':
            images.animate(path + '.gif', pixels, 1 / _fps(cfg))
        else:
            video.write(path + '.mp4', pixels, _fps(cfg))
        return None
    if _is_sheet(cfg):
        sheets = 1 if cfg.interpolate else cfg.sheets
        numbers = [''] if sheets == 1 else ['_%d' % i for i in range(sheets)]
        path = name + ('' if cfg.interpolate else '_grid')
        names, pattern = ['%s%s.png' % (path, number) for number in numbers], path + r'(_\d+)?\.png$'
        pixels = _sheets(pixels, -(-len(batch) // sheets), _steps(cfg) if cfg.interpolate else None)
    else:
        names, pattern = ['%s_img_%d.png' % (name, i) for i in range(len(batch))], name + r'_img_\d+\.png$'
    writer = images.ImageWriter(cfg.outdir, names, pattern)
    for file, image in zip(names, pixels):
        writer.save(file, image)
    return writer


def _class_name(generator, index):
    """'2', or '2 (MIA)' where the names of the classes are recorded."""
    name = generator.classes[index]
    return name if name == str(index) else '%d (%s)' % (index, name)


def _classes_shown(cfg, generator):
    """Which classes the images are of, as part of a sentence; '' for a network without labels."""
    if not generator.label_size or cfg.labels:
        return ''
    if cfg.label is not None:
        return ', class %s,' % _class_name(generator, generator.class_index(cfg.label))
    names = [_class_name(generator, index) for index in range(generator.label_size)]
    return ', classes %s in turn,' % ', '.join(names)


def _generate(cfg, generator):
    """Write the images of latents, or of the walk between them, and say where."""
    latents, cfg = _load_latents(cfg, generator)
    latents, labels = _inputs(cfg, generator, latents)
    if cfg.interpolate:
        latents, labels = _walk(cfg, latents, labels)
    batch = Images(generator, latents, labels, cfg.minibatch)
    if len(batch) == 0:
        return
    os.makedirs(cfg.outdir, exist_ok=True)
    with log.timed('images computed and written'):
        writer = _write(cfg, batch, generator.card.window)
    print('%d images of %s%s are in %s' % (len(batch), cfg.model, _classes_shown(cfg, generator), cfg.outdir))
    if writer:
        writer.report()


def _load_picture(cfg, generator):
    """Gray levels uint8 [C, R, R] of the picture to project."""
    channels, size = generator.shape[0], generator.resolution
    kind = 'gray' if channels == 1 else 'colour'
    wanted = '--project takes %s pictures of %d x %d pixels with 8 or 16 bits' % (kind, size, size)
    with images.remedies({images.BadPicture: wanted, images.RangeNeeded: images.range_flag}):
        return images.load(cfg.project, size, channels, cfg.range)


def _project(cfg, generator):
    """Find the latent of the picture cfg.project, write it and its image, and say how similar they are."""
    picture = _load_picture(cfg, generator)
    labels = _labels(cfg, generator, max(projection.STARTS, generator.label_size))
    path = os.path.join(cfg.outdir, 'projection')
    files.require_replaceable(path + '.npy', path + '.png')
    with log.timed('latent found'):
        latent, label, image = generator.project(picture, cfg.project_steps, cfg.seed, labels)
    difference = np.abs(image.astype(int) - picture)
    os.makedirs(cfg.outdir, exist_ok=True)
    with files.atomic(path + '.npy') as f:
        np.save(f, latent)
    sheet = images.grid(np.stack([picture, image, difference.astype(np.uint8)]), 3)
    images.save(path + '.png', sheet)
    error = np.sqrt(np.mean(np.square(difference)))
    class_name = ', class ' + _class_name(generator, label.argmax()) if generator.label_size else ''
    print(
        '%s: the nearest image of %s differs by %.1f gray levels (root mean square)%s; its latent is %s'
        % (cfg.project, cfg.model, error, class_name, path + '.npy')
    )


def run(cfg):
    """Generate or project as the settings of config.Inference say."""
    with Generator(cfg.model, cfg.network, cfg.cpu) as generator:
        if cfg.project:
            _project(cfg, generator)
        else:
            _generate(cfg, generator)
