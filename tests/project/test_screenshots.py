"""`make screenshots` needs a browser; what it shows is rendered here without one."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "docs" / "screenshots"


@pytest.fixture(scope="module")
def screenshots() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshots", ROOT / ".ci" / "screenshots.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_kind_of_reply_has_its_screenshot(screenshots: ModuleType) -> None:
    pages = dict(screenshots._pages())
    assert {f"{name}.png" for name in pages} <= {path.name for path in SHOTS.iterdir()}
    assert all(page.startswith("<!DOCTYPE html>") for page in pages.values())


def test_the_screenshots_are_pictures_of_a_decent_size() -> None:
    pictures = [*SHOTS.iterdir(), ROOT / "docs" / "reply.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG\r\n") for path in pictures)
    assert sum(path.stat().st_size for path in pictures) < 1_000_000
