/* SPDX-License-Identifier: MPL-2.0 */
/* Any file for `zcache load`: read by lines as it does, each one is refused with a reason or is a
 * key and a value. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <zcache/limits.h>

#include "cli/input.h"
#include "cli/line.h"
#include "cli/msgpack.h"
#include "lib/base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_BYTES_MAX = 4096 };

static void take_line(const zc_input_t *text) {
    char error[ZC_LINE_ERROR_BYTES] = "";
    zc_line_t line;
    if (!zc_line_parse(text->data, text->size, &line, error)) {
        ZC_ASSERT(error[0] != '\0');
        ZC_ASSERT(strlen(error) < sizeof error);
        return;
    }
    ZC_ASSERT(line.ttl_ms <= (uint64_t)ZCACHE_TTL_MAX_SECONDS * 1000);
    ZC_ASSERT(line.type == ZCACHE_RAW || zc_msgpack_valid(line.value, line.value_size));
    zc_line_fini(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    FILE *stream = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
    if (stream == NULL) {
        return 0;
    }
    zc_input_t text = {.data = NULL};
    zc_input_result_t result = ZC_INPUT_DONE;
    while (result == ZC_INPUT_DONE || result == ZC_INPUT_TOO_LARGE) {
        result = zc_input_read_line(&text, stream, LINE_BYTES_MAX);
        ZC_ASSERT(result != ZC_INPUT_FAILED);
        ZC_ASSERT(text.size <= LINE_BYTES_MAX);
        if (result == ZC_INPUT_DONE) {
            take_line(&text);
        }
    }
    zc_input_fini(&text);
    fclose(stream);
    return 0;
}
