"""How long a schedule takes on this machine: before a run, or instead of one (--dry-run)."""

import sys

import numpy as np

import tfutil
from training import monitor, schedule

KEPT = 0.8  # of the pace so far, in that after another tick
FEW = 8  # images of a step that a CPU is measured with


def duration(seconds):
    """Seconds in words."""
    for limit, unit, name in (100, 1, 's'), (6000, 60, 'min'), (100 * 3600, 3600, 'h'):
        if seconds < limit:
            return '%.3g %s' % (seconds / unit, name)
    return '%.0f h (%.0f days)' % (seconds / 3600, seconds / 86400)


def total_seconds(cfg, top, seconds_per_image, done=0):
    """Seconds of what is left of the schedule after `done` kimg. seconds_per_image: {level: seconds}."""
    spans = schedule.spans(cfg, top)
    return sum(1000 * max(end - max(begin, done), 0) * seconds_per_image[level] for level, begin, end, _ in spans)


def estimate(cfg, top, seconds_per_image, done=0):
    """A line with the time that is left; for long runs also the preset of a short one."""
    seconds = total_seconds(cfg, top, seconds_per_image, done)
    line = 'about %s for the next %g kimg on this device' % (duration(seconds), max(cfg.total_kimg - done, 0))
    return line + ('; for a first look: --preset laptop' if seconds > 2 * 86400 else '')


def multiply_accumulates(network, level):
    """Multiply-accumulates of one forward pass of one image, of a network that stops at a level (None: the whole)."""
    top = int(network.static_kwargs['resolution']).bit_length() - 1
    if level is None:
        level = top
    total = 0
    for name, variable in network.trainables.items():
        if not name.endswith('weight'):
            continue
        shape = variable.shape.as_list()
        if 'RGB' in name:
            at = top - int(name.split('_lod')[1].split('/')[0])
        else:
            at = int(name.split('x')[0]).bit_length() - 1
        if at > level or 'RGB' in name and at < level:
            continue
        pixels = 1 if 'Dense' in name else 4**at
        if '_up' in name or '_down' in name:  # 4x4 taps at a quarter of the pixels
            pixels, shape = pixels // 4, [4, 4] + shape[2:]
        total += pixels * int(np.prod(shape))
    return total


class Pace:
    """How slow the run is compared with what was measured before it: an exponential average over its ticks."""

    def __init__(self):
        self.ratio = None

    def add(self, seconds, work):
        """Count a tick. seconds: that it took; work: seconds that it should have taken."""
        now = seconds / work
        self.ratio = now if self.ratio is None else KEPT * self.ratio + (1 - KEPT) * now

    def seconds(self, work):
        """Seconds that `work` will take at this pace."""
        return self.ratio * work


def _peak_memory():
    """Bytes: the most that the first GPU or this process has held so far, or None where the system does not tell."""
    if tfutil.native_layout() == 'NCHW':
        used = monitor.memory_in_use()
        return used and used * 2**20
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == 'darwin' else 1024)


def dry_run(trainer, stop):
    """Print the schedule with speeds, times and memory, measured by a step of each level.

    On a CPU the steps are of few images, which tells the rate; memory is that of a step, scaled to the minibatch.
    """
    cfg, top = trainer.cfg, trainer.data.top
    group = max(cfg.mbstd_group_size, 1)
    seconds_per_image, most = {}, 0
    form = '%-10s %15s %9s %9s %16s %9s'
    print(form % ('resolution', 'kimg', 'minibatch', 'images/s', 'time', 'memory'), flush=True)
    for level, begin, end, minibatch in schedule.spans(cfg, top):
        n = minibatch
        if tfutil.native_layout() == 'NHWC':
            n = min(minibatch, -(-FEW // group) * group)
        before = _peak_memory() or 0
        _, seconds = trainer.prepare(level, n)
        stop.check()
        after = _peak_memory()
        seconds_per_image[level] = seconds / (n * cfg.D_repeats)
        memory = '?'
        if after:
            most = max(most, before + (after - before) * minibatch / n)
            memory = '%.1f GB' % (most / 1e9)
        size, rate = '%dx%d' % (2**level, 2**level), '%.3g' % (1 / seconds_per_image[level])
        time = duration(1000 * (end - begin) * seconds_per_image[level])
        print(form % (size, '%g - %g' % (begin, end), minibatch, rate, time, memory), flush=True)
    print(estimate(cfg, top, seconds_per_image, cfg.resume_kimg or 0))
