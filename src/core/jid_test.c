#include "core/jid.h"

#include "base/alloc_fail_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Prepares `text`; checks the invariants of a good address and of a refused one. */
static enum jid_fault check(struct str text, struct jid *j)
{
    enum jid_fault fault = jid_parse(text, j);
    if (fault) {
        struct jid none = {0};
        assert_memory_equal(j, &none, sizeof none);
        return fault;
    }
    struct jid again, parts;
    assert_int_equal(jid_parse(jid_full(j), &again), JID_OK);
    assert_true(jid_equal(&again, j));
    assert_int_equal(jid_make(j->local, j->domain, j->resource, &parts), JID_OK);
    assert_true(jid_equal(&parts, j));
    assert_int_equal(j->bare_len, j->domain.ptr + j->domain.len - j->full);
    jid_finish(&again);
    jid_finish(&parts);
    return JID_OK;
}

struct valid {
    const char *text, *full;
};

static void assert_valid(const struct valid *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct jid j;
        if (check(str_from(rows[i].text), &j) != JID_OK)
            fail_msg("refused: %s", rows[i].text);
        assert_string_equal(j.full, rows[i].full ? rows[i].full : rows[i].text);
        jid_finish(&j);
    }
}

struct invalid {
    const char *text;
    enum jid_fault fault;
};

static void assert_invalid(const struct invalid *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct jid j;
        enum jid_fault fault = check(str_from(rows[i].text), &j);
        if (fault != rows[i].fault)
            fail_msg("%s: fault %d, not %d", rows[i].text, fault, rows[i].fault);
    }
}

static void accepts_the_examples_of_rfc_7622(void **state)
{
    (void)state;
    static const struct valid rows[] = {
        {"juliet@example.com", NULL},
        {"juliet@example.com/foo", NULL},
        {"juliet@example.com/foo bar", NULL},
        {"juliet@example.com/foo@bar", NULL},
        {"foo\\20bar@example.com", NULL},
        {"fussball@example.com", NULL},
        {"fu\u00dfball@example.com", NULL},
        {"\u03c0@example.com", NULL},
        {"\u03a3@example.com/foo", "\u03c3@example.com/foo"},
        {"\u03c3@example.com/foo", NULL},
        {"\u03c2@example.com/foo", NULL},
        {"king@example.com/\u265a", NULL},
        {"example.com", NULL},
        {"example.com/foobar", NULL},
        {"a.example.com/b@example.net", NULL},
        /* Listed as invalid, but OpaqueString permits a leading space (errata 4534, 4560). */
        {"juliet@example.com/ foo", NULL},
    };
    assert_valid(rows, ARRAY_LEN(rows));
}

static void refuses_the_examples_of_rfc_7622(void **state)
{
    (void)state;
    static const struct invalid rows[] = {
        {"\"juliet\"@example.com", JID_LOCAL_CHARACTER},
        {"foo bar@example.com", JID_LOCAL_CHARACTER},
        {"@example.com/", JID_EMPTY},
        {"henry\u2163@example.com", JID_LOCAL_CHARACTER},
        {"\u265a@example.com", JID_LOCAL_CHARACTER},
        {"juliet@", JID_EMPTY},
        {"/foobar", JID_EMPTY},
    };
    assert_invalid(rows, ARRAY_LEN(rows));
}

static void cuts_at_the_first_slash_then_at_the_first_at(void **state)
{
    (void)state;
    struct jid j;
    assert_int_equal(check(STR_LIT("evil/@victim"), &j), JID_OK);
    assert_null(j.local.ptr);
    assert_true(str_is(j.domain, "evil"));
    assert_true(str_is(j.resource, "@victim"));
    assert_true(str_is(jid_bare(&j), "evil"));
    jid_finish(&j);

    assert_int_equal(check(STR_LIT("d/r@x"), &j), JID_OK);
    assert_null(j.local.ptr);
    assert_true(str_is(j.resource, "r@x"));
    jid_finish(&j);

    assert_int_equal(check(STR_LIT("l@d/r/s@t"), &j), JID_OK);
    assert_true(str_is(j.local, "l"));
    assert_true(str_is(j.domain, "d"));
    assert_true(str_is(j.resource, "r/s@t"));
    assert_true(str_is(jid_bare(&j), "l@d"));
    assert_true(str_is(jid_full(&j), "l@d/r/s@t"));
    jid_finish(&j);
    assert_null(j.full);
}

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    static const struct invalid rows[] = {
        {"", JID_EMPTY},
        {"@", JID_EMPTY},
        {"/", JID_EMPTY},
        {"@/", JID_EMPTY},
        {"a@d/", JID_EMPTY},
        {"d/", JID_EMPTY},
        {"@d", JID_EMPTY},
        {".", JID_EMPTY},
        {"a@.", JID_EMPTY},
        {"a b@d", JID_LOCAL_CHARACTER},
        {"a&b@d", JID_LOCAL_CHARACTER},
        {"a'b@d", JID_LOCAL_CHARACTER},
        {"a:b@d", JID_LOCAL_CHARACTER},
        {"a<b@d", JID_LOCAL_CHARACTER},
        {"a>b@d", JID_LOCAL_CHARACTER},
        {"a\x7f@d", JID_LOCAL_CHARACTER},
        {"a\n@d", JID_LOCAL_CHARACTER},
        {"a@b@d", JID_DOMAIN_INVALID},
        {"a@d/\x01", JID_RESOURCE_CHARACTER},
        {"a@d/\x7f", JID_RESOURCE_CHARACTER},
        {"a@d/\xc2\x85", JID_RESOURCE_CHARACTER},
        {"a@d/x\u00ad", JID_RESOURCE_CHARACTER},                    /* default ignorable */
        {"a@d/\u202ex", JID_RESOURCE_CHARACTER},                    /* steers direction */
        {"a@d/\U0001f469\u200d\U0001f4bb", JID_RESOURCE_CHARACTER}, /* joiner without virama */
        {"a@d/\u1100", JID_RESOURCE_CHARACTER},                     /* old Hangul */
        {"a@d/\u0378", JID_RESOURCE_CHARACTER},                     /* unassigned */
        {"a@d/\ue000", JID_RESOURCE_CHARACTER},                     /* private */
        {"a\xff@d", JID_NOT_UTF8},
        {"a@\xc3.example", JID_NOT_UTF8},
        {"a@d/\xed\xa0\x80", JID_NOT_UTF8},
        {"\xc0\xaf@d", JID_NOT_UTF8},
        {"a@d/\xf4\x90\x80\x80", JID_NOT_UTF8},
    };
    assert_invalid(rows, ARRAY_LEN(rows));
}

static void refuses_embedded_zero_bytes(void **state)
{
    (void)state;
    struct jid j;
    assert_int_equal(jid_parse(str_of("a\0b@d", 5), &j), JID_LOCAL_CHARACTER);
    assert_int_equal(jid_parse(str_of("\u00fc\0b@d", 6), &j), JID_LOCAL_CHARACTER);
    assert_int_equal(jid_parse(str_of("a@d\0e", 5), &j), JID_DOMAIN_INVALID);
    assert_int_equal(jid_parse(str_of("a@\u00fc\0e", 6), &j), JID_DOMAIN_INVALID);
    assert_int_equal(jid_parse(str_of("a@d/r\0s", 7), &j), JID_RESOURCE_CHARACTER);
    assert_int_equal(jid_parse(str_of("a@d/\u00fc\0s", 8), &j), JID_RESOURCE_CHARACTER);
}

static void prepares_localparts(void **state)
{
    (void)state;
    static const struct valid rows[] = {
        {"Juliet@d", "juliet@d"},
        {"JULIET!#$%*+-.0=?[\\]^_`{|}~@d", "juliet!#$%*+-.0=?[\\]^_`{|}~@d"},
        {"\uff2a\uff35\uff2c@d", "jul@d"},                      /* fullwidth */
        {"\uff76\uff9e@d", "\u30ac@d"},                         /* halfwidth kana, then NFC */
        {"E\u0301@d", "\u00e9@d"},                              /* NFC after case */
        {"\u212a@d", "k@d"},                                    /* Kelvin sign */
        {"\u1100\u1161@d", "\uac00@d"},                         /* Hangul, decomposed */
        {"\u0130@d", "i\u0307@d"},                              /* I with dot */
        {"\u03a0\u0391\u03a3@d", "\u03c0\u03b1\u03c3@d"},       /* no final sigma */
        {"\u1e9e@d", "\u00df@d"},                               /* capital sharp s */
        {"\u05d0\u05d1@d", NULL},                               /* right to left */
        {"\u06271@d", NULL},                                    /* ending in a digit */
        {"L\u00b7L@d", "l\u00b7l@d"},                           /* middle dot between l */
        {"\u0375\u03b1@d", NULL},                               /* keraia before Greek */
        {"\u05d0\u05f3@d", NULL},                               /* geresh after Hebrew */
        {"\u30a2\u30fb\u30a2@d", NULL},                         /* katakana middle dot */
        {"\u6f22\u30fb@d", NULL},                               /* ... beside Han */
        {"\u0627\u0661@d", NULL},                               /* Arabic-Indic digit */
        {"\u0915\u094d\u200d\u0937@d", NULL},                   /* ZWJ after virama */
        {"\u0915\u094d\u200c\u0937@d", NULL},                   /* ZWNJ after virama */
        {"\u0646\u0627\u0645\u0647\u200c\u0627\u06cc@d", NULL}, /* ZWNJ between joined */
        {"\u0647\u064b\u200c\u064b\u0627@d", NULL},             /* ... over marks */
    };
    assert_valid(rows, ARRAY_LEN(rows));
}

static void refuses_localparts(void **state)
{
    (void)state;
    static const struct invalid rows[] = {
        {"a\uff20b@d", JID_LOCAL_CHARACTER},   /* becomes '@' */
        {"a\uff0fb@d", JID_LOCAL_CHARACTER},   /* becomes '/' */
        {"\ufb01@d", JID_LOCAL_CHARACTER},     /* ligature */
        {"a\u00a0b@d", JID_LOCAL_CHARACTER},   /* no-break space */
        {"a\u3000b@d", JID_LOCAL_CHARACTER},   /* ideographic space */
        {"\U0001f426@d", JID_LOCAL_CHARACTER}, /* a symbol */
        {"\u1100@d", JID_LOCAL_CHARACTER},     /* old Hangul */
        {"\uffa1@d", JID_LOCAL_CHARACTER},     /* halfwidth Hangul */
        {"\u0640@d", JID_LOCAL_CHARACTER},     /* tatweel */
        {"\u05d0a@d", JID_LOCAL_CHARACTER},    /* mixed direction */
        {"a\u05d0@d", JID_LOCAL_CHARACTER},
        {"1\u05d0@d", JID_LOCAL_CHARACTER},       /* right to left must begin so */
        {"\u05d0-@d", JID_LOCAL_CHARACTER},       /* ... and end so */
        {"\u06271\u0661@d", JID_LOCAL_CHARACTER}, /* two kinds of digits */
        {"\u0627\u0661\u06f1@d", JID_LOCAL_CHARACTER},
        {"a\u00b7l@d", JID_LOCAL_CHARACTER},
        {"l\u00b7@d", JID_LOCAL_CHARACTER},
        {"\u0375a@d", JID_LOCAL_CHARACTER},
        {"a\u05f3@d", JID_LOCAL_CHARACTER},
        {"\u30fb@d", JID_LOCAL_CHARACTER},
        {"a\u200cb@d", JID_LOCAL_CHARACTER},
        {"\u0627\u200c\u0628@d", JID_LOCAL_CHARACTER}, /* alef does not join to its left */
        {"a\u200db@d", JID_LOCAL_CHARACTER},
    };
    assert_invalid(rows, ARRAY_LEN(rows));
}

static void prepares_domains(void **state)
{
    (void)state;
    static const struct valid rows[] = {
        {"a@Example.COM", "a@example.com"},
        {"example.com.", "example.com"},
        {"a@localhost", NULL},
        {"x-1.2y.d", NULL},
        {"3com.com", NULL},
        {"xn--bcher-kva.example", "b\u00fccher.example"},
        {"XN--BCHER-KVA.example", "b\u00fccher.example"},
        {"B\u00dcCHER.example", "b\u00fccher.example"},
        {"bu\u0308cher.example.", "b\u00fccher.example"},
        {"fa\u00df.de", NULL},
        {"xn--fa-hia.de", "fa\u00df.de"},
        {"\u4f8b\u3048.\u30c6\u30b9\u30c8", NULL},
        {"\u4f8b\u3048\u3002\u30c6\u30b9\u30c8\u3002", "\u4f8b\u3048.\u30c6\u30b9\u30c8"},
        {"\uff45\uff58\uff0e\uff43\uff4f\uff4d", "ex.com"},
        {"\uff11\uff12\uff17.0.0.1", "127.0.0.1"},
        {"\u05d0\u05d1.example", NULL},
        {"col\u00b7lecci\u00f3.cat", NULL},
        {"\u13af.example", NULL}, /* Cherokee keeps its capitals */
        {"\uab7f.example", "\u13af.example"},
        {"xn--999-99ple", "\u13af999\u13ac\u13af"},
        {"127.0.0.1", NULL},
        {"a@192.168.1.185/r", NULL},
        {"[::1]", NULL},
        {"[2001:DB8:0:0:0:0:0:1]", "[2001:db8::1]"},
        {"a@[2001:db8::0001]/r", "a@[2001:db8::1]/r"},
        {"[::ffff:192.0.2.1]", NULL},
    };
    assert_valid(rows, ARRAY_LEN(rows));
}

static void refuses_domains(void **state)
{
    (void)state;
    static const struct invalid rows[] = {
        {"a@b..c", JID_DOMAIN_INVALID},
        {"a@.b", JID_DOMAIN_INVALID},
        {"a@b..", JID_DOMAIN_INVALID},
        {"a@-b", JID_DOMAIN_INVALID},
        {"a@b-", JID_DOMAIN_INVALID},
        {"a@ab--c", JID_DOMAIN_INVALID},
        {"a@b_c", JID_DOMAIN_INVALID},
        {"a@b c", JID_DOMAIN_INVALID},
        {"a@b:5222", JID_DOMAIN_INVALID},
        {"a@*.b", JID_DOMAIN_INVALID},
        {"a@256.0.0.1", JID_DOMAIN_INVALID},
        {"a@127.1", JID_DOMAIN_INVALID},
        {"a@01.2.3.4", JID_DOMAIN_INVALID},
        {"a@1.2.3.4.5", JID_DOMAIN_INVALID},
        {"a@5", JID_DOMAIN_INVALID},
        {"a@::1", JID_DOMAIN_INVALID},
        {"a@[", JID_DOMAIN_INVALID},
        {"a@[]", JID_DOMAIN_INVALID},
        {"a@[::1", JID_DOMAIN_INVALID},
        {"a@[::1]x", JID_DOMAIN_INVALID},
        {"a@[fe80::1%eth0]", JID_DOMAIN_INVALID},
        {"a@[127.0.0.1]", JID_DOMAIN_INVALID},
        {"a@\u2665.example", JID_DOMAIN_INVALID}, /* a symbol */
        {"a@\ufb01.example", JID_DOMAIN_INVALID}, /* a ligature */
        {"a@\u00fc_.example", JID_DOMAIN_INVALID},
        {"a@\u00fc\uff20b.example", JID_DOMAIN_INVALID}, /* becomes '@' */
        {"a@\u00fc\uff0fb.example", JID_DOMAIN_INVALID}, /* becomes '/' */
        {"a@\u05d0a.example", JID_DOMAIN_INVALID},       /* mixed direction */
        {"a@\u06271\u0660.example", JID_DOMAIN_INVALID}, /* two kinds of digits */
        {"a@\u05d0\u02c9.example", JID_DOMAIN_INVALID},  /* ends in a neutral */
        {"a@\u0301a.example", JID_DOMAIN_INVALID},       /* begins with a mark */
        {"a@\u30fb.example", JID_DOMAIN_INVALID},        /* contextual rule */
        {"a@\uffa1.example", JID_DOMAIN_INVALID},        /* halfwidth Hangul */
        {"a@xn--.example", JID_DOMAIN_INVALID},
        {"a@xn--a.example", JID_DOMAIN_INVALID},
        {"a@xn--abc-.example", JID_DOMAIN_INVALID}, /* punycode of plain ASCII */
        {"a@xn--999999999.example", JID_DOMAIN_INVALID},
        {"a@xn--BCHER-KVA\u00fc.example", JID_DOMAIN_INVALID},
    };
    assert_invalid(rows, ARRAY_LEN(rows));
}

static void prepares_resources(void **state)
{
    (void)state;
    static const struct valid rows[] = {
        {"d/ Case  Kept ", NULL},       {"d/\"&':<>", NULL},
        {"d/\u00a0\u3000x", "d/  x"},   {"d/e\u0301", "d/\u00e9"},
        {"d/\uff2a\ufb01\u2163", NULL}, {"d/\u05d0a", NULL},
        {"d/\U0001f426", NULL},
    };
    assert_valid(rows, ARRAY_LEN(rows));
}

/* `count` times `unit`. */
static struct str repeat(char *out, const char *unit, size_t count)
{
    size_t len = strlen(unit);
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * len, unit, len);
    return str_of(out, len * count);
}

static void limits_each_part_to_1023_bytes(void **state)
{
    (void)state;
    static char x[8192];
    char out[JID_PART_MAX_BYTES + 1];
    size_t len = 0;
    assert_int_equal(jid_prepare_local(repeat(x, "x", 1023), out, &len), JID_OK);
    assert_int_equal(len, 1023);
    assert_int_equal(jid_prepare_local(repeat(x, "x", 1024), out, &len), JID_TOO_LONG);
    assert_int_equal(jid_prepare_resource(repeat(x, "x", 1023), out, &len), JID_OK);
    assert_int_equal(len, 1023);
    assert_int_equal(jid_prepare_resource(repeat(x, "x", 1024), out, &len), JID_TOO_LONG);
    assert_int_equal(jid_prepare_resource(repeat(x, "\u265a", 341), out, &len), JID_OK);
    assert_int_equal(jid_prepare_resource(repeat(x, "\u265a", 342), out, &len), JID_TOO_LONG);
    assert_int_equal(jid_prepare_resource(repeat(x, "\u265a", 2000), out, &len), JID_TOO_LONG);

    /* 512 labels of one letter, and one dot fewer. */
    struct str d = repeat(x, "x.", 512);
    assert_int_equal(jid_prepare_domain(str_of(d.ptr, 1023), out, &len), JID_OK);
    assert_int_equal(len, 1023);
    assert_int_equal(jid_prepare_domain(repeat(x, "x.", 513), out, &len), JID_TOO_LONG);
    assert_int_equal(jid_prepare_domain(repeat(x, "x", 63), out, &len), JID_OK);
    assert_int_equal(jid_prepare_domain(repeat(x, "x", 64), out, &len), JID_DOMAIN_INVALID);
}

/* The limit is for what is prepared: it may be shorter than what came, or longer. */
static void limits_what_is_prepared(void **state)
{
    (void)state;
    static char x[8192];
    char out[JID_PART_MAX_BYTES + 1];
    size_t len = 0;
    assert_int_equal(jid_prepare_local(repeat(x, "\uff2a", 1023), out, &len), JID_OK);
    assert_int_equal(len, 1023);
    assert_int_equal(jid_prepare_local(repeat(x, "\uff2a", 1024), out, &len), JID_TOO_LONG);
    /* Two bytes that are three code points in NFD: the tightest fit of the work space. */
    assert_int_equal(jid_prepare_resource(repeat(x, "U\u0308\u0304", 511), out, &len), JID_OK);
    assert_int_equal(len, 1022);
    assert_int_equal(jid_prepare_resource(repeat(x, "\u01d5", 511), out, &len), JID_OK);
    assert_int_equal(jid_prepare_resource(repeat(x, "U\u0308\u0304", 512), out, &len),
                     JID_TOO_LONG);
    /* One label that grows: 20 bytes of punycode to many more. */
    assert_int_equal(jid_prepare_domain(repeat(x, "xn--0zwm56d.", 113), out, &len), JID_TOO_LONG);
    assert_int_equal(jid_prepare_domain(repeat(x, "\u6d4b\u8bd5.", 146), out, &len), JID_OK);
    assert_int_equal(len, 1021);
}

static void the_longest_address_fits(void **state)
{
    (void)state;
    static char text[JID_MAX_BYTES + 1];
    memset(text, 'x', sizeof text - 1);
    for (size_t i = 1025; i < 1024 + 1023; i += 2)
        text[i] = '.';
    text[1023] = '@';
    text[1024 + 1023] = '/';
    struct jid j;
    assert_int_equal(check(str_of(text, JID_MAX_BYTES), &j), JID_OK);
    assert_int_equal(strlen(j.full), JID_MAX_BYTES);
    jid_finish(&j);
}

static void makes_from_parts(void **state)
{
    (void)state;
    struct jid j;
    assert_int_equal(jid_make(STR_LIT("J"), STR_LIT("D"), STR_NONE, &j), JID_OK);
    assert_string_equal(j.full, "j@d");
    assert_null(j.resource.ptr);
    jid_finish(&j);
    assert_int_equal(jid_make(STR_LIT(""), STR_LIT("d"), STR_NONE, &j), JID_EMPTY);
    assert_int_equal(jid_make(STR_NONE, STR_NONE, STR_NONE, &j), JID_EMPTY);
    assert_int_equal(jid_make(STR_NONE, STR_LIT("d"), STR_LIT(""), &j), JID_EMPTY);
    assert_int_equal(jid_make(STR_LIT("a@b"), STR_LIT("d"), STR_NONE, &j), JID_LOCAL_CHARACTER);
    assert_int_equal(jid_make(STR_NONE, STR_LIT("d/r"), STR_NONE, &j), JID_DOMAIN_INVALID);
}

static void compares(void **state)
{
    (void)state;
    struct jid a, b, c, none = {0};
    assert_int_equal(jid_parse(STR_LIT("J@d/r"), &a), JID_OK);
    assert_int_equal(jid_parse(STR_LIT("j@D/r"), &b), JID_OK);
    assert_int_equal(jid_parse(STR_LIT("j@d/R"), &c), JID_OK);
    assert_true(jid_equal(&a, &b));
    assert_false(jid_equal(&a, &c));
    assert_true(jid_bare_equal(&a, &c));
    assert_false(jid_equal(&a, &none));
    jid_finish(&b);
    jid_finish(&c);
    assert_int_equal(jid_parse(STR_LIT("j@d2/r"), &b), JID_OK);
    assert_false(jid_bare_equal(&a, &b));
    jid_finish(&a);
    jid_finish(&b);
    jid_finish(&none);
}

static void copies(void **state)
{
    (void)state;
    static const char *const texts[] = {"l@d/r", "l@d", "d/r", "d"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct jid a, b;
        assert_int_equal(jid_parse(str_from(texts[i]), &a), JID_OK);
        assert_true(jid_copy(&a, &b));
        assert_ptr_not_equal(a.full, b.full);
        struct str local = a.local, resource = a.resource;
        assert_int_equal(local.ptr != NULL, b.local.ptr != NULL);
        assert_int_equal(resource.ptr != NULL, b.resource.ptr != NULL);
        jid_finish(&a);
        assert_string_equal(b.full, texts[i]);
        assert_true(str_is(b.domain, "d"));
        assert_true(!b.local.ptr || str_is(b.local, "l"));
        assert_true(!b.resource.ptr || str_is(b.resource, "r"));
        jid_finish(&b);
    }
    struct jid none = {0}, copy;
    assert_true(jid_copy(&none, &copy));
    assert_null(copy.full);
}

static void gives_domains_for_dns(void **state)
{
    (void)state;
    static const struct valid rows[] = {
        {"example.com", "example.com"},
        {"b\u00fccher.example", "xn--bcher-kva.example"},
        {"fa\u00df.de", "xn--fa-hia.de"},
        {"127.0.0.1", "127.0.0.1"},
        {"[::1]", "::1"},
    };
    char out[256];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(jid_domain_ascii(str_from(rows[i].text), out));
        assert_string_equal(out, rows[i].full);
    }
    static char x[2048];
    assert_true(jid_domain_ascii(str_of(repeat(x, "x.", 127).ptr, 253), out));
    assert_int_equal(strlen(out), 253);
    assert_false(jid_domain_ascii(str_of(repeat(x, "x.", 128).ptr, 255), out));
    assert_false(jid_domain_ascii(str_of(repeat(x, "\u00fc.", 80).ptr, 239), out));
    assert_false(jid_domain_ascii(STR_NONE, out));
}

static void knows_ip_literals(void **state)
{
    (void)state;
    assert_true(jid_domain_is_ip(STR_LIT("127.0.0.1")));
    assert_true(jid_domain_is_ip(STR_LIT("[::1]")));
    assert_false(jid_domain_is_ip(STR_LIT("example.com")));
    assert_false(jid_domain_is_ip(STR_NONE));
}

static void every_fault_has_a_sentence(void **state)
{
    (void)state;
    for (int f = JID_OK; f <= JID_NO_MEMORY; f++) {
        const char *text = jid_fault_text((enum jid_fault)f);
        assert_int_equal(text[strlen(text) - 1], '.');
        for (int g = JID_OK; g < f; g++)
            assert_string_not_equal(text, jid_fault_text((enum jid_fault)g));
    }
}

static bool parse_and_copy(void *ctx)
{
    struct jid a, b = {0};
    enum jid_fault fault = jid_parse(str_from(ctx), &a);
    bool ok = !fault && jid_copy(&a, &b);
    assert_true(ok || fault == JID_NO_MEMORY || !fault);
    jid_finish(&a);
    jid_finish(&b);
    return ok;
}

/* One allocation for an address, plain or not, and one for its copy. */
static void survives_every_failed_allocation(void **state)
{
    (void)state;
    char plain[] = "juliet@example.com/balcony", other[] = "\u00fc@b\u00fccher.example/\u265a";
    assert_int_equal(alloc_fail_sweep(parse_and_copy, plain), 2);
    assert_int_equal(alloc_fail_sweep(parse_and_copy, other), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_examples_of_rfc_7622),
        cmocka_unit_test(refuses_the_examples_of_rfc_7622),
        cmocka_unit_test(cuts_at_the_first_slash_then_at_the_first_at),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(refuses_embedded_zero_bytes),
        cmocka_unit_test(prepares_localparts),
        cmocka_unit_test(refuses_localparts),
        cmocka_unit_test(prepares_domains),
        cmocka_unit_test(refuses_domains),
        cmocka_unit_test(prepares_resources),
        cmocka_unit_test(limits_each_part_to_1023_bytes),
        cmocka_unit_test(limits_what_is_prepared),
        cmocka_unit_test(the_longest_address_fits),
        cmocka_unit_test(makes_from_parts),
        cmocka_unit_test(compares),
        cmocka_unit_test(copies),
        cmocka_unit_test(gives_domains_for_dns),
        cmocka_unit_test(knows_ip_literals),
        cmocka_unit_test(every_fault_has_a_sentence),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
