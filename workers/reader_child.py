"""A reading process: reads one stranger's page after the other, under hard limits.  (`python -m workers.reader_child`)

Asked through stdin, answers on stdout, in frames: two 4-byte lengths (big-endian), then JSON, then raw bytes (the body
of a document; none in an answer).  Imports rules only: no network, no database, no settings.  It ends when its parent
does, when stdin ends, and when it was told so.  What it is asked is `workers/reading.py`'s business."""

from __future__ import annotations

import base64
import contextlib
import ctypes
import gc
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final

import orjson

from mentions import codec, pictures, reading, resanitise
from mentions.model import Document, Fetched, Url
from mentions.protocol import discovery
from mentions.signin import indieauth

HEADER: Final = struct.Struct(">II")
_PR_SET_PDEATHSIG: Final = 1


def _source(document: Document, ask: Mapping[str, Any]) -> Any:
    return codec.to_json(reading.read_source(document, source=ask["source"], target=ask["target"]))


def _author(document: Document, ask: Mapping[str, Any]) -> Any:
    known, requested = codec.reading_from_json(ask["reading"]), Url(ask["requested"])
    return codec.to_json(reading.read_author(document, reading=known, requested=requested, source=ask["source"]))


def _target(document: Document, ask: Mapping[str, Any]) -> Any:  # noqa: ARG001 -- one signature for all questions
    return codec.to_json(reading.read_target(document))


def _receiver(document: Document, ask: Mapping[str, Any]) -> Any:
    fetched = Fetched(document, hops=(), links=tuple(ask["links"]), headers=ask["headers"])
    found = discovery.find_receiver(fetched)
    return None if found is None else {"protocol": found.protocol, "endpoint": found.endpoint}


def _profile(document: Document, ask: Mapping[str, Any]) -> Any:
    fetched = Fetched(document, hops=(), links=tuple(ask["links"]))
    return codec.to_json(indieauth.read_page(fetched, requested=Url(ask["requested"])))


def _links(document: Document, ask: Mapping[str, Any]) -> Any:  # noqa: ARG001
    return codec.to_json(reading.read_links(document))


def _refresh(document: Document, ask: Mapping[str, Any]) -> Any:
    known = codec.reaction_from_json(ask["reaction"])
    return codec.to_json(resanitise.refresh(known, base=document.url, mf2=ask["mf2"]))


def _portrait(document: Document, ask: Mapping[str, Any]) -> Any:  # noqa: ARG001
    webp = pictures.redraw(document.body)
    return None if webp is None else {"webp": base64.b64encode(webp).decode()}


QUESTIONS: Final[Mapping[str, Callable[[Document, Mapping[str, Any]], Any]]] = {
    "source": _source,
    "author": _author,
    "target": _target,
    "links": _links,
    "receiver": _receiver,
    "profile": _profile,
    "refresh": _refresh,
    "portrait": _portrait,
}


def answer(ask: Mapping[str, Any], body: bytes) -> bytes:
    """The answer to one question, as JSON: `{"answer": …}` or `{"error": …}`."""
    try:
        document = codec.document_from_json(ask["document"], body)
        return orjson.dumps({"answer": QUESTIONS[ask["question"]](document, ask)})
    except Exception as error:  # noqa: BLE001 -- whatever a page does to a parser is an answer, and costs this page only
        return orjson.dumps({"error": type(error).__name__})


def serve(questions: BinaryIO, answers: BinaryIO, *, cpu_s: int) -> None:
    """Answers until `questions` ends."""
    answers.write(HEADER.pack(2, 0) + b"{}")  # ready
    answers.flush()
    while len(header := questions.read(HEADER.size)) == HEADER.size:
        json_length, body_length = HEADER.unpack(header)
        ask = orjson.loads(questions.read(json_length))
        body = questions.read(body_length)
        _limit_cpu(cpu_s)
        reply = answer(ask, body)
        answers.write(HEADER.pack(len(reply), 0) + reply)
        answers.flush()


def _limit_cpu(seconds: int) -> None:
    """Counts processor time anew for each page: beyond it the kernel ends this process, whoever is watching."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent.ru_utime + spent.ru_stime) + seconds, hard))


def _limit_process(memory_bytes: int) -> None:
    """No more memory than that, no files written, no core dumps, no further processes, no life after the parent's."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Arguments: megabytes of memory, seconds of processor time per page, process id of the parent."""
    memory_mb, cpu_s, parent = (int(argument) for argument in sys.argv[1:4])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get into the frames
    _limit_process(memory_mb << 20)
    if os.getppid() != parent:
        return
    gc.freeze()
    serve(sys.stdin.buffer, answers, cpu_s=cpu_s)


if __name__ == "__main__":
    main()
