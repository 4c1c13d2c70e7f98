"""Cameras on the network: MJPEG over HTTP, any number of clients, the newest frame wins."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_BOUNDARY = "frame"
_PATIENCE = 1.0


class Feed:
    """The newest JPEG of one camera."""

    def __init__(self) -> None:
        """Start without a picture."""
        self._changed = threading.Condition()
        self._number = 0
        self._jpeg = b""
        self._clients = 0

    @property
    def watched(self) -> bool:
        """Whether anybody is looking."""
        return self._clients > 0

    def publish(self, jpeg: bytes) -> None:
        """Replace the picture."""
        with self._changed:
            self._jpeg = jpeg
            self._number += 1
            self._changed.notify_all()

    def join(self, by: int) -> None:
        """Count a client in or out."""
        with self._changed:
            self._clients += by

    def newer(self, than: int) -> tuple[int, bytes]:
        """Wait a second at most for a newer picture; returns its number and bytes, or what there is."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > than, _PATIENCE)
            return self._number, self._jpeg


class CameraServer:
    """Serves ``/<camera id>.mjpg`` for each camera on one port of this computer."""

    def __init__(self, cameras: Sequence[str], port: int) -> None:
        """Bind the port.

        Args:
            cameras: ids.
            port: TCP port; 0 picks a free one.

        Raises:
            OSError: the port is taken.
        """
        self.feeds = {camera: Feed() for camera in cameras}
        feeds, closing = self.feeds, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            """One client."""

            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """Stream until the client goes."""
                feed = feeds.get(self.path.strip("/").removesuffix(".mjpg"))
                if feed is None or not self.path.endswith(".mjpg"):
                    self.send_error(HTTPStatus.NOT_FOUND)
                    return
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # A client that does not read must not be served pictures from seconds ago.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
                self.send_header("Cache-Control", "no-cache")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                feed.join(1)
                try:
                    self._stream(feed)
                except OSError:
                    pass
                finally:
                    feed.join(-1)

            def _stream(self, feed: Feed) -> None:
                number = 0
                self.wfile.write(f"--{_BOUNDARY}\r\n".encode())
                while not closing.is_set():
                    newest, jpeg = feed.newer(number)
                    if newest == number:
                        continue
                    number = newest
                    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    # The boundary goes out with the picture before it: readers wait for it to cut the picture off.
                    self.wfile.write(head.encode() + jpeg + f"\r\n--{_BOUNDARY}\r\n".encode())

            def log_message(self, *_: object) -> None:
                """Keep the terminal free."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            allow_reuse_address = True

        self._closing = closing
        self._server = Server(("127.0.0.1", port), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="cameras", daemon=True)

    def start(self) -> CameraServer:
        """Serve in the background; returns itself."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop serving."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
