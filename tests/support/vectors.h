/* SPDX-License-Identifier: MPL-2.0 */
/* The test vectors of tests/vectors: cases in JSON, bytes in hexadecimal. */
#ifndef ZC_TESTS_SUPPORT_VECTORS_H
#define ZC_TESTS_SUPPORT_VECTORS_H

#include <jansson.h>

#include "lib/wire/buffer.h"

/* The array of cases of tests/vectors/NAME.json, to be released with json_decref. The tree is found
 * by the environment's ZCACHE_SOURCE, else it is the present directory. Ends the test where the
 * file cannot be read. */
json_t *zc_vectors_load(const char *name);

/* The bytes of a case, in a block of exactly their size so that ASan sees a read past them; freed
 * with free(). */
zc_slice_t zc_vectors_bytes(const json_t *vector, const char *field);

/* A static text that says which case it is, for the message of an assert. */
const char *zc_vectors_name(const json_t *vector);

/* Checks with msgpack-c, the oracle, that the bytes are one msgpack array to the last byte, all of
 * it in forms that its own packer would choose if `shortest`. */
bool zc_vectors_oracle(zc_slice_t bytes, bool shortest);

/* One direction or the other between a value and its JSON, so that each field is named once.
 * `writing` true: value to JSON. */
typedef struct zc_mapper {
    json_t *object;
    bool writing;
    zc_buffer_t *memory; /* what texts, bytes and arrays that are read point into; never grows */
} zc_mapper_t;

void zc_map_uint(zc_mapper_t *mapper, const char *name, uint64_t *value);
void zc_map_bool(zc_mapper_t *mapper, const char *name, bool *value);
void zc_map_text(zc_mapper_t *mapper, const char *name, zc_slice_t *value);
void zc_map_bytes(zc_mapper_t *mapper, const char *name, zc_slice_t *value);
/* Exactly so many bytes in place. */
void zc_map_fixed(zc_mapper_t *mapper, const char *name, uint8_t *value, size_t bytes);

/* The mapper of an object within: fields of `name`. */
zc_mapper_t zc_map_object(zc_mapper_t *mapper, const char *name);

/* An array: *count of items of `item_bytes` at *items (allocated where it is read), each an object
 * of the JSON that the returned mapper `item` of zc_map_item stands for. */
void zc_map_array(zc_mapper_t *mapper, const char *name, const void **items, size_t item_bytes,
                  size_t *count);
zc_mapper_t zc_map_item(zc_mapper_t *mapper, const char *name, size_t index);

/* Memory for what is read, aligned. */
void *zc_map_take(zc_mapper_t *mapper, size_t bytes);

json_t *zc_json_uint(uint64_t value);
uint64_t zc_json_to_uint(const json_t *json);

#endif
