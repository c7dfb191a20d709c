#include "base/hash.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const evp_names[] = {"MD5", "SHA1", "SHA256", "SHA512"};

static void assert_hex(const uint8_t *got, size_t len, const char *want)
{
    char hex[2 * HASH_MAX_BYTES + 1];
    hash_hex(str_of(got, len), hex);
    assert_string_equal(hex, want);
}

/* A small generator, so that a failure repeats. */
static uint32_t seed = 7;

static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static struct str random_str(uint8_t *bytes, size_t max)
{
    size_t len = next_random((uint32_t)max + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)next_random(256);
    return str_of(bytes, len);
}

/* RFC 1321 A.5, RFC 3174 §7.3, FIPS 180-4. */
static void test_digest_vectors(void **unused)
{
    (void)unused;
    static const struct {
        enum hash_alg alg;
        const char *in, *want;
    } rows[] = {
        {HASH_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
        {HASH_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {HASH_MD5, "secret01", "cc19fa7c61ccb377b53709ea57177eb2"},
        {HASH_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {HASH_SHA1, "3EE948B0Calli0pe", "48fc78be9ec8f86d8ce1c39c320c97c21d62334d"},
        {HASH_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {HASH_SHA512, "abc",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t out[HASH_MAX_BYTES];
        struct str in = str_from(rows[i].in), parts[] = {in, STR_NONE, STR_LIT("")};
        assert_true(hash_digest(rows[i].alg, parts, 3, out));
        assert_hex(out, hash_size(rows[i].alg), rows[i].want);
    }
}

/* RFC 2104, RFC 2195 §2, RFC 2202 §3, RFC 4231 §4.3 and §4.7. */
static void test_hmac_vectors(void **unused)
{
    (void)unused;
    char aa[131];
    memset(aa, 0xaa, sizeof aa);
    const struct {
        enum hash_alg alg;
        struct str key;
        const char *in, *want;
    } rows[] = {
        {HASH_MD5, STR_LIT("tanstaaftanstaaf"), "<1896.697170952@postoffice.reston.mci.net>",
         "b913a602c7eda7a495b4e6e7334d3890"},
        {HASH_MD5, STR_LIT("Jefe"), "what do ya want for nothing?",
         "750c783e6ab0b503eaa86e310a5db738"},
        {HASH_SHA1, STR_LIT("Jefe"), "what do ya want for nothing?",
         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {HASH_SHA256, STR_LIT("Jefe"), "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {HASH_SHA256, str_of(aa, sizeof aa),
         "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {HASH_SHA512, str_of(aa, sizeof aa),
         "Test Using Larger Than Block-Size Key - Hash Key First",
         "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
         "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t out[HASH_MAX_BYTES];
        struct str in = str_from(rows[i].in);
        assert_true(hash_hmac(rows[i].alg, rows[i].key, &in, 1, out));
        assert_hex(out, hash_size(rows[i].alg), rows[i].want);
    }
}

/* RFC 6070 and RFC 7914 §11. */
static void test_pbkdf2_vectors(void **unused)
{
    (void)unused;
    static const struct {
        enum hash_alg alg;
        const char *password, *salt;
        unsigned iterations;
        const char *want;
    } rows[] = {
        {HASH_SHA1, "password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
        {HASH_SHA1, "password", "salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
        {HASH_SHA1, "password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"},
        {HASH_SHA256, "passwd", "salt", 1,
         "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
        {HASH_SHA256, "Password", "NaCl", 80000,
         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t out[HASH_MAX_BYTES];
        assert_true(hash_pbkdf2(rows[i].alg, str_from(rows[i].password), str_from(rows[i].salt),
                                rows[i].iterations, out));
        assert_hex(out, strlen(rows[i].want) / 2, rows[i].want);
    }
    uint8_t out[HASH_MAX_BYTES];
    assert_false(hash_pbkdf2(HASH_SHA1, STR_LIT("p"), STR_LIT("s"), 0, out));
}

/* The same as OpenSSL's own interface, for every algorithm and for lengths across the blocks. */
static void test_against_openssl(void **unused)
{
    (void)unused;
    for (unsigned round = 0; round < 2000; round++) {
        enum hash_alg alg = (enum hash_alg)(round % 4);
        const EVP_MD *md = EVP_get_digestbyname(evp_names[alg]);
        uint8_t a[300], b[300], joined[600], ours[HASH_MAX_BYTES], theirs[HASH_MAX_BYTES];
        unsigned len = 0, iterations = 1 + next_random(round % 50 == 0 ? 3000 : 4);
        struct str parts[] = {random_str(a, sizeof a), random_str(b, sizeof b)};
        size_t joined_len = parts[0].len + parts[1].len;
        memcpy(joined, a, parts[0].len);
        memcpy(joined + parts[0].len, b, parts[1].len);

        assert_true(hash_digest(alg, parts, 2, ours));
        assert_true(EVP_Digest(joined, joined_len, theirs, &len, md, NULL));
        assert_int_equal(len, hash_size(alg));
        assert_memory_equal(ours, theirs, len);

        uint8_t key[300], digest[HASH_MAX_BYTES];
        struct str k = random_str(key, sizeof key);
        assert_true(hash_hmac(alg, k, parts, 2, ours));
        size_t digest_len = 0;
        assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, evp_names[alg], NULL, key, k.len, joined,
                                  joined_len, digest, sizeof digest, &digest_len));
        assert_int_equal(digest_len, len);
        assert_memory_equal(ours, digest, len);

        assert_true(hash_pbkdf2(alg, k, parts[0], iterations, ours));
        assert_true(PKCS5_PBKDF2_HMAC(k.ptr, (int)k.len, a, (int)parts[0].len, (int)iterations, md,
                                      (int)len, theirs));
        assert_memory_equal(ours, theirs, len);
    }
}

static void test_hex(void **unused)
{
    (void)unused;
    char out[9];
    hash_hex(str_of("\x00\x9f\xa0\xff", 4), out);
    assert_string_equal(out, "009fa0ff");
    hash_hex(STR_NONE, out);
    assert_string_equal(out, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_vectors),
        cmocka_unit_test(test_hmac_vectors),
        cmocka_unit_test(test_pbkdf2_vectors),
        cmocka_unit_test(test_against_openssl),
        cmocka_unit_test(test_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
