from random import Random

import pytest
from staged_exports import NOW, PAYABLE, RECEIVABLE, Account, apply_export, new_import

from store import imports
from store.database import Store
from store.records import ImportFile, ImportMoved
from store.references import ALPHABET, find_free_reference, make_reference


def test_an_import_that_changes_nothing_is_kept_with_its_files(store: Store):
    files = (
        ImportFile("ARs_1.xml", "2", "aa", 10, 5, 1000, "0x1F"),
        ImportFile("ARs_2.xml", "3", "bb", 11, 3, None, None),
    )
    held = new_import(state="held", reason="half-gone", files=files, items=8, accounts=2, total=-5, total_before=70)
    with store.write() as tx:
        import_id = imports.record(tx, held, "EUR", NOW)
        found = imports.find_imports(tx, str(import_id))[0]
        assert imports.list_files(tx, import_id) == list(files)
        assert imports.find_standing(tx, RECEIVABLE).last is None
    assert (found.state, found.reason, found.items, found.accounts) == ("held", "half-gone", 8, 2)
    assert (found.total, found.total_before, found.currency) == (-5, 70, "EUR")
    assert (found.recorded_at, found.applied_at) == (NOW, None)


def test_imports_are_listed_newest_first_and_found_by_id_or_reference(store: Store):
    apply_export(store, [Account("1", [("A", 100)])])
    with store.write() as tx:
        refused = imports.record(tx, new_import(PAYABLE, state="refused", ref="ABCD-23"), "EUR", NOW)
        assert [row.id for row in imports.list_imports(tx)] == [refused, 1]
        assert [row.id for row in imports.list_imports(tx, limit=1)] == [refused]
        assert [row.total for row in imports.list_imports(tx, side="receivable", state="applied")] == [100]
        assert imports.list_imports(tx, administration="be01") == []
        assert [row.id for row in imports.find_imports(tx, "abcd-23")] == [refused]
        assert (
            imports.find_imports(tx, "99") == imports.find_imports(tx, "²") == imports.find_imports(tx, "9" * 30) == []
        )


def test_what_was_decided_by_a_comparison_that_no_longer_holds_is_not_written(store: Store):
    stale = apply_export(store, [Account("1", [("A", 100)])])
    with pytest.raises(ImportMoved), store.write() as tx:
        imports.record_compared(tx, stale, new_import(state="held"), "EUR", NOW)
    with store.read() as tx:
        assert [row.state for row in imports.list_imports(tx)] == ["applied"]


def test_a_reference_is_easy_to_read_aloud_and_free(store: Store):
    reference = make_reference(Random(5))
    assert len(reference) == 7
    assert reference[4] == "-"
    assert set(reference) <= {*ALPHABET, "-"}
    assert not set("01ILOU") & set(ALPHABET)
    with store.write() as tx:
        imports.record(tx, new_import(state="refused", ref=reference), "EUR", NOW)
        assert find_free_reference(tx, Random(5)) != reference
