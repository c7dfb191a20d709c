#include "core/precis.h"

#include "core/precis_tables.h"

#include <utf8proc.h>

/* Code points of a string in NFD whose NFC fits PRECIS_MAX_BYTES: no character decomposes to more
 * than one and a half code points a byte (U+01D5 has two bytes and three code points). */
enum { TEXT_MAX = PRECIS_MAX_BYTES * 3 / 2 + 1 };

struct text {
    int32_t c[TEXT_MAX];
    size_t len;
};

enum string_class { IDENTIFIER, FREEFORM };

/* --- reading and writing --------------------------------------------------------------------- */

static enum precis_fault text_read(struct text *t, struct str in)
{
    const utf8proc_uint8_t *s = (const utf8proc_uint8_t *)in.ptr;
    t->len = 0;
    for (size_t i = 0; i < in.len;) {
        utf8proc_int32_t c = -1;
        utf8proc_ssize_t len = utf8proc_iterate(s + i, (utf8proc_ssize_t)(in.len - i), &c);
        if (len <= 0)
            return PRECIS_NOT_UTF8;
        if (t->len == TEXT_MAX)
            return PRECIS_TOO_LONG;
        t->c[t->len++] = c;
        i += (size_t)len;
    }
    return PRECIS_OK;
}

static enum precis_fault text_write(const struct text *t, char *out, size_t *ret_len)
{
    size_t used = 0;
    for (size_t i = 0; i < t->len; i++) {
        utf8proc_uint8_t bytes[4];
        size_t len = (size_t)utf8proc_encode_char(t->c[i], bytes);
        if (used + len > PRECIS_MAX_BYTES)
            return PRECIS_TOO_LONG;
        memcpy(out + used, bytes, len);
        used += len;
    }
    out[used] = '\0';
    *ret_len = used;
    return PRECIS_OK;
}

/* --- code points (RFC 8264 §8 and §9) -------------------------------------------------------- */

static bool in_ranges(const struct precis_range *ranges, size_t count, int32_t c)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (c > ranges[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    return low < count && c >= ranges[low].first;
}

#define IN(table, c) in_ranges(table, ARRAY_LEN(table), c)

/* §9.17: whether NFKC would change it. */
static bool has_compat(int32_t c)
{
    utf8proc_int32_t nfkc[32];
    int boundary = 0;
    if (utf8proc_get_property(c)->decomp_seqindex == UINT16_MAX)
        return false;
    utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE;
    utf8proc_ssize_t len = utf8proc_decompose_char(c, nfkc, ARRAY_LEN(nfkc), options, &boundary);
    if (len > 0 && len <= (utf8proc_ssize_t)ARRAY_LEN(nfkc))
        len = utf8proc_normalize_utf32(nfkc, len, options);
    return len != 1 || nfkc[0] != c;
}

static bool is_old_hangul_jamo(int32_t c)
{
    return (c >= 0x1100 && c <= 0x11ff) || (c >= 0xa960 && c <= 0xa97c) ||
           (c >= 0xd7b0 && c <= 0xd7fb);
}

enum property { DISALLOWED, PVALID, FREE_PVALID, CONTEXT };

/* §9.6, and the joiners of §9.8. Returns whether `c` is one. */
static bool exception(int32_t c, enum property *ret_property)
{
    switch (c) {
    case 0x00df: /* LATIN SMALL LETTER SHARP S */
    case 0x03c2: /* GREEK SMALL LETTER FINAL SIGMA */
    case 0x06fd: /* ARABIC SIGN SINDHI AMPERSAND */
    case 0x06fe: /* ARABIC SIGN SINDHI POSTPOSITION MEN */
    case 0x0f0b: /* TIBETAN MARK INTERSYLLABIC TSHEG */
    case 0x3007: /* IDEOGRAPHIC NUMBER ZERO */
        *ret_property = PVALID;
        return true;
    case 0x00b7: /* MIDDLE DOT */
    case 0x0375: /* GREEK LOWER NUMERAL SIGN (KERAIA) */
    case 0x05f3: /* HEBREW PUNCTUATION GERESH */
    case 0x05f4: /* HEBREW PUNCTUATION GERSHAYIM */
    case 0x30fb: /* KATAKANA MIDDLE DOT */
    case 0x200c: /* ZERO WIDTH NON-JOINER */
    case 0x200d: /* ZERO WIDTH JOINER */
        *ret_property = CONTEXT;
        return true;
    case 0x0640: /* ARABIC TATWEEL */
    case 0x07fa: /* NKO LAJANYALAN */
    case 0x302e: /* HANGUL SINGLE DOT TONE MARK */
    case 0x302f: /* HANGUL DOUBLE DOT TONE MARK */
    case 0x303b: /* VERTICAL IDEOGRAPHIC ITERATION MARK */
        *ret_property = DISALLOWED;
        return true;
    default:
        break;
    }
    bool digits = (c >= 0x0660 && c <= 0x0669) || (c >= 0x06f0 && c <= 0x06f9);
    bool kana_marks = c >= 0x3031 && c <= 0x3035;
    *ret_property = digits ? CONTEXT : DISALLOWED;
    return digits || kana_marks;
}

/* §8, in its order. */
static enum property property_of(int32_t c)
{
    enum property p = DISALLOWED;
    if (exception(c, &p))
        return p;
    const utf8proc_property_t *u = utf8proc_get_property(c);
    if (c >= 0x21 && c <= 0x7e)
        return PVALID;
    if (u->category == UTF8PROC_CATEGORY_CN || is_old_hangul_jamo(c) || u->ignorable)
        return DISALLOWED;
    if (u->category != UTF8PROC_CATEGORY_CC && has_compat(c))
        return FREE_PVALID;
    switch ((utf8proc_category_t)u->category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
        return PVALID;
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return DISALLOWED;
    default: /* other letters and digits, spaces, symbols, punctuation */
        return FREE_PVALID;
    }
}

static bool class_allows(const struct text *t, enum string_class class)
{
    for (size_t i = 0; i < t->len; i++) {
        enum property p = property_of(t->c[i]);
        if (p == DISALLOWED || (p == FREE_PVALID && class == IDENTIFIER))
            return false;
    }
    return true;
}

/* --- contextual rules (RFC 5892 Appendix A) -------------------------------------------------- */

static bool after_virama(const struct text *t, size_t i)
{
    return i > 0 && utf8proc_get_property(t->c[i - 1])->combining_class == 9;
}

static bool is_transparent(int32_t c)
{
    utf8proc_propval_t category = utf8proc_get_property(c)->category;
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME ||
           IN(joining_transparent, c);
}

/* A.1: (Joining_Type:{L,D})(Joining_Type:T)*ZWNJ(Joining_Type:T)*(Joining_Type:{R,D}) */
static bool between_joined(const struct text *t, size_t i)
{
    size_t before = i, after = i + 1;
    while (before > 0 && is_transparent(t->c[before - 1]))
        before--;
    while (after < t->len && is_transparent(t->c[after]))
        after++;
    return before > 0 && IN(joining_left, t->c[before - 1]) && after < t->len &&
           IN(joining_right, t->c[after]);
}

static bool any_kana_or_han(const struct text *t)
{
    for (size_t i = 0; i < t->len; i++)
        if (IN(script_kana_han, t->c[i]))
            return true;
    return false;
}

static bool any_between(const struct text *t, int32_t first, int32_t last)
{
    for (size_t i = 0; i < t->len; i++)
        if (t->c[i] >= first && t->c[i] <= last)
            return true;
    return false;
}

/* Rules about the neighbours of the character at `i`. */
static bool neighbours_allow(const struct text *t, size_t i)
{
    int32_t before = i > 0 ? t->c[i - 1] : 0, after = i + 1 < t->len ? t->c[i + 1] : 0;
    switch (t->c[i]) {
    case 0x200c:
        return after_virama(t, i) || between_joined(t, i);
    case 0x200d:
        return after_virama(t, i);
    case 0x00b7:
        return before == 'l' && after == 'l';
    case 0x0375:
        return IN(script_greek, after);
    case 0x05f3:
    case 0x05f4:
        return IN(script_hebrew, before);
    default:
        return true;
    }
}

static bool context_allows(const struct text *t)
{
    for (size_t i = 0; i < t->len; i++)
        if (!neighbours_allow(t, i))
            return false;
    if (any_between(t, 0x30fb, 0x30fb) && !any_kana_or_han(t))
        return false;
    return !(any_between(t, 0x0660, 0x0669) && any_between(t, 0x06f0, 0x06f9));
}

/* --- direction (RFC 5893 §2) ----------------------------------------------------------------- */

#define BIDI(class) (1u << UTF8PROC_BIDI_CLASS_##class)

static unsigned bidi_of(int32_t c)
{
    return 1u << utf8proc_get_property(c)->bidi_class;
}

/* The Bidi Rule, which holds for strings with a right-to-left character (RFC 8264 §5.2.5). */
static bool direction_allows(const struct text *t)
{
    const unsigned neutral =
        BIDI(EN) | BIDI(ES) | BIDI(CS) | BIDI(ET) | BIDI(ON) | BIDI(BN) | BIDI(NSM);
    unsigned seen = 0, last = 0;
    for (size_t i = 0; i < t->len; i++) {
        unsigned bidi = bidi_of(t->c[i]);
        seen |= bidi;
        if (bidi != BIDI(NSM))
            last = bidi;
    }
    if (!(seen & (BIDI(R) | BIDI(AL) | BIDI(AN))))
        return true;
    unsigned first = bidi_of(t->c[0]);
    /* 1, 5: with such a character, a string that begins with L cannot hold. */
    if (!(first & (BIDI(R) | BIDI(AL))))
        return false;
    /* 2 */
    if (seen & ~(neutral | BIDI(R) | BIDI(AL) | BIDI(AN)))
        return false;
    /* 3, 4 */
    bool both_digits = (seen & BIDI(EN)) && (seen & BIDI(AN));
    return (last & (BIDI(R) | BIDI(AL) | BIDI(EN) | BIDI(AN))) && !both_digits;
}

/* --- mappings -------------------------------------------------------------------------------- */

/* Fullwidth and halfwidth characters to what they decompose to (RFC 8264 §5.2.1). Those of Hangul
 * decompose to characters that no profile allows either, and are left. */
static void map_width(struct text *t)
{
    for (size_t i = 0; i < t->len; i++) {
        int32_t c = t->c[i];
        utf8proc_propval_t type = utf8proc_get_property(c)->decomp_type;
        if ((type != UTF8PROC_DECOMP_TYPE_WIDE && type != UTF8PROC_DECOMP_TYPE_NARROW) ||
            (c >= 0xffa0 && c <= 0xffdc))
            continue;
        utf8proc_int32_t to[4];
        int boundary = 0;
        if (utf8proc_decompose_char(c, to, ARRAY_LEN(to), UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE,
                                    &boundary) == 1)
            t->c[i] = to[0];
    }
}

/* toLowerCase (Unicode §3.13) without its rule for a sigma at the end of a word: the name of a
 * person must not depend on what follows it, and stringprep peers know no such rule. */
static bool map_case(struct text *t)
{
    for (size_t i = 0; i < t->len; i++) {
        bool dotted = t->c[i] == 0x0130; /* the one capital that becomes two characters */
        t->c[i] = utf8proc_tolower(t->c[i]);
        if (!dotted)
            continue;
        if (t->len == TEXT_MAX)
            return false;
        memmove(&t->c[i + 2], &t->c[i + 1], (t->len - i - 1) * sizeof t->c[0]);
        t->c[i++] = 'i';
        t->c[i] = 0x0307;
        t->len++;
    }
    return true;
}

static void map_spaces(struct text *t)
{
    for (size_t i = 0; i < t->len; i++)
        if (utf8proc_get_property(t->c[i])->category == UTF8PROC_CATEGORY_ZS)
            t->c[i] = ' ';
}

static uint8_t combining_class(int32_t c)
{
    return (uint8_t)utf8proc_get_property(c)->combining_class;
}

/* Sorts `len` marks by their combining class; equal ones stay as they stand. Linear, since a
 * stranger may send a long run of them backwards. */
static void sort_marks(int32_t *marks, size_t len)
{
    int32_t sorted[TEXT_MAX];
    uint16_t at[256] = {0};
    for (size_t i = 0; i < len; i++)
        at[combining_class(marks[i])]++;
    uint16_t sum = 0;
    for (size_t class = 0; class < ARRAY_LEN(at); class ++) {
        uint16_t count = at[class];
        at[class] = sum;
        sum = (uint16_t)(sum + count);
    }
    for (size_t i = 0; i < len; i++)
        sorted[at[combining_class(marks[i])]++] = marks[i];
    memcpy(marks, sorted, len * sizeof marks[0]);
}

/* Canonical order: each run of marks by rising class. */
static void order_marks(struct text *t)
{
    for (size_t start = 0; start < t->len; start++) {
        size_t end = start;
        bool ordered = true;
        uint8_t class, last = 0;
        for (; end < t->len && (class = combining_class(t->c[end])) > 0; end++) {
            ordered = ordered && class >= last;
            last = class;
        }
        if (!ordered)
            sort_marks(t->c + start, end - start);
        start = end;
    }
}

static bool map_nfc(struct text *t)
{
    struct text from = *t;
    t->len = 0;
    for (size_t i = 0; i < from.len; i++) {
        int boundary = 0;
        size_t room = TEXT_MAX - t->len;
        utf8proc_ssize_t len =
            utf8proc_decompose_char(from.c[i], t->c + t->len, (utf8proc_ssize_t)room,
                                    UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, &boundary);
        if (len < 0 || (size_t)len > room)
            return false;
        t->len += (size_t)len;
    }
    order_marks(t);
    t->len = (size_t)utf8proc_normalize_utf32(t->c, (utf8proc_ssize_t)t->len,
                                              UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    return true;
}

/* --- profiles -------------------------------------------------------------------------------- */

/* RFC 8264 §7: the rules "MUST be applied in the following order: 1. Width-Mapping Rule 2.
 * Additional Mapping Rule 3. Case-Mapping Rule 4. Normalization Rule 5. Directionality Rule 6.
 * Behavioral rules for determining whether a code point is valid". So a decomposed or full-width
 * name is judged by what becomes of it. */

/* RFC 8265 §3.3. */
static enum precis_fault username_rules(struct text *t)
{
    map_width(t);
    if (!map_case(t) || !map_nfc(t))
        return PRECIS_TOO_LONG;
    if (!direction_allows(t) || !class_allows(t, IDENTIFIER) || !context_allows(t))
        return PRECIS_CHARACTER;
    return PRECIS_OK;
}

/* RFC 8265 §4.2. */
static enum precis_fault opaque_rules(struct text *t)
{
    map_spaces(t);
    if (!map_nfc(t))
        return PRECIS_TOO_LONG;
    return class_allows(t, FREEFORM) && context_allows(t) ? PRECIS_OK : PRECIS_CHARACTER;
}

/* Cherokee folds to its capitals, so these are what IDNA2008 allows (RFC 5892 §2.2). */
static void map_cherokee(struct text *t)
{
    for (size_t i = 0; i < t->len; i++) {
        if (t->c[i] >= 0xab70 && t->c[i] <= 0xabbf)
            t->c[i] += 0x13a0 - 0xab70;
        else if (t->c[i] >= 0x13f8 && t->c[i] <= 0x13fd)
            t->c[i] -= 8;
    }
}

static enum precis_fault domain_rules(struct text *t)
{
    map_width(t);
    if (!map_case(t) || !map_nfc(t))
        return PRECIS_TOO_LONG;
    map_cherokee(t);
    for (size_t i = 0; i < t->len; i++)
        if (t->c[i] == 0x3002)
            t->c[i] = '.';
    return PRECIS_OK;
}

/* RFC 8264 §7: "applying the rules ... until the output string is stable; if the output string does
 * not stabilize after ... three (3) additional times ... reject". */
static enum precis_fault apply(enum precis_fault (*rules)(struct text *), struct str in, char *out,
                               size_t *ret_len)
{
    struct text now, before;
    enum precis_fault fault = text_read(&now, in);
    for (int round = 0; !fault && round < 4; round++) {
        before = now;
        fault = rules(&now);
        if (!fault && now.len == before.len &&
            memcmp(now.c, before.c, now.len * sizeof now.c[0]) == 0)
            return text_write(&now, out, ret_len);
    }
    return fault ? fault : PRECIS_CHARACTER;
}

enum precis_fault precis_username(struct str in, char *out, size_t *ret_len)
{
    return apply(username_rules, in, out, ret_len);
}

enum precis_fault precis_opaque(struct str in, char *out, size_t *ret_len)
{
    return apply(opaque_rules, in, out, ret_len);
}

enum precis_fault precis_map_domain(struct str in, char *out, size_t *ret_len)
{
    return apply(domain_rules, in, out, ret_len);
}

bool precis_bidi_valid(struct str label)
{
    struct text t;
    return text_read(&t, label) == PRECIS_OK && direction_allows(&t);
}
