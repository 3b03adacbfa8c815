/* SPDX-License-Identifier: MPL-2.0 */
/* What zcache_error tells: one line about the last call that failed, naming the value that was
 * wrong and what would be right. */
#ifndef ZC_CLIENT_ERROR_H
#define ZC_CLIENT_ERROR_H

#include <zcache/status.h>

enum { ZC_ERROR_BYTES = 640 }; /* two endpoints of 255 bytes and the words around them */

typedef struct zc_error {
    char text[ZC_ERROR_BYTES];
} zc_error_t;

static inline void zc_error_clear(zc_error_t *error) {
    error->text[0] = '\0';
}

/* Writes the line and returns `status`, so that a failing call can end with it. What is too long is
 * cut. */
zcache_status zc_error_set(zc_error_t *error, zcache_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
