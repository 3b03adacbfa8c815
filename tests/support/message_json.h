/* SPDX-License-Identifier: MPL-2.0 */
/* Messages, requests, responses and events as the JSON of tests/vectors, in both directions. */
#ifndef ZC_TESTS_SUPPORT_MESSAGE_JSON_H
#define ZC_TESTS_SUPPORT_MESSAGE_JSON_H

#include "lib/replica/message.h"
#include "lib/wire/event.h"
#include "lib/wire/request.h"
#include "tests/support/vectors.h"

/* The message of a JSON object. It points into the JSON and into `memory`. */
void zc_message_from_json(json_t *json, zc_buffer_t *memory, zc_message_t *message);
json_t *zc_message_to_json(const zc_message_t *message);

/* One direction or the other, as the mapper goes; `parts` is memory for the parts that are read. Of
 * them the JSON has pairs of index and number, without those that are 0. */
void zc_map_digest(zc_mapper_t *mapper, zc_digest_t *digest, uint64_t parts[ZC_DIGEST_PARTS]);

void zc_watch_event_from_json(json_t *json, zc_buffer_t *memory, zc_watch_event_t *event);
json_t *zc_watch_event_to_json(const zc_watch_event_t *event);

#endif
