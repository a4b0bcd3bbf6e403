import click


@click.command("synthesize")
def synthesize_command() -> None:
    """Stub."""
