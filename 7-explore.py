# PYTHON_ARGCOMPLETE_OK
"""Play with generators: sliders for size and density, walks, projection of pictures, masks, maps."""

import common


def main(argv=None):
    from common import commandline
    from explorer import explore_settings

    command, cfg = commandline.parse_command(explore_settings.COMMANDS, explore_settings.DESCRIPTION, argv)
    if command == 'axes':
        commandline.require_weights(cfg.model)
        from explorer import learning  # after the flags: TensorFlow takes seconds to load, and -h should not

        learning.run(cfg)
    else:
        for path in cfg.model:
            commandline.require_weights(path)
        if cfg.pix2pix:
            commandline.require_weights(cfg.pix2pix, ('G', 'D'))
        from explorer import explorer_app

        explorer_app.run(cfg)


if __name__ == '__main__':
    common.run(main)
