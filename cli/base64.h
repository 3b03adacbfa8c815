/* SPDX-License-Identifier: MPL-2.0 */
/* Base64 (RFC 4648, section 4): how JSON carries bytes that are not UTF-8. */
#ifndef ZC_CLI_BASE64_H
#define ZC_CLI_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* A string that the caller frees; NULL: no memory. */
char *zc_base64_encode(const void *data, size_t size);

/* On success *data is the caller's, to be freed. False: it is not base64, or no memory. */
bool zc_base64_decode(const char *text, size_t length, void **data, size_t *size);

#endif
