"""Predictions in processes of their own, which may be killed.

They are forked from a server that has imported the library: as real as any process,
but started in no time.
"""

import contextlib
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import sys
import time

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tfsnn", "tfsnn_cli.predict"])


def get_ready(request):
    """Start the server, which imports the library meanwhile, if a module needs it."""
    of_module = (item for item in request.session.items if item.path == request.path)
    if any(item.get_closest_marker("processes") for item in of_module):
        multiprocessing.forkserver.ensure_running()


def start(work, *arguments):
    """Start ``work(*arguments)``, a function of this module, in a process."""
    process = PROCESSES.Process(target=work, args=arguments)
    process.start()
    return process


def dying(call, model, data, output, options):
    """Predict; the process is killed instead of its n-th write, or renaming."""
    import numpy as np

    import tfsnn

    left = [call]

    def or_die(function):
        def called(*arguments, **keywords):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **keywords)

        return called

    for place, name in ((np, "savez"), (os, "fsync"), (os, "link"), (os, "replace")):
        setattr(place, name, or_die(getattr(place, name)))
    tfsnn.predict_files(tfsnn.load_model(model), data, output, **options)


def slowly(model, data, output, options):
    """Predict, with a rest after each batch."""
    import tfsnn

    def resting(items, total, label):
        for item in items:
            yield item
            time.sleep(0.01)

    snn = tfsnn.load_model(model)
    tfsnn.predict_files(snn, data, output, progress=resting, **options)


def command(arguments, log, limit=None):
    """Run the command line; what it says goes to a file."""
    with open(log, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if limit is not None:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from tfsnn_cli.main import cli

    with contextlib.redirect_stderr(sys.stdout):
        cli([str(argument) for argument in arguments], prog_name="tfsnn")
