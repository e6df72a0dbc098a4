"""A certificate authority of the test run, and one server certificate for localhost signed by it."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files. Clients trust `authority` by the setting `ca_file`."""

    authority: Path
    certificate: Path  # with its chain
    key: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority and a certificate for localhost and 127.0.0.1, one pair a run."""
    directory = tmp_path_factory.mktemp("certificates")
    files = Certificates(directory / "authority.pem", directory / "server.pem", directory / "server.key")
    authority = trustme.CA()
    server = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(files.authority)
    server.private_key_pem.write_to_path(files.key)
    for position, blob in enumerate(server.cert_chain_pems):
        blob.write_to_path(files.certificate, append=position > 0)
    return files
