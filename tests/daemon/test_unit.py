import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "saldopost.service"


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a command that exists here."""
    if shutil.which("systemd-analyze") is None:
        reason = "systemd-analyze is not installed (apt-get install systemd)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/saldopost/bin/saldopost", "/bin/true"))
    return copy


def test_systemd_understands_the_unit(unit: Path) -> None:
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_the_unit_is_hardened(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", unit]
    judged = subprocess.run(command, capture_output=True, text=True)
    assert judged.returncode == 0, judged.stdout


def test_the_unit_calls_a_command_that_exists() -> None:
    (start,) = [line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart=")]
    called = [Path(sys.executable).with_name("saldopost"), *start.split()[-1:], "--help"]
    assert subprocess.run(called, capture_output=True).returncode == 0
