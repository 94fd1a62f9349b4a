"""Pictures and a table of what a dataset holds."""

import os
import re

import dataset
from common import capacity, card, hounsfield, images, log


def show(cfg):
    """Write the first images of cfg.tfrecords as PNG, or print a table of its levels; settings of config.Display."""
    wanted = hounsfield.window(cfg.window) if cfg.window else None
    paths = list(dataset.levels(cfg.tfrecords).values()) if os.path.isdir(cfg.tfrecords) else [cfg.tfrecords]
    data_card = card.of_data(paths[-1])
    window = data_card.gray_window
    channels = data_card.channels or _channels_of(paths[-1])
    if wanted or cfg.summary:
        source = 'as its json file says' if data_card.window else 'the paper window, as no json file says otherwise'
        line = f'gray 0..255 is taken for {window[0]:g}..{window[1]:g} HU, {source}'
        print(line) if cfg.summary else log.info(line)
    if cfg.summary:
        _print_levels(paths, window, channels)
        labels_path = dataset.labels_beside(paths[-1])
        if labels_path:
            _print_labels(labels_path, dataset.count(paths[-1]))
    else:
        _write_pictures(cfg, paths[-1], channels, window, wanted)


def _channels_of(path):
    """1 or 3, of the coarsest level's first image, which is read fastest."""
    coarsest = re.sub(r'-r\d\d\.tfrecords$', '-r02.tfrecords', path)
    return dataset.channels_of(coarsest if os.path.exists(coarsest) else path) or 1


def _print_levels(paths, window, channels):
    """Print a line for each level: number of images, their shape, gray levels and what these are in HU."""
    width = max(len(os.path.basename(path)) for path in paths)
    row = '{:<%d} {:>8}  {:<13} {:>9} {:>7} {:>13}' % width
    print(row.format('file', 'images', 'shape', 'gray', 'mean', 'HU'))
    for path in paths:
        count, lowest, highest, total, shape = 0, 255, 0, 0.0, []
        for image in dataset.stream(path, channels):
            count += 1
            lowest = min(lowest, image.min())
            highest = max(highest, image.max())
            total += image.mean()
            shape = list(image.shape)
        hu = hounsfield.to_hu([lowest, highest], window)
        gray = f'{lowest}..{highest}'
        mean = f'{total / max(count, 1):.1f}'
        print(row.format(os.path.basename(path), count, str(shape), gray, mean, f'{hu[0]:.0f}..{hu[1]:.0f}'))


def _print_labels(path, count):
    """Print what the labels of so many images are."""
    vectors = dataset.read_labels(path, count)
    name = os.path.basename(path)
    if dataset.are_one_hot(vectors):
        shares = ', '.join(f'{images:.0f} of class {k}' for k, images in enumerate(vectors.sum(axis=0)))
        print(f'{name}: one-hot labels; {shares}')
    else:
        numbers = f'labels of {vectors.shape[1]} numbers, {vectors.min():g}..{vectors.max():g}'
        print(f'{name}: {numbers}, not one-hot')


def _write_pictures(cfg, path, channels, window, wanted):
    """Write the first images as PNG; wanted: HU of their black and white, None for gray levels as they are."""
    pictures = dataset.read(path, cfg.number, channels)
    count = len(pictures)
    if count < cfg.number:
        print(f'{path} holds {count} images, fewer than the {cfg.number} of --number')
    if count == 0:
        return
    made = '--number %d (%d images of %dx%d)' % ((cfg.number, count) + pictures.shape[2:])
    capacity.require_memory((images.SHEET if cfg.grid else 0) * pictures.nbytes, made + ' with --grid')
    capacity.require_disk(cfg.outdir, pictures.nbytes, made)
    if wanted:
        for picture in pictures:
            picture[:] = hounsfield.in_window(picture, window, wanted)
    names = ['dataset_grid.png'] if cfg.grid else [f'dataset_img_{i}.png' for i in range(count)]
    writer = images.ImageWriter(cfg.outdir, names, r'dataset_grid\.png$' if cfg.grid else r'dataset_img_\d+\.png$')
    for name, picture in zip(names, [images.grid(pictures)] if cfg.grid else pictures):
        writer.save(name, picture)
    print(f'{count} images of {path} are in {cfg.outdir}')
    writer.report()
