"""SASL2, Bind 2 and config-version (XEP-0388, 0386, 0509) spoken by hand: in one flight, out of turn,
with names that are too long and resources that must not be guessed."""
import json
import re

import daemon
from daemon import Daemon, drop, wait_for
from sasl2 import (CLIENT_ID, OTHER_ID, ENABLE, IAP, SASL2, SM, Refused, b64, bind, connected, ended_with,
                    finished, handled, next_stanza, nothing_more, opened, plain, refused, request,
                    request_token, scram, sign_in, take_outcome)


def ways_in():
    """PLAIN and SCRAM, with and without each of what may come along"""
    with Daemon(users=["romeo"]) as server:
        for client_id in (CLIENT_ID, None):
            for binding in ("", bind(), bind(inside=ENABLE), bind("tag", f"<enable xmlns='{SM}'/>")):
                for way in (lambda: sign_in(server, "romeo", binding=binding, client_id=client_id),
                            lambda: scram(opened(server), "romeo", "secret of romeo", binding, client_id)):
                    session = way()
                    if not binding:
                        assert session.jid == "romeo@localhost" and session.answer.bound is None
                        session.bind("mine")
                        assert session.jid == "romeo@localhost/mine", session.jid
                    assert ("enable" in binding) == (session.answer.enabled is not None)
                    if session.answer.enabled is not None:
                        assert bool(session.sm_id) == ("resume" in binding)
                    daemon.ping(session)
                    session.close()
        finished(server, "romeo")


def version_of(features):
    return features.find(f"{{{IAP}}}config-version").get("value")


def one_flight():
    """header and <authenticate/> in one write; with a version that is no more, nothing is lost"""
    with Daemon("login.throttle=false", users=["romeo"]) as server:
        version = version_of(opened(server).features)
        assert version == version_of(opened(server).features)
        for given, good in ((version, True), ("x" + version[1:], False), ("", False)):
            session = connected(server)
            named = f"<config-version xmlns='{IAP}' scheme='opaque' value='{given}'/>"
            session.write(daemon.HEADER + request("PLAIN", plain("romeo", "secret of romeo"),
                                                  named + bind(inside=ENABLE) + request_token()))
            assert version_of(session.read()) == version
            if not good:
                for _ in range(9):  # it is nobody's wrong guess
                    try:
                        take_outcome(session)
                    except Refused as error:
                        assert str(error) == "aborted", error
                    else:
                        raise AssertionError("it was let in")
                    session.write(request("PLAIN", plain("romeo", "secret of romeo"), named))
                try:
                    take_outcome(session)
                except Refused:
                    pass
                sign_in(server, "romeo", session=session)
            else:
                take_outcome(session)
                assert session.answer.token and session.sm_id
            daemon.ping(session)
            session.close()
        finished(server, "romeo")


def first_stanzas():
    """stanzas in the same write as <authenticate/> come after the session has begun, and are counted"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet = sign_in(server, "juliet")
        session = opened(server)
        session.write(request("PLAIN", plain("romeo", "secret of romeo"), bind(inside=ENABLE))
                      + f"<message to='{juliet.jid}' type='chat'><body>early</body></message>"
                      + "<presence/>" + daemon.PING.format("early"))
        take_outcome(session)
        assert next_stanza(session).tag.endswith("}presence")
        assert next_stanza(session).get("id") == "early"
        assert handled(session) == 3
        assert next_stanza(juliet).findtext("{jabber:client}body") == "early"
        session.close()
        juliet.close()
        finished(server, "romeo")


def out_of_turn():
    """what may not come now ends the stream, and nobody is let in by it"""
    with Daemon("login.throttle=false", users=["romeo"]) as server:
        good = request("PLAIN", plain("romeo", "secret of romeo"), bind())
        first = request("SCRAM-SHA-256", "n,,n=romeo,r=abcdefgh")
        for text, condition in (
                (f"<response xmlns='{SASL2}'/>", "not-authorized"),
                (f"<abort xmlns='{SASL2}'/>", "not-authorized"),
                (first + first, "not-authorized"),
                (first + "<message/>", "not-authorized"),
                (f"<resume xmlns='{SM}' previd='x' h='0'/>", "not-authorized"),
                ("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
                 "not-authorized")):
            session = opened(server)
            session.write(text)
            ended_with(session, condition)
        plain_text = server.session()
        plain_text.open()
        plain_text.write(good)
        ended_with(plain_text, "not-authorized")
        # Twice: the second one comes when somebody is signed in already.
        session = opened(server)
        session.write(good)
        take_outcome(session)
        session.write(good)
        try:
            while (element := session.read()).get("type") != "error":
                assert element.tag.endswith("}error"), element.tag
                break
        except daemon.GONE:
            pass
        drop(session)
        session = connected(server)
        session.write(daemon.HEADER.replace("to='localhost'", "to='localhost' from='juliet@localhost'") + good)
        session.read()
        try:
            take_outcome(session)
        except Refused as error:
            assert str(error) == "invalid-authzid", error
        else:
            raise AssertionError("it is romeo, and said that it is juliet")
        finished(server, "romeo")


def wrong_initial_responses():
    """payloads that are no base64, empty, absent or huge"""
    with Daemon("login.throttle=false", users=["romeo"]) as server:
        for body, condition in (
                ("<initial-response>=</initial-response>", "malformed-request"),
                ("<initial-response>a b c d</initial-response>", "incorrect-encoding"),
                ("<initial-response>AB==</initial-response>", "incorrect-encoding"),
                ("<initial-response/>", "malformed-request"),
                (f"<initial-response>{b64(plain('romeo', 'x' * 3000))}</initial-response>",
                 "malformed-request not-authorized")):
            session = opened(server)
            session.write(f"<authenticate xmlns='{SASL2}' mechanism='PLAIN'>{body}</authenticate>")
            try:
                take_outcome(session)
            except Refused as error:
                assert str(error) in condition.split(), (body[:80], str(error))
            else:
                raise AssertionError("it was let in")
            sign_in(server, "romeo", session=session)
            daemon.ping(session)
            session.close()
        finished(server, "romeo")


FACE = "\N{PILE OF POO}"
TAGS = ["phone", "a b", "a/b", "/", FACE, "Ünïcode", "&lt;x&gt;", "x" * 64, "%s%n",
        "x" * 65, "x" * 5000, FACE * 16, FACE * 17, "&#9;", "\N{RIGHT-TO-LEFT OVERRIDE}x"]


def tags():
    """any tag is taken or left out; what follows it can be guessed by nobody"""
    with Daemon(users=["romeo"]) as server:
        seen = set()
        for tag in TAGS:
            session = sign_in(server, "romeo", binding=bind(tag, ENABLE), client_id=None)
            resource = session.jid.removeprefix("romeo@localhost/")
            random = resource.rsplit("/", 1)[-1]
            assert re.fullmatch("[0-9a-f]{30}", random) and random not in seen, session.jid
            seen.add(random)
            text = tag.replace("&lt;", "<").replace("&gt;", ">")
            if len(tag.encode()) <= 64 and tag[0] not in "&\N{RIGHT-TO-LEFT OVERRIDE}" or tag == "&lt;x&gt;":
                assert resource == f"{text}/{random}", (tag, resource)
            else:
                assert len(resource) < 100, resource
            session.write(f"<message to='{session.jid.replace('<', '&lt;')}'><body>me</body></message>")
            assert next_stanza(session).get("from") == session.jid
            assert any(json.loads(line)["jid"] == session.jid
                       for line in server.control("--json", "sessions").splitlines())
            session.close()
        finished(server, "romeo")


def same_installation():
    """a session of the same installation takes the older one's place; of another it does not"""
    with Daemon(users=["romeo", "juliet"]) as server:
        first = sign_in(server, "romeo")
        other = sign_in(server, "romeo", client_id=OTHER_ID)
        nameless = sign_in(server, "romeo", client_id=None)
        theirs = sign_in(server, "juliet")
        second = sign_in(server, "romeo")
        ended_with(first, "conflict")
        drop(second)
        wait_for("the second to be detached", lambda: "detached_s" in server.control("--json", "sessions"))
        third = sign_in(server, "romeo")
        assert "detached_s" not in server.control("--json", "sessions")
        for session in (other, nameless, theirs, third):
            nothing_more(session)
            session.close()
        finished(server, "romeo", "juliet")


def long_names():
    """names of 10,000 bytes that a client gives itself, its installation and its session"""
    with Daemon("login.throttle=false", "limits.max_stanza_bytes_before_auth=65536", users=["romeo"]) as server:
        for client_id in ("x" * 65, "x" * 10_000):
            refused(server, "romeo", condition="malformed-request", client_id=client_id)
        agent = (f"<user-agent id='{CLIENT_ID}'><software>{FACE * 2000}</software>"
                 f"<device>{'d' * 10_000}</device></user-agent>")
        session = opened(server)
        session.write(request("PLAIN", plain("romeo", "secret of romeo"),
                              agent + request_token() + bind("t" * 10_000, ENABLE), client_id=None))
        take_outcome(session)
        assert len(session.jid) < 60, session.jid
        (row,) = [json.loads(line)
                  for line in server.control("--json", "user", "tokens", "romeo").splitlines()]
        assert row["software"] == FACE * 25 and row["device"] == "d" * 100, row
        session.close()
        refused(server, "romeo", condition="not-authorized", token="x" * 10_000)
        finished(server, "romeo")


def tells_the_way():
    """the record of a sign-in that failed says by which profile it was tried"""
    message = plain("juliet", "wrong")
    auth = f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{b64(message)}</auth>"
    with Daemon(users=["juliet"]) as server:
        def paths():
            told = server.control("--json", "logins", "--failed").splitlines()
            return sorted(json.loads(line)["path"] for line in told)

        for tried, expected in ((request("PLAIN", message), ["sasl2"]), (auth, ["classic", "sasl2"])):
            session = opened(server)
            session.write(tried)
            assert session.read().tag.endswith("}failure")
            drop(session)
            wait_for("its record", lambda count=len(expected): len(paths()) == count)
            assert paths() == expected, paths()
        finished(server, "juliet")


if __name__ == "__main__":
    daemon.run(ways_in, one_flight, first_stanzas, out_of_turn, wrong_initial_responses, tags,
               same_installation, long_names, tells_the_way)
