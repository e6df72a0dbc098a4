"""An identity provider on loopback, by TLS: client credentials as Microsoft's, refresh tokens as Google's."""

import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from certificates import Certificates

TENANT, CLIENT, SECRET, REFRESH_TOKEN = "contoso", "client-1", "s3cret-of-the-client", "refresh-1"


@dataclass
class IdentityProvider:
    """Gives `token-1`, `token-2`, … to the client above. `broken` is an answer that it gives instead, once set."""

    base: str
    ca_file: str
    expires_in: object = 3600
    rotated: str | None = None  # the refresh token that comes with the next answer, and is asked for from then on
    broken: tuple[int, str] | None = None
    extra_secrets: set[str] = field(default_factory=set)
    forms: list[dict[str, str]] = field(default_factory=list)
    refresh_token: str = REFRESH_TOKEN
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def token_url(self) -> str:
        return f"{self.base}/token"

    def discover(self, tenant: str) -> tuple[int, object]:
        if tenant != TENANT:
            return 400, {"error": "invalid_tenant", "error_description": f"AADSTS90002: Tenant '{tenant}' not found."}
        endpoint = f"{self.base}/{tenant}/oauth2/v2.0"
        return 200, {
            "authorization_endpoint": f"{endpoint}/authorize",
            "token_endpoint": f"{endpoint}/token",
            "issuer": f"{self.base}/{tenant}/v2.0",
        }

    def grant(self, form: dict[str, str]) -> tuple[int, object]:
        with self._lock:
            self.forms.append(form)
            if not self._knows(form):
                return 401, {
                    "error": "invalid_client",
                    "error_description": "AADSTS7000215: Invalid client secret.\r\nTrace",
                }
            if form["grant_type"] == "refresh_token" and form.get("refresh_token") != self.refresh_token:
                return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            answer = {
                "token_type": "Bearer",
                "access_token": f"token-{len(self.forms)}",
                "expires_in": self.expires_in,
            }
            if self.rotated:
                self.refresh_token = answer["refresh_token"] = self.rotated
                self.rotated = None
            return 200, answer

    def _knows(self, form: dict[str, str]) -> bool:
        by_secret = form.get("client_secret") == SECRET
        by_assertion = form.get("client_assertion_type", "").endswith("jwt-bearer") and "client_assertion" in form
        return form.get("client_id") == CLIENT and (by_secret or by_assertion)


@pytest.fixture
def identity_provider(certificates: Certificates) -> Iterator[IdentityProvider]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    provider = IdentityProvider(f"https://localhost:{server.server_address[1]}", str(certificates.authority))
    server.provider = provider  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        provider: IdentityProvider = self.server.provider  # type: ignore[attr-defined]
        self._answer(*provider.discover(self.path.split("/")[1]))

    def do_POST(self) -> None:
        provider: IdentityProvider = self.server.provider  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if provider.broken:
            provider.forms.append(form)
            self._answer(*provider.broken)
        else:
            self._answer(*provider.grant(form))

    def _answer(self, status: int, answer: object) -> None:
        body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""
