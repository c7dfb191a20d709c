#!/usr/bin/python3
"""A link that is as long as it is told to be: a TCP relay on loopback for any number of connections.

    bench/link.py RTT-MS TO-PORT     prints the port to connect to; relays until it is ended

Every byte is half the round-trip time on its way, in either direction, whatever their number. The
first of a connection are a whole one later, as they are where TCP itself needs that to connect.

The relay also counts flights: a flight is what a client sends before it can have an answer to the
first of it. There are as many round trips as flights that the client waits for, and one more that
connects. Whoever only counts wants a link longer than any pause of the client between two writes.
"""
import asyncio
import selectors
import sys
import threading

PIECE_BYTES = 65536


class Connection:
    """What went over one connection; `ended` is set when no more can."""

    def __init__(self, loop, way_s):
        self.loop, self.way_s = loop, way_s
        self.flights, self.begun_s = 0, -1.0
        self.heard = True  # something from the server since the client's last bytes
        self.ended = threading.Event()

    def on_sent(self):
        if self.heard and self.loop.time() - self.begun_s > self.way_s:
            self.flights += 1
            self.begun_s = self.loop.time()
        self.heard = False

    def on_heard(self):
        self.heard = True


def nothing():
    pass


class Link:
    """Runs in a thread of its own between `with` and its end. `connections` are those accepted, in
    order."""

    def __init__(self, to_port, rtt_ms):
        self.to_port, self.way_s = to_port, rtt_ms / 2000
        self.port, self.connections = None, []
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
        connection = Connection(self.loop, self.way_s)
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
                self.carry(near_in, far_out, connected, connection.on_sent, nothing),
                self.carry(far_in, near_out, 0, nothing, connection.on_heard))
        finally:
            for out in outs:
                out.close()
            connection.ended.set()

    async def carry(self, reader, writer, earliest, on_read, on_written):
        """Moves what is read, and then its end, each when it is due."""
        on_way = asyncio.Queue()
        delivery = asyncio.ensure_future(self.deliver(on_way, writer, on_written))
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

    async def deliver(self, on_way, writer, on_written):
        data = True
        while data:
            due, data = await on_way.get()
            await asyncio.sleep(due - self.loop.time())
            try:
                if data:
                    on_written()
                    writer.write(data)
                else:
                    writer.write_eof()
            except OSError:
                return  # who should get it has gone


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
