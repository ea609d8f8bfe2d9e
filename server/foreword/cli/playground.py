"""``foreword playground``: a page to try Foreword in, in the browser."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import webbrowser
from typing import Annotated, NoReturn

import typer

from foreword.cli.loading import command_models
from foreword.cli.serve import Written, quiet_libraries


def playground(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the page is; 0: any free port.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
) -> None:
    """Try it: write into a page with the next words, phrases and marks, and see what each key costs and saves.

    The page is on this machine only, and so is all you write there. Ctrl-C ends it.

    Example: foreword playground --no-browser prints the address, for a browser of your choice.
    """
    command_models().fetch()  # with a progress bar here; the page could not show one

    from foreword.lsp.doors import Address, Doors
    from foreword.playground.page import Page

    page = Page()
    doors = Doors(web=Address("127.0.0.1", port), page=page.answer)
    quiet_libraries()
    pool = Written().begin()

    def announce(url: str) -> None:
        address = f"http{url.removeprefix('ws')}/?token={page.token}"
        print(f"foreword: the page is at {address}\nThe address opens it once; Ctrl-C ends it.", flush=True)
        if browser:  # beside the server: there are browsers that are waited for
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    signal.signal(signal.SIGINT, _end)
    asyncio.run(doors.open(announce, pool))


def _end(*_signal: object) -> NoReturn:
    """End as wished: at once, whatever is being loaded or read; there is nothing to be saved."""
    print(flush=True)
    os._exit(0)
