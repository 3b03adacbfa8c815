/* SPDX-License-Identifier: MPL-2.0 */
/* What a repair costs: a delta brings only records that its asker lacked,
 * and what chunks take on the wire is proportional to the records in them. */
#include "lib/replica/records.h"
#include "tests/sim/world.h"

enum {
    CHUNK_BYTES = 64,  /* that a chunk takes beside its records and origins */
    ORIGIN_BYTES = 20, /* of an origin in a chunk */
};

void zc_check_ask(zc_world_t *world, int node, const zc_sync_ask_t *ask) {
    zc_model_t *model = &world->nodes[node].model;
    zc_session_t *session = &model->sessions[model->session_next++ % ZC_SESSIONS];
    zc_session_fini(session);
    session->number = ask->session;
    zc_vector_copy(zc_allocator_system(), &ask->have, &session->have);
    world->asks++;
}

void zc_check_chunk(zc_world_t *world, int node, const zc_sync_chunk_t *chunk) {
    zc_session_t *session = NULL;
    for (size_t i = 0; i < ZC_SESSIONS; i++) {
        if (world->nodes[node].model.sessions[i].number == chunk->session) {
            session = &world->nodes[node].model.sessions[i];
        }
    }
    if (session == NULL || chunk->replace) {
        return; /* given up meanwhile; or everything, as far as a replace-sync goes */
    }
    for (size_t i = 0; i < chunk->count; i++) {
        zc_stamp_t stamp = {.hlc = chunk->records[i].hlc,
                            .origin = chunk->origins[chunk->records[i].origin]};
        int key = zc_history_key_of_hash(&world->history, chunk->records[i].key_hash);
        if (zc_vector_covers(&session->have.vector, &stamp)) {
            zc_world_fail(world, ZC_CHECK_REPAIR, node, key, "n%d gets what it had", node);
        }
    }
}

void zc_session_fini(zc_session_t *session) {
    zc_vector_copy_fini(zc_allocator_system(), &session->have);
    *session = (zc_session_t){.number = 0};
}

void zc_check_chunk_sent(zc_world_t *world, const zc_sync_chunk_t *chunk) {
    world->transfer_chunks++;
    world->transfer_origins += chunk->origin_count;
    for (size_t i = 0; i < chunk->count; i++) {
        world->transfer_bytes += zc_record_bytes(&chunk->records[i]);
    }
}

void zc_check_wire(zc_world_t *world) {
    uint64_t sent = zc_cluster_traffic(world->cluster).bytes[ZC_MESSAGE_SYNC_CHUNK];
    uint64_t most = world->transfer_bytes + world->transfer_chunks * CHUNK_BYTES +
                    world->transfer_origins * ORIGIN_BYTES;
    if (sent > most) {
        zc_world_fail(world, ZC_CHECK_REPAIR, -1, -1, "transfers took %llu bytes, for %llu",
                      (unsigned long long)sent, (unsigned long long)most);
    }
}
