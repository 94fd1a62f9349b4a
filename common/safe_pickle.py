"""Pickled networks as passive data: the security boundary. Works without TensorFlow.

A pickle is a program. This reader does not run it with Python's unpickler, which imports, calls and allocates what the
file asks for: it follows the instructions itself, and only those that build plain values. The few names that the
format needs become markers that stand for arrays and networks. Nothing that a file names is imported, looked up or
called, arrays cannot outgrow the file, and what else it builds is small (`_INSTRUCTIONS`).
"""

import functools
import operator
import pickle
import pickletools

import numpy as np

from common import files

# FILE FORMAT: the state of a network, version 2.
_STATE = dict(version=int, name=str, static_kwargs=dict, build_module_src=str, build_func_name=str, variables=list)

_MARKERS = {
    ('tfutil', 'Network'): 'network',
    ('numpy', 'ndarray'): 'ndarray',
    ('numpy', 'dtype'): 'dtype',
    ('collections', 'OrderedDict'): 'dict',
    ('_codecs', 'encode'): 'encode',
}
for _core in 'numpy.core.', 'numpy._core.':  # NumPy 1 and NumPy 2
    _MARKERS[_core + 'multiarray', '_reconstruct'] = 'empty array'
    _MARKERS[_core + 'multiarray', 'scalar'] = 'scalar'
    _MARKERS[_core + 'numeric', '_frombuffer'] = 'from buffer'
_FOREIGN = {'dnnlib': 'StyleGAN', 'torch_utils': 'StyleGAN', 'torch': 'PyTorch', 'keras': 'Keras'}
_ANOTHER = 'it holds networks of %s, another format, which is not supported'
_PROGRAMS = {2: 'pix2pix (G, D); use python -m pix2pix generate', 3: 'progressive growing; use 2-inference.py'}
_INSTRUCTIONS = 200000  # of the largest file; published networks of 1024x1024 have 10,000; each makes 100 bytes at most
_NAME = 64  # characters of a name of a network, a builder, an option or a variable
_NUMBERS = 'f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1'.split()


class _Refused(ValueError):
    pass


class _Marker:
    """A name of the format or, once it was called, what the call makes."""

    def __init__(self, role, value=None):
        self.role, self.value = role, value


class _Stream:
    """The bytes of a file as pickletools reads them: a long read is a view instead of a copy, a line is short."""

    def __init__(self, data):
        self.data, self.position = memoryview(data), 0

    def read(self, count):
        piece = self.data[self.position : self.position + count]
        self.position += len(piece)
        return piece if len(piece) > 4096 else piece.tobytes()

    def readline(self):
        line = self.data[self.position : self.position + 256].tobytes()
        line = line[: line.find(b'\n') + 1]
        self.position += len(line)
        return line

    def tell(self):
        return self.position


class _Reader:
    """The stack and the memo of one pickle. What does not fit together raises some exception, which `read` catches."""

    def __init__(self, data):
        self.data, self.budget = data, len(data)
        self.stack, self.marks, self.memo = [], [], {}

    def load(self):
        for count, (opcode, argument, _) in enumerate(pickletools.genops(_Stream(self.data))):
            if count == _INSTRUCTIONS:
                raise _Refused('it has more than %d instructions; do not trust it' % count)
            if opcode.name == 'STOP':
                return self.stack[-1]
            if opcode.name in _PLAIN:
                self.stack.append(argument)
            elif opcode.name in _STEPS:
                _STEPS[opcode.name](self, argument)
            else:
                raise _Refused('it uses the instruction %s, which weights do not need; do not trust it' % opcode.name)

    def pop(self, count):
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        if len(items) != count:
            raise IndexError
        return items

    def pop_to_mark(self):
        return self.pop(len(self.stack) - self.marks.pop())

    def extend(self, items):
        """Add items to the list on top of the stack; TypeError if that is no list."""
        list.extend(self.stack[-1], items)

    def update(self, pairs):
        """Add pairs, key after key and value, to the dict on top of the stack."""
        if not all(isinstance(key, str) for key in pairs[::2]):  # hashing a deep tuple would overflow Python's stack
            raise TypeError
        for key, value in zip(pairs[::2], pairs[1::2]):
            self.stack[-1][key] = value

    def find(self, module, name):
        if not (isinstance(module, str) and isinstance(name, str)):
            raise TypeError
        if module.split('.')[0] in _FOREIGN:
            raise _Refused(_ANOTHER % _FOREIGN[module.split('.')[0]])
        if (module, name) not in _MARKERS:
            raise _Refused('it names %.60s.%.60s, which weights do not need; do not trust it' % (module, name))
        self.stack.append(_Marker(_MARKERS[module, name]))

    def array(self, shape, dtype, data, fortran=False):
        """A NumPy view of the file's bytes, after everything that NumPy would trust was checked."""
        if isinstance(dtype, _Marker):
            dtype = dtype.value
        if not isinstance(dtype, str) or dtype.lstrip('<>|=') not in _NUMBERS or len(dtype) > 3:
            raise _Refused('it holds an array of something else than numbers; do not trust it')
        if isinstance(data, str):  # bytes as protocol 2 writes them
            data = data.encode('latin1')
        if not all(type(n) is int and 0 <= n < 2**48 for n in shape) or len(shape) > 8:
            raise _Refused('it holds an array of impossible shape; the file is damaged')
        if len(data) != np.dtype(dtype).itemsize * functools.reduce(operator.mul, shape, 1):
            raise _Refused('it holds an array with more or fewer bytes than its shape says; the file is damaged')
        self.budget -= len(data)
        if self.budget < 0:
            raise _Refused('its arrays are larger than the file; do not trust it')
        flat = np.frombuffer(data, dtype)
        return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)

    def call(self, marker, arguments):
        role = marker.role
        if role == 'dtype':
            value = _Marker('dtype', arguments[0])
        elif role == 'ndarray':
            value = self.array(*arguments)
        elif role == 'empty array':
            value = _Marker('array')
        elif role == 'scalar':
            value = self.array((), *arguments).item()
        elif role == 'from buffer':
            data, dtype, shape, order = arguments
            value = self.array(shape, dtype, data, order == 'F')
        elif role == 'encode' and arguments[1] == 'latin1':
            value = arguments[0]
        elif role == 'network' and arguments == ():
            value = _Marker('network')
        elif role == 'dict' and arguments == ():
            value = {}
        else:
            raise TypeError
        self.stack.append(value)

    def build(self, state):
        marker = self.stack[-1]
        if marker.role == 'dtype' and state[1] in ('<', '>', '|', '='):
            marker.value = state[1] + marker.value.lstrip('<>|=')
        elif marker.role == 'array':
            _, shape, dtype, fortran, data = state
            marker.value = self.array(shape, dtype, data, fortran)
        elif marker.role == 'network':
            marker.value = state
        else:
            raise TypeError


_PLAIN = frozenset(
    """BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT SHORT_BINBYTES BINBYTES BINBYTES8 BYTEARRAY8
    SHORT_BINUNICODE BINUNICODE BINUNICODE8""".split()
)
_STEPS = {
    'PROTO': lambda r, _: None,
    'FRAME': lambda r, _: None,
    'MARK': lambda r, _: r.marks.append(len(r.stack)),
    'NONE': lambda r, _: r.stack.append(None),
    'NEWTRUE': lambda r, _: r.stack.append(True),
    'NEWFALSE': lambda r, _: r.stack.append(False),
    'EMPTY_TUPLE': lambda r, _: r.stack.append(()),
    'EMPTY_LIST': lambda r, _: r.stack.append([]),
    'EMPTY_DICT': lambda r, _: r.stack.append({}),
    'TUPLE1': lambda r, _: r.stack.append(tuple(r.pop(1))),
    'TUPLE2': lambda r, _: r.stack.append(tuple(r.pop(2))),
    'TUPLE3': lambda r, _: r.stack.append(tuple(r.pop(3))),
    'TUPLE': lambda r, _: r.stack.append(tuple(r.pop_to_mark())),
    'APPEND': lambda r, _: r.extend(r.pop(1)),
    'APPENDS': lambda r, _: r.extend(r.pop_to_mark()),
    'SETITEM': lambda r, _: r.update(r.pop(2)),
    'SETITEMS': lambda r, _: r.update(r.pop_to_mark()),
    'MEMOIZE': lambda r, _: r.memo.update({len(r.memo): r.stack[-1]}),
    'BINPUT': lambda r, index: r.memo.update({index: r.stack[-1]}),
    'LONG_BINPUT': lambda r, index: r.memo.update({index: r.stack[-1]}),
    'BINGET': lambda r, index: r.stack.append(r.memo[index]),
    'LONG_BINGET': lambda r, index: r.stack.append(r.memo[index]),
    'GLOBAL': lambda r, names: r.find(*names.split(' ', 1)),
    'STACK_GLOBAL': lambda r, _: r.find(*r.pop(2)),
    'REDUCE': lambda r, _: r.call(*r.pop(2)),
    'NEWOBJ': lambda r, _: r.call(*r.pop(2)),
    'BUILD': lambda r, _: r.build(*r.pop(1)),
}


def read(path, roles=('G', 'D', 'Gs')):
    """The states of a pickle's networks, one for each of `roles`: dicts as of `Network.__getstate__`, arrays read-only.

    roles: None for one network or more, whatever they are for.
    Raises OSError, or ValueError with one line that names the file and the remedy.
    """
    files.require_regular(path)
    with open(path, 'rb') as f:
        head = f.read(16)
        files.require_other_type(path, head)
        if head[:2] not in (b'\x80\x02', b'\x80\x03', b'\x80\x04', b'\x80\x05'):
            raise files.BadFile(path, 'is not a pickle of networks (its first bytes are %r)' % head[:4])
        data = head + f.read()
    try:
        value = _Reader(data).load()
        held = [getattr(v, 'role', '') for v in value] if isinstance(value, (tuple, list)) else []
        roles = roles or ['a network'] * max(len(held), 1)
        if held != ['network'] * len(roles):
            if len(held) in _PROGRAMS and set(held) == {'network'}:
                raise _Refused('it holds networks of ' + _PROGRAMS[len(held)])
            raise _Refused('it holds something else than the %d networks (%s)' % (len(roles), ', '.join(roles)))
        states = [_state(marker.value) for marker in value]
        if any(sum(array.nbytes for _, array in state['variables']) > len(data) for state in states):
            raise _Refused('a network is larger than the file; do not trust it')
        return states
    except _Refused as error:
        reason = error
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        reason = 'it is damaged or incomplete; copy or download it again'
    raise ValueError('%s cannot be read: %s' % (path, reason))


def checked(path, state):
    """A state that another format holds, checked as those of a pickle are."""
    try:
        return _state(state)
    except _Refused as error:
        raise ValueError('%s cannot be read: %s' % (path, error)) from None


def _state(state):
    if isinstance(state, dict) and 'components' in state:
        raise _Refused(_ANOTHER % 'StyleGAN')
    if not isinstance(state, dict) or not all(isinstance(state.get(key), type_) for key, type_ in _STATE.items()):
        raise _Refused('a network lacks some of its parts (%s)' % ', '.join(_STATE))
    if state['version'] != 2:
        raise _Refused('it has another format version than 2, the published one')
    variables = [(name, getattr(value, 'value', value)) for name, value in state['variables']]
    variables = [(name, np.asarray(value) if isinstance(value, (int, float)) else value) for name, value in variables]
    if not all(isinstance(value, np.ndarray) and value.dtype.kind in 'fiub' and value.size for _, value in variables):
        raise _Refused('a variable of a network is not an array of numbers')
    names = [state['name'], state['build_func_name'], *state['static_kwargs'], *(name for name, _ in variables)]
    if not all(isinstance(name, str) and len(name) <= _NAME for name in names):
        raise _Refused('it holds something else where a name of up to %d characters belongs' % _NAME)
    return dict({key: state[key] for key in _STATE}, variables=variables)


def write(path, networks):
    """Pickle networks whole or not at all, in a form that NumPy 1 and NumPy 2 both read."""
    with files.atomic(path, durable=True) as f:
        pickler = pickle.Pickler(f, protocol=4)
        pickler.dispatch_table = {np.ndarray: lambda a: (np.ndarray, (a.shape, a.dtype.str, a.tobytes()))}
        pickler.dump(tuple(networks))
