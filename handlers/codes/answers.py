"""How an answer to the report of a held import was taken."""

from handlers.codes.code import Code
from handlers.language import N_

ANSWERS: dict[str, Code] = {
    "answer-approved": Code(
        "note",
        N_("You said yes to the export of %(asked_at)s (reference %(ref)s), and so it was applied."),
        manners={"asked_at": "moment"},
    ),
    "answer-rejected": Code(
        "note",
        N_("You said no to the export of %(asked_at)s (reference %(ref)s). It is put aside and will not be applied."),
        manners={"asked_at": "moment"},
    ),
    "answer-unclear": Code(
        "held",
        N_("Your answer was not understood: it may hold only the word “yes” or only the word “no”."),
        N_("Answer once more with that word alone. If your mail program adds other text, ask the administrator."),
    ),
    "answer-blocked": Code(
        "held",
        N_("You said yes, but the export of %(asked_at)s (reference %(ref)s) cannot be applied as it is."),
        N_("First do what is said below."),
        manners={"asked_at": "moment"},
    ),
    "answer-outdated": Code(
        "held",
        N_("You said yes, but another export was applied after you were asked. These are the figures as they are now."),
        N_("Please look once more, and answer again."),
    ),
    "answer-closed-applied": Code(
        "note", N_("There is nothing to approve any more: the export with reference %(ref)s was applied already.")
    ),
    "answer-closed-rejected": Code(
        "note", N_("There is nothing to approve any more: the export with reference %(ref)s was rejected before.")
    ),
    "answer-closed-superseded": Code(
        "note", N_("There is nothing to approve any more: a newer export came in after the one with reference %(ref)s.")
    ),
    "answer-closed-undone": Code(
        "note", N_("There is nothing to approve any more: the export with reference %(ref)s was applied and undone.")
    ),
}
