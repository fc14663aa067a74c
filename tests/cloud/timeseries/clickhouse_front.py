"""ClickHouse's HTTP interface before chdb, the same engine in this process: argv = folder; says its port.

Not a ClickHouse server: engine, SQL, tables and formats are the real ones, the HTTP layer is ours and
knows only what clickhouse-connect sends. It keeps chdb out of the test's own process, which forks.
"""

import os
import sys
import tempfile
import threading
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb

# What clickhouse-connect tells the HTTP layer, not the engine.
OURS = {
    "query",
    "database",
    "client_protocol_version",
    "wait_end_of_query",
    "compress",
    "session_id",
    "query_id",
}
OURS |= {"send_progress_in_http_headers", "http_headers_progress_interval_ms", "enable_http_compression"}


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fields(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a multipart form, which the driver sends when the parameters are long."""
    whole = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    found = {}
    for part in whole.get_payload():
        name = part.get_param("name", header="content-disposition")
        found[str(name)] = part.get_payload(decode=True).decode()
    return found


class Front(BaseHTTPRequestHandler):
    """One connection: its own handle on the engine; a request is one statement with its settings."""

    protocol_version = "HTTP/1.1"
    folder = ""

    def setup(self) -> None:
        """Open a handle for this connection."""
        super().setup()
        self.engine = chdb.connect(self.folder)
        self.told: dict[str, str] = {}

    def finish(self) -> None:
        """Close it."""
        self.engine.close()
        super().finish()

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""

    def do_GET(self) -> None:
        """Whether the server lives."""
        self._answer(200, b"Ok.\n")

    def do_POST(self) -> None:
        """One statement."""
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self._body()
        content_type = self.headers.get("Content-Type", "")
        if content_type.startswith("multipart/"):
            asked |= _fields(content_type, body)
            body = b""
        try:
            self._answer(200, self._execute(asked, body))
        except Exception as error:  # noqa: BLE001  what the engine refuses is the answer
            code = str(error).partition("Code: ")[2].partition(".")[0] or "0"
            self._answer(500, str(error).encode(), {"X-ClickHouse-Exception-Code": code})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            found = b""
            while size := int(self.rfile.readline(), 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _execute(self, asked: dict[str, str], body: bytes) -> bytes:
        settings = {n: v for n, v in asked.items() if n not in OURS and not n.startswith("param_")}
        if asked.get("database"):
            self.engine.query(f"USE {asked['database']}")
        for name in self.told.keys() - settings.keys():
            self.engine.query(f"SET {name} = DEFAULT")
        for name, value in settings.items():
            if self.told.get(name) != value:
                self.engine.query(f"SET {name} = {_quoted(value)}")
        self.told = settings
        if body.startswith(b"INSERT INTO") or asked.get("query", "").startswith("INSERT INTO"):
            return self._insert(asked.get("query", ""), body)
        statement = asked["query"] if "query" in asked else body.decode()
        params = {name[6:]: value for name, value in asked.items() if name.startswith("param_")}
        return bytes(self.engine.query(statement, "TabSeparated", params=params).bytes())

    def _insert(self, statement: str, body: bytes) -> bytes:
        if not statement:
            head, _, body = body.partition(b"\n")
            statement = head.decode()
        target, _, form = statement.rpartition(" FORMAT ")
        with tempfile.NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            self.engine.query(f"{target} FROM INFILE {_quoted(file.name)} FORMAT {form}")
        return b""

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _end_with_parent() -> None:
    sys.stdin.read()  # the pipe ends with whoever started this
    os._exit(0)


def main() -> None:
    Front.folder = str(Path(sys.argv[1]).resolve())
    keeper = chdb.connect(Front.folder)  # the engine lives as long as a handle is open
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Front)
    server.daemon_threads = True
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
    keeper.close()


if __name__ == "__main__":
    main()
