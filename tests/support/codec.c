/* SPDX-License-Identifier: MPL-2.0 */
/* The codec of messages with its memory. */
#include "tests/support/codec.h"

#include <stdlib.h>

#include "lib/base/assert.h"

void zc_codec_init(zc_codec_t *codec) {
    zc_buffer_init(&codec->buffer, zc_allocator_system());
    zc_wire_scratch_init(&codec->scratch, zc_allocator_system());
}

void zc_codec_fini(zc_codec_t *codec) {
    zc_buffer_fini(&codec->buffer);
    zc_wire_scratch_fini(&codec->scratch);
}

zcache_status zc_codec_pass(zc_codec_t *codec, const zc_message_t *message, zc_message_t *found) {
    zcache_status status = zc_wire_encode(message, &codec->buffer);
    if (status != ZCACHE_OK) {
        return status;
    }
    return zc_wire_decode(zc_buffer_slice(&codec->buffer), &codec->scratch, found);
}

zcache_status zc_codec_read(zc_codec_t *codec, const char *hex, zc_message_t *found) {
    codec->buffer.bytes = 0;
    uint8_t *at = zc_buffer_reserve(&codec->buffer, strlen(hex) / 2 + 1);
    ZC_ASSERT(at != NULL);
    for (const char *digit = hex; *digit != '\0'; digit++) {
        if (*digit == ' ') {
            continue;
        }
        const char pair[] = {digit[0], digit[1], '\0'};
        *at++ = (uint8_t)strtoul(pair, NULL, 16);
        codec->buffer.bytes++;
        digit++;
    }
    return zc_wire_decode(zc_buffer_slice(&codec->buffer), &codec->scratch, found);
}
