# PYTHON_ARGCOMPLETE_OK
"""Do generated nodules help a classifier? Generators for folds, the experiment with its controls, and predictions."""

import sys

import common


def main(argv=None):
    from classification import classify_settings
    from common import commandline

    command, cfg = commandline.parse_command(classify_settings.COMMANDS, classify_settings.DESCRIPTION, argv)
    if command == 'predict':
        commandline.require_weights(cfg.model, ('C',))
        from classification import predict  # after the flags: TensorFlow takes seconds to load, and -h should not

        predict.predict(cfg)
        return
    from training import signals

    with signals.Stop() as stop:
        from classification import classify_commands

        if command == 'gans':
            stopped = classify_commands.gans(cfg, stop, commandline.explicit_flags(classify_settings.Gans, argv))
        else:
            stopped = classify_commands.run(cfg, stop)
    if stopped:
        sys.exit(128 + stopped)


if __name__ == '__main__':
    common.run(main)
