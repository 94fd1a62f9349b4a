# PYTHON_ARGCOMPLETE_OK
"""Generators for other programs: ONNX, safetensors, DICOM, NIfTI, a page, a folder for Hugging Face; docs/export.md."""

import common


def main(argv=None):
    from common import commandline
    from export import export_settings

    command, cfg = commandline.parse_command(export_settings.COMMANDS, export_settings.DESCRIPTION, argv)
    # After the flags: TensorFlow takes seconds to load, and -h should not.
    if command in ('dicom', 'nifti'):
        commandline.require_weights(cfg.model)
        from export import slices

        slices.run(command, cfg)
    elif command == 'hf':
        commandline.require_weights(cfg.model)
        from export import hugging_face

        hugging_face.run(cfg)
    elif command == 'page':
        for path in cfg.model:
            commandline.require_weights(path)
        if cfg.pix2pix:
            commandline.require_weights(cfg.pix2pix, ('G', 'D'))
        from export import explorer_export

        explorer_export.run(cfg)
    else:
        from export import weight_exports

        weight_exports.run(command, cfg)


if __name__ == '__main__':
    common.run(main)
