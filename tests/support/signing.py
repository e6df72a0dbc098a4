"""Mails that are signed with DKIM for the tests, with tags and faults that no honest signer makes."""

import base64
from dataclasses import dataclass, field
from functools import cache

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from dkim.canonicalization import CanonicalizationPolicy
from dkim.crypto import HASH_ALGORITHMS, parse_pem_private_key
from nacl.encoding import RawEncoder
from nacl.signing import SigningKey

from parsers.records import Key

SIGNED = ("from", "subject", "date", "content-type", "message-id", "to")

# The primes of a key of 768 bits, which no library makes any more.
_P = 0xFA03C57179DF444406B6D3CCD4751256C48181771CF7935D329F0FEFE8245B9061D6498DDC8121C70E3CAE886D07CD13
_Q = 0xDC424BE3CB509491081A4B4D76435F5F0B979F41BD7BF102A7F8F5EF972BCBA42CA77A0ED9DFFBAB81C6B62E2C80453F


@dataclass(frozen=True)
class Signer:
    """Signs as `selector` of `domain` with RSA of `bits`, or with Ed25519 if that is 256."""

    domain: str = "bakker.example"
    selector: str = "s1"
    bits: int = 2048
    key_tags: dict[str, str] = field(default_factory=dict)

    @property
    def record(self) -> bytes:
        """The TXT record in the DNS."""
        tags = {"v": "DKIM1", "k": "ed25519" if self.bits == 256 else "rsa", "p": _public(self.bits), **self.key_tags}
        return "; ".join(f"{name}={value}" for name, value in tags.items()).encode()

    @property
    def key(self) -> Key:
        return Key(self.domain, self.selector, (self.record,))

    def sign(
        self,
        mail: bytes,
        *,
        signed: tuple[str, ...] = SIGNED,
        algorithm: str = "",
        canonical: str = "relaxed/relaxed",
        length: int | None = None,
        **tags: str,
    ) -> bytes:
        """The mail with a signature on top; `tags` are added to those of the signature or replace them."""
        algorithm = algorithm or ("ed25519-sha256" if self.bits == 256 else "rsa-sha256")
        message = dkim.DKIM(mail, signature_algorithm=algorithm.encode())
        message.hasher = HASH_ALGORITHMS[algorithm.encode()]
        policy = CanonicalizationPolicy.from_c_value(canonical.encode())
        body = policy.canonicalize_body(message.body)[:length]
        all_tags = {
            "v": "1",
            "a": algorithm,
            "c": canonical,
            "d": self.domain,
            "s": self.selector,
            "h": " : ".join(signed),
            "bh": base64.b64encode(message.hasher(body).digest()).decode(),
            **({} if length is None else {"l": str(length)}),
            **tags,
            "b": "0" * 60,
        }
        fields = [(name.encode(), value.encode()) for name, value in all_tags.items()]
        names = [name.lower().encode() for name in signed]
        value = message.gen_header(fields, names, policy, b"DKIM-Signature", _private(self.bits))
        return b"DKIM-Signature: " + value + mail


def compose(
    sender: str = "Jan Bakker <jan@bakker.example>",
    *,
    date: str = "Mon, 02 Mar 2026 09:00:00 +0100",
    top: str = "",
    body: str = "Hierbij de openstaande posten.\r\n",
) -> bytes:
    """A plain mail with CRLF line ends; `top` stands above its own header fields."""
    return (
        f"{top}From: {sender}\r\nTo: saldo@example.com\r\nSubject: Openstaande posten\r\nDate: {date}\r\n"
        f"Message-ID: <1@bakker.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    ).encode()


@cache
def _private(bits: int) -> object:
    """The key in the form that dkimpy's signing takes."""
    key = _generate(bits)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return SigningKey(key.private_bytes_raw(), encoder=RawEncoder)
    if isinstance(key, rsa.RSAPrivateKey):
        form = serialization.PrivateFormat.TraditionalOpenSSL
        return parse_pem_private_key(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    p, q = key
    d = pow(65537, -1, (p - 1) * (q - 1))
    return {
        "modulus": p * q,
        "publicExponent": 65537,
        "privateExponent": d,
        "prime1": p,
        "prime2": q,
        "exponent1": d % (p - 1),
        "exponent2": d % (q - 1),
        "coefficient": pow(q, -1, p),
    }


@cache
def _public(bits: int) -> str:
    key = _generate(bits)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return base64.b64encode(key.public_key().public_bytes_raw()).decode()
    if isinstance(key, rsa.RSAPrivateKey):
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()
    der = b"\x30\x68" + b"\x02\x61" + (key[0] * key[1]).to_bytes(97) + b"\x02\x03\x01\x00\x01"
    return base64.b64encode(der).decode()


@cache
def _generate(bits: int) -> ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | tuple[int, int]:
    if bits == 256:
        return ed25519.Ed25519PrivateKey.generate()
    return (_P, _Q) if bits == 768 else rsa.generate_private_key(65537, bits)
