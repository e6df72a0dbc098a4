"""Text in the character sets that mail uses, from codecs that are loaded before a child may open no more files."""

import binascii
import codecs
import re
from encodings import normalize_encoding
from encodings.aliases import aliases

_NAMES = (
    "ascii utf-8 utf-7 iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 "
    "iso8859-10 iso8859-13 iso8859-14 iso8859-15 iso8859-16 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 "
    "cp1258 cp437 cp850 koi8-r koi8-u mac-roman gb2312 gbk gb18030 big5 shift_jis iso2022_jp euc_jp euc_kr"
)
_LOADED = {normalize_encoding(name): codecs.lookup(name).name for name in _NAMES.split()}
_LONGEST_ENCODED = 8000  # characters of a header field that are looked at for encoded words

# RFC 2047 section 2, tolerant of blanks inside a quoted-printable word.
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=(\s+(?==\?))?")


def decode(data: bytes, charset: str) -> str:
    """Never raises: an unknown character set counts as UTF-8, and what is not UTF-8 as windows-1252."""
    name = normalize_encoding(charset.split("*", 1)[0].lower())  # RFC 2231 section 5 puts a language after the star
    codec = _LOADED.get(aliases.get(name, name)) or _LOADED.get(name)
    if codec and codec != "utf-8":
        return data.decode(codec, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def decode_words(text: str) -> str:
    """Decode the encoded words of a header field (RFC 2047); a malformed word stays as it stands."""
    return _ENCODED_WORD.sub(_decode_word, text[:_LONGEST_ENCODED])


def _decode_word(word: re.Match[str]) -> str:
    charset, encoding, encoded = word.group(1), word.group(2), word.group(3).encode("ascii", "ignore")
    try:
        if encoding in "bB":
            data = binascii.a2b_base64(encoded + b"=" * (-len(encoded) % 4))
        else:
            data = binascii.a2b_qp(encoded, header=True)
    except binascii.Error:
        return word.group(0)
    return decode(data, charset)
