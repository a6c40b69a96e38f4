"""The API as a process: the place where it listens."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from asr.errors import PortTaken
from asr.serve import listen


def test_small_answers_are_sent_at_once():
    async def sends_at_once() -> bool:
        accepted: asyncio.Queue[int] = asyncio.Queue()

        async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            accepted.put_nowait(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        place = listen("127.0.0.1", 0)
        async with await asyncio.start_server(note, sock=place):
            _, client = await asyncio.open_connection(*place.getsockname())
            found = await accepted.get()
            client.close()
            await client.wait_closed()
        return bool(found)

    with ThreadPoolExecutor(1) as elsewhere:  # a browser that other tests have open may hold this thread's loop
        assert elsewhere.submit(lambda: asyncio.run(sends_at_once())).result()


def test_a_port_that_is_taken_is_said_with_what_to_do():
    with listen("127.0.0.1", 0) as place:
        place.listen()
        with pytest.raises(PortTaken, match="API_PORT"):
            listen("127.0.0.1", place.getsockname()[1])
