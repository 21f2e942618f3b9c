/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sodium.h>

#include "shared/log.h"
#include "tls.h"

#define PEM_MAX   65536 /* bytes of a file */
#define CHAIN_MAX 16    /* certificates of a chain */

/*
 * A certificate chain with its key.  Older ones stay to the end: a handshake
 * may be half way through with one, and there are few.
 */
struct tls_pair {
	struct tls_pair *older;
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned len; /* of chain */
	gnutls_privkey_t key;
};

static struct tls_pair *newest;

static bool
fault(char why[TLS_WHY], const char *path, const char *what)
{
	snprintf(why, TLS_WHY, "%s: %s", path, what);
	return false;
}

/* Read a file whole into TEXT of PEM_MAX bytes, with a NUL at its end. */
static bool
read_pem(const char *path, char *text, gnutls_datum_t *out, char *why)
{
	ssize_t n = 0;
	size_t len = 0;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return fault(why, path, strerror(errno));
	while (len < PEM_MAX && (n = read(fd, text + len, PEM_MAX - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		fault(why, path, strerror(errno));
	close(fd);
	if (n < 0)
		return false;
	if (len == PEM_MAX)
		return fault(why, path, "larger than a certificate can be");
	text[len] = '\0';
	*out = (gnutls_datum_t){(unsigned char *)text, (unsigned)len};
	return true;
}

static bool
read_chain(struct tls_pair *p, const char *path, char *text, char *why)
{
	gnutls_datum_t pem;
	unsigned len = CHAIN_MAX;
	int r;

	if (!read_pem(path, text, &pem, why))
		return false;
	r = gnutls_pcert_list_import_x509_raw(
	    p->chain, &len, &pem, GNUTLS_X509_FMT_PEM, 0);
	if (r < 0)
		return fault(why, path, "holds no certificate in PEM form");
	p->len = len;
	return true;
}

static bool
read_key(struct tls_pair *p, const char *path, char *text, char *why)
{
	gnutls_datum_t pem;
	int r;

	if (!read_pem(path, text, &pem, why))
		return false;
	if (gnutls_privkey_init(&p->key) < 0)
		log_fatal(EX_OSERR, "out of memory");
	r = gnutls_privkey_import_x509_raw(
	    p->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (r == GNUTLS_E_DECRYPTION_FAILED)
		return fault(why, path, "the key is encrypted");
	if (r < 0)
		return fault(why, path, "holds no private key in PEM form");
	return true;
}

/* Whether the first certificate is of the key. */
static bool
belongs(const struct tls_pair *p)
{
	unsigned char of_cert[64], of_key[64];
	size_t cert_len = sizeof(of_cert), key_len = sizeof(of_key);
	gnutls_pubkey_t key;
	bool good;

	if (gnutls_pubkey_init(&key) < 0)
		log_fatal(EX_OSERR, "out of memory");
	good = gnutls_pubkey_import_privkey(key, p->key, 0, 0) == 0 &&
	       gnutls_pubkey_get_key_id(
		   key, GNUTLS_KEYID_USE_SHA256, of_key, &key_len) == 0 &&
	       gnutls_pubkey_get_key_id(p->chain[0].pubkey,
		   GNUTLS_KEYID_USE_SHA256, of_cert, &cert_len) == 0 &&
	       cert_len == key_len && memcmp(of_cert, of_key, key_len) == 0;
	gnutls_pubkey_deinit(key);
	return good;
}

static void
pair_free(struct tls_pair *p)
{
	unsigned i;

	for (i = 0; i < p->len; i++)
		gnutls_pcert_deinit(&p->chain[i]);
	if (p->key != NULL)
		gnutls_privkey_deinit(p->key);
	free(p);
}

bool
tls_load(const char *cert, const char *key, char why[TLS_WHY])
{
	struct tls_pair *p;
	char *text;
	bool good;

	if ((p = calloc(1, sizeof(*p))) == NULL ||
	    (text = malloc(PEM_MAX + 1)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	good = read_chain(p, cert, text, why) && read_key(p, key, text, why);
	sodium_memzero(text, PEM_MAX + 1);
	free(text);
	if (good && !belongs(p))
		good = fault(why, key, "the key is not the certificate's");
	if (!good) {
		pair_free(p);
		return false;
	}
	p->older = newest;
	newest = p;
	return true;
}

/* GnuTLS wants the certificate of a session; what it gets stays ours. */
static int
retrieve(gnutls_session_t session, const gnutls_datum_t *names, int names_len,
    const gnutls_pk_algorithm_t *algorithms, int algorithms_len,
    gnutls_pcert_st **chain, unsigned *len, gnutls_privkey_t *key)
{
	(void)session;
	(void)names;
	(void)names_len;
	(void)algorithms;
	(void)algorithms_len;
	assert(newest != NULL);
	*chain = newest->chain;
	*len = newest->len;
	*key = newest->key;
	return 0;
}

void *
tls_certificate(void)
{
	gnutls_certificate_retrieve_function2 *fn = retrieve;
	void *p;

	memcpy(&p, &fn, sizeof(p));
	return p;
}

void
tls_reset(void)
{
	struct tls_pair *p;

	while ((p = newest) != NULL) {
		newest = p->older;
		pair_free(p);
	}
}
