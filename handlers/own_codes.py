"""How the code of an own customer looks in Exact."""

from handlers.policy import CodeRule


def to_exact(code: str, rule: CodeRule) -> str:
    """What `code` is in Exact. Never "" for a code that is not blank.

    The steps in their order: prefix off, digits only, zeros off, padded, prefix on. A step that would leave nothing of
    the code is left out.
    """
    code = code.strip()
    exact = code.removeprefix(rule.prefix_remove).strip() or code
    if rule.digits_only:
        exact = "".join(character for character in exact if character in "0123456789") or exact
    if rule.strip_zeros:
        exact = exact.lstrip("0") or exact[-1:]
    return f"{rule.prefix_add}{exact.rjust(rule.pad, '0')}" if exact else ""
