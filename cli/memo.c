/* SPDX-License-Identifier: MPL-2.0 */
/* zcache memo: a command's output and exit status, from the cache where they are there. A cache
 * that cannot be reached does not stop the work; what did not end by itself is not kept. */
#define _GNU_SOURCE
#include <errno.h>
#include <msgpack.h>
#include <string.h>

#include <zcache/memo.h>

#include "cli/arguments.h"
#include "cli/child.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/msgpack.h"
#include "cli/output.h"

static const zc_usage_t usage = {
    .name = "memo",
    .words = "-- COMMAND...",
    .least = 1,
    .most = (size_t)-1,
    .text = "Run COMMAND, keep its standard output and its exit status, and from then on write and "
            "return those without running it, on every node. The key is made of COMMAND's words "
            "alone. Where no node answers, COMMAND is run.",
    .options = zc_ttl_options,
    .take = zc_ttl_take,
    .at = true,
    .in_order = true,
};

/* The key of the words; NULL: they are too long for one. */
static zcache_memo_key_t *make_key(char *const *words, size_t count) {
    zcache_memo_key_t *key = NULL;
    if (zcache_memo_key_new(words[0], (uint32_t)(count - 1), &key) != ZCACHE_OK) {
        return NULL;
    }
    for (size_t i = 1; i < count; i++) {
        zcache_memo_key_add_string(key, words[i]);
    }
    if (zcache_memo_key_size(key) == 0) {
        zcache_memo_key_destroy(&key);
    }
    return key;
}

/* Writes what is kept: the msgpack array [exit status, output]. False: it is not that. */
static bool replay(const zcache_value_t *value, int *status) {
    if (!zc_msgpack_valid(value->data, value->size)) {
        return false;
    }
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    const msgpack_object *object = &unpacked.data;
    bool whole = msgpack_unpack_next(&unpacked, value->data, value->size, &offset) ==
                     MSGPACK_UNPACK_SUCCESS &&
                 object->type == MSGPACK_OBJECT_ARRAY && object->via.array.size == 2;
    const msgpack_object *items = whole ? object->via.array.ptr : NULL;
    whole = whole && items[0].type == MSGPACK_OBJECT_POSITIVE_INTEGER && items[0].via.u64 <= 255 &&
            items[1].type == MSGPACK_OBJECT_BIN;
    if (whole) {
        *status = (int)items[0].via.u64;
        fwrite(items[1].via.bin.ptr, 1, items[1].via.bin.size, stdout);
        zc_output_broken(); /* takes the reason, where there is one */
    }
    msgpack_unpacked_destroy(&unpacked);
    return whole;
}

/* Sets what the command left. */
static zcache_status set_result(zcache_t *cache, const zcache_memo_key_t *key,
                                const zc_child_t *child, uint64_t ttl_ms) {
    msgpack_sbuffer packed;
    msgpack_packer packer;
    msgpack_sbuffer_init(&packed);
    msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
    bool done = msgpack_pack_array(&packer, 2) == 0 &&
                msgpack_pack_int(&packer, child->status) == 0 &&
                msgpack_pack_bin(&packer, child->output.size) == 0 &&
                (child->output.size == 0 ||
                 msgpack_pack_bin_body(&packer, child->output.data, child->output.size) == 0);
    zcache_status status =
        done ? zcache_set_typed(cache, zcache_memo_key_data(key), zcache_memo_key_size(key),
                                packed.data, packed.size, ZCACHE_MSGPACK, ttl_ms)
             : ZCACHE_NO_MEMORY;
    msgpack_sbuffer_destroy(&packed);
    return status;
}

/* Keeps what the command left. A failure costs the next caller a run, and is no more than told. */
static void keep(zcache_t *cache, const zcache_memo_key_t *key, const zc_child_t *child,
                 uint64_t ttl_ms) {
    zcache_status status = ZCACHE_OK;
    switch (child->kept) {
    case ZC_CHILD_KEPT:
        status = set_result(cache, key, child, ttl_ms);
        break;
    case ZC_CHILD_TOO_LARGE:
        zc_fail(0, "the output is not kept: it has more than %d bytes", ZCACHE_VALUE_MAX_CEILING);
        return;
    case ZC_CHILD_NO_MEMORY:
        status = ZCACHE_NO_MEMORY;
        break;
    case ZC_CHILD_REFUSED:
        return; /* one line about it is enough */
    }
    if (status != ZCACHE_OK) {
        const char *text = zcache_error(cache);
        zc_fail(0, "the output is not kept: %s",
                text[0] == '\0' ? zcache_status_text(status) : text);
    }
}

/* Runs the command; `cache` and `key` are NULL where nothing can be kept. */
static int run(zcache_t *cache, const zcache_memo_key_t *key, char *const *words, uint64_t ttl_ms) {
    zc_child_t child = {.status = 0};
    int error = zc_child_run(words, &child);
    if (error != 0) {
        zc_child_fini(&child);
        return zc_fail(error == ENOENT ? 127 : 126, "%s: cannot run it: %s", words[0],
                       strerror(error));
    }
    if (child.ended && cache != NULL) {
        keep(cache, key, &child, ttl_ms);
    }
    zc_child_fini(&child);
    return child.status;
}

/* The cache, if it can be asked. A wrong --at is a mistake, not an outage. */
static int open_cache(const zc_arguments_t *arguments, zcache_t **cache) {
    zcache_status status = zc_connect_quietly(arguments->at, cache);
    if (status == ZCACHE_INVALID) {
        return zc_connect_refuse(arguments, status);
    }
    if (status != ZCACHE_OK) {
        zc_fail(0, "%s: %s; running the command", arguments->at, zcache_status_text(status));
    }
    return ZC_EXIT_DONE;
}

static int recall_or_run(zcache_t *cache, const zcache_memo_key_t *key, char *const *words,
                         uint64_t ttl_ms) {
    zcache_value_t value = ZCACHE_VALUE_INIT;
    int status = ZC_EXIT_DONE;
    zcache_status found =
        zcache_get(cache, zcache_memo_key_data(key), zcache_memo_key_size(key), &value);
    if (found != ZCACHE_OK || !replay(&value, &status)) {
        status = run(cache, key, words, ttl_ms);
    }
    zcache_value_fini(&value);
    return status;
}

int zc_command_memo(int argc, char **argv) {
    zc_arguments_t arguments;
    uint64_t ttl_ms = 0;
    int status = zc_arguments_parse(&usage, argc, argv, &ttl_ms, &arguments);
    if (status >= 0) {
        return status;
    }
    zcache_t *cache = NULL;
    status = open_cache(&arguments, &cache);
    if (status != ZC_EXIT_DONE) {
        return status;
    }
    zcache_memo_key_t *key = make_key(arguments.words, arguments.count);
    if (key == NULL) {
        zc_fail(0, "the words of the command are too long for a key; running it");
    }
    status = cache == NULL || key == NULL ? run(NULL, NULL, arguments.words, ttl_ms)
                                          : recall_or_run(cache, key, arguments.words, ttl_ms);
    zcache_memo_key_destroy(&key);
    zcache_close(&cache);
    return zc_output_finish(status);
}
