"""Several devices and machines: steps that all take together, and gradients averaged over all."""

from tfutil import collective_ops, session, tf

# What TensorFlow raises when another worker has gone.
GONE = tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.InternalError


def run_together(fetches, feed):
    """As tfutil.run, where `all_reduce_mean` is involved: every worker has to call it equally often."""
    options = tf.RunOptions()
    options.experimental.collective_graph_key = 1  # workers agree on the number of a step by this key
    return session().run(fetches, feed, options=options)


def all_reduce_mean(tensors, replicas, key):
    """Tensors averaged over all replicas of all workers, which run this together. key: one for each use in a graph."""
    if replicas == 1:
        return tensors
    flat = tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], axis=0)
    flat = collective_ops.all_reduce(flat, replicas, 1, key, 'Add', 'Div')
    pieces = tf.split(flat, [tensor.shape.num_elements() for tensor in tensors])
    return [tf.reshape(piece, tensor.shape) for piece, tensor in zip(pieces, tensors)]
