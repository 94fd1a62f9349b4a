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


def optimizer_state(owners):
    """The variables of Adam optimizers, {name: variable}; owners: [(name, network, optimizer)].

    Names do not depend on what was built first.
    """
    found = collections.OrderedDict()
    for name, network, optimizer in owners:
        for local, variable in network.trainables.items():
            for kind in optimizer.get_slot_names():
                if optimizer.get_slot(variable, kind) is not None:
                    found['%s/%s/%s' % (name, local, kind)] = optimizer.get_slot(variable, kind)
        known = {id(variable) for variable in found.values()}
        for variable in optimizer.variables():
            if id(variable) not in known:  # beta1_power and beta2_power
                found['%s/%s' % (name, re.search(r'beta\d_power', variable.name).group())] = variable
    return found


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
