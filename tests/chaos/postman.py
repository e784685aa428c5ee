"""The postman: signs what the companies tell us, and brings it late, twice and out of order."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import time
from collections import Counter

SECRET = "whsec_" + base64.b64encode(b"the chaos has one secret".ljust(32)).decode()
COPIES = (1, 1, 1, 2, 3)
LATE_SECONDS = 2.0
RETRY_SECONDS = 0.5


class Postman:
    """Delivers each letter, so often and so late as the seed says, until it is taken."""

    def __init__(self, seed, port):
        self.counts = Counter()
        self.on_the_way = 0
        self._random = random.Random(f"postman {seed}")
        self._port = port
        self._last = 0

    def told(self):
        """What was delivered, by kind."""
        return {**self.counts, "still on the way": self.on_the_way}

    def send(self, type, entry):
        """Put a letter on its way."""
        data = {"reference": entry.reference, "state": entry.state, "trip": entry.trip}
        letter = (f"msg-{entry.reference}-{entry.state}", type, data)
        copies = self._random.choice(COPIES)
        self.counts["letters"] += 1
        self.counts["letters sent more than once"] += copies > 1
        for _ in range(copies):
            self.on_the_way += 1
            pause = self._random.random() ** 3 * LATE_SECONDS
            asyncio.ensure_future(self._deliver(letter, entry.order, pause))

    async def _deliver(self, letter, order, pause):
        await asyncio.sleep(pause)
        while await self._bring(letter) not in (200, 202):
            self.counts["deliveries that failed"] += 1
            await asyncio.sleep(RETRY_SECONDS)
        self.counts["deliveries"] += 1
        self.counts["deliveries out of order"] += order < self._last
        self._last = max(self._last, order)
        self.on_the_way -= 1

    async def _bring(self, letter):
        id, type, data = letter
        body = json.dumps({"type": type, "data": data}).encode()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return None
        try:
            writer.write(signed_request(id, body) + body)
            status = await asyncio.wait_for(reader.readline(), 10)
            return int(status.split(b" ")[1])
        except (TimeoutError, OSError, IndexError, ValueError):
            return None
        finally:
            writer.transport.abort()


def signed_request(id, body):
    now = str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, f"{id}.{now}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "Host": "localhost",
        "Content-Type": "application/json",
        "Content-Length": len(body),
        "Connection": "close",
        "webhook-id": id,
        "webhook-timestamp": now,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /api/v1/inbox/bank/ HTTP/1.1\r\n{lines}\r\n".encode()
