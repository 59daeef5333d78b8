"""Bodies of requests that came compressed (RFC 9110, section 8.4)."""

import zlib

CODINGS = ("gzip", "x-gzip", "deflate", "identity")
_GZIP = b"\x1f\x8b"


class UnknownCoding(ValueError):
    """A content coding that is not taken; holds its name."""


class Corrupt(ValueError):
    """Bytes that are not what their content coding says; holds its name."""


class TooLarge(ValueError):
    """A body that unpacks to more than it may."""


def unpack(body: bytes, codings: str, most: int) -> bytes:
    """Give what a body is once unpacked, at most so many bytes: memory holds no more.

    `codings` is the header Content-Encoding: gzip, deflate (also without zlib's frame, as some
    clients send it) or nothing, the last one applied last. API Gateway unpacks by itself before
    it calls a function ("Payload compression for REST APIs", Developer Guide), and the header may
    stay: a body that is no gzip and starts as JSON does is unpacked already.

    Raises `UnknownCoding`, `Corrupt` and `TooLarge`.
    """
    for coding in reversed([part.strip().lower() for part in codings.split(",") if part.strip()]):
        if coding not in CODINGS:
            raise UnknownCoding(coding)
        if coding == "identity" or body.lstrip(b" \t\r\n\xef\xbb\xbf").startswith((b"{", b"[")):
            continue
        if coding == "deflate":
            try:
                body = _inflate(body, zlib.MAX_WBITS, most)
            except zlib.error:
                body = _of(coding, body, -zlib.MAX_WBITS, most)
        else:
            body = _of(coding, body, 16 + zlib.MAX_WBITS, most)
    return body


def _of(coding: str, body: bytes, window: int, most: int) -> bytes:
    try:
        return _inflate(body, window, most)
    except zlib.error:
        raise Corrupt(coding) from None


def _inflate(body: bytes, window: int, most: int) -> bytes:
    """Unpack one stream, or for gzip one after the other; raises `zlib.error` and `TooLarge`."""
    found = b""
    while True:
        stream = zlib.decompressobj(window)
        found += stream.decompress(body, most - len(found) + 1)
        if len(found) > most:
            raise TooLarge
        if not stream.eof:
            raise zlib.error("cut off")
        body = stream.unused_data
        if window < 16 or not body.startswith(_GZIP):
            if body.strip(b"\0"):
                raise zlib.error("bytes behind its end")
            return found
