/* SPDX-License-Identifier: MPL-2.0 */
/* One line of a file for `zcache load`: {"key", "value", "ttl"?}. */
#ifndef ZC_CLI_LINE_H
#define ZC_CLI_LINE_H

#include <zcache/client.h>

enum { ZC_LINE_ERROR_BYTES = 256 };

typedef struct zc_line {
    void *key;
    size_t key_size;
    void *value;
    size_t value_size;
    zcache_type type;
    uint64_t ttl_ms;
} zc_line_t;

/* Reads a line. On success *line owns its key and value, to be given back with zc_line_fini.
 * False: `error` says what is wrong and what would be right. */
bool zc_line_parse(const char *text, size_t size, zc_line_t *line, char error[ZC_LINE_ERROR_BYTES]);

void zc_line_fini(zc_line_t *line);

#endif
