"""CT patches of masks, from a pix2pix pickle."""

import tfutil
from common import card, images, log
from pix2pix import trainer, unet
from sampling.session_owner import SessionOwner


class Painter(SessionOwner):
    """Makes CT patches of masks: `Painter(path).paint(masks)`.

    size: R of its masks and patches. channels: 1, or 3 for colour. card: of the data that it learned from.
    """

    def __init__(self, path, cpu=False):
        super().__init__(cpu)
        self.path = path
        with self.closed_after_an_error(), log.timed('%s read and built' % path):
            (self.G,) = tfutil.load(path, unet.BUILDERS, 'G', held=trainer.ROLES)
            if self.G.static_kwargs.get('in_channels', 1) != 1 or self.G.build is not unet.U_net:
                raise ValueError('%s does not make CT patches of masks; train it with --direction mask2ct' % path)
            self.channels, self.size = [int(n) for n in self.G.outputs[0].shape[1:3]]
            images.check_channels(path, self.channels)
            self.card = card.of_network(self.G, path)

    def paint(self, masks, seed=0, minibatch=32, dropout=True, track=iter):
        """Gray levels uint8 [N, C, R, R] of masks uint8 [N, 1, R, R], 255 inside of the nodule.

        Features are normalised over a minibatch. dropout: whether samples of a mask differ. track: wraps the
        minibatches, as a progress bar does.
        """

        def compute(inputs, numbers):
            return self.G.run(inputs, numbers, minibatch=minibatch)

        with self.as_default():
            return trainer.generate(compute, masks / 127.5 - 1, self.G, minibatch, seed, dropout, track)

    def hu(self, masks, seed=0):
        """As `paint`, in HU, float32; of weights whose window is not recorded, in that of the published patches."""
        return self.card.to_hu(self.paint(masks, seed))
