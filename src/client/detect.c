#include "client/detect.h"

#include <strings.h>

static bool begins(struct str s, const char *with)
{
    size_t len = strlen(with);
    return s.len >= len && strncasecmp(s.ptr, with, len) == 0;
}

static bool is_tls_record(struct str s)
{
    /* ContentType alert or handshake, then a version 3.x (RFC 8446 §5.1). */
    return s.len >= 2 && (s.ptr[0] == 0x15 || s.ptr[0] == 0x16) && s.ptr[1] == 3;
}

const char *detect_protocol(struct str first, bool expected_tls)
{
    static const struct {
        const char *begins, *is;
    } known[] = {
        {"HTTP/", "a web server (HTTP)"},
        {"<!DOCTYPE HTML", "a web server (HTTP)"},
        {"<html", "a web server (HTTP)"},
        {"SSH-", "an SSH server"},
        {"220", "a mail or file server (SMTP or FTP)"},
        {"* OK", "a mail server (IMAP)"},
        {"+OK", "a mail server (POP3)"},
        {"RFB ", "a remote desktop (VNC)"},
        {"-ERR", "a database or mail server"},
    };
    if (expected_tls && (begins(first, "<?xml") || begins(first, "<stream")))
        return "XMPP that begins in clear, with STARTTLS; not direct TLS";
    if (!expected_tls && is_tls_record(first))
        return "TLS from the first byte; try direct TLS";
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (begins(first, known[i].begins))
            return known[i].is;
    return NULL;
}
