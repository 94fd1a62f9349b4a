"""Weights of another run for the networks of this one."""

from common import safe_pickle


def _counted_from(local, levels):
    """To-RGB and from-RGB layers count from the full resolution; their name where that is `levels` levels finer."""
    if 'RGB_lod' not in local:
        return local
    head, _, tail = local.partition('_lod')
    lod, _, tail = tail.partition('/')
    return '%s_lod%d/%s' % (head, int(lod) + levels, tail)


def matching_variables(path, trainer):
    """Variables of a published pickle that fit this run's networks by name and shape, and a line that says so.

    The variables are {'G': {local: array}, ...}; to-RGB and from-RGB layers are matched by their resolution.
    """
    found, taken, left = {}, 0, []
    for role, state in zip(('G', 'D', 'Gs'), safe_pickle.read(path)):
        network = getattr(trainer.first, role)
        top = int(network.static_kwargs['resolution']).bit_length() - 1
        other = int(state['static_kwargs'].get('resolution', 32)).bit_length() - 1
        found[role] = {}
        for local, array in state['variables']:
            variable = network.trainables.get(_counted_from(local, top - other))
            if variable is not None and tuple(variable.shape.as_list()) == array.shape:
                found[role][_counted_from(local, top - other)] = array
        taken += len(found[role])
        left += ['%s/%s' % (role, local) for local in network.trainables if local not in found[role]]
    if not taken:
        raise ValueError('%s has no variable that fits a network of this resolution and --fmap-base, --fmap-max' % path)
    new = ': ' + ' '.join(left) if left else ''
    return found, 'transfer from %s: took %d variables, new are %d%s' % (path, taken, len(left), new)
