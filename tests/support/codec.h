/* SPDX-License-Identifier: MPL-2.0 */
/* The codec of messages with its memory, for tests that send messages through it. */
#ifndef ZC_TESTS_SUPPORT_CODEC_H
#define ZC_TESTS_SUPPORT_CODEC_H

#include "lib/wire/wire.h"

typedef struct zc_codec {
    zc_buffer_t buffer;
    zc_wire_scratch_t scratch;
} zc_codec_t;

void zc_codec_init(zc_codec_t *codec);
void zc_codec_fini(zc_codec_t *codec);

/* Writes the message and reads it back; *found points into the codec until its next use. What is
 * wrong with it shows in the status of reading. */
zcache_status zc_codec_pass(zc_codec_t *codec, const zc_message_t *message, zc_message_t *found);

/* Reads a message from an array whose head and items are given as one text of hexadecimal digits
 * and blanks. */
zcache_status zc_codec_read(zc_codec_t *codec, const char *hex, zc_message_t *found);

#endif
