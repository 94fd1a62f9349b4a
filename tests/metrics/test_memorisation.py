import numpy as np

from metrics import memorisation
from sets import value


def test_copies_are_found_turned_mirrored_shifted_and_noisy(phantoms, random):
    training = phantoms[:60]
    fakes = np.stack(
        [np.roll(memorisation.turned(training[i], i % 8), (i % 9 - 4, 3 - i % 7), (1, 2)) for i in range(40)]
    )
    fakes = np.clip(fakes + random.randn(*fakes.shape) * 4, 0, 255).astype(np.uint8)
    found = memorisation.nearest(fakes, training)
    right = found.index == np.arange(40)
    assert right.mean() >= 0.9 and np.median(found.distance) < 5
    pair = memorisation.side_by_side(fakes, training, found, 1)[0]
    closest = found.distance.argmin()
    assert pair.shape == (1, 32, 64) and (pair[:, :, 32:] == training[found.index[closest]]).all()
    held = memorisation.nearest(phantoms[200:300], training).distance
    assert value(memorisation.copied(found.distance[right], held), right.sum(), 100) > 0.5
    assert value(memorisation.copied(held, held), 100, 100) == 0.01


def test_the_distance_to_the_nearest_is_that_of_all_positions_tried(phantoms):
    image, other = phantoms[0], phantoms[1]
    found = memorisation.nearest(image[None], other[None])
    tried = [
        np.sqrt(
            np.mean(
                np.square(
                    memorisation.turned(image, s)[:, 6:26, 6:26].astype(float)
                    - other[:, 6 + r : 26 + r, 6 + c : 26 + c]
                )
            )
        )
        for s in range(8)
        for r in range(-6, 7)
        for c in range(-6, 7)
    ]
    assert min(tried) <= found.distance[0] + 1e-4 and found.distance[0] <= min(tried) * 1.1
