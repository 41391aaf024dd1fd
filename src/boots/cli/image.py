"""``boots image``: images of operating systems for disks."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from boots.cli.common import saying_what_fails
from boots.cli.debian_image import debian
from boots.cli.terminal import Terminal
from boots.settings import Settings

if TYPE_CHECKING:
    from boots.images.adding import Added, Wanted

image = typer.Typer(no_args_is_help=True, help="Images of operating systems, for disks.")

_OUTPUT = Path(Settings().boot.images)
_MIB = 1 << 20


@image.command()
def add(
    source: Annotated[str, typer.Argument(help="A file, or an http:// or https:// URL.")],
    name: Annotated[str, typer.Argument(help="What it is published as: images/NAME/index.json.")],
    output: Annotated[
        Path, typer.Option(help="The folder of images; boots serve publishes boot.images.")
    ] = _OUTPUT,
    digest: Annotated[
        str | None, typer.Option(help="What the source must hash to: sha256:… or sha512:…")
    ] = None,
    level: Annotated[int, typer.Option(help="How hard to compress, 1 to 19.", min=1, max=19)] = 9,
) -> None:
    """Cut an image into frames, so that machines resume, prove and fetch only what they lack.

    It may be raw or qcow2, or raw and packed with gzip, bzip2, xz or zstd; its first bytes tell.
    """
    from boots.images.adding import Wanted
    from boots_agent.images.words import Of, read_digest

    console = Terminal(highlight=False, soft_wrap=True)
    try:
        proof = read_digest(digest, Of.SENT) if digest is not None else None
    except ValueError as error:
        console.print(f"boots: {error}", markup=False)
        raise typer.Exit(2) from None
    publish(Wanted(source, name, output, proof, level), console)


def publish(wanted: "Wanted", console: Console) -> None:
    """Add an image with a bar, and say what was made; on failure say why, exit status 2."""
    from boots.images.adding import add as add_image
    from boots_agent.images.words import ImageError

    began = time.monotonic()
    with saying_what_fails(console, ImageError), _bar(console) as bar:
        task = bar.add_task("reading", total=None)
        added = add_image(wanted, lambda done, whole: bar.update(task, completed=done, total=whole))
    for line in told(added, wanted.name, time.monotonic() - began):
        console.print(line, markup=False)


def told(added: "Added", name: str, seconds: float) -> list[str]:
    """What was made, in lines."""
    from boots.images.frames import FRAME

    cut = added.image
    frames = sum(isinstance(each, list) for each in cut.content)
    zeros = -(-cut.size // FRAME) - frames
    head = (
        f"{name}: {cut.size / _MIB:,.0f} MiB ({added.form.value}) in {frames} frames,"
        f" {cut.packed / _MIB:,.0f} MiB packed, {zeros} frames of zeros left out;"
        f" {seconds:.0f} s"
    )
    return [
        head,
        f"  image  sha256:{cut.sha256}",
        f"  index  sha256:{added.index_sha256}",
        f"  file   {added.index}",
        f"  URL    http://SERVER/images/{name}/index.json",
    ]


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    return Progress(*columns, TransferSpeedColumn(), console=console, transient=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    image.command()(debian)
    app.add_typer(image, name="image")
