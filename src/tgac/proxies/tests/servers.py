"""Real proxy servers on loopback: microsocks for SOCKS5, tinyproxy for HTTP (Debian packages of these names)."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tgac.proxies.forms import ProxyFields


@dataclass
class RealProxy:
    """A running server; `stop` and `start` again keep its port."""

    fields: ProxyFields
    command: list[str]
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """As a line of a list."""
        one = self.fields
        who = f"{one.username}:{one.password}@" if one.username else ""
        return f"{one.scheme}://{who}{one.host}:{one.port}"

    async def start(self) -> None:
        """Run it and wait until its port is open."""
        quiet = asyncio.subprocess.DEVNULL
        self.process = await asyncio.create_subprocess_exec(*self.command, stdout=quiet, stderr=quiet)
        async with asyncio.timeout(10):
            while not await _is_open(self.fields.port):
                assert self.process.returncode is None, f"{self.command} ended"
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """End it; what goes through it is cut."""
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None


@asynccontextmanager
async def microsocks(username: str = "", password: str = "") -> AsyncIterator[RealProxy]:
    """A SOCKS5 server."""
    port = free_port()
    who = ["-u", username, "-P", password] if username else []
    command = [_program("microsocks"), "-i", "127.0.0.1", "-p", str(port), *who]
    fields = ProxyFields(scheme="socks5", host="127.0.0.1", port=port, username=username, password=password or None)
    async with _running(RealProxy(fields, command)) as made:
        yield made


@asynccontextmanager
async def tinyproxy(folder: Path, username: str = "", password: str = "") -> AsyncIterator[RealProxy]:
    """An HTTP server that answers CONNECT."""
    port = free_port()
    lines = [f"Port {port}", "Listen 127.0.0.1", "Timeout 60", "MaxClients 20", "LogLevel Critical"]
    lines += [f"BasicAuth {username} {password}"] if username else []
    settings = folder / f"tinyproxy-{port}.conf"
    settings.write_text("\n".join([*lines, ""]))
    fields = ProxyFields(scheme="http", host="127.0.0.1", port=port, username=username, password=password or None)
    async with _running(RealProxy(fields, [_program("tinyproxy"), "-d", "-c", str(settings)])) as made:
        yield made


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """The port of a server that takes connections and never says a word."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            pass
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    yield listening.sockets[0].getsockname()[1]
    listening.close()
    await listening.wait_closed()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as trying:
        trying.bind(("127.0.0.1", 0))
        port: int = trying.getsockname()[1]
    return port


@asynccontextmanager
async def _running(proxy: RealProxy) -> AsyncIterator[RealProxy]:
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not installed: apt-get install microsocks tinyproxy-bin"
    return found


async def _is_open(port: int) -> bool:
    try:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
