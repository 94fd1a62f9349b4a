"""Objects that own a TensorFlow graph and session, so that several of them work side by side."""

import contextlib

from common import prepare_libraries


class SessionOwner:
    """An object with a TensorFlow graph and session of its own: `close` it, or use it as a context manager.

    cpu: leave the GPUs alone.
    """

    def __init__(self, cpu=False):
        prepare_libraries()
        import tfutil  # here, as TensorFlow takes seconds to load

        self._session = tfutil.init_tf(cpu=cpu)

    @contextlib.contextmanager
    def as_default(self):
        """Within the block TensorFlow builds in this object's graph, and runs in its session. Gives the graph."""
        with self._session.graph.as_default() as graph, self._session.as_default():
            yield graph

    @contextlib.contextmanager
    def closed_after_an_error(self):
        """As `as_default`, for a constructor: an error in the block closes the session."""
        try:
            with self.as_default():
                yield
        except BaseException:
            self.close()
            raise

    def close(self):
        """Free the session; the object cannot be used afterwards."""
        self._session.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
