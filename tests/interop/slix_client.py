"""One slixmpp session in a process of its own: signs in, sends, waits for messages, prints what
happened as a line of JSON per event.

    slix_client.py JID --port N --password-file F [--mech M] [--send TO BODY] [--expect N]

slixmpp 1.8 answers every -PLUS offer with tls-unique, also on TLS 1.3, where that binding does not
exist (RFC 9266); --tls12 makes it exist.
"""
import argparse
import asyncio
import json
import pathlib
import ssl
import sys

import slixmpp


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self, options, password):
        super().__init__(options.jid, password)
        self.options = options
        self.heard = 0
        self.code = 1
        self.done = asyncio.get_event_loop().create_future()
        if options.mech:
            self["feature_mechanisms"].use_mech = options.mech
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0199")
        for event, handler in (("session_start", self.started), ("message", self.message),
                               ("failed_auth", self.refused), ("failed_all_auth", self.lost),
                               ("disconnected", self.lost)):
            self.add_event_handler(event, handler)

    def get_ssl_context(self):
        context = super().get_ssl_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if self.options.tls12:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    async def started(self, _event):
        say("started", jid=str(self.boundjid), mechanism=self["feature_mechanisms"].mech.name)
        try:
            self.send_presence()
            info = await self["xep_0030"].get_info(jid=self.boundjid.domain, timeout=10)
            say("disco", features=sorted(info["disco_info"]["features"]))
            await self["xep_0199"].ping(jid=self.boundjid.domain, timeout=10)
            say("pong")
        except Exception as error:
            say("error", text=f"{type(error).__name__}: {error}")
            self.finish(1)
            return
        if self.options.send:
            self.send_message(mto=self.options.send[0], mbody=self.options.send[1], mtype="chat")
        if self.heard >= self.options.expect:
            self.finish(0)

    def message(self, stanza):
        if stanza["type"] == "error":
            say("bounced", condition=stanza["error"]["condition"])
            return
        self.heard += 1
        say("message", sender=str(stanza["from"]), body=stanza["body"])
        if self.heard >= self.options.expect:
            self.finish(0)

    def refused(self, stanza):
        say("refused", condition=stanza["condition"], mechanism=self["feature_mechanisms"].mech.name)

    def lost(self, _event):
        self.finish(1)

    def finish(self, code):
        if not self.done.done():
            self.code = code
            self.done.set_result(None)


async def main(options):
    password = pathlib.Path(options.password_file).read_text()
    client = Client(options, password)
    client.connect(("127.0.0.1", options.port), use_ssl=options.direct_tls)
    try:
        await asyncio.wait_for(client.done, options.timeout)
    except asyncio.TimeoutError:
        say("timeout")
    client.disconnect(wait=2)
    await asyncio.sleep(0.3)
    return client.code


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("jid")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--password-file", required=True)
    parser.add_argument("--direct-tls", action="store_true")
    parser.add_argument("--tls12", action="store_true")
    parser.add_argument("--mech")
    parser.add_argument("--send", nargs=2)
    parser.add_argument("--expect", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=30)
    sys.exit(asyncio.get_event_loop().run_until_complete(main(parser.parse_args())))
