"""What every test shares: hypothesis profiles and the real servers, each started once a run and only if asked for."""

import os

import pytest
from hypothesis import HealthCheck, settings

from daemon.reading import start_reading

pytest_plugins = [
    "certificates",
    "command_line",
    "dovecot_server",
    "smtp_server",
    "postgres_server",
    "stores",
    "dns_server",
    "identity_provider",
]

# The quick examples are the same each time, so that a red run can be had again; the nightly ones search.
settings.register_profile(
    "quick",
    max_examples=50,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.register_profile("nightly", parent=settings.get_profile("quick"), max_examples=2000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session", autouse=True)
def _children_for_mails() -> None:
    """Before a command called in this process starts those that only read files: they are started once a process."""
    start_reading()
