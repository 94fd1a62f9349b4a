"""FFmpeg for tests, which need not decode what it writes."""

import numpy as np


class FakeFFmpeg:
    """What common.video uses of imageio-ffmpeg, which keeps what it is sent."""

    def write_frames(self, path, size, **options):
        self.size, self.options, self.frames = size, options, []
        with open(path, 'wb') as f:
            f.write(b'whole')
        while True:
            frame = yield
            self.frames.append(frame)

    def images(self):
        """What it was sent, uint8 [N, H, W] of gray frames or [N, H, W, 3]."""
        width, height = self.size
        shape = (height, width) if self.options['pix_fmt_in'] == 'gray' else (height, width, 3)
        return np.array([np.frombuffer(frame, np.uint8).reshape(shape) for frame in self.frames])
