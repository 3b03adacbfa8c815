/* SPDX-License-Identifier: MPL-2.0 */
/* msgpack values to JSON and back. */
#ifndef ZC_CLI_MSGPACK_H
#define ZC_CLI_MSGPACK_H

#include <jansson.h>
#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>

enum { ZC_MSGPACK_DEPTH_MAX = 31 }; /* containers in containers that msgpack-c reads */

/* A new reference to the JSON that says the same: bin as bytes (json.h), ext as {"ext", "base64"},
 * NaN and infinities as null, keys that are no strings as their JSON text. NULL: it is not one
 * whole msgpack value, is too deep, or no memory. */
json_t *zc_msgpack_to_json(const void *data, size_t size);

/* The JSON as msgpack, behind what is in the buffer. False: deeper than ZC_MSGPACK_DEPTH_MAX, or no
 * memory. */
bool zc_msgpack_of_json(json_t *json, msgpack_sbuffer *buffer);

/* True if the bytes are exactly one msgpack value whose containers hold no more than is there.
 * msgpack-c's unpacker is only asked after this: it allocates what a head claims before it looks
 * whether that is there. */
bool zc_msgpack_valid(const void *data, size_t size);

#endif
