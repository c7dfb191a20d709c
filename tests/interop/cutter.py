"""A link that can be cut: a TCP proxy on a free loopback port, in a thread of its own."""
import selectors
import socket
import struct
import threading


class Cutter:
    """Passes bytes both ways until it is told otherwise; leaving the `with` block ends it."""

    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.pairs = {}  # a socket and the one at the other end
        self.connected = 0
        self.frozen = self.refusing = self.over = False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        self.cut()
        self.listener.close()

    def cut(self):
        """Every connection is reset, at both ends."""
        with self.lock:
            for one in list(self.pairs):
                self.reset(one)
            self.pairs.clear()
            self.frozen = False

    def freeze(self):
        """Nothing passes, and nobody is told, until cut()."""
        self.frozen = True

    def refuse(self, refusing):
        """Whoever connects is reset at once."""
        self.refusing = refusing

    @staticmethod
    def reset(one):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()

    def accept(self):
        one, _ = self.listener.accept()
        try:
            if self.refusing:
                raise ConnectionError
            other = socket.create_connection(self.target)
        except OSError:
            self.reset(one)
            return
        self.connected += 1
        self.pairs[one], self.pairs[other] = other, one

    def pass_on(self, one):
        other = self.pairs[one]
        try:
            data = one.recv(65536)
            if data:
                other.sendall(data)
                return
            one.close()
            other.close()
        except OSError:
            self.reset(one)
            self.reset(other)
        del self.pairs[one], self.pairs[other]

    def run(self):
        while not self.over:
            with selectors.DefaultSelector() as selector:
                with self.lock:
                    selector.register(self.listener, selectors.EVENT_READ)
                    for one in () if self.frozen else self.pairs:
                        selector.register(one, selectors.EVENT_READ)
                    ready = [key.fileobj for key, _ in selector.select(0.01)]
                    for one in ready:
                        if one is self.listener:
                            self.accept()
                        elif one in self.pairs:
                            self.pass_on(one)
