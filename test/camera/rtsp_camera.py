"""A camera that speaks RTSP (RFC 2326) with pictures as RTP/JPEG (RFC 2435) over the same connection."""

import itertools
import socketserver
import struct
import threading

import cv2
from mjpeg_camera import NetworkCamera, picture

_SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track1\r\n"


class RtspServer(NetworkCamera):
    """Switched off and on, muted, and frozen, as the MJPEG camera of these tests."""

    def __init__(self):
        super().__init__()
        self.size = (160, 120)
        self.draw = picture

    @property
    def url(self):
        return f"rtsp://127.0.0.1:{self.port}/stream"

    def start(self):
        self.stopping = threading.Event()
        camera, stopping = self, self.stopping

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                try:
                    while self.answer():
                        pass
                except OSError:
                    pass

            def answer(self):
                """Answer one request; false once the pictures are over."""
                lines = []
                while (line := self.rfile.readline().decode("latin-1").strip()) or not lines:
                    if not line:
                        return False
                    lines.append(line)
                method = lines[0].split()[0]
                sequence = next(line.partition(":")[2].strip() for line in lines if line.lower().startswith("cseq"))
                extra, body = "", ""
                if method == "OPTIONS":
                    extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
                elif method == "DESCRIBE":
                    body = _SDP
                    extra = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
                elif method == "SETUP":
                    extra = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 7\r\n"
                elif method == "PLAY":
                    extra = "Session: 7\r\nRange: npt=0.000-\r\n"
                self.wfile.write(f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n{extra}\r\n{body}".encode())
                if method == "PLAY":
                    self.play()
                return method not in ("PLAY", "TEARDOWN")

            def play(self):
                shown, packets = 0, itertools.count()
                for number in itertools.count():
                    if stopping.wait(0.04):
                        return
                    if camera.mute.is_set():
                        continue
                    shown = shown if camera.frozen.is_set() else number
                    for packet in rtp(camera.draw(shown, camera.size), number * 3600, packets):
                        self.wfile.write(struct.pack(">cBH", b"$", 0, len(packet)) + packet)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

        self.serve(Server(("127.0.0.1", self.port), Handler))


def rtp(image, stamp, numbers):
    """Cut a picture into RTP packets; its tables go into the first one, its Huffman tables are the standard ones."""
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    tables, at = b"", 2
    while data[at + 1] != 0xDA:
        length = struct.unpack_from(">H", data, at + 2)[0]
        if data[at + 1] == 0xDB:
            segment = data[at + 4 : at + 2 + length]
            tables += b"".join(segment[start + 1 : start + 65] for start in range(0, len(segment), 65))
        at += 2 + length
    scan = data[at + 2 + struct.unpack_from(">H", data, at + 2)[0] : -2]
    height, width = image.shape[:2]
    for offset in range(0, len(scan), 1200):
        part = scan[offset : offset + 1200]
        last = offset + 1200 >= len(scan)
        head = struct.pack(">BBHII", 0x80, 26 | (0x80 if last else 0), next(numbers) & 0xFFFF, stamp & 0xFFFFFFFF, 7)
        head += struct.pack(">B", 0) + offset.to_bytes(3, "big") + bytes([1, 255, width // 8, height // 8])
        if offset == 0:
            head += struct.pack(">BBH", 0, 0, len(tables)) + tables
        yield head + part
