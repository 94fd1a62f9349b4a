# PYTHON_ARGCOMPLETE_OK
"""pix2pix: from a nodule's mask to a CT patch."""

import common


def main(argv=None):
    from common import commandline
    from pix2pix import pix2pix_settings

    command, cfg = commandline.parse_command(pix2pix_settings.COMMANDS, pix2pix_settings.DESCRIPTION, argv)
    if command != 'train':
        commandline.require_weights(cfg.model, ('G', 'D'))
        # after the flags: TensorFlow takes seconds to load, and -h should not
        from pix2pix import pix2pix_evaluate, pix2pix_generate

        dict(generate=pix2pix_generate.generate, evaluate=pix2pix_evaluate.evaluate)[command](cfg)
        return
    from pix2pix.pix2pix_settings import CHANGEABLE, Train
    from training import checkpoint, run_folder, signals

    with signals.Stop() as stop:
        explicit = commandline.explicit_flags(Train, argv)
        start = run_folder.start(cfg, Train, CHANGEABLE, explicit, (checkpoint.STEP, checkpoint.ELAPSED))
        stop.check()
        from pix2pix import pix2pix_train

        pix2pix_train.train(start, stop)


if __name__ == '__main__':
    common.run(main)
