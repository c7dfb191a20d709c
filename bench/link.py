#!/usr/bin/python3
"""A link that is as long as it is told to be: a TCP relay on loopback for any number of connections.

    bench/link.py RTT-MS TO-PORT     prints the port to connect to; relays until it is ended

Every byte is half the round-trip time on its way, in either direction, whatever their number. The
first of a connection are a whole one later, as they are where TCP itself needs that to connect.

The relay also counts flights: a flight is what a client sends before it can have an answer to the
first of it. There are as many round trips as flights that the client waits for, and one more that
connects. Whoever only counts names the processes at both ends: what the server says is then held until
neither of them has anything more to say, and a pause on a busy machine makes no flight.
"""
import asyncio
import pathlib
import re
import selectors
import sys
import threading

PIECE_BYTES = 65536


class Connection:
    """What went over one connection; `ended` is set when no more can."""

    def __init__(self, loop, way_s, counts):
        self.loop, self.way_s = loop, way_s
        self.flights, self.begun_s = 0, -1.0
        self.heard = True  # something from the server since the client's last bytes
        self.counts = counts  # flights by turns, not by time
        self.read = self.to_server = 0  # pieces that came; those on their way to the server
        self.ended = threading.Event()

    def on_sent(self):
        self.read += 1
        self.to_server += 1
        if self.heard and (self.counts or self.loop.time() - self.begun_s > self.way_s):
            self.flights += 1
            self.begun_s = self.loop.time()
        self.heard = False

    def on_delivered(self):
        self.to_server -= 1

    def on_said(self):
        self.read += 1

    def on_heard(self):
        self.heard = True


AWAKE = re.compile(r"^State:\t[^SZX]", re.M)
SWITCHES = re.compile(r"^\w*voluntary_ctxt_switches:\t\d+", re.M)


def rest_of(pids):
    """How often each of their threads has been awake by now; None when one is, or has just ended.
    Threads are looked at one after the other: only when this is the same twice has work not gone from
    one to another meanwhile."""
    try:
        threads = [thread.read_text() for pid in pids
                   for thread in sorted(pathlib.Path(f"/proc/{pid}/task").glob("*/status"))]
    except OSError:
        return None
    return None if any(map(AWAKE.search, threads)) else [SWITCHES.findall(text) for text in threads]


class Link:
    """Runs in a thread of its own between `with` and its end. `connections` are those accepted, in
    order. Whoever `counts` says in `ends` which processes are there, once they are."""

    def __init__(self, to_port, rtt_ms, counts=False):
        self.to_port, self.way_s = to_port, rtt_ms / 2000
        self.port, self.connections = None, []
        self.counts, self.ends = counts, ()
        # select() waits for microseconds, epoll for whole milliseconds.
        self.loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.server, self.relays = None, set()

    def __enter__(self):
        self.thread.start()
        listening = asyncio.start_server(self.accept, "127.0.0.1", 0)
        self.server = asyncio.run_coroutine_threadsafe(listening, self.loop).result(10)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    async def stop(self):
        self.server.close()
        for task in self.relays:
            task.cancel()
        await asyncio.gather(*self.relays, return_exceptions=True)

    def accept(self, near_in, near_out):
        connection = Connection(self.loop, self.way_s, self.counts)
        self.connections.append(connection)
        task = asyncio.ensure_future(self.relay(near_in, near_out, connection))
        self.relays.add(task)
        task.add_done_callback(self.relays.discard)

    async def relay(self, near_in, near_out, connection):
        connected = self.loop.time() + 2 * self.way_s
        outs = [near_out]
        try:
            far_in, far_out = await asyncio.open_connection("127.0.0.1", self.to_port)
            outs.append(far_out)
            await asyncio.gather(
                self.carry(near_in, far_out, connected, connection.on_sent, connection.on_delivered),
                self.carry(far_in, near_out, 0, connection.on_said, connection.on_heard,
                           lambda: self.silence(connection)))
        finally:
            for out in outs:
                out.close()
            connection.ended.set()

    async def silence(self, connection):
        """Neither end has anything more to say before it hears something."""
        while self.counts:
            read, rest = connection.read, rest_of(self.ends)
            for _ in range(3):  # what was written here is read here
                await asyncio.sleep(0.001)
            quiet = connection.to_server == 0 and connection.read == read
            if self.ends and quiet and rest is not None and rest == rest_of(self.ends):
                return

    async def carry(self, reader, writer, earliest, on_read, on_written, holds=None):
        """Moves what is read, and then its end, each when it is due."""
        on_way = asyncio.Queue()
        delivery = asyncio.ensure_future(self.deliver(on_way, writer, on_written, holds))
        data = True
        try:
            while data:
                data = await read_some(reader)
                if data:
                    on_read()
                on_way.put_nowait((max(self.loop.time(), earliest) + self.way_s, data))
            await delivery
        finally:
            delivery.cancel()

    async def deliver(self, on_way, writer, on_written, holds):
        data = True
        while data:
            due, data = await on_way.get()
            await asyncio.sleep(due - self.loop.time())
            if holds:
                await holds()
                data = join(data, on_way)
            try:
                if data:
                    on_written()
                    writer.write(data)
                else:
                    writer.write_eof()
            except OSError:
                return  # who should get it has gone


def join(data, on_way):
    """With all that came behind it."""
    while data and not on_way.empty():
        _, more = on_way.get_nowait()
        if not more:
            on_way.put_nowait((0, more))  # the end stays an end
            break
        data += more
    return data


async def read_some(reader):
    """b"" at its end, which may come as an error."""
    try:
        return await reader.read(PIECE_BYTES)
    except OSError:
        return b""


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: link.py RTT-MS TO-PORT")
    with Link(int(sys.argv[2]), float(sys.argv[1])) as link:
        print(link.port, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
