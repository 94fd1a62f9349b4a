# PYTHON_ARGCOMPLETE_OK
"""Can readers tell? A visual Turing test of generated nodules: made, shown in browsers, analysed, rehearsed."""

from common import commandline
from turing_test import settings


def main(argv=None):
    command, cfg = commandline.parse_command(settings.COMMANDS, __doc__, argv)
    if command == 'create':
        for path in cfg.model:
            commandline.require_weights(path)
        from turing_test import create  # after the flags: TensorFlow takes seconds to load, and -h should not

        create.run(cfg)
    elif command == 'serve':
        from turing_test import server

        server.run(cfg)
    elif command == 'analyse':
        from turing_test import analysis

        analysis.run(cfg)
    else:
        from turing_test import simulate

        simulate.run(cfg)


if __name__ == '__main__':
    commandline.command(main)
