"""The nodule that the page opens with."""

import collections

import numpy as np

from explorer import measure, opening

Network = collections.namedtuple('Network', 'label_size classes')


class Model:
    """A model whose nodules measure what is given, {kind: [N]}."""

    def __init__(self, name, classes=(), **columns):
        self.name, self.generator = name, Network(len(classes), list(classes))
        self.attributes = measure.attributes((-1000, 0), 0.5)
        self.columns = columns

    def sample(self, n, label):
        assert n == opening.SEEDS
        self.label = label
        return None

    def measure_many(self, pixels):
        columns = {attribute.kind: np.zeros(opening.SEEDS) for attribute in self.attributes}
        columns.update(self.columns)
        return {attribute.name: columns[attribute.kind] for attribute in self.attributes}


def test_the_page_opens_with_the_invasive_class_if_there_is_one():
    one, other = Model('AIS'), Model('IA')
    assert opening.place([one, other]) == (1, 0) and opening.place([one]) == (0, 0)
    assert opening.place([one, Model('all', ['AIS', 'MIA', 'IA'])]) == (1, 2)


def test_the_nodule_is_found_clear_of_the_wall_and_of_median_size_and_density():
    n = opening.SEEDS
    diameter, wall = np.linspace(4, 20, n), np.full(n, np.nan)
    wall[n // 2 - 4 : n // 2 + 4] = 1.0  # those of median size are near the wall
    diameter[n // 2 + 4] = np.nan
    chosen = opening.choose([Model('IA', diameter=diameter, mean=np.full(n, -500.0), wall=wall)])
    assert chosen == dict(model=0, seed=n // 2 - 5, label=0)
    density = np.full(n, -500.0)
    density[n // 2 - 5] = 0.0
    assert opening.choose([Model('IA', diameter=diameter, mean=density, wall=wall)])['seed'] != n // 2 - 5


def test_a_network_without_a_nodule_opens_with_its_first_seed_and_one_with_labels_with_its_class():
    nothing = np.full(opening.SEEDS, np.nan)
    model = Model('all', ['AIS', 'IA'], diameter=nothing, mean=nothing, wall=nothing)
    assert opening.choose([model]) == dict(model=0, seed=0, label=1) and model.label == 1
