"""Updates that are not finite are skipped, and a run of nothing else ends."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import config
import dataset
import tfutil
from training import optimizers
from training.step import Trainer
from training.train import TrainingLoop

CFG = config.Train(
    fmap_base=16, fmap_max=4, mbstd_group_size=0, minibatch='8', total_kimg=0.2, cpu=True
)  # fmt: skip


def values(trainer):
    """Weights of G, D and moments of their optimizers, on all replicas, {name: array}."""
    result = {}
    for replica in trainer.replicas:
        variables = dict(replica.moments())
        for name in ('G', 'D'):
            variables.update({name + '/' + local: v for local, v in replica.networks[name].trainables.items()})
        result.update({'%d %s' % (replica.index, name): tfutil.run(v) for name, v in variables.items()})
    return result


@pytest.fixture
def two(tmp_path, random):
    """The loop of a run on two devices, before its first iteration."""
    dataset.write(str(tmp_path), 'noise', random.randint(256, size=[16, 1, 4, 4]).astype(np.uint8))
    with tfutil.init_tf(cpu=True, cpus=2):
        trainer = Trainer(CFG, dataset.Pyramid(str(tmp_path)))
        loop = TrainingLoop(trainer)
        loop.build()
        trainer.reset_optimizers()
        trainer.initialise()
        yield loop


def set_last_bias(trainer, value):
    """Of the scores of D, on the second device only; after it there is no activation that hides what is not finite."""
    tfutil.set_vars({trainer.replicas[1].D.vars['4x4/Dense1/bias']: np.full(1, value)})


@pytest.mark.slow
def test_all_devices_skip_updates_that_are_not_finite_on_one_and_then_go_on(two):
    two.iterate()
    before = values(two.trainer)
    set_last_bias(two.trainer, np.inf)
    two.iterate()
    set_last_bias(two.trainer, before['1 D/4x4/Dense1/bias'])
    after = values(two.trainer)
    for name in before:
        assert_array_equal(after[name], before[name])
    assert two.skipped == 2 and two.skipped_in_a_row == 1  # one of D and one of G
    two.iterate()
    last = values(two.trainer)
    assert two.skipped == 2 and two.skipped_in_a_row == 0 and all(np.isfinite(value).all() for value in last.values())
    assert last['0 D/beta2_power'] == pytest.approx(0.99**3)  # two updates
    for name in last:
        assert_array_equal(last['1' + name[1:]], last['0' + name[1:]])


@pytest.mark.slow
def test_ten_iterations_in_a_row_without_an_update_end_the_run(two):
    two.iterate()
    set_last_bias(two.trainer, np.inf)
    for _ in range(9):
        two.iterate()
    with pytest.raises(optimizers.Diverged, match='10 iterations in a row'):
        two.iterate()
