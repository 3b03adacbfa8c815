/* SPDX-License-Identifier: MPL-2.0 */
/* The test vectors of tests/vectors. Faults of the vectors themselves end the test. */
#include "tests/support/vectors.h"

#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/assert.h"

json_t *zc_vectors_load(const char *name) {
    const char *source = getenv("ZCACHE_SOURCE");
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/tests/vectors/%s.json",
                          source != NULL ? source : ".", name);
    ZC_ASSERT(length > 0 && (size_t)length < sizeof path);
    json_error_t error;
    json_t *cases = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (cases == NULL) {
        fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
    }
    ZC_ASSERT(json_is_array(cases) && json_array_size(cases) > 0);
    return cases;
}

static uint8_t from_digit(char digit) {
    ZC_ASSERT((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'));
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static void from_hex(const char *text, uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(from_digit(text[2 * i]) << 4 | from_digit(text[2 * i + 1]));
    }
}

static json_t *to_hex(zc_slice_t bytes) {
    char *text = malloc(2 * bytes.bytes + 1);
    ZC_ASSERT(text != NULL);
    text[0] = '\0';
    for (size_t i = 0; i < bytes.bytes; i++) {
        snprintf(text + 2 * i, 3, "%02x", ((const uint8_t *)bytes.data)[i]);
    }
    json_t *json = json_string(text);
    free(text);
    return json;
}

zc_slice_t zc_vectors_bytes(const json_t *vector, const char *field) {
    const json_t *json = json_object_get(vector, field);
    ZC_ASSERT(json_is_string(json));
    size_t count = json_string_length(json) / 2;
    uint8_t *bytes = malloc(count > 0 ? count : 1);
    ZC_ASSERT(bytes != NULL);
    from_hex(json_string_value(json), bytes, count);
    return zc_slice(bytes, count);
}

const char *zc_vectors_name(const json_t *vector) {
    const char *name = json_string_value(json_object_get(vector, "name"));
    const char *why = json_string_value(json_object_get(vector, "why"));
    static char text[256];
    snprintf(text, sizeof text, "%s", name != NULL ? name : why);
    return text;
}

static int append(void *data, const char *bytes, size_t count) {
    zc_buffer_t *buffer = data;
    uint8_t *at = zc_buffer_reserve(buffer, count);
    ZC_ASSERT(at != NULL);
    memcpy(at, bytes, count);
    buffer->bytes += count;
    return 0;
}

bool zc_vectors_oracle(zc_slice_t bytes, bool shortest) {
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t at = 0;
    bool valid =
        msgpack_unpack_next(&unpacked, bytes.data, bytes.bytes, &at) == MSGPACK_UNPACK_SUCCESS &&
        at == bytes.bytes && unpacked.data.type == MSGPACK_OBJECT_ARRAY;
    if (valid && shortest) {
        zc_buffer_t buffer;
        zc_buffer_init(&buffer, zc_allocator_system());
        msgpack_packer packer;
        msgpack_packer_init(&packer, &buffer, append);
        msgpack_pack_object(&packer, unpacked.data);
        valid = zc_slice_equal(zc_buffer_slice(&buffer), bytes);
        zc_buffer_fini(&buffer);
    }
    msgpack_unpacked_destroy(&unpacked);
    return valid;
}

json_t *zc_json_uint(uint64_t value) {
    if (value <= (uint64_t)1 << 53) {
        return json_integer((json_int_t)value);
    }
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

uint64_t zc_json_to_uint(const json_t *json) {
    if (json_is_string(json)) {
        return strtoull(json_string_value(json), NULL, 10);
    }
    return (uint64_t)json_integer_value(json);
}

void *zc_map_take(zc_mapper_t *mapper, size_t bytes) {
    zc_buffer_t *memory = mapper->memory;
    size_t at = (memory->bytes + 15) / 16 * 16;
    ZC_ASSERT(at + bytes <= memory->capacity);
    memory->bytes = at + bytes;
    return memory->data + at;
}

void zc_map_uint(zc_mapper_t *mapper, const char *name, uint64_t *value) {
    if (mapper->writing) {
        json_object_set_new(mapper->object, name, zc_json_uint(*value));
    } else {
        *value = zc_json_to_uint(json_object_get(mapper->object, name));
    }
}

void zc_map_bool(zc_mapper_t *mapper, const char *name, bool *value) {
    if (mapper->writing) {
        json_object_set_new(mapper->object, name, json_boolean(*value));
    } else {
        *value = json_is_true(json_object_get(mapper->object, name));
    }
}

void zc_map_text(zc_mapper_t *mapper, const char *name, zc_slice_t *value) {
    if (mapper->writing) {
        json_object_set_new(mapper->object, name, json_stringn(value->data, value->bytes));
        return;
    }
    const json_t *json = json_object_get(mapper->object, name);
    *value = zc_slice(json_string_value(json), json_string_length(json));
}

void zc_map_bytes(zc_mapper_t *mapper, const char *name, zc_slice_t *value) {
    if (mapper->writing) {
        json_object_set_new(mapper->object, name, to_hex(*value));
        return;
    }
    const json_t *json = json_object_get(mapper->object, name);
    size_t count = json_string_length(json) / 2;
    uint8_t *bytes = zc_map_take(mapper, count);
    from_hex(json_string_value(json), bytes, count);
    *value = zc_slice(bytes, count);
}

void zc_map_fixed(zc_mapper_t *mapper, const char *name, uint8_t *value, size_t bytes) {
    if (mapper->writing) {
        json_object_set_new(mapper->object, name, to_hex(zc_slice(value, bytes)));
        return;
    }
    const json_t *json = json_object_get(mapper->object, name);
    ZC_ASSERT(json_string_length(json) == 2 * bytes);
    from_hex(json_string_value(json), value, bytes);
}

zc_mapper_t zc_map_object(zc_mapper_t *mapper, const char *name) {
    if (mapper->writing) {
        json_object_set_new(mapper->object, name, json_object());
    }
    json_t *object = json_object_get(mapper->object, name);
    return (zc_mapper_t){.object = object, .writing = mapper->writing, .memory = mapper->memory};
}

void zc_map_array(zc_mapper_t *mapper, const char *name, const void **items, size_t item_bytes,
                  size_t *count) {
    if (mapper->writing) {
        json_object_set_new(mapper->object, name, json_array());
        return;
    }
    *count = json_array_size(json_object_get(mapper->object, name));
    void *block = zc_map_take(mapper, *count * item_bytes);
    memset(block, 0, *count * item_bytes);
    *items = block;
}

zc_mapper_t zc_map_item(zc_mapper_t *mapper, const char *name, size_t index) {
    json_t *array = json_object_get(mapper->object, name);
    if (mapper->writing) {
        json_array_append_new(array, json_object());
    }
    return (zc_mapper_t){.object = json_array_get(array, index),
                         .writing = mapper->writing,
                         .memory = mapper->memory};
}
