"""``tfsnn serve``: run a development server for exported networks."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import click

from tfsnn_numpy.defaults import (
    BATCH_TIMEOUT_MICROS,
    BODY_TIMEOUT,
    HEADER_TIMEOUT,
    HOST,
    IDLE_TIMEOUT,
    MAX_BATCH_SIZE,
    MAX_CONNECTIONS,
    MAX_HEADER_BYTES,
    MAX_REQUEST_BYTES,
    MAX_SESSIONS,
    MAX_URL_BYTES,
    NUM_VERSIONS,
    POLL_SECONDS,
    PORT,
    QUEUE_SIZE,
    SEND_TIMEOUT,
    SESSION_TIMEOUT,
)

from .library import LibraryCommand
from .options import AT_LEAST_ONE, PATH
from .rare import ENGINE_OF, THREADS_OF, RareSetting, rare_options
from .talk import say

SECONDS = click.FloatRange(min=0, min_open=True)
LIMITS = (
    RareSetting("header_timeout", SECONDS, HEADER_TIMEOUT, "Seconds for headers."),
    RareSetting("body_timeout", SECONDS, BODY_TIMEOUT, "Seconds for a body."),
    RareSetting("idle_timeout", SECONDS, IDLE_TIMEOUT, "Seconds between requests."),
    RareSetting("send_timeout", SECONDS, SEND_TIMEOUT, "Seconds to take an answer."),
    RareSetting(
        "max_connections", AT_LEAST_ONE, MAX_CONNECTIONS, "The most clients at a time."
    ),
    RareSetting(
        "max_header_bytes", AT_LEAST_ONE, MAX_HEADER_BYTES, "The most of headers."
    ),
    RareSetting("max_url_bytes", AT_LEAST_ONE, MAX_URL_BYTES, "The most of a URL."),
    RareSetting("max_sessions", AT_LEAST_ONE, MAX_SESSIONS, "The most states kept."),
    RareSetting(
        "session_timeout", SECONDS, SESSION_TIMEOUT, "Seconds between its frames."
    ),
)


@click.command(
    cls=LibraryCommand,
    epilog="""\b
Example:
  tfsnn export saved_model snn.keras --output models/digits
  tfsnn serve models/digits --port 8501
  curl -d @models/digits/1/assets.extra/request.json \\
      http://127.0.0.1:8501/v1/models/digits:predict
  tfsnn serve snn.keras -o engine openvino
""",
)
@click.argument("folder", metavar="DIR", type=PATH)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    metavar="P",
    help="Port to listen at; 0 for any free one.",
)
@click.option(
    "--host",
    default=HOST,
    show_default=True,
    help="Address to listen at; 0.0.0.0 lets other machines in.",
)
@click.option(
    "--max-batch-size",
    type=AT_LEAST_ONE,
    default=MAX_BATCH_SIZE,
    show_default=True,
    metavar="N",
    help="Samples computed at a time, of one request or of several.",
)
@click.option(
    "--batch-timeout-micros",
    type=click.IntRange(min=0),
    default=BATCH_TIMEOUT_MICROS,
    show_default=True,
    metavar="N",
    help="Microseconds that a request waits for others to join it.",
)
@click.option(
    "--queue-size",
    type=AT_LEAST_ONE,
    default=QUEUE_SIZE,
    show_default=True,
    metavar="N",
    help="The most requests at a time that have arrived; others are answered 503.",
)
@click.option(
    "--max-request-bytes",
    type=AT_LEAST_ONE,
    default=MAX_REQUEST_BYTES,
    show_default=True,
    metavar="N",
    help="The most bytes of a request; larger ones are answered 413.",
)
@click.option(
    "--num-versions",
    type=AT_LEAST_ONE,
    default=NUM_VERSIONS,
    show_default=True,
    metavar="N",
    help="Load the newest N versions of a model.",
)
@click.option(
    "--file-system-poll-wait-seconds",
    type=click.FloatRange(min=0),
    default=POLL_SECONDS,
    show_default=True,
    metavar="S",
    help="Seconds between looks for new versions; 0 for never.",
)
@rare_options(ENGINE_OF, THREADS_OF, *LIMITS)
def command(folder: Path, engine: str | None, **options: Any) -> None:
    """Answer requests with exported networks, as TF Serving would.

    DIR is what tfsnn export saved_model wrote: the folder of a model's versions, or a
    folder of several such. A version may hold a .keras file of tfsnn convert instead,
    and DIR may be such a file; these are what -o engine simulates. This is a
    development server with paths and JSON of TF Serving's REST API: /v1/models/NAME for
    the status, with /metadata for the signatures, with :predict or :classify for
    answers; /versions/N behind NAME chooses a version that is loaded. Ctrl-C answers
    pending requests, and ends.

    A version that appears meanwhile is loaded and warmed up with the requests in its
    assets.extra; then it answers, and the older one is unloaded after its last answer.
    One that cannot be loaded changes nothing; the status says why.
    """
    from tfsnn.serve import serve

    if engine is not None:
        options["engine"] = engine
    serve(folder, announce=_announce, **options)
    gc.freeze()  # the process ends: to look for garbage would take it a second


def _announce(server: Any) -> None:
    for name, versions in server.models.names.items():
        listed = ", ".join(map(str, versions))
        say(f"{name} (version {listed}): {server.url}/v1/models/{name}:predict")
        for number in versions:
            if (ran_by := server.models.version(name, number).ran_by) != "tensorflow":
                say(f"{name}, version {number}: simulated by {ran_by}")
    say("Ctrl-C to stop")
