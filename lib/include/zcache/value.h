/* SPDX-License-Identifier: MPL-2.0 */
/* Values: what zcache_get copies out of the cache, into a block that the caller's next get uses
 * again. */
#ifndef ZCACHE_VALUE_H
#define ZCACHE_VALUE_H

#include <stddef.h>

/* What the bytes of a value are. It travels with the value; zcache itself never looks at it. */
typedef enum zcache_type { ZCACHE_RAW = 0, ZCACHE_MSGPACK = 1 } zcache_type;

/* A value as returned by zcache_get. `data` belongs to the value, is used again by the next get
 * into it, and is freed by zcache_value_fini. `data` is not NULL after an OK, also where size is 0.
 */
typedef struct zcache_value {
    void *data;
    size_t size; /* bytes */
    zcache_type type;
    size_t capacity; /* bytes allocated at data; not for callers */
} zcache_value_t;

#define ZCACHE_VALUE_INIT                                                                          \
    { NULL, 0, ZCACHE_RAW, 0 }

#endif
