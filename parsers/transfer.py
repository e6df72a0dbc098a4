"""Content-Transfer-Encoding (RFC 2045 section 6), with the defects that a lenient decoder hides."""

import binascii
import re

_PIECE = 1024 * 1024
_BLANKS = b" \t\r\n"
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def decode_body(body: bytes, encoding: str) -> tuple[bytes, bool]:
    """The content, and whether it is damaged: then it is a best effort, fit only for telling what it was."""
    if encoding in ("", "7bit", "8bit", "binary"):
        return body, False
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body), False
    if encoding == "base64":
        try:
            return _decode_base64(body), False
        except binascii.Error:
            kept = _NOT_BASE64.sub(b"", body)
            return binascii.a2b_base64(kept[: len(kept) // 4 * 4]), True
    return body, True


def _decode_base64(body: bytes) -> bytes:
    """Strict but for blanks and line ends, in pieces, so that a large part is not held twice more."""
    content = bytearray()
    carry = b""
    padded = False
    for start in range(0, len(body), _PIECE):
        text = carry + body[start : start + _PIECE].translate(None, _BLANKS)
        whole = len(text) // 4 * 4
        carry = text[whole:]
        if padded and text:
            raise binascii.Error("data after the padding")
        if whole:
            content += binascii.a2b_base64(text[:whole], strict_mode=True)
            padded = text[whole - 1] == ord("=")
    if carry:
        raise binascii.Error("cut off")
    return bytes(content)
