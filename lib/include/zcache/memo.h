/* SPDX-License-Identifier: MPL-2.0 */
/* Memo: remember what a function returned for its arguments, on every node. */
#ifndef ZCACHE_MEMO_H
#define ZCACHE_MEMO_H

#include <zcache/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Computes the value that was not there: writes it into *value with zcache_value_assign and returns
 * OK; anything else is returned by zcache_memo and nothing is stored. `ttl_ms` holds what
 * zcache_memo was given and may be changed. */
typedef zcache_status zcache_load_fn(void *context, zcache_value_t *value, uint64_t *ttl_ms);

/* Copies the value of `key` into *value; where there is none, `load` computes it and it is set with
 * `ttl_ms` (0: no deadline). A node that cannot be reached, or does not take the value, does not
 * stop the work: `load` is called and its value returned. Two callers at once may both compute.
 * Returns OK, what `load` returned, or INVALID or TOO_LARGE (the key or `ttl_ms`; `load` was not
 * called). */
zcache_status zcache_memo(zcache_t *cache, const void *key, size_t key_size, zcache_load_fn *load,
                          void *context, uint64_t ttl_ms, zcache_value_t *value);

/* Makes *value a copy of the given bytes. Returns OK or NO_MEMORY. */
zcache_status zcache_value_assign(zcache_value_t *value, const void *data, size_t size,
                                  zcache_type type);

/* A key made of a function's name and arguments: the msgpack array [name, argument ...], so that
 * the same call has the same key in every language. Arguments that would pass ZCACHE_KEY_MAX make
 * the key invalid: zcache_memo_key_size returns 0. */
typedef struct zcache_memo_key zcache_memo_key_t;

/* Begins a key for the function `name` with `arguments` arguments, each of which is then added
 * once, in order. On success *key is the caller's. Returns OK or NO_MEMORY. */
zcache_status zcache_memo_key_new(const char *name, uint32_t arguments, zcache_memo_key_t **key);
/* Destroys the key and sets *key to NULL. NULL and a pointer to NULL are allowed. */
void zcache_memo_key_destroy(zcache_memo_key_t **key);

/* Each adds one argument: of text as a msgpack string, of bytes as msgpack bin. The bytes are
 * borrowed for the call. What fails here shows in zcache_memo_key_size. */
void zcache_memo_key_add_nil(zcache_memo_key_t *key);
void zcache_memo_key_add_bool(zcache_memo_key_t *key, bool argument);
void zcache_memo_key_add_int(zcache_memo_key_t *key, int64_t argument);
void zcache_memo_key_add_uint(zcache_memo_key_t *key, uint64_t argument);
void zcache_memo_key_add_double(zcache_memo_key_t *key, double argument);
void zcache_memo_key_add_string(zcache_memo_key_t *key, const char *argument);
void zcache_memo_key_add_bytes(zcache_memo_key_t *key, const void *argument, size_t size);

/* The bytes of the finished key, borrowed until it is destroyed, and their number; 0 if arguments
 * are missing, too many, too long, or memory ran out. */
const void *zcache_memo_key_data(const zcache_memo_key_t *key);
size_t zcache_memo_key_size(const zcache_memo_key_t *key);

#ifdef __cplusplus
}
#endif
#endif
