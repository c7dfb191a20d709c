/*
 * gloox_client.cc - gloox as a peer of linnetd: signs in, sends one message or waits for one,
 * leaves.
 *
 *     gloox_client JID PORT PASSWORD-FILE CA-FILE starttls|direct-tls MECHANISM [TO BODY]
 *
 * MECHANISM is a name or "any". Prints "signed in: JID" and, without TO and BODY, "heard: BODY".
 * Exit status 0 when that much was done, 1 when not, with the reason on standard error. The
 * server's certificate must be valid for its name.
 */
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include <gloox/client.h>
#include <gloox/connectionlistener.h>
#include <gloox/connectiontcpclient.h>
#include <gloox/connectiontls.h>
#include <gloox/message.h>
#include <gloox/messagehandler.h>
#include <gloox/presence.h>
#include <gloox/tlsdefault.h>

namespace
{

/* Without -PLUS among its own, gloox announces `y` and then binds `n`: with it, it binds what it
 * said. */
const std::map<std::string, int> MECHANISMS = {
    {"any", gloox::SaslMechAll},
    {"PLAIN", gloox::SaslMechPlain},
    {"DIGEST-MD5", gloox::SaslMechDigestMd5},
    {"SCRAM-SHA-1", gloox::SaslMechScramSha1 | gloox::SaslMechScramSha1Plus},
    {"SCRAM-SHA-1-PLUS", gloox::SaslMechScramSha1Plus},
};

bool accepted(const gloox::CertInfo &info)
{
    if (info.status != gloox::CertOk)
        std::cerr << "certificate refused: " << info.status << std::endl;
    return info.status == gloox::CertOk;
}

struct Peer : gloox::ConnectionListener, gloox::MessageHandler {
    gloox::Client &client;
    std::string to, body;
    bool done = false;

    explicit Peer(gloox::Client &c) : client(c)
    {
        client.registerConnectionListener(this);
        client.registerMessageHandler(this);
    }

    void onConnect() override
    {
        std::cout << "signed in: " << client.jid().full() << std::endl;
        if (to.empty())
            return;
        client.send(gloox::Message(gloox::Message::Chat, gloox::JID(to), body));
        leave();
    }

    void handleMessage(const gloox::Message &message, gloox::MessageSession *) override
    {
        if (message.body().empty())
            return;
        std::cout << "heard: " << message.body() << std::endl;
        leave();
    }

    bool onTLSConnect(const gloox::CertInfo &info) override
    {
        return accepted(info);
    }

    void onDisconnect(gloox::ConnectionError error) override
    {
        if (error != gloox::ConnUserDisconnected)
            std::cerr << "disconnected: error " << error << ", sign-in error " << client.authError()
                      << std::endl;
    }

    void leave()
    {
        done = true;
        client.disconnect();
    }
};

/* TLS that trusts `ca` and wants the certificate of `domain`. gloox 1.0.24 uses a list of CAs only
 * if it comes after init, and direct TLS would check for the address that was connected to. */
struct Tls : gloox::TLSDefault {
    std::string ca;

    Tls(gloox::TLSHandler *handler, const std::string &domain, const std::string &trusted)
        : TLSDefault(handler, domain), ca(trusted)
    {
        init("", "", {});
    }

    bool init(const std::string &, const std::string &, const gloox::StringList &) override
    {
        bool good = TLSDefault::init();
        setCACerts({ca});
        return good;
    }
};

struct DirectTls : gloox::ConnectionTLS {
    std::string domain, ca;

    DirectTls(gloox::Client &client, int port, const std::string &trusted)
        : ConnectionTLS(&client,
                        new gloox::ConnectionTCPClient(client.logInstance(), "127.0.0.1", port),
                        client.logInstance()),
          domain(client.jid().server()), ca(trusted)
    {
    }

    gloox::TLSBase *getTLSBase(gloox::TLSHandler *handler, const std::string) override
    {
        return new Tls(handler, domain, ca);
    }

    void handleHandshakeResult(const gloox::TLSBase *tls, bool success,
                               gloox::CertInfo &info) override
    {
        ConnectionTLS::handleHandshakeResult(tls, success && accepted(info), info);
    }
};

} // namespace

int main(int argc, char **argv)
{
    if ((argc != 7 && argc != 9) || !MECHANISMS.count(argv[6])) {
        std::cerr
            << "usage: gloox_client JID PORT PASSWORD-FILE CA-FILE starttls|direct-tls MECHANISM"
               " [TO BODY]\n";
        return 2;
    }
    std::string password;
    std::getline(std::ifstream(argv[3]), password);

    gloox::Client client(gloox::JID(argv[1]), password, std::atoi(argv[2]));
    Peer peer(client);
    if (argc == 9) {
        peer.to = argv[7];
        peer.body = argv[8];
    }
    client.setServer("127.0.0.1");
    client.setCompression(false);
    client.setSASLMechanisms(MECHANISMS.at(argv[6]));
    client.setPresence(gloox::Presence::Available, 0);
    if (argv[5] == std::string("direct-tls")) {
        client.setTls(gloox::TLSDisabled);
        client.setConnectionImpl(new DirectTls(client, std::atoi(argv[2]), argv[4]));
    } else {
        client.setTls(gloox::TLSRequired);
        client.setEncryptionImpl(new Tls(&client, client.jid().server(), argv[4]));
    }
    client.connect();
    return peer.done ? EXIT_SUCCESS : EXIT_FAILURE;
}
