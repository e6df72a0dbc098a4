"""`saldopost token`: a secret part of an address."""

import secrets

import click

from daemon.commands.program import Program


@click.command("token")
@click.argument("code")
@click.pass_obj
def command(program: Program, code: str) -> None:
    """Make the secret part of an address, for routes with `token`.

    CODE is the administration. Standard output has the token alone, so that it can go straight into a file; nothing
    is stored. A token that was used until now goes on working until it is replaced in the settings.

    \b
    Examples:
      saldopost token nl01
      saldopost token nl01 > /etc/saldopost/credentials/nl01-token

    More: docs/sender-trust.md
    """
    from daemon.trust import make_token

    program.administration(code)
    click.echo(make_token(secrets.token_bytes))
    click.echo(
        f"Put it into a file that only the daemon may read, name that as `token_file` of administration {code}, and "
        "give the bookkeeper the address with the token behind a plus sign. See docs/sender-trust.md.",
        err=True,
    )
