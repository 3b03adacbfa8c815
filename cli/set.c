/* SPDX-License-Identifier: MPL-2.0 */
/* zcache set: one key, one value. What is wrong is found before a node is asked. */
#include <errno.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/input.h"
#include "cli/msgpack.h"
#include "cli/output.h"

static const zc_usage_t usage = {
    .name = "set",
    .words = "KEY VALUE",
    .least = 2,
    .most = 2,
    .text = "Set KEY to the bytes of VALUE; VALUE - reads them from standard input.",
    .options = zc_ttl_options,
    .take = zc_ttl_take,
    .at = true,
    .json = true,
    .json_text = "VALUE is JSON, and is kept as msgpack",
};

/* The bytes of VALUE. */
static int read_value(const char *word, zc_input_t *value) {
    if (strcmp(word, "-") != 0) {
        return zc_input_append(value, word, strlen(word))
                   ? ZC_EXIT_DONE
                   : zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    switch (zc_input_read_all(value, stdin, ZCACHE_VALUE_MAX_CEILING)) {
    case ZC_INPUT_TOO_LARGE:
        return zc_fail(ZC_EXIT_USAGE,
                       "standard input has more than %d bytes: no mesh takes a larger value",
                       ZCACHE_VALUE_MAX_CEILING);
    case ZC_INPUT_FAILED:
        return zc_fail(ZC_EXIT_USAGE, "cannot read standard input: %s", strerror(errno));
    case ZC_INPUT_DONE:
    case ZC_INPUT_END:
        break;
    }
    return ZC_EXIT_DONE;
}

/* Makes msgpack of a JSON text. */
static int convert(const zc_input_t *text, msgpack_sbuffer *packed) {
    json_error_t error;
    json_t *json = json_loadb(text->size == 0 ? "" : text->data, text->size,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (json == NULL) {
        return zc_fail(ZC_EXIT_USAGE, "VALUE is not JSON: %s at line %d, column %d", error.text,
                       error.line, error.column);
    }
    bool done = zc_msgpack_of_json(json, packed);
    json_decref(json);
    return done ? ZC_EXIT_DONE
                : zc_fail(ZC_EXIT_USAGE, "VALUE is JSON that is nested deeper than %d levels",
                          ZC_MSGPACK_DEPTH_MAX);
}

static int send_value(const zc_arguments_t *arguments, const void *data, size_t size,
                      zcache_type type, uint64_t ttl_ms) {
    zcache_t *cache = NULL;
    int status = zc_connect(arguments, &cache);
    if (status != ZC_EXIT_DONE) {
        return status;
    }
    const char *key = arguments->words[0];
    status = zc_report(cache, zcache_set_typed(cache, key, strlen(key), data, size, type, ttl_ms));
    zcache_close(&cache);
    return status;
}

int zc_command_set(int argc, char **argv) {
    zc_arguments_t arguments;
    uint64_t ttl_ms = 0;
    int status = zc_arguments_parse(&usage, argc, argv, &ttl_ms, &arguments);
    if (status >= 0) {
        return status;
    }
    zc_input_t value = {.data = NULL};
    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    status = read_value(arguments.words[1], &value);
    if (status == ZC_EXIT_DONE && arguments.json) {
        status = convert(&value, &packed);
    }
    if (status == ZC_EXIT_DONE && arguments.json) {
        status = send_value(&arguments, packed.data, packed.size, ZCACHE_MSGPACK, ttl_ms);
    } else if (status == ZC_EXIT_DONE) {
        status = send_value(&arguments, value.data, value.size, ZCACHE_RAW, ttl_ms);
    }
    msgpack_sbuffer_destroy(&packed);
    zc_input_fini(&value);
    return status;
}
