"""Adam, its state by portable names, and the check that keeps weights that are not finite out of files."""

import collections
import re

import numpy as np

import tfutil
from tfutil import tf


class Diverged(Exception):
    """A loss or a weight is not finite."""


def adam(learning_rate):
    """The optimizer of progressive growing; Karras et al. 2018, appendix A."""
    return tf.train.AdamOptimizer(learning_rate, beta1=0.0, beta2=0.99, epsilon=1e-8)


def moments(owners):
    """The variables of Adam optimizers, {name: variable}; owners: [(role, network, optimizer)].

    FILE FORMAT: the names, which do not depend on what was built first.
    """
    variables = collections.OrderedDict()
    for role, network, optimizer in owners:
        for local, variable in network.trainables.items():
            for kind in optimizer.get_slot_names():
                slot = optimizer.get_slot(variable, kind)
                if slot is not None:
                    variables['%s/%s/%s' % (role, local, kind)] = slot
        slots = {id(variable) for variable in variables.values()}
        for variable in optimizer.variables():
            if id(variable) not in slots:
                power = re.search(r'beta\d_power', variable.name).group()
                variables['%s/%s' % (role, power)] = variable
    return variables


def values(variables):
    """{name: array} of {name: variable}."""
    return dict(zip(variables, tfutil.run(list(variables.values()))))


def check_finite(terms):
    """Raise Diverged where one of the loss terms, {name: number}, is not finite."""
    for name, value in terms.items():
        if not np.isfinite(value):
            raise Diverged('%s is not finite' % name)


def save_finite(path, networks):
    """Write networks, or raise Diverged where a weight is not finite."""
    for network in networks:
        for local, value in network.values().items():
            if not np.isfinite(value).all():
                raise Diverged('%s of %s is not finite' % (local, network.name))
    tfutil.save(path, networks)
