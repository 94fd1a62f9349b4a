"""Pictures and a table of what a dataset holds."""

import os
import re

import dataset
from common import capacity, card, hounsfield, images, log


def _window_of(path):
    """(HU of gray 0 and 255, whether the dataset's json file records them, its channels: as that says, or of 4x4)."""
    found = card.of_data(path)
    channels = found.channels
    if channels is None:
        coarsest = re.sub(r'-r\d\d\.tfrecords$', '-r02.tfrecords', path)
        channels = dataset.channels_of(coarsest if os.path.exists(coarsest) else path) or 1
    return found.gray_window, found.window is not None, channels


def _summary(paths, window, channels):
    """Print a line for each level: number of images, their shape, gray levels and what these are in HU."""
    wide, form = max(len(os.path.basename(path)) for path in paths), '%-*s %8s  %-13s %9s %7s %13s'
    print(form % (wide, 'file', 'images', 'shape', 'gray', 'mean', 'HU'))
    for path in paths:
        number, least, most, total, shape = 0, 255, 0, 0.0, []
        for image in dataset.stream(path, channels):
            least, most, total = min(least, image.min()), max(most, image.max()), total + image.mean()
            number, shape = number + 1, list(image.shape)
        hu, mean = tuple(hounsfield.to_hu([least, most], window)), '%.1f' % (total / max(number, 1))
        cells = os.path.basename(path), number, shape, '%d..%d' % (least, most), mean, '%.0f..%.0f' % hu
        print(form % ((wide,) + cells))


def _summary_of_labels(path, number):
    """Print what the labels of so many images are."""
    vectors, name = dataset.read_labels(path, number), os.path.basename(path)
    if dataset.are_one_hot(vectors):
        shares = ', '.join('%d of class %d' % (count, k) for k, count in enumerate(vectors.sum(axis=0)))
        print('%s: one-hot labels; %s' % (name, shares))
    else:
        size, least, most = vectors.shape[1], vectors.min(), vectors.max()
        print('%s: labels of %d numbers, %g..%g, not one-hot' % (name, size, least, most))


def show(cfg):
    """Write the first images of cfg.tfrecords as PNG, or print a table of its levels; settings of config.Display."""
    wanted = hounsfield.window(cfg.window) if cfg.window else None
    path, levels = cfg.tfrecords, [cfg.tfrecords]
    if os.path.isdir(path):
        levels = list(dataset.levels(path).values())
        path = levels[-1]
    window, said, channels = _window_of(path)
    if wanted or cfg.summary:
        source = 'as its json file says' if said else 'the paper window, as no json file says otherwise'
        (print if cfg.summary else log.info)('gray 0..255 is taken for %g..%g HU, %s' % (window[0], window[1], source))
    if cfg.summary:
        _summary(levels, window, channels)
        labels_path = dataset.labels_beside(path)
        if labels_path:
            _summary_of_labels(labels_path, dataset.count(path))
        return
    pictures = dataset.read(path, cfg.number, channels)
    if len(pictures) < cfg.number:
        print('%s holds %d images, fewer than the %d asked for' % (path, len(pictures), cfg.number))
    if len(pictures) == 0:
        return
    made = '--number %d (%d images of %dx%d)' % ((cfg.number, len(pictures)) + pictures.shape[2:])
    capacity.require_memory((images.SHEET if cfg.grid else 0) * pictures.nbytes, made + ' with --grid')
    capacity.require_disk(cfg.outdir, pictures.nbytes, made)
    if wanted:
        for picture in pictures:
            picture[:] = hounsfield.to_gray(hounsfield.to_hu(picture, window), wanted)
    if cfg.grid:
        album = images.ImageWriter(cfg.outdir, ['dataset_grid.png'], r'dataset_grid\.png$')
        album.save('dataset_grid.png', images.grid(pictures))
    else:
        names = ['dataset_img_%d.png' % i for i in range(len(pictures))]
        album = images.ImageWriter(cfg.outdir, names, r'dataset_img_\d+\.png$')
        for name, picture in zip(names, pictures):
            album.save(name, picture)
    print('%d images of %s are in %s' % (len(pictures), path, cfg.outdir))
    album.report()
