/* SPDX-License-Identifier: MPL-2.0 */
/* Any arguments as the key of a call: a key keeps to its limit, says exactly its arguments as
 * msgpack-c reads them, and has no size where arguments are missing, too many or too long. */
#include <msgpack.h>
#include <string.h>

#include <zcache/limits.h>
#include <zcache/memo.h>

#include "lib/base/assert.h"
#include "tests/support/fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARGUMENTS_MAX = 8, TEXT_BYTES_MAX = 64 };

/* Some text, sometimes such as no key has room for. */
static void add_text(zcache_memo_key_t *key, zc_fuzz_input_t *input, bool as_bytes) {
    static char large[ZCACHE_KEY_MAX + 1];
    zc_slice_t taken = zc_fuzz_slice(input, TEXT_BYTES_MAX);
    size_t bytes = taken.bytes;
    memset(large, 'x', sizeof large - 1);
    if (zc_fuzz_below(input, 8) == 1) {
        bytes = zc_fuzz_below(input, sizeof large);
    } else if (bytes > 0) {
        memcpy(large, taken.data, bytes);
    }
    large[bytes] = '\0';
    if (as_bytes) {
        zcache_memo_key_add_bytes(key, large, bytes);
    } else {
        zcache_memo_key_add_string(key, large);
    }
}

static void add(zcache_memo_key_t *key, zc_fuzz_input_t *input) {
    double number = 0;
    uint64_t bits = 0;
    switch (zc_fuzz_below(input, 7)) {
    case 0:
        zcache_memo_key_add_nil(key);
        break;
    case 1:
        zcache_memo_key_add_bool(key, zc_fuzz_below(input, 2) == 1);
        break;
    case 2:
        zcache_memo_key_add_int(key, (int64_t)zc_fuzz_uint(input, 8));
        break;
    case 3:
        zcache_memo_key_add_uint(key, zc_fuzz_uint(input, 8));
        break;
    case 4:
        bits = zc_fuzz_uint(input, 8);
        memcpy(&number, &bits, sizeof number);
        zcache_memo_key_add_double(key, number);
        break;
    default:
        add_text(key, input, zc_fuzz_below(input, 2) == 1);
        break;
    }
}

static void check(const zcache_memo_key_t *key, uint32_t arguments) {
    size_t size = zcache_memo_key_size(key);
    ZC_ASSERT(size <= ZCACHE_KEY_MAX);
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    msgpack_unpack_return found =
        msgpack_unpack_next(&unpacked, zcache_memo_key_data(key), size, &offset);
    ZC_ASSERT(found == MSGPACK_UNPACK_SUCCESS);
    ZC_ASSERT(offset == size);
    ZC_ASSERT(unpacked.data.type == MSGPACK_OBJECT_ARRAY);
    ZC_ASSERT(unpacked.data.via.array.size == arguments + 1);
    msgpack_unpacked_destroy(&unpacked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    zc_fuzz_input_t input = {.at = data, .left = size};
    uint32_t arguments = (uint32_t)zc_fuzz_below(&input, ARGUMENTS_MAX);
    uint32_t added = 0;
    zcache_memo_key_t *key = NULL;
    ZC_ASSERT(zcache_memo_key_new("name", arguments, &key) == ZCACHE_OK);
    for (; zc_fuzz_has_more(&input); added++) {
        add(key, &input);
    }
    if (zcache_memo_key_size(key) > 0) {
        ZC_ASSERT(added == arguments);
        check(key, arguments);
    }
    zcache_memo_key_destroy(&key);
    return 0;
}
