"""A table of how patches that a network makes of masks differ from the patches that the masks belong to."""

import numpy as np

from common import log
from pix2pix import data, measures, trainer
from pix2pix.painter import Painter

FREE = 4  # pixels that a mask which is moved keeps from the border


def evaluate(cfg):
    """Print the table with settings of pix2pix_settings.Evaluate."""
    with Painter(cfg.model, cfg.cpu) as painter:
        if painter.channels != 1:
            raise ValueError('%s makes color images; only gray ones can be measured' % cfg.model)
        _, patches, masks = data.pairs(cfg.data, cfg.masks)
        if masks.shape[-1] != painter.size:
            message = '%s holds pairs of %d pixels; %s makes patches of %d'
            raise ValueError(message % (cfg.data, masks.shape[-1], cfg.model, painter.size))
        inside = masks[:, 0] > 0
        movable = ~inside[:, :, -cfg.moved - FREE :].any(axis=(1, 2))
        moved = np.where(movable[:, None, None, None], measures.moved(masks, cfg.moved), masks)
        with log.timed('patches computed'):
            made = painter.paint(masks, cfg.seed)[:, 0]
            later = painter.paint(moved, cfg.seed)[:, 0] if movable.any() else None
        rows = measures.compare(patches[:, 0], made, inside)
    if later is not None:
        change = (later.astype(float) - made)[movable]  # brighter where nodules are now, darker where they were
        places = measures.place(change, inside[movable]), measures.place(-change, inside[movable])
        rows['nodule moves, pixels (%d masks)' % movable.sum()] = cfg.moved, np.subtract(*places)[1]
        either, reach = inside | (moved[:, 0] > 0), trainer.margin(painter.size)
        rows['surroundings change, gray levels'] = [
            measures.change_far(before[movable], after[movable], either[movable], reach)
            for before, after in ((patches[:, 0], np.roll(patches[:, 0], 1, axis=0)), (made, later))
        ]
    print('%-34s%12s%12s%10s' % ('%d pairs' % len(masks), 'of the pairs', 'generated', 'ratio'))
    for name, (expected, found) in rows.items():
        print('%-34s%12.3f%12.3f%10.3f' % (name, expected, found, found / expected))
    if later is None:
        print('no mask has room for being moved by %d pixels' % cfg.moved)
