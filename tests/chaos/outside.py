"""The outside world: a process that does what it is asked, badly, and keeps a book of every call.

Its arguments are a port to listen on, a seed, and the port where it may send its messages; it
prints the port it got. What it does with a call follows from the seed, the service, the key and
how often that key was asked: the same seed is the same world.
"""

import asyncio
import json
import sys
from dataclasses import asdict
from urllib.parse import parse_qs, urlsplit

from tests.chaos.companies import COMPANIES, World
from tests.chaos.postman import Postman


async def answer(world, method, target, body):
    """The status (None: hang up) and the JSON of one request."""
    where = urlsplit(target)
    asked = {name: values[0] for name, values in parse_qs(where.query).items()}
    if target == "/calm":
        world.calm = True
        return 200, {}
    if target == "/book":
        return 200, [asdict(entry) for entry in world.book]
    if target == "/letters":
        return 200, world.postman.told()
    service = where.path.strip("/")
    if service not in COMPANIES:
        return 404, {}
    if method == "GET":
        found = world.find(service, asked["key"])
        return (200, found) if found else (404, {})
    return await world.call(service, body["key"], body["trip"], body.get("undoes"))


async def serve(world, reader, writer):
    try:
        method, target, _ = (await reader.readline()).decode().split(" ", 2)
        status, told = await answer(world, method, target, await body_of(reader))
        if status is None:
            writer.transport.abort()
        else:
            write_answer(writer, status, told)
            await writer.drain()
    except (OSError, ValueError, asyncio.IncompleteReadError):
        pass  # who asked has gone
    finally:
        writer.close()


async def body_of(reader):
    length = 0
    while (line := (await reader.readline()).strip().lower()) != b"":
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return json.loads(await reader.readexactly(length) or b"{}")


def write_answer(writer, status, told):
    text = json.dumps(told).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + text)


async def main(port, seed, web_port):
    world = World(seed, Postman(seed, web_port))
    server = await asyncio.start_server(
        lambda reader, writer: serve(world, reader, writer), "127.0.0.1", port, backlog=500
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
