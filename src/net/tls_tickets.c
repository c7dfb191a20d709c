#include "net/tls_tickets.h"

#include "base/wipe.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* RFC 5077 §4: a name that finds the key, AES-256-CBC, HMAC-SHA-256. */
struct ticket_key {
    uint8_t name[16];
    uint8_t cipher[32];
    uint8_t mac[32];
};

struct tls_tickets {
    atomic_uint refs;
    EVP_CIPHER *cipher;
    pthread_mutex_t lock; /* guards keys */
    struct ticket_key keys[2];
};

struct tls_tickets *tls_tickets_new(const struct random_source *random)
{
    struct tls_tickets *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    if (!t->cipher) {
        free(t);
        return NULL;
    }
    atomic_init(&t->refs, 1);
    pthread_mutex_init(&t->lock, NULL);
    random_fill(random, t->keys, sizeof(t->keys));
    return t;
}

struct tls_tickets *tls_tickets_ref(struct tls_tickets *t)
{
    atomic_fetch_add(&t->refs, 1);
    return t;
}

void tls_tickets_unref(struct tls_tickets *t)
{
    if (!t || atomic_fetch_sub(&t->refs, 1) != 1)
        return;
    EVP_CIPHER_free(t->cipher);
    pthread_mutex_destroy(&t->lock);
    wipe_free(t, sizeof(*t));
}

void tls_tickets_rotate(struct tls_tickets *t, const struct random_source *random)
{
    struct ticket_key fresh;
    random_fill(random, &fresh, sizeof(fresh));
    pthread_mutex_lock(&t->lock);
    t->keys[1] = t->keys[0];
    t->keys[0] = fresh;
    pthread_mutex_unlock(&t->lock);
    wipe(&fresh, sizeof(fresh));
}

/* The key called `name`, or the newest for NULL. Returns its index, or -1. */
static int tickets_find(struct tls_tickets *t, const uint8_t *name, struct ticket_key *ret_key)
{
    int found = -1;
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < 2 && found < 0; i++)
        if (!name || memcmp(t->keys[i].name, name, sizeof(t->keys[i].name)) == 0)
            found = i;
    if (found >= 0)
        *ret_key = t->keys[found];
    pthread_mutex_unlock(&t->lock);
    return found;
}

static bool tickets_arm(struct tls_tickets *t, struct ticket_key *key, const uint8_t *iv,
                        EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypt)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof(key->mac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params) == 1 &&
           EVP_CipherInit_ex2(cipher, t->cipher, key->cipher, iv, encrypt, NULL) == 1;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): -1 error, 0 unknown key, 1 fine, 2 fine and renew. */
static int tickets_crypt(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                         EVP_MAC_CTX *mac, int encrypt)
{
    struct tls_tickets *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct ticket_key key;
    int found = tickets_find(t, encrypt ? NULL : name, &key);
    if (found < 0)
        return 0;
    if (encrypt) {
        memcpy(name, key.name, sizeof(key.name));
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(t->cipher)) != 1)
            return -1;
    }
    bool armed = tickets_arm(t, &key, iv, cipher, mac, encrypt);
    wipe(&key, sizeof(key));
    /* On TLS 1.3 a ticket should serve once (RFC 8446 §C.4), so the client gets another. */
    return !armed ? -1 : found == 0 && SSL_version(ssl) != TLS1_3_VERSION ? 1 : 2;
}

bool tls_tickets_install(struct tls_tickets *t, SSL_CTX *ssl_ctx)
{
    SSL_CTX_set_app_data(ssl_ctx, t);
    return SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl_ctx, tickets_crypt) == 1;
}
