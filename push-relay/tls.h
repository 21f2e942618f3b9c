/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The certificate of our own port: read from PEM files by GnuTLS, checked
 * against its key, and read again when it was renewed, while streams stay
 * open.  One a process, since GnuTLS asks for it without saying for whom.
 */
#ifndef PUSH_RELAY_TLS_H
#define PUSH_RELAY_TLS_H

#include <stdbool.h>
#include <stddef.h>

/* For gnutls_priority_init(3): TLS 1.2 and 1.3 (RFC 8446, RFC 9325). */
#define TLS_PRIORITIES                                                         \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-AES-128-CBC:"        \
	"-AES-256-CBC"

#define TLS_WHY 512 /* bytes of a reason */

/*
 * Read the certificate chain of CERT, the server's own first, and the private
 * key of KEY.  What was there before stays when that fails: false, with a line
 * in WHY that names the file.
 */
bool tls_load(const char *cert, const char *key, char why[TLS_WHY]);

/*
 * For libmicrohttpd's MHD_OPTION_HTTPS_CERT_CALLBACK, a function of the type
 * gnutls_certificate_retrieve_function2.  tls_load must have been true once.
 */
void *tls_certificate(void);

/* Free all; no connection may be open any more. */
void tls_reset(void);

#endif
