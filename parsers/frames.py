"""Frames on the wire between the daemon and its child: msgpack over the pipes of `multiprocessing`.

`Connection.send_bytes` puts the length before each frame. What comes in is decoded against the declared types and
nothing else: a child that a hostile mail took over can send wrong figures, but cannot run code in the daemon.
"""

import fcntl
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TypeVar

import msgspec

from parsers.protocol import Frame, Request

LARGEST_FRAME = 16 * 1024 * 1024  # bytes; the largest that is ever sent is a tenth of it
PIPE_SIZE = 1024 * 1024  # bytes; with the usual 64 KB daemon and child wait for each other

T = TypeVar("T")


class WrongFrame(Exception):
    """The other side sent what is no frame, or one that is too large."""


_encoder = msgspec.msgpack.Encoder()
_frames: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)


def encode(message: Frame | Request) -> bytes:
    """The bytes of a message."""
    return _encoder.encode(message)


def decode_frame(data: bytes) -> Frame:
    """Raises `WrongFrame`."""
    return _decode(_frames, data)


def decode_request(data: bytes) -> Request:
    """Raises `WrongFrame`."""
    return _decode(_requests, data)


def send(connection: "Connection[bytes, bytes]", message: Frame | Request) -> None:
    """Write one message. Raises `OSError` (`BrokenPipeError`) when the other side is gone."""
    connection.send_bytes(encode(message))


def receive_frame(connection: "Connection[bytes, bytes]") -> Frame:
    """Wait for the child's next frame. Raises `EOFError` when the child is gone, `WrongFrame`."""
    return decode_frame(_receive(connection))


def receive_request(connection: "Connection[bytes, bytes]") -> Request:
    """Wait for the daemon's next request. Raises `EOFError` when the daemon hung up, `WrongFrame`."""
    return decode_request(_receive(connection))


def enlarge(connection: "Connection[bytes, bytes]") -> None:
    """Let the pipe hold more; where the system does not allow it, all goes on, only slower."""
    with suppress(OSError):
        fcntl.fcntl(connection.fileno(), fcntl.F_SETPIPE_SZ, PIPE_SIZE)


def _receive(connection: "Connection[bytes, bytes]") -> bytes:
    try:
        return connection.recv_bytes(LARGEST_FRAME)
    except EOFError:
        raise
    except OSError as error:
        raise WrongFrame(str(error)) from error


def _decode(decoder: msgspec.msgpack.Decoder[T], data: bytes) -> T:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError) as error:
        raise WrongFrame(str(error)) from error
