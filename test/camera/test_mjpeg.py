"""Streams of pictures over HTTP: cut alike however the bytes arrive, and asked for with a password where needed."""

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mjpeg_camera import picture

from just_walk_out.camera.mjpeg import HttpMjpeg, MultipartParser
from just_walk_out.camera.source import open_source

BODY = st.binary(min_size=1, max_size=60).filter(lambda body: b"--" not in body and not body.endswith(b"-"))


def fed(stream, cuts):
    parser, found, last = MultipartParser("--frame"), [], 0
    for cut in [*sorted(min(cut, len(stream)) for cut in cuts), len(stream)]:
        found += parser.feed(stream[last:cut])
        last = cut
    return found


@settings(deadline=None)
@given(st.lists(st.tuples(BODY, st.booleans()), max_size=6), st.lists(st.integers(0, 900), max_size=12))
def test_parts_come_out_as_they_went_in_wherever_the_bytes_are_cut(parts, cuts):
    stream = b"HTTP preamble\r\n--frame\r\n"
    for body, told in parts:
        stream += b"Content-Type: image/jpeg\r\n" + (b"content-length: %d\r\n" % len(body) if told else b"") + b"\r\n"
        stream += body + b"\r\n--frame\r\n"
    assert [one.removesuffix(b"\r\n") for one in fed(stream, cuts)] == [body.removesuffix(b"\r\n") for body, _ in parts]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"--frame", b"\r\n\r\n", b"Content-Length: 7"]), max_size=20))
def test_garbage_is_borne_and_cut_alike(pieces):
    stream = b"".join(pieces)
    assert fed(stream, []) == fed(stream, range(len(stream)))


def test_what_is_no_picture_at_all_is_given_up():
    parser = MultipartParser("frame")
    with pytest.raises(ValueError, match="a part of more than"):
        parser.feed(b"--frame\r\nContent-Length: 99999999999\r\n\r\n")


@pytest.fixture
def locked():
    """A camera that asks for a password."""
    data = cv2.imencode(".jpg", picture(5))[1].tobytes()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            given = self.headers.get("Authorization", "")
            if given != "Basic " + base64.b64encode(b"viewer:p@ss").decode():
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", 'multipart/x-mixed-replace; boundary="--x"')
            self.end_headers()
            for _ in range(2):
                self.wfile.write(b"--x\r\nContent-Type: image/jpeg\r\n\r\n" + data + b"\r\n")
            self.wfile.write(b"--x--\r\n")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def options():
    return {"size": None, "rate": 0.0, "open_timeout": 2.0, "read_timeout": 1.0, "rtsp_transport": "tcp"}


def test_a_password_in_the_address_opens_the_camera_and_a_wrong_one_does_not(locked):
    stream = open_source(f"http://viewer:p%40ss@127.0.0.1:{locked}/x", **options())
    assert isinstance(stream, HttpMjpeg)
    assert stream.grab() and stream.retrieve()[1].shape == (120, 160, 3) and stream.grab()
    assert not stream.grab()
    stream.release()
    with pytest.raises(OSError, match="401"):
        open_source(f"http://viewer:wrong@127.0.0.1:{locked}/x", **options())
