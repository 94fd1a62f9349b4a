# PYTHON_ARGCOMPLETE_OK
"""Do generated nodules help a classifier? Generators for folds, the experiment with its controls, and predictions."""

import common


def main(argv=None):
    from classification import classify_settings
    from common import commandline

    command, cfg = commandline.parse_command(classify_settings.COMMANDS, classify_settings.DESCRIPTION, argv)
    if command == 'predict':
        commandline.require_weights(cfg.model, ('C',))
        from classification import classifier  # after the flags: TensorFlow takes seconds to load, and -h should not

        classifier.write_predictions(cfg)
        return
    from training import signals

    with signals.Stop() as stop:
        if command == 'gans':
            from classification import generator_training

            generator_training.train_generators(cfg, stop, commandline.explicit_flags(classify_settings.Gans, argv))
        else:
            from classification import experiment

            experiment.run(cfg, stop)


if __name__ == '__main__':
    common.run(main)
