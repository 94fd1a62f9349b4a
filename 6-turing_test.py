# PYTHON_ARGCOMPLETE_OK
"""Can readers tell? A visual Turing test of generated nodules: made, shown in browsers, analysed, rehearsed."""

import common


def main(argv=None):
    from common import commandline
    from turing_test import study_settings

    command, cfg = commandline.parse_command(study_settings.COMMANDS, study_settings.DESCRIPTION, argv)
    if command == 'create':
        for path in cfg.model:
            commandline.require_weights(path)
        from turing_test import new_study  # after the flags: TensorFlow takes seconds to load, and -h should not

        new_study.run(cfg)
    elif command == 'serve':
        from turing_test import study_app

        study_app.run(cfg)
    elif command == 'analyse':
        from turing_test import study_analysis

        study_analysis.run(cfg)
    else:
        if {'accuracy', 'd_prime'} <= commandline.explicit_flags(study_settings.Simulate, argv):
            raise ValueError('--accuracy and --d-prime both say how well readers can tell; leave out one')
        from turing_test import simulate

        simulate.run(cfg)


if __name__ == '__main__':
    common.run(main)
