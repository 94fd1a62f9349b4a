"""TensorFlow's graph interface as TensorFlow 1.12 and 2.x both offer it, and networks with portable weights.

Importing it loads TensorFlow and changes nothing about it: a notebook may go on with eager tensors of its own. What
makes TensorFlow fast and quiet has to be set before it is loaded; scripts do so, and a notebook calls
common.prepare_libraries() first.
"""

import collections
import contextlib
import inspect
import re
import sys

import numpy as np

from common import log, safe_pickle, weight_files
from common.quiet import suppress_stderr


@contextlib.contextmanager
def _without_keras():
    """A block in which Keras counts as not installed, unless it is loaded already.

    TensorFlow 2 would load it too, which takes as long as the rest, and nothing here uses it. Whoever asks for tf.keras
    later gets it.
    """
    if 'keras' in sys.modules:
        yield
        return
    sys.modules['keras'] = None
    try:
        yield
    finally:
        del sys.modules['keras']


# TensorFlow's libraries write banners while they load, whatever their log level.
with log.timed('TensorFlow loaded'), suppress_stderr(), _without_keras():
    try:
        import tensorflow.compat.v1 as tf
    except ImportError:
        import tensorflow as tf
    except TypeError:  # TensorFlow 1.12 joins docstrings, of which python -OO has none
        if sys.flags.optimize < 2:
            raise
        message = 'this TensorFlow cannot be loaded without docstrings; leave out PYTHONOPTIMIZE=2, or python -OO'
        raise ImportError(message) from None
    from tensorflow.core.protobuf import rewriter_config_pb2
    from tensorflow.python.ops import collective_ops  # noqa: F401


def init_tf(cpu=False, gpus=None, cpus=1, precision='fp32', xla=False, worker=0, addresses=()):
    """A session on a new graph: `with init_tf():`. GPU memory is taken as it is needed.

    cpu: leave the GPUs alone. gpus: use so many (default: all). cpus: replicas on the CPU, for tests. precision: fp32
    and tf32 say whether GPUs may round the factors of products to TF32. xla: compile. addresses: host:port of all
    workers of a run on several machines, of which this one is the one of index `worker`.
    """
    if hasattr(tf, 'disable_control_flow_v2'):
        tf.disable_control_flow_v2()  # in graphs that are no tf.function; those of a notebook stay as they are
    if hasattr(tf, 'config'):
        tf.config.experimental.enable_tensor_float_32_execution(precision == 'tf32')
    elif precision != 'fp32':
        raise ValueError('precision %s needs TensorFlow 2; this is %s' % (precision, tf.__version__))
    config = tf.ConfigProto(allow_soft_placement=True, device_count={'CPU': cpus, 'GPU': 0} if cpu else {'CPU': cpus})
    config.gpu_options.allow_growth = True
    if gpus:
        config.gpu_options.visible_device_list = ','.join(map(str, range(gpus)))
    # Fusing a convolution with its bias and activation gains nothing here, and fails on graphs with second derivatives.
    config.graph_options.rewrite_options.remapping = rewriter_config_pb2.RewriterConfig.OFF
    if xla:
        config.graph_options.optimizer_options.global_jit_level = tf.OptimizerOptions.ON_1
    target = ''
    if addresses:
        config.experimental.collective_group_leader = '/job:worker/replica:0/task:0'
        config.device_filters.append('/job:worker/task:%d' % worker)
        try:
            target = tf.train.Server({'worker': addresses}, 'worker', worker, config=config).target
        except tf.errors.OpError:
            raise ValueError('%s: this worker cannot listen there; is the port in use?' % addresses[worker]) from None
    session = tf.Session(target, graph=tf.Graph(), config=config)
    names = [device.name.split('/device:')[-1] for device in session.list_devices()]
    log.debug('TensorFlow %s and NumPy %s on %s' % (tf.__version__, np.__version__, ' '.join(names)))
    return session


def session():
    current = tf.get_default_session()
    assert current is not None, 'no session: with tfutil.init_tf(): ...'
    return current


def run(fetches, feed=None, options=None):
    """Values of tensors or operations in the current session. options: tf.RunOptions."""
    try:
        return session().run(fetches, feed, options)
    except tf.errors.ResourceExhaustedError:
        raise MemoryError('the device has no more') from None


def devices(worker=0):
    """The devices of this worker that hold a replica each: its GPUs, or its CPU."""
    mine = [device for device in session().list_devices() if '/task:%d/' % worker in device.name]
    kind = 'GPU' if any(device.device_type == 'GPU' for device in mine) else 'CPU'
    return [device.name for device in mine if device.device_type == kind]


def set_vars(values):
    """Set variables to arrays, {variable: array}, without adding to the graph."""
    initial = {variable.initializer.inputs[1]: value for variable, value in values.items()}
    run([variable.initializer for variable in values], initial)


def native_layout():
    """NCHW where the session has a GPU, else NHWC: TensorFlow has no NCHW convolutions for CPUs."""
    return 'NCHW' if any(device.device_type == 'GPU' for device in session().list_devices()) else 'NHWC'


class Network:
    """A graph builder together with its variables; builder and options are the file format.

    name: any text. build: a function of networks.py. variables: initial values {local name: array}; random ones if
    None. static_kwargs: the builder's options.
    Attributes: card, the text of a card.Card that its file carries, or None; vars and trainables, ordered {local name:
    variable}; inputs, placeholders; input_names; outputs, a tuple of tensors; initial_sd, {local name: standard
    deviation of the random numbers that a variable begins with}, if variables is None.
    """

    def __init__(self, name, build, variables=None, **static_kwargs):
        self.name, self.build, self.static_kwargs, self.card = name, build, static_kwargs, None
        self.data_format = native_layout()
        parameters = inspect.signature(build).parameters.values()
        required = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
        self.input_names = [p.name for p in required]

        safe = re.sub('[^A-Za-z0-9]', '', name) or build.__name__
        with tf.variable_scope(None, safe, use_resource=True) as self.scope:
            self.inputs = [tf.placeholder(tf.float32, name=input_name) for input_name in self.input_names]
        self.initial_sd = {}
        getter = self._recording if variables is None else self._matching(variables)
        outputs = self._build(self.inputs, {}, getter)
        self.outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        self.vars = self._local(tf.global_variables(self.scope.name + '/'))
        self.trainables = self._local(tf.trainable_variables(self.scope.name + '/'))
        if variables is None:
            run([variable.initializer for variable in self.vars.values()])
        else:
            self.set(variables)

    def _recording(self, getter, name, *args, **kwargs):
        """A variable getter that records the deviation of what a variable begins with."""
        self.initial_sd[name[len(self.scope.name) + 1 :]] = getattr(kwargs.get('initializer'), 'stddev', 0.0)
        return getter(name, *args, **kwargs)

    def _matching(self, arrays):
        """A variable getter that refuses a variable for which there is no array of its shape."""

        def matching(getter, name, *args, **kwargs):
            local = name[len(self.scope.name) + 1 :]
            if local not in arrays:
                raise ValueError('network %.40s lacks the variable %s that its options ask for' % (self.name, local))
            variable, shape = getter(name, *args, **kwargs), list(arrays[local].shape)
            if shape != variable.shape.as_list():
                raise ValueError(
                    'variable %s of network %.40s has the shape %s where its options ask for %s'
                    % (local, self.name, shape, variable.shape.as_list())
                )
            return variable

        return matching

    def _local(self, variables):
        return collections.OrderedDict((v.name[len(self.scope.name) + 1 :].split(':')[0], v) for v in variables)

    def __call__(self, *inputs, **dynamic_kwargs):
        """The outputs for these tensors, with the same variables. dynamic_kwargs: options for this call (level=k)."""
        return self._build(inputs, dynamic_kwargs)

    def _build(self, inputs, dynamic_kwargs, getter=None):
        scope = tf.variable_scope(self.scope, reuse=tf.AUTO_REUSE, custom_getter=getter, auxiliary_name_scope=False)
        with scope, tf.name_scope(self.scope.name + '_call/'):
            return self.build(*inputs, data_format=self.data_format, **self.static_kwargs, **dynamic_kwargs)

    def run(self, *arrays, minibatch=16):
        """The outputs for arrays [N, ...], computed `minibatch` at a time: an array, or a tuple of several."""
        parts = []
        for begin in range(0, max(len(arrays[0]), 1), minibatch):
            batch = [array[begin : begin + minibatch] for array in arrays]
            parts.append(run(self.outputs, dict(zip(self.inputs, batch))))
        outputs = tuple(np.concatenate(pieces) for pieces in zip(*parts))
        return outputs if len(outputs) > 1 else outputs[0]

    def set(self, values):
        """Set the variables to arrays, {local name: array}."""
        unknown = sorted(set(values) - set(self.vars))
        if unknown:
            raise ValueError('network %.40s does not know the variable %.60s' % (self.name, unknown[0]))
        set_vars({self.vars[local]: value for local, value in values.items()})

    def values(self):
        """{local name: array}, ordered."""
        return collections.OrderedDict(zip(self.vars, run(list(self.vars.values()))))

    def clone(self, name):
        """A network with the same builder, options and values, and other variables."""
        network = Network(name, self.build, self.values(), **self.static_kwargs)
        network.card = self.card
        return network

    def weight_histograms(self):
        """Tensors, each a serialised tf.Summary: histograms of the trainable variables, named as in the reference."""
        histograms = []
        with tf.name_scope(None):
            for local, variable in self.trainables.items():
                *layer, kind = local.split('/')
                histograms.append(tf.summary.histogram('%s_%s/%s' % (self.name, kind, '_'.join(layer)), variable))
        return histograms

    def follow(self, source, beta):
        """An operation: this network as the moving average of `source`, w = beta * w + (1 - beta) * source."""
        updates = []
        for local, mine in self.vars.items():
            rate = (1.0 - beta) if local in self.trainables else 1.0
            updates.append(mine.assign_add((source.vars[local] - mine) * rate))
        return tf.group(*updates)

    def __getstate__(self):  # FILE FORMAT: builders ignore the option `card`, in the original, too
        carried = {'card': self.card} if self.card else {}
        return {
            'version': 2,
            'name': self.name,
            'static_kwargs': dict(self.static_kwargs, **carried),
            'build_module_src': inspect.getsource(sys.modules[self.build.__module__]),
            'build_func_name': self.build.__name__,
            'variables': [(local, np.asarray(value)) for local, value in self.values().items()],
        }

    @classmethod
    def from_state(cls, state, builders):
        """The network of a state of `weight_files.read`. builders: {name: function}, from which a file can choose."""
        name, build = state['name'], builders.get(state['build_func_name'])
        if build is None:
            message = 'network %.40s wants the builder %.40s; this program has %s'
            raise ValueError(message % (name, state['build_func_name'], ', '.join(sorted(builders))))
        options = _options(name, build, state['static_kwargs'])
        with np.errstate(over='ignore'):
            variables = {local: np.asarray(value, np.float32) for local, value in state['variables']}
        for local, value in variables.items():
            if not np.all(np.isfinite(value)):
                message = 'variable %.60s of network %.40s holds values that are not finite: its training had diverged'
                raise ValueError(message % (local, name))
        try:
            network = cls(name, build, variables, **options)
        except (TypeError, OverflowError, ZeroDivisionError) as error:
            message = 'network %.40s has options that %s cannot take: %.100s'
            raise ValueError(message % (name, build.__name__, error)) from None
        network.card = state['static_kwargs'].get('card')
        return network


def _options(name, build, static_kwargs):
    """The options in a file that the builder has; the others are ignored with a warning, as in the reference."""
    parameters = inspect.signature(build).parameters.values()
    supported = {p.name for p in parameters if p.default is not p.empty} - {'level', 'data_format', 'compute_dtype'}
    options = {option: value for option, value in static_kwargs.items() if option in supported}
    for option, value in options.items():
        if not isinstance(value, (int, float, str, type(None))):
            raise ValueError('option %s of network %s is neither a number nor text' % (option, name))
        if isinstance(value, (int, float)) and not abs(value) < 2**31:
            raise ValueError('option %s of network %s is too large a number, or NaN' % (option, name))
    ignored = sorted(set(static_kwargs) - supported - {'card', 'dtype', 'structure', 'is_template_graph'})
    if ignored:
        message = 'network %s: ignored %.200s, which %s does not take'
        log.warning(message % (name, ' '.join(ignored), build.__name__))
    return options


def save(path, networks):
    """Write (G, D, Gs) in the published pickle format."""
    safe_pickle.write(path, networks)


def load(path, builders, *roles, held=('G', 'D', 'Gs')):
    """The networks of a pickle that holds `held`, in that order, or only the `roles` that are named."""
    states = collections.OrderedDict(zip(held, weight_files.read(path, held)))
    try:
        return tuple(Network.from_state(states[role], builders) for role in roles or states)
    except ValueError as error:
        raise ValueError('%s cannot be used: %s' % (path, error)) from None
