/* SPDX-License-Identifier: MPL-2.0 */
/* Values and times as text. In a pipe they are whole and in one unit; for people they are short. */
#ifndef ZC_CLI_TEXT_H
#define ZC_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zcache/client.h>

enum {
    ZC_TEXT_SHORT = 60, /* bytes that a table shows of a key or value */
    ZC_DURATION_BYTES = 32,
};

/* The value as one field: msgpack as JSON, other bytes escaped; at most `most` bytes of it, 0: all.
 * The caller frees it; NULL: no memory. */
char *zc_text_of_value(const void *data, size_t size, zcache_type type, size_t most);

/* Milliseconds: "1500", or "1.5 s" for people; UINT64_MAX is "-". */
const char *zc_text_of_ms(uint64_t ms, bool people, char text[ZC_DURATION_BYTES]);

#endif
