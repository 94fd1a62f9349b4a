"""Dataset demo pipeline: transform pictures from a tfrecords file to png format."""
import os

import commandline
import config


def summary(paths, window, channels):
    """Print a line for each level of a data set: number of images, their shape, gray levels and what these are in HU."""
    import dataset
    import volumes
    wide = max(len(os.path.basename(path)) for path in paths)
    print('%-*s %8s  %-13s %9s %7s %13s' % (wide, 'file', 'images', 'shape', 'gray', 'mean', 'HU'))
    for path in paths:
        number, least, most, total, shape = 0, 255, 0, 0., []
        for number, image in enumerate(dataset.stream(path, channels), 1):
            least, most, total, shape = min(least, image.min()), max(most, image.max()), total + image.mean(), list(image.shape)
        print('%-*s %8d  %-13s %9s %7.1f %13s' % (wide, os.path.basename(path), number, shape, '%d..%d' % (least, most), total / max(number, 1),
                                                 '%.0f..%.0f' % tuple(volumes.to_hu([least, most], window))))


def main(argv=None):
    cfg = commandline.parse(config.Display, __doc__, argv)
    import volumes
    wanted = volumes.window(cfg.window) if cfg.window else None
    if not os.path.exists(cfg.tfrecords):
        raise FileNotFoundError('%s does not exist; name a tfrecords file or a data set folder with --tfrecords' % cfg.tfrecords)
    import dataset          # after the flags: TensorFlow takes seconds to load, and -h should not
    import images
    path = cfg.tfrecords
    if os.path.isdir(path):
        path = list(dataset.levels(path).values())[-1]
    facts = dataset.about(path)
    window, channels = facts.get('window') or volumes.WINDOWS['paper'], facts.get('channels', 1)
    if wanted or cfg.summary:
        print('gray 0..255 is taken for %g..%g HU, %s' % (
            window[0], window[1], 'as its json file says' if facts.get('window') else 'the paper window, as no json file says otherwise'))
    if cfg.summary:
        summary(list(dataset.levels(cfg.tfrecords).values()) if os.path.isdir(cfg.tfrecords) else [path], window, channels)
        return
    pictures = dataset.read(path, cfg.number, channels)
    if len(pictures) < cfg.number:
        print('%s holds %d images, fewer than the %d asked for' % (path, len(pictures), cfg.number))
    if len(pictures) == 0:
        return
    if wanted:
        pictures = volumes.to_gray(volumes.to_hu(pictures, window), wanted)
    os.makedirs(cfg.outdir, exist_ok=True)
    if cfg.grid:
        images.save(os.path.join(cfg.outdir, 'dataset_grid.png'), images.grid(pictures))
    else:
        for i, picture in enumerate(pictures):
            images.save(os.path.join(cfg.outdir, 'dataset_img_%d.png' % i), picture)
    print('%d images of %s are in %s' % (len(pictures), path, cfg.outdir))


if __name__ == '__main__':
    commandline.command(main)
