"""The project as it is shipped: what the wheel holds, that it runs alone, and what stands beside it."""

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("daemon", "handlers", "parsers", "store")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", folder, ROOT),
        ],
        check=True,
        timeout=100,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith(PACKAGES)}
    assert set(tracked) <= packed


def test_the_wheel_runs_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True, timeout=60)
    inside = environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(inside)
    dependencies = sysconfig.get_path("purelib")
    # A plain path entry: the editable install of this checkout, a .pth file itself, is not followed from there.
    (inside / "dependencies.pth").write_text(dependencies + "\n")
    run = subprocess.run(
        [
            *(environment / "bin" / "python", "-c", "import daemon.commands as c; print(c.__file__); c.main()"),
            *("check", "--help"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout.startswith(str(inside)), run.stderr


def test_no_locked_distribution_brings_a_package_of_our_names() -> None:
    locked = re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE)
    assert len(locked) > 30
    for name in locked:
        try:
            files = distribution(name).files or []
        except ModuleNotFoundError:  # locked for another platform or Python
            continue
        tops = {path.parts[0].removesuffix(".py") for path in files}
        assert not tops & set(PACKAGES), f"{name} would shadow a package of ours"


def test_the_requirement_files_carry_hashes_and_no_address() -> None:
    for file in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / file).read_text()
        assert "http" not in text
        assert "index" not in text
        assert text.count("--hash=sha256:") >= text.count("==")


def test_the_locked_runtime_is_the_tested_one() -> None:
    def pins(file: str) -> dict[str, str]:
        return dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", (ROOT / file).read_text(), re.MULTILINE))

    runtime, tested = pins("requirements.txt"), pins("requirements-dev.txt")
    assert runtime.items() <= tested.items()
