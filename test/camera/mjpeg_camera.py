"""A network camera of the tests' own: MJPEG over HTTP, switched off and on, muted, frozen, and set to other sizes."""

import itertools
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np


def until(condition, timeout=15.0):
    """Wait for something that happens in another thread; the condition itself may wait."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        threading.Event().wait(0.02)
    return False


def picture(number, size=(160, 120)):
    image = np.full((size[1], size[0], 3), 40, np.uint8)
    cv2.putText(image, str(number), (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (255, 255, 255), 3)
    return image


class Server:
    """An MJPEG camera that can be switched off and on."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = None
        self.mute = threading.Event()
        self.frozen = threading.Event()
        self.size = (160, 120)
        self.draw = picture

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/cam.mjpg"

    def start(self):
        self.stopping = threading.Event()
        stopping, camera = self.stopping, self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    shown = 0
                    for number in itertools.count():
                        if stopping.wait(0.03):
                            return
                        if camera.mute.is_set():
                            continue
                        shown = shown if camera.frozen.is_set() else number
                        data = cv2.imencode(".jpg", camera.draw(shown, camera.size))[1].tobytes()
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                        self.wfile.write(head.encode() + data + b"\r\n")
                except OSError:
                    return

        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self.server is not None:
            self.stopping.set()
            self.server.shutdown()
            self.server.server_close()
            self.server = None
