"""Make data sets: tfrecords of all resolutions, OUTDIR/NAME/NAME-r02.tfrecords (4x4) and so on, from images, CT volumes or phantoms."""
import sys

import commandline
import config


def main(argv=None):
    command, cfg = commandline.parse_command(config.CREATE, __doc__, argv)
    if command == 'verify':
        import verify               # after the flags: TensorFlow takes seconds to load, and -h should not
        sys.exit(verify.report(cfg.datasets, cfg.channels))
    import sources
    if command == 'pairs':
        if (cfg.phantom is None) == (cfg.images is None) or (cfg.images is None) != (cfg.masks is None):
            raise ValueError('pairs are made from --phantom CLASS, or from --images FOLDER and --masks FOLDER')
        if cfg.images and cfg.off_centre:
            raise ValueError('--off-centre is for phantoms; images are taken as they are')
        source = sources.phantom_pairs(cfg) if cfg.phantom else sources.image_pairs(cfg)
        import create
        create.write_pairs(cfg, source)
    else:
        source = {'images': sources.from_images, 'volumes': sources.from_volumes, 'phantom': sources.from_phantoms}[command](cfg)
        import create
        create.write_sets(cfg, source)


if __name__ == '__main__':
    commandline.command(main)
