"""`python -m tgsandbox --port N`: the sandbox alone."""

import argparse
import asyncio
import contextlib
import signal
import sys

import uvloop

from tgsandbox.server import CannotListen, start

__all__ = ["CannotListen", "serve"]


async def serve(host: str, port: int, *, limits: bool) -> None:
    """Run until SIGINT or SIGTERM."""
    sandbox = await start(host, port, limits=limits)
    sys.stdout.write(f"tgsandbox listens on {sandbox.url}\n")
    sys.stdout.flush()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await sandbox.stop()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="tgsandbox", description="An emulator of Telegram: Bot API and a page.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081, help="0 chooses a free one (default: 8081)")
    parser.add_argument("--no-limits", action="store_true", help="without Telegram's limits, for load tests")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        try:
            uvloop.run(serve(options.host, options.port, limits=not options.no_limits))
        except CannotListen as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
