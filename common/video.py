"""MP4 files, which FFmpeg encodes; the package imageio-ffmpeg brings it."""

import os
import shutil
import tempfile

from common import files

QUALITY = 9  # of 10


def encoder():
    """The package imageio_ffmpeg; ImportError with the remedy without it."""
    try:
        import imageio_ffmpeg
    except ImportError:
        remedy = 'pip install imageio-ffmpeg, or write another format'
        raise ImportError('MP4 files need imageio-ffmpeg: %s' % remedy) from None
    return imageio_ffmpeg


def write(path, frames, fps):
    """Write uint8 images [C, H, W] of equal, even sizes, an iterable, as H.264 in an MP4 file that is whole or absent.

    fps: frames a second. ImportError without imageio-ffmpeg.
    """
    write_frames = encoder().write_frames
    with files.atomic(path) as target, tempfile.TemporaryDirectory() as folder:
        part, writer = os.path.join(folder, 'video.mp4'), None
        for frame in frames:
            if writer is None:
                channels, height, width = frame.shape
                options = dict(fps=fps, quality=QUALITY, macro_block_size=2)
                options['pix_fmt_in'] = 'gray' if channels == 1 else 'rgb24'
                writer = write_frames(part, (width, height), **options)
                writer.send(None)
            writer.send(frame.transpose(1, 2, 0).tobytes())
        writer.close()
        with open(part, 'rb') as source:
            shutil.copyfileobj(source, target)
