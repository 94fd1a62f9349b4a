"""What 2-inference.py is made of: latents and labels, walks between them, pictures, and the latent of a picture."""
import os
import tokenize

import numpy as np
import tqdm

import files
import images
import latent

BETWEEN = {'slerp': latent.spherical, 'linear': latent.linear}


def load_array(path, columns, what):
    """A float array [N, columns] from a NumPy file, without unpickling and without trusting its header."""
    with open(path, 'rb') as f:
        is_npy = f.read(6) == b'\x93NUMPY'
    try:
        array = np.load(path, mmap_mode='r', allow_pickle=False) if is_npy else np.array('another file')
        if array.dtype.kind not in 'fiub':
            raise ValueError
    except (ValueError, TypeError, EOFError, SyntaxError, OverflowError, RecursionError, tokenize.TokenError):
        raise ValueError('%s is not a NumPy file of numbers; write one with numpy.save' % path)
    if array.ndim == 2 and array.shape[1] == columns:
        array = np.array(array, np.float32)
    if array.ndim != 2 or array.shape[1] != columns or not np.isfinite(array).all():
        raise ValueError('%s has the shape %s; %s are finite numbers [N, %d]' % (path, list(array.shape), what, columns))
    return array


def inputs(cfg, latent_size, label_size, default):
    """Latents [N, latent_size] and labels [N, label_size]; N: `default` if nothing says it. Row i of what is random depends on the seed and on i alone."""
    latents = load_array(cfg.latents, latent_size, 'latents of this network') if cfg.latents else None
    labels = load_array(cfg.labels, label_size, 'labels of this network') if cfg.labels else None
    rows = [len(array) for array in (latents, labels) if array is not None]
    number = cfg.number if cfg.number is not None else min(rows or [default])
    if rows and number > min(rows):
        raise ValueError('--number %d is more than --latents or --labels holds (%d); lower it' % (number, min(rows)))
    if latents is None:
        latents = np.array([np.random.RandomState([cfg.seed, i]).randn(latent_size) for i in range(number)], np.float32)
    if cfg.label is not None and cfg.label >= label_size:
        raise ValueError('--label %d: %s' % (cfg.label, 'this network counts its classes from 0 to %d' % (label_size - 1) if label_size else
                                             'this network has no classes; leave the flag out'))
    if labels is None:
        classes = np.arange(number) % max(label_size, 1) if cfg.label is None else np.full(number, cfg.label)
        labels = np.eye(label_size, dtype=np.float32)[classes] if label_size else np.zeros([number, 0], np.float32)
    return latents[:number].reshape(number, latent_size), labels[:number]


def walk(cfg, latents, labels, steps):
    """Latents and labels of the images between those given. Labels go straight, whatever the latents do."""
    if len(latents) < 2:
        raise ValueError('--interpolate needs two latents or more, and there are %d; raise --number or give more --latents' % len(latents))
    if cfg.format == 'png':
        return latent.path(latents, steps, BETWEEN[cfg.interpolate]), latent.path(labels, steps, latent.linear)
    closed = cfg.format == 'gif'
    return latent.tour(latents, steps, BETWEEN[cfg.interpolate], closed), latent.tour(labels, steps, latent.linear, closed)


def generate(cfg, generator, latent_size, label_size):
    """Write the images of latents, or of the walk between them, and say where."""
    latents, labels = inputs(cfg, latent_size, label_size, 5 if cfg.interpolate else 10)
    name, steps = 'inference', None
    if cfg.interpolate:
        name, steps = 'interpolation', cfg.steps or (16 if cfg.format == 'gif' else 8)
        latents, labels = walk(cfg, latents, labels, steps)
    number, shape = len(latents), [int(size) for size in generator.outputs[0].shape[1:]]
    if number == 0:
        return
    os.makedirs(cfg.outdir, exist_ok=True)

    def batches():
        """Network outputs in the order of the images, with a progress bar."""
        with tqdm.tqdm(total=number, unit='image', disable=None) as bar:
            for i in range(0, number, cfg.minibatch):
                outputs = generator.run(latents[i:i + cfg.minibatch], labels[i:i + cfg.minibatch], minibatch=cfg.minibatch)
                yield i, outputs
                bar.update(len(outputs))

    path = os.path.join(cfg.outdir, name)
    if cfg.format == 'npy':
        with files.atomic(path + '.npy') as f:
            np.lib.format.write_array_header_1_0(f, {'descr': '<f4', 'fortran_order': False, 'shape': tuple([number] + shape)})
            for _, outputs in batches():
                f.write(outputs.astype('<f4').tobytes())
    elif cfg.format == 'gif':
        images.animate(path + '.gif', np.concatenate([images.to_uint8(outputs) for _, outputs in batches()]), 0.06 if cfg.interpolate else 0.5)
    elif cfg.format == 'png' and (cfg.grid or cfg.interpolate):
        pixels = np.concatenate([images.to_uint8(outputs) for _, outputs in batches()])
        images.save(path + ('.png' if cfg.interpolate else '_grid.png'), images.grid(pixels, steps))
    else:
        for first, outputs in batches():
            for i, image in enumerate(images.to_uint8(outputs), first):
                images.save('%s_img_%d.png' % (path, i), image)
    print('%d images of %s are in %s' % (number, cfg.model, cfg.outdir))


def project(cfg, generator, latent_size, label_size):
    """Find the latent of the picture cfg.project, write it and its image, and say how near they are."""
    channels, size = [int(n) for n in generator.outputs[0].shape[1:3]]
    try:
        picture = images.load(cfg.project, size, channels)
    except ValueError as error:                                 # the remedy after the semicolon is for another script
        raise ValueError('%s; --project takes %s pictures of %d x %d pixels with 8 or 16 bits' % (
            str(error).split('; ')[0], 'gray' if channels == 1 else 'colour', size, size))
    _, labels = inputs(cfg._replace(number=max(8, label_size)), latent_size, label_size, None)
    found, label, image = latent.project(generator, picture / 127.5 - 1, labels, cfg.project_steps, cfg.seed)
    image = images.to_uint8(image)
    difference = np.abs(image.astype(int) - picture)
    os.makedirs(cfg.outdir, exist_ok=True)
    with files.atomic(os.path.join(cfg.outdir, 'projection.npy')) as f:
        np.save(f, found)
    images.save(os.path.join(cfg.outdir, 'projection.png'), images.grid(np.stack([picture, image, difference.astype(np.uint8)]), 3))
    print('%s: the nearest image of %s differs by %.1f gray levels (root mean square)%s; its latent is %s' % (
        cfg.project, cfg.model, np.sqrt(np.mean(np.square(difference))), ', class %d' % label.argmax() if label_size else '',
        os.path.join(cfg.outdir, 'projection.npy')))
