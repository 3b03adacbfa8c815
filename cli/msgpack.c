/* SPDX-License-Identifier: MPL-2.0 */
/* msgpack to JSON and back, container by container on a stack of fixed depth: a value is input of
 * strangers, and how deep it goes must not decide how deep we go. */
#include "cli/msgpack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/base64.h"
#include "cli/json.h"
#include "cli/utf8.h"

/* -- Checking -------------------------------------------------------------- */

typedef struct head {
    size_t skip;     /* bytes of the value itself, with its head */
    size_t children; /* values that follow and belong to it */
} head_t;

static size_t big_endian(const uint8_t *bytes, size_t count) {
    size_t number = 0;
    for (size_t i = 0; i < count; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

/* A head of one byte and `width` bytes of length. */
static bool read_length(const uint8_t *bytes, size_t size, size_t width, size_t *length) {
    if (size < 1 + width) {
        return false;
    }
    *length = big_endian(bytes + 1, width);
    return true;
}

/* What is behind the bytes 0xc0 to 0xdf. */
static bool read_long_head(const uint8_t *bytes, size_t size, head_t *head) {
    static const uint8_t fixed[] = {/* c0 */ 1, 0, 1, 1, 0, 0, 0, 0,  0,
                                    0,          5, 9, 2, 3, 5, 9,
                                    /* d0 */ 2, 3, 5, 9, 3, 4, 6, 10, 18};
    uint8_t first = bytes[0];
    size_t length = 0;
    size_t index = (size_t)(first - 0xc0);
    if (index < sizeof(fixed) && fixed[index] != 0) {
        *head = (head_t){.skip = fixed[index]};
        return true;
    }
    if (first >= 0xdc && first <= 0xdf) { /* array and map, 16 and 32 bits */
        size_t width = first % 2 == 0 ? 2 : 4;
        bool whole = read_length(bytes, size, width, &length);
        *head = (head_t){.skip = 1 + width, .children = first < 0xde ? length : 2 * length};
        return whole;
    }
    if (first == 0xc1) {
        return false;
    }
    /* bin c4 to c6, ext c7 to c9, str d9 to db: 8, 16 and 32 bits */
    size_t base = first < 0xc7 ? 0xc4 : first < 0xca ? 0xc7 : 0xd9;
    size_t width = (size_t)1 << (first - base);
    bool whole = read_length(bytes, size, width, &length);
    *head = (head_t){.skip = 1 + width + length + (base == 0xc7 ? 1 : 0)};
    return whole;
}

static bool read_head(const uint8_t *bytes, size_t size, head_t *head) {
    uint8_t first = bytes[0];
    if (first < 0x80 || first >= 0xe0) {
        *head = (head_t){.skip = 1};
    } else if (first < 0x90) {
        *head = (head_t){.skip = 1, .children = 2 * (size_t)(first & 0x0f)};
    } else if (first < 0xa0) {
        *head = (head_t){.skip = 1, .children = first & 0x0f};
    } else if (first < 0xc0) {
        *head = (head_t){.skip = 1 + (size_t)(first & 0x1f)};
    } else {
        return read_long_head(bytes, size, head);
    }
    return true;
}

bool zc_msgpack_valid(const void *data, size_t size) {
    const uint8_t *bytes = data;
    size_t at = 0;
    size_t wanted = 1; /* values that are still to come: each takes a byte at least */
    while (wanted > 0) {
        head_t head;
        if (at >= size || !read_head(bytes + at, size - at, &head) || head.skip > size - at) {
            return false;
        }
        at += head.skip;
        wanted = wanted - 1 + head.children;
        if (wanted > size - at) {
            return false;
        }
    }
    return at == size;
}

/* -- To JSON --------------------------------------------------------------- */

static json_t *ext_to_json(const msgpack_object_ext *ext) {
    char *text = zc_base64_encode(ext->ptr, ext->size);
    json_t *json =
        text == NULL ? NULL : json_pack("{s:i,s:s}", "ext", (int)ext->type, "base64", text);
    free(text);
    return json;
}

/* The JSON of one object; a container comes empty. */
static json_t *object_to_json(const msgpack_object *object) {
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        return json_null();
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean(object->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return zc_json_of_uint(object->via.u64);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return json_integer(object->via.i64);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return isfinite(object->via.f64) ? json_real(object->via.f64) : json_null();
    case MSGPACK_OBJECT_STR:
        return zc_json_of_bytes(object->via.str.ptr, object->via.str.size);
    case MSGPACK_OBJECT_BIN:
        return zc_json_of_bytes(object->via.bin.ptr, object->via.bin.size);
    case MSGPACK_OBJECT_EXT:
        return ext_to_json(&object->via.ext);
    case MSGPACK_OBJECT_ARRAY:
        return json_array();
    case MSGPACK_OBJECT_MAP:
        return json_object();
    }
    return NULL;
}

/* Sets a member. A key that is a container is written as it prints: nobody looks it up here. */
static bool set_member(json_t *object, const msgpack_object *key, json_t *value) {
    if (key->type == MSGPACK_OBJECT_STR && zc_utf8_valid(key->via.str.ptr, key->via.str.size)) {
        const char *name = key->via.str.size == 0 ? "" : key->via.str.ptr;
        return json_object_setn_new_nocheck(object, name, key->via.str.size, value) == 0;
    }
    json_t *json = object_to_json(key);
    char *name = json == NULL ? NULL : json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    bool done = name != NULL && json_object_set_new_nocheck(object, name, value) == 0;
    if (name == NULL) {
        json_decref(value);
    }
    free(name);
    json_decref(json);
    return done;
}

/* A container whose children are being converted. */
typedef struct level {
    const msgpack_object *object;
    json_t *json; /* belongs to its parent */
    uint32_t next;
} level_t;

static uint32_t child_count(const msgpack_object *object) {
    return object->type == MSGPACK_OBJECT_ARRAY ? object->via.array.size
           : object->type == MSGPACK_OBJECT_MAP ? object->via.map.size
                                                : 0;
}

/* Converts the next child of the level; *child is it, and *json its JSON, which belongs to the
 * level's. */
static bool convert_child(level_t *level, const msgpack_object **child, json_t **json) {
    uint32_t index = level->next++;
    bool map = level->object->type == MSGPACK_OBJECT_MAP;
    *child = map ? &level->object->via.map.ptr[index].val : &level->object->via.array.ptr[index];
    *json = object_to_json(*child);
    if (*json == NULL) {
        return false;
    }
    return map ? set_member(level->json, &level->object->via.map.ptr[index].key, *json)
               : json_array_append_new(level->json, *json) == 0;
}

static json_t *tree_to_json(const msgpack_object *root) {
    level_t levels[ZC_MSGPACK_DEPTH_MAX + 1];
    size_t depth = 0;
    json_t *result = object_to_json(root);
    bool done = result != NULL;
    if (done && child_count(root) > 0) {
        levels[depth++] = (level_t){.object = root, .json = result};
    }
    while (done && depth > 0) {
        level_t *level = &levels[depth - 1];
        if (level->next == child_count(level->object)) {
            depth--;
            continue;
        }
        const msgpack_object *child = NULL;
        json_t *json = NULL;
        done = convert_child(level, &child, &json);
        if (done && child_count(child) > 0) {
            done = depth <= ZC_MSGPACK_DEPTH_MAX;
            if (done) {
                levels[depth++] = (level_t){.object = child, .json = json};
            }
        }
    }
    if (!done) {
        json_decref(result);
        return NULL;
    }
    return result;
}

json_t *zc_msgpack_to_json(const void *data, size_t size) {
    if (!zc_msgpack_valid(data, size)) {
        return NULL;
    }
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    json_t *json = NULL;
    if (msgpack_unpack_next(&unpacked, data, size, &offset) == MSGPACK_UNPACK_SUCCESS) {
        json = tree_to_json(&unpacked.data);
    }
    msgpack_unpacked_destroy(&unpacked);
    return json;
}

/* -- From JSON ------------------------------------------------------------- */

/* Where a container of the JSON has been got to. */
typedef struct place {
    json_t *json;
    size_t index; /* of an array */
    void *member; /* of an object */
} place_t;

static int pack_text(msgpack_packer *packer, const char *text, size_t bytes) {
    int failed = msgpack_pack_str(packer, bytes);
    return failed != 0 ? failed : msgpack_pack_str_body(packer, text, bytes);
}

/* Packs a value that is no container, or the head of one that is. */
static int pack_one(msgpack_packer *packer, const json_t *json) {
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return msgpack_pack_map(packer, json_object_size(json));
    case JSON_ARRAY:
        return msgpack_pack_array(packer, json_array_size(json));
    case JSON_STRING:
        return pack_text(packer, json_string_value(json), json_string_length(json));
    case JSON_INTEGER:
        return msgpack_pack_int64(packer, json_integer_value(json));
    case JSON_REAL:
        return msgpack_pack_double(packer, json_real_value(json));
    case JSON_TRUE:
        return msgpack_pack_true(packer);
    case JSON_FALSE:
        return msgpack_pack_false(packer);
    case JSON_NULL:
        return msgpack_pack_nil(packer);
    }
    return -1;
}

/* The next child of the place, after its key is packed where it has one; NULL: there are no more.
 */
static json_t *next_child(msgpack_packer *packer, place_t *place, int *failed) {
    if (json_is_array(place->json)) {
        return json_array_get(place->json, place->index++);
    }
    place->member = place->index++ == 0 ? json_object_iter(place->json)
                                        : json_object_iter_next(place->json, place->member);
    if (place->member == NULL) {
        return NULL;
    }
    *failed = pack_text(packer, json_object_iter_key(place->member),
                        json_object_iter_key_len(place->member));
    return json_object_iter_value(place->member);
}

static bool is_container(const json_t *json) {
    return json_is_array(json) || json_is_object(json);
}

bool zc_msgpack_of_json(json_t *json, msgpack_sbuffer *buffer) {
    msgpack_packer packer;
    msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write);
    place_t places[ZC_MSGPACK_DEPTH_MAX];
    size_t depth = 0;
    int failed = pack_one(&packer, json);
    if (is_container(json)) {
        places[depth++] = (place_t){.json = json};
    }
    while (failed == 0 && depth > 0) {
        json_t *child = next_child(&packer, &places[depth - 1], &failed);
        if (child == NULL) {
            depth--;
            continue;
        }
        failed = failed != 0 ? failed : pack_one(&packer, child);
        if (is_container(child)) {
            if (depth == ZC_MSGPACK_DEPTH_MAX) {
                return false;
            }
            places[depth++] = (place_t){.json = child};
        }
    }
    return failed == 0;
}
