"""A web site on this computer, with every kind of behaviour that a test asks for."""

from __future__ import annotations

import io
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from PIL import Image

Answer = Callable[[BaseHTTPRequestHandler, int], None]
"""Given the handler, and how often the path was asked for before."""


def photo(seed: int = 0, kind: str = "JPEG", size: tuple[int, int] = (96, 128)) -> bytes:
    """Return a small picture; each seed another one."""
    draw = random.Random(seed)
    picture = Image.new("RGB", size, tuple(draw.randrange(256) for _ in range(3)))
    picture.paste(tuple(draw.randrange(256) for _ in range(3)), (8, 8, 8 + draw.randrange(9, 60), 40))
    data = io.BytesIO()
    picture.save(data, kind)
    return data.getvalue()


def sends(
    body: bytes, content_type: str | None = "image/jpeg", status: int = 200, length: int | None = None, **headers: str
) -> Answer:
    """Answer with ``body``. A name in ``headers`` has ``_`` for ``-``."""

    def answer(handler: BaseHTTPRequestHandler, _: int) -> None:
        handler.send_response(status)
        if content_type is not None:
            handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def fails(status: int, **headers: str) -> Answer:
    return sends(b"no", "text/plain", status, **headers)


def redirects(to: str, status: int = 302) -> Answer:
    return sends(b"", None, status, Location=to)


def first(*answers: Answer) -> Answer:
    """Answer each time another way; the last one stays."""

    def answer(handler: BaseHTTPRequestHandler, n: int) -> None:
        answers[min(n, len(answers) - 1)](handler, n)

    return answer


def endless(handler: BaseHTTPRequestHandler, _: int) -> None:
    """A photo that goes on for ever."""
    handler.send_response(200)
    handler.send_header("Content-Type", "image/jpeg")
    handler.end_headers()
    handler.wfile.write(photo())
    try:
        while True:
            handler.wfile.write(b"\0" * 65536)
    except OSError:
        return


def drips(in_headers: bool = False, every_s: float = 0.05) -> Answer:
    """A byte now and then, so that no single wait is long."""

    def answer(handler: BaseHTTPRequestHandler, _: int) -> None:
        head = b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n"
        try:
            handler.wfile.write(head if in_headers else head + b"\r\n")
            for n in range(400):
                handler.wfile.write(b"X-%d: y\r\n" % n if in_headers else b"\xff")
                handler.wfile.flush()
                time.sleep(every_s)
        except OSError:
            return

    return answer


def slow(body: bytes, after_s: float) -> Answer:
    def answer(handler: BaseHTTPRequestHandler, n: int) -> None:
        time.sleep(after_s)
        sends(body)(handler, n)

    return answer


def raw(data: bytes) -> Answer:
    """Whatever is said, header and all."""
    return lambda handler, _: handler.wfile.write(data) and None


class Site:
    """Serves ``answers`` by path (or by path and query) while it is open; every other path is a 404."""

    def __init__(self, answers: Mapping[str, Answer | bytes] | None = None) -> None:
        self.answers: dict[str, Answer | bytes] = dict(answers or {})
        self.asked: list[tuple[float, str]] = []
        """Time (s) and path of each request."""
        self.headers: list[dict[str, str]] = []
        self.otherwise: Answer = fails(404)
        counts: Counter[str] = Counter()
        lock = threading.Lock()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with lock:
                    n = counts[self.path]
                    counts[self.path] += 1
                    site.asked.append((time.monotonic(), self.path))
                    site.headers.append(dict(self.headers))
                answer = site.answers.get(self.path, site.otherwise)
                try:
                    (sends(answer) if isinstance(answer, bytes) else answer)(self, n)
                except OSError:  # whoever asked has seen enough
                    return

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def paths(self) -> list[str]:
        """Return what was asked for, in order, without robots.txt."""
        return [path for _, path in self.asked if path != "/robots.txt"]

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
