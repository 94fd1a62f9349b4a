"""A function's results for many jobs, in their order, made by several processes."""

import contextlib
import multiprocessing
import signal


def ordered(action, jobs, processes):
    """A generator of action(job) for each of the jobs, in their order; processes take the jobs by turns.

    Close it to end the processes. What an action raises (OSError, ValueError, MemoryError) is raised here.

    Each process has a separate pipe: no lock remains held, and it ends when this process is killed. The workers of
    concurrent.futures and multiprocessing.Pool do not, and a Pool waits for ever for one that died.
    """
    if processes == 1:
        yield from map(action, jobs)
        return
    context = multiprocessing.get_context('spawn')  # not forks, which TensorFlow's threads do not survive
    workers, pipes = [], []
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited, as Ctrl-C reaches all processes of a terminal
    try:
        for i in range(processes):
            pipe, end = context.Pipe(duplex=False)
            pipes.append(pipe)
            workers.append(context.Process(target=_work, args=(action, jobs[i::processes], end), daemon=True))
            workers[-1].start()
            end.close()
        signal.signal(signal.SIGINT, handler)
        for i in range(len(jobs)):
            done = pipes[i % processes].recv()
            if isinstance(done, Exception):
                raise done
            yield done
    except EOFError:
        why = 'a process has died, for lack of memory perhaps; lower --processes'
        raise OSError(why) from None
    finally:
        signal.signal(signal.SIGINT, handler)
        for worker in workers:
            if worker.pid:
                worker.terminate()
                worker.join()


def _work(action, jobs, results):
    """Runs in another process, which is never more than a job or two ahead, as nobody empties its pipe."""
    with contextlib.suppress(BrokenPipeError):  # the process that reads was killed
        for job in jobs:
            try:
                results.send(action(job))
            except (OSError, ValueError, MemoryError) as error:
                results.send(error)
