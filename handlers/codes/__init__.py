"""Every code of a finding: how grave it is, what it says, and what the reader can do.

`%(name)s` in a sentence stands for a value of the finding, `%(file)s` for the name of its file. The meaning of the
codes that parsers give is set down in `parsers.codes`.
"""

from handlers.codes.accounts import ACCOUNTS
from handlers.codes.answers import ANSWERS
from handlers.codes.code import GRAVITY, Code, Severity
from handlers.codes.decisions import DECISIONS
from handlers.codes.files import FILES
from handlers.codes.invoices import INVOICES
from handlers.codes.items import ITEMS
from handlers.codes.own import OWN

__all__ = ["CODES", "GRAVITY", "Code", "Severity"]

CODES: dict[str, Code] = DECISIONS | ANSWERS | ACCOUNTS | FILES | ITEMS | INVOICES | OWN
