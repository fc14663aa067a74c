"""An HTTP endpoint that records what is sent to it and answers what it was told, for the form on the wire.

It is no InfluxDB and evaluates nothing. What queries mean is tested where `INFLUXDB_URL` names a server.
"""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Asked(NamedTuple):
    path: str
    params: dict[str, str]
    token: str
    body: str


class Recorder:
    """The endpoint; `answers` are given in order, then 204 without a body."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[tuple[int, str]] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                url = urlsplit(self.path)
                token = self.headers.get("Authorization", "")
                recorder.asked.append(Asked(url.path, dict(parse_qsl(url.query)), token, body.decode()))
                status, answer = recorder.answers.pop(0) if recorder.answers else (204, "")
                self.send_response(status)
                self.send_header("Content-Type", "text/csv" if status == 200 else "application/json")
                self.send_header("Content-Length", str(len(answer.encode())))
                self.end_headers()
                self.wfile.write(answer.encode())

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
