/* SPDX-License-Identifier: MPL-2.0 */
/* Keys made of a function's name and arguments, packed by msgpack-c into a buffer that stops at
 * ZCACHE_KEY_MAX. Once anything failed the key has no size, whatever is added later, so that two
 * different calls never share a key that was cut. */
#include "lib/client/memo_key.h"

#include <msgpack.h>
#include <string.h>

#include <zcache/limits.h>

#include "lib/wire/buffer.h"

struct zcache_memo_key {
    const zc_allocator_t *allocator;
    zc_buffer_t bytes;
    msgpack_packer packer;
    uint32_t missing; /* arguments still to be added */
    bool failed;
};

/* msgpack-c's way out: 0, or -1 where there is no room. */
static int write_bytes(void *context, const char *data, size_t bytes) {
    zcache_memo_key_t *key = context;
    bool fits = bytes <= ZCACHE_KEY_MAX && key->bytes.bytes <= ZCACHE_KEY_MAX - bytes;
    uint8_t *at = fits && !key->failed ? zc_buffer_reserve(&key->bytes, bytes) : NULL;
    if (at == NULL) {
        key->failed = true;
        return -1;
    }
    if (bytes > 0) {
        memcpy(at, data, bytes);
    }
    key->bytes.bytes += bytes;
    return 0;
}

static void pack_string(zcache_memo_key_t *key, const char *text) {
    size_t bytes = strlen(text);
    msgpack_pack_str(&key->packer, bytes);
    msgpack_pack_str_body(&key->packer, text, bytes);
}

zcache_status zc_memo_key_new(const zc_allocator_t *allocator, const char *name, uint32_t arguments,
                              zcache_memo_key_t **key) {
    zcache_memo_key_t *made = zc_allocate_zeroed(allocator, sizeof(*made));
    if (made == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    made->allocator = allocator;
    made->missing = arguments;
    made->failed = arguments >= ZCACHE_KEY_MAX; /* each takes a byte at least */
    zc_buffer_init(&made->bytes, allocator);
    msgpack_packer_init(&made->packer, made, write_bytes);
    msgpack_pack_array(&made->packer, (size_t)arguments + 1);
    pack_string(made, name);
    *key = made;
    return ZCACHE_OK;
}

zcache_status zcache_memo_key_new(const char *name, uint32_t arguments, zcache_memo_key_t **key) {
    return zc_memo_key_new(zc_allocator_system(), name, arguments, key);
}

void zcache_memo_key_destroy(zcache_memo_key_t **key) {
    if (key != NULL && *key != NULL) {
        zc_buffer_fini(&(*key)->bytes);
        zc_free((*key)->allocator, *key);
        *key = NULL;
    }
}

/* Counts one argument. */
static msgpack_packer *next(zcache_memo_key_t *key) {
    if (key->missing == 0) {
        key->failed = true;
    } else {
        key->missing--;
    }
    return &key->packer;
}

void zcache_memo_key_add_nil(zcache_memo_key_t *key) {
    msgpack_pack_nil(next(key));
}

void zcache_memo_key_add_bool(zcache_memo_key_t *key, bool argument) {
    if (argument) {
        msgpack_pack_true(next(key));
    } else {
        msgpack_pack_false(next(key));
    }
}

void zcache_memo_key_add_int(zcache_memo_key_t *key, int64_t argument) {
    msgpack_pack_int64(next(key), argument);
}

void zcache_memo_key_add_uint(zcache_memo_key_t *key, uint64_t argument) {
    msgpack_pack_uint64(next(key), argument);
}

void zcache_memo_key_add_double(zcache_memo_key_t *key, double argument) {
    msgpack_pack_double(next(key), argument);
}

void zcache_memo_key_add_string(zcache_memo_key_t *key, const char *argument) {
    next(key);
    pack_string(key, argument);
}

void zcache_memo_key_add_bytes(zcache_memo_key_t *key, const void *argument, size_t size) {
    msgpack_packer *packer = next(key);
    msgpack_pack_bin(packer, size);
    msgpack_pack_bin_body(packer, argument, size);
}

const void *zcache_memo_key_data(const zcache_memo_key_t *key) {
    return key->bytes.data;
}

size_t zcache_memo_key_size(const zcache_memo_key_t *key) {
    return key->failed || key->missing > 0 ? 0 : key->bytes.bytes;
}
