"""docs/screenshots/*.png and docs/reply.png: each kind of reply as a browser shows it (`make screenshots`).

The replies are rendered by the program itself from the records below, in English and Dutch.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT), str(ROOT / "tests" / "support")]

from PIL import Image  # noqa: E402
from reports import comparison, file, page, policy, report, settled  # noqa: E402

from handlers.answers import take  # noqa: E402
from handlers.decide import Decision  # noqa: E402
from handlers.pages import assemble  # noqa: E402
from handlers.render import render  # noqa: E402
from handlers.report import Report, SettledInvoices  # noqa: E402
from handlers.rules import IMPLAUSIBLE, Evidence, ask  # noqa: E402
from handlers.spreadsheet import Attachment  # noqa: E402
from parsers.records import Finding  # noqa: E402
from store.own_records import InvoiceChanges, OwnSummary, OwnTotals, Recognised  # noqa: E402
from store.records import AccountChange, Ageing, CreditCrossing  # noqa: E402

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
]
DARK = "--blink-settings=preferredColorScheme=0"
LIST = Attachment("saldopost-nl01-7KQ2-M4.xlsx", b"", is_whole=True)

CHANGES = (
    AccountChange("10042", "Bakker & Zn. Expeditie B.V.", None, 412_500, 1_210_000, False),
    AccountChange("10118", "Hafen Spedition Nord GmbH", None, 0, 386_375, True),
    AccountChange("10007", "Cool Port Rotterdam B.V.", None, 941_050, 641_050, False),
    AccountChange("10011", "Transports Lefèvre & Fils", None, 229_360, 0, False),
    AccountChange("10013", "Zeeman Douane-agenten", None, -25_000, 118_681, False),
)
TODAY = comparison(
    items=318,
    items_before=307,
    accounts=94,
    accounts_before=94,
    total_before=18_412_567,
    total_after=19_307_783,
    changed=17,
    created=1,
    zeroed=1,
    largest=CHANGES,
    largest_created=CHANGES[1:2],
    reopened_accounts=1,
    largest_reopened=(AccountChange("10077", "Visser Transport", None, 0, 74_350, False),),
    largest_zeroed=CHANGES[3:4],
)
FIRST = replace(
    TODAY, last=None, total_before=0, items_before=0, accounts_before=0, created=94, zeroed=0, largest=(),
    largest_created=tuple(change._replace(before=0, is_new=True) for change in CHANGES if change.after > 0),
    largest_zeroed=(), largest_reopened=(),
)  # fmt: skip
HALF = replace(
    TODAY, items=141, accounts=43, total_after=8_120_450, gross_before=18_500_000, gross_after=8_200_000, vanished=51,
    not_due_before=164, not_due_gone=164, changed=51, created=0, zeroed=51, largest_created=(), largest_reopened=(),
    largest=tuple(change._replace(after=0) for change in CHANGES if change.before > 0),
    largest_zeroed=tuple(change._replace(after=0) for change in CHANGES if change.before > 0),
)  # fmt: skip
AGEING = Ageing(11_420_300, 4_610_250, 1_902_233, 865_000, 510_000)
HALF_AGEING = Ageing(0, 4_610_250, 2_135_200, 865_000, 510_000)
CROSSED = (
    CreditCrossing("10042", "Bakker & Zn. Expeditie B.V.", 1_000_000, 412_500, 1_210_000),
    CreditCrossing("10007", "Cool Port Rotterdam B.V.", 750_000, 941_050, 641_050),
)
WARNED = file(
    warnings=(Finding("due-before-invoice", "ARs_1.xml", 812, values={"account": "10013", "number": "20250117"}),)
)
DOUBTS = tuple(ask(IMPLAUSIBLE, Evidence(assemble("receivable", [file()]), HALF, policy())))
HELD = settled(Decision("held", DOUBTS[0].code, DOUBTS, approvable=True), comparison=HALF, import_id=57)
AGAIN = Finding("same-again", values={"ref": "3HXW-9T", "ordered_at": "2025-11-21T08:00:00+00:00"})
ASKED_AT = datetime(2025, 11, 21, 8, 3, tzinfo=UTC)
OWN = OwnSummary(
    recognised=12,
    recognised_dc=1_845_600,
    largest=(Recognised("FAC-2025-0412", "K-118", "10118", "Hafen Spedition Nord GmbH", 386_375),),
    open=30,
    open_dc=412_100,
    in_transit=3,
    in_transit_dc=75_000,
    overdue=(Recognised("FAC-2025-0377", "K-7", "10007", "Cool Port Rotterdam B.V.", 21_450, 17),),
    overdue_count=1,
)
TAKEN_OVER = SettledInvoices(
    (file("facturen.csv", format="own-invoices"),),
    InvoiceChanges(
        read=42,
        created=30,
        updated=1,
        unchanged=11,
        seen=9,
        totals=(OwnTotals("receivable", 0, 412_100, 75_000, 75_000),),
    ),
)

REPLIES: dict[str, Report] = {
    "applied": report(settled(comparison=TODAY, ageing=AGEING, crossed=CROSSED, files=(WARNED,))),
    "first-import": report(
        settled(Decision("applied", findings=(Finding("first-import"),)), comparison=FIRST, ageing=AGEING)
    ),
    "held": report(HELD),
    "page-missing": report(
        settled(
            Decision("held", "pages-missing", (Finding("pages-missing", values={"highest": 3, "missing": "2"}),)),
            files=(file("ARs_1.xml", page(count=500)), file("ARs_3.xml", page(count=41), index=1)),
        )
    ),
    "own-invoices": report(settled(comparison=TODAY, ageing=AGEING, own=OWN), others=(TAKEN_OVER,)),
    "wrong-file": report(refused=(Finding("not-spreadsheet", "openstaande posten.xlsx"),)),
    "wrong-amount": report(
        refused=(Finding("amount-comma", "ARs_1.xml", 812, "410,5", {"element": "OutstandingAmtDC"}),)
    ),
    "unchanged": report(
        settled(Decision("unchanged", "same-again", (AGAIN,)), comparison=replace(TODAY, total_before=19_307_783))
    ),
    "answer": report(
        take(settled(Decision("applied"), comparison=HALF, ageing=HALF_AGEING), "approved", "3HXW-9T", ASKED_AT),
        subject="Re: Not processed yet, please check",
    ),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, page_html in _pages():
            source = Path(folder) / "reply.html"
            source.write_text(page_html, encoding="utf-8")
            for suffix, width, flags in (("", 640, []), ("-phone", 360, []), ("-dark", 640, [DARK])):
                if suffix and not name.startswith("applied.en"):
                    continue
                target = ROOT / "docs" / "screenshots" / f"{name}{suffix}.png"
                _shoot(source, target, width, flags, Path(folder) / "profile")
    (ROOT / "docs" / "reply.png").write_bytes((ROOT / "docs" / "screenshots" / "applied.en.png").read_bytes())


def _pages() -> Iterator[tuple[str, str]]:
    for name, shown in REPLIES.items():
        for language in ("en", "nl"):
            given = replace(shown, policy=policy(language=language))
            yield f"{name}.{language}", render(given, LIST if name in ("applied", "held") else None).html


def _shoot(source: Path, target: Path, width: int, flags: list[str], profile: Path) -> None:
    """As high as the reply is: the browser is asked first."""
    probe = source.with_name("probe.html")
    script = "<script>document.title = document.body.scrollHeight</script></body>"
    probe.write_text(source.read_text(encoding="utf-8").replace("</body>", script), encoding="utf-8")
    browser = ["chromium", *FLAGS, *flags, f"--user-data-dir={profile}"]
    dumped = _run([*browser, f"--window-size={width},100", "--dump-dom", probe.as_uri()])
    height = re.search(r"<title>(\d+)</title>", dumped)
    if height is None:
        sys.exit(f"chromium did not say how high {target.name} is: {dumped[:200]!r}")
    target.parent.mkdir(parents=True, exist_ok=True)
    _run([*browser, f"--window-size={width},{height[1]}", f"--screenshot={target}", source.as_uri()])
    Image.open(target).convert("RGB").quantize(200).save(target, optimize=True)


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout  # noqa: S603


if __name__ == "__main__":
    main()
