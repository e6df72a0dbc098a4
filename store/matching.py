"""Whose blocks are these: one row of `staged_match` for each account of a staged export.

Blocks belong to one account if they share the Exact ID, or, having none, the code. The account is found in the store
by its ID; by its code only where the file's or the stored account has no ID. `staged_block.account` is the lowest
block of the account, `staged_match.account_id` the account in the store or NULL for a new one. Runs on the
connection of a staging area, for one side of one administration (`:side`, `:administration`).
"""

from sqlalchemy import Connection

from store.records import Subledger
from store.statements import Statement


def match_accounts(tx: Connection, subledger: Subledger, *, is_still_there: bool) -> tuple[str, ...]:
    """Fill `staged_match`. Returns the codes without ID that fit several accounts; they are treated as new.

    `is_still_there`: the subledger has not moved since `ahead` looked at the blocks, so that what it found holds.
    """
    of = {"administration": subledger.administration, "side": subledger.side}
    match_by_id = _MATCH_THE_REST_BY_ID if is_still_there else _MATCH_BY_ID
    for step in (_FORGET, _SEPARATE, _JOIN_SAME_ID, _JOIN_SAME_CODE, match_by_id):
        step.run(tx, of)
    if _ANY_JOINED.run(tx, of).first():
        _AGREE_ON_CODE.run(tx, of)
    for step in (_LET_ADOPT, _MATCH_BY_CODE):
        step.run(tx, of)
    if _ANY_CODE_UNMATCHED.run(tx, of).first() is None:
        return ()
    for step in (_CLEAR_CANDIDATES, _FIND_CANDIDATES, _TAKE_STORED, _JOIN_OTHER, _FORGET_JOINED):
        step.run(tx, of)
    return tuple(code for (code,) in _LIST_AMBIGUOUS.run(tx, of))


_FORGET = Statement("DELETE FROM staged_match WHERE side = :side")
_SEPARATE = Statement("UPDATE staged_block SET account = block WHERE side = :side AND account <> block")

_JOIN_SAME_ID = Statement("""
    UPDATE staged_block SET account = same.block
    FROM (SELECT exact_id, min(block) AS block FROM staged_block
          WHERE side = :side AND exact_id IS NOT NULL
          GROUP BY exact_id HAVING count(*) > 1) AS same
    WHERE staged_block.side = :side AND staged_block.exact_id = same.exact_id""")
_JOIN_SAME_CODE = Statement("""
    UPDATE staged_block SET account = same.block
    FROM (SELECT code, min(block) AS block FROM staged_block
          WHERE side = :side AND exact_id IS NULL AND code IS NOT NULL
          GROUP BY code HAVING count(*) > 1) AS same
    WHERE staged_block.side = :side AND staged_block.exact_id IS NULL AND staged_block.code = same.code""")

_MATCH = """
    INSERT INTO staged_match (account, side, exact_id, code, name, account_id)
    SELECT b.block, b.side, b.exact_id, b.code, b.name, {account_id}
    FROM staged_block AS b {found}
    WHERE b.side = :side AND b.account = b.block AND (b.exact_id IS NOT NULL OR b.code IS NOT NULL)
    ORDER BY b.block"""
_MATCH_BY_ID = Statement(
    _MATCH.format(
        account_id="found.id",
        found="LEFT JOIN account AS found ON found.administration = :administration AND found.exact_id = b.exact_id",
    )
)
# As `_MATCH_BY_ID`, but no account is looked up again that was found early: that takes half of the time.
_MATCH_THE_REST_BY_ID = Statement(
    _MATCH.format(
        account_id="coalesce(k.account_id, found.id)",
        found="""
    LEFT JOIN staged_known AS k ON k.block = b.block
    LEFT JOIN account AS found
      ON found.administration = :administration AND found.exact_id = CASE WHEN k.block IS NULL THEN b.exact_id END""",
    )
)

# Blocks that share an ID but not the code or the name: which one the account bears must not depend on their order.
_ANY_JOINED = Statement("SELECT 1 FROM staged_block WHERE side = :side AND account <> block LIMIT 1")
_AGREE_ON_CODE = Statement("""
    UPDATE staged_match SET code = joined.code, name = joined.name
    FROM (SELECT account, min(code) AS code, max(name) AS name FROM staged_block
          WHERE side = :side GROUP BY account HAVING count(*) > 1) AS joined
    WHERE staged_match.account = joined.account""")

# An account that the store knows by its code alone gets the ID under which the file names that code; unless the file
# has the code twice, because two IDs under one code are two accounts.
_LET_ADOPT = Statement("""
    UPDATE staged_match SET account_id = found.id
    FROM (SELECT min(m.account) AS account, known.id
          FROM staged_match AS m
          CROSS JOIN account AS known
          WHERE m.side = :side AND m.exact_id IS NOT NULL AND m.account_id IS NULL
            AND known.administration = :administration AND known.exact_id IS NULL AND known.code = m.code
          GROUP BY known.id HAVING count(*) = 1) AS found
    WHERE staged_match.account = found.account""")

_MATCH_BY_CODE = Statement("""
    UPDATE staged_match SET account_id = found.id
    FROM (SELECT m.account, known.id
          FROM staged_match AS m
          CROSS JOIN account AS known
          WHERE m.side = :side AND m.exact_id IS NULL
            AND known.administration = :administration AND known.exact_id IS NULL AND known.code = m.code
            AND NOT EXISTS (SELECT 1 FROM staged_match AS taken
                            WHERE taken.account_id = known.id AND taken.side = :side)) AS found
    WHERE staged_match.account = found.account""")

_ANY_CODE_UNMATCHED = Statement(
    "SELECT 1 FROM staged_match WHERE side = :side AND exact_id IS NULL AND account_id IS NULL LIMIT 1"
)
_CLEAR_CANDIDATES = Statement("DELETE FROM staged_candidate")

# For a code without ID: the accounts with an ID that bear this code, by what the file says of them, or by what the
# store says of those that the file does not name.
_FIND_CANDIDATES = Statement("""
    INSERT INTO staged_candidate (account, candidates, other_account, account_id)
    SELECT m.account, count(*), min(c.account), min(c.id)
    FROM staged_match AS m
    JOIN (SELECT DISTINCT code, account, CAST(NULL AS BIGINT) AS id FROM staged_block
          WHERE side = :side AND exact_id IS NOT NULL
          UNION ALL
          SELECT known.code, NULL, known.id FROM account AS known
          WHERE known.administration = :administration AND known.exact_id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM staged_match AS named
                            WHERE named.account_id = known.id AND named.side = :side)) AS c ON c.code = m.code
    WHERE m.side = :side AND m.exact_id IS NULL AND m.account_id IS NULL
    GROUP BY m.account""")
_TAKE_STORED = Statement("""
    UPDATE staged_match SET account_id = c.account_id
    FROM staged_candidate AS c
    WHERE c.account = staged_match.account AND c.candidates = 1 AND c.account_id IS NOT NULL""")
_JOIN_OTHER = Statement("""
    UPDATE staged_block SET account = c.other_account
    FROM staged_candidate AS c
    WHERE c.account = staged_block.account AND c.candidates = 1 AND c.other_account IS NOT NULL""")
_FORGET_JOINED = Statement("""
    DELETE FROM staged_match WHERE account IN
        (SELECT account FROM staged_candidate WHERE candidates = 1 AND other_account IS NOT NULL)""")
_LIST_AMBIGUOUS = Statement("""
    SELECT m.code FROM staged_candidate AS c JOIN staged_match AS m ON m.account = c.account
    WHERE c.candidates > 1 ORDER BY m.code""")
