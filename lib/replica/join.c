/* SPDX-License-Identifier: MPL-2.0 */
/* From start to the first complete transfer (M1, M4, S1): dial, be welcomed, subscribe to every
 * member first, then ask one of the fullest for everything. Until it has come, misses of clients
 * are asked of a donor. */
#include "lib/replica/records.h"
#include "lib/replica/state.h"

enum {
    SUBSCRIBED_HEARTBEATS = 4, /* how long to wait for every member's first broadcast */
    READ_TIMEOUT_US = 1000 * 1000,
};

static bool waits_for_broadcast(const zc_replica_t *replica) {
    size_t number = 0;
    for (zc_peer_t *peer; (peer = zc_peers_next(&replica->peers, &number)) != NULL;) {
        bool unanswered = peer->state == ZC_PEER_DIALLED && !peer->seed;
        if (unanswered || (zc_peer_is_heard(peer) && !peer->broadcast_heard)) {
            return true;
        }
    }
    return false;
}

static void end_joining(zc_replica_t *replica) {
    replica->joining = false;
    zc_registers_found(replica);
    /* Say so at once. */
    replica->heartbeat_at_us = replica->clock.now_us;
    zc_replica_wake(replica, 0);
}

/* From here on its own clock is a mesh's: it is not set again, because ttls are counted by it. */
static void go_alone(zc_replica_t *replica) {
    replica->anchored = true;
    bool answered = replica->welcomed_us != 0; /* by others that are joining as well */
    zc_effect_t *effect = answered ? NULL : zc_effect_add(replica, ZC_EFFECT_NOTICE);
    if (effect != NULL) {
        effect->notice.notice = ZC_NOTICE_ALONE;
        effect->notice.name = zc_slice("", 0);
        effect->notice.endpoint = zc_slice_text(replica->seeds[0]);
    }
    zc_claim_begin(replica); /* what donors have answered to clients */
    end_joining(replica);
}

void zc_join_complete(zc_replica_t *replica) {
    zc_store_stats_t stats;
    zc_store_stats(replica->store, &stats);
    zc_effect_notice(replica, ZC_NOTICE_JOINED,
                     zc_peers_at(&replica->peers, replica->asks[ZC_ASK_HUNTED].peer),
                     stats.entries);
    end_joining(replica);
}

/* Whoever has welcomed this node was joining itself then, and has no clock to go by (R2): one that
 * has come to the end of it is asked anew. */
static void ask_for_time(zc_replica_t *replica, zc_peer_t *donor) {
    uint64_t again_us = donor->hello_sent_us + zc_heartbeat_us(replica);
    if (donor->hello_sent_us == 0 || replica->clock.now_us >= again_us) {
        zc_membership_say_hello(replica, donor);
        again_us = replica->clock.now_us + zc_heartbeat_us(replica);
    }
    zc_replica_wake(replica, again_us);
}

static void tick_joining(zc_replica_t *replica) {
    uint64_t now_us = replica->clock.now_us;
    uint64_t alone_us = replica->started_us + ZC_JOIN_ALONE_HEARTBEATS * zc_heartbeat_us(replica);
    zc_replica_wake(replica, alone_us > now_us ? alone_us : now_us + zc_heartbeat_us(replica));
    if (zc_hunt_is_under_way(replica)) {
        return;
    }
    uint64_t subscribed_us =
        replica->welcomed_us + SUBSCRIBED_HEARTBEATS * zc_heartbeat_us(replica);
    bool waits = now_us < subscribed_us && waits_for_broadcast(replica);
    if (waits && replica->anchored && now_us < alone_us) {
        return;
    }
    zc_peer_t *donor = zc_hunt_full_donor(replica);
    if (donor == NULL) {
        if (now_us >= alone_us) {
            go_alone(replica);
        }
    } else if (!replica->anchored) {
        ask_for_time(replica, donor);
    } else if (!waits) {
        zc_hunt_for(replica, ZC_PEER_NONE, now_us);
    }
}

/* -- Reads through the donor ----------------------------------------------- */

static void answer_read(zc_replica_t *replica, const zc_pending_read_t *read,
                        const zc_record_t *record, bool answered) {
    zc_effect_t *effect = zc_effect_add(replica, ZC_EFFECT_READ_ANSWER);
    if (effect == NULL) {
        return;
    }
    effect->read_answer.token = read->token;
    effect->read_answer.answered = answered;
    effect->read_answer.found = record != NULL;
    if (record != NULL) {
        effect->read_answer.record = *record;
    }
}

static void drop_read(zc_replica_t *replica, size_t at) {
    zc_free(replica->allocator, replica->reads[at].key);
    replica->reads[at] = replica->reads[--replica->read_count];
}

static bool make_room(zc_replica_t *replica) {
    if (replica->read_count < replica->read_capacity) {
        return true;
    }
    size_t capacity = replica->read_capacity == 0 ? 16 : replica->read_capacity * 2;
    if (capacity > ZCACHE_READS_MAX) {
        return false;
    }
    zc_pending_read_t *reads =
        zc_resize(replica->allocator, replica->reads, capacity * sizeof *reads);
    if (reads == NULL) {
        return false;
    }
    replica->reads = reads;
    replica->read_capacity = capacity;
    return true;
}

zcache_status zc_join_read(zc_replica_t *replica, const zc_event_t *event) {
    bool asks = replica->joining && replica->anchored;
    const zc_peer_t *donor = asks ? zc_hunt_full_donor(replica) : NULL;
    if (donor == NULL || !make_room(replica)) {
        return ZCACHE_MISS;
    }
    /* The key is borrowed for this step alone; effects live longer, and the read longer still. */
    zc_slice_t key = event->read.key;
    zc_message_t message = {.type = ZC_MESSAGE_READ};
    message.read.number = zc_random_next(&replica->random);
    uint8_t *kept = zc_allocate(replica->allocator, key.bytes);
    if (kept == NULL || !zc_arena_copy(&replica->arena, key, &message.read.key)) {
        zc_free(replica->allocator, kept);
        return ZCACHE_MISS;
    }
    memcpy(kept, key.data, key.bytes);
    zc_pending_read_t *read = &replica->reads[replica->read_count++];
    *read = (zc_pending_read_t){
        .token = event->read.token,
        .number = message.read.number,
        .until_us = replica->clock.now_us + READ_TIMEOUT_US,
        .key = kept,
        .key_bytes = key.bytes,
    };
    zc_effect_send(replica, zc_peer_link(donor->number), &message);
    replica->counters.reads_through++;
    zc_replica_wake(replica, read->until_us);
    return ZCACHE_OK;
}

/* As any other write that others send (R1). */
static zcache_status merge_record(zc_replica_t *replica, const zc_read_answer_t *answer) {
    zc_origin_index_t origin = 0;
    zcache_status status = zc_retire_origin(replica, &answer->origin, &origin);
    if (status == ZCACHE_OK) {
        status = zc_stray_receive(replica, &answer->record, origin);
        /* It is in no interval before a transfer has brought it. */
        replica->claim.wanted = true;
        replica->uncovered = true;
    }
    if (!replica->joining) {
        zc_claim_begin(replica); /* the transfer that might have is over */
    }
    return status;
}

/* What a donor answers is merged, and the client gets what is here then: an answer that was long on
 * its way must not be older than what others got of this node meanwhile, nor newer than what they
 * get next. */
static void end_read(zc_replica_t *replica, const zc_pending_read_t *read,
                     const zc_read_answer_t *answer) {
    zcache_status status = answer->found ? merge_record(replica, answer) : ZCACHE_OK;
    zc_store_item_t item;
    if (status == ZCACHE_OK) {
        uint64_t now_ms = zc_clock_local_ms(&replica->clock);
        zc_slice_t key = zc_slice(read->key, read->key_bytes);
        status = zc_store_get(replica->store, key, now_ms, true, &item);
    }
    if (status != ZCACHE_OK) {
        answer_read(replica, read, NULL, status == ZCACHE_MISS);
        return;
    }
    zc_record_t record = zc_record_of_item(&item, 0, 0);
    answer_read(replica, read, &record, true);
}

static bool answers(const zc_read_answer_t *answer, const zc_pending_read_t *read) {
    return !answer->found ||
           zc_slice_equal(answer->record.key, zc_slice(read->key, read->key_bytes));
}

void zc_join_read_answer(zc_replica_t *replica, const zc_read_answer_t *answer) {
    for (size_t i = 0; i < replica->read_count; i++) {
        if (replica->reads[i].number != answer->number) {
            continue;
        }
        if (!answers(answer, &replica->reads[i])) {
            replica->counters.malformed++;
            return;
        }
        end_read(replica, &replica->reads[i], answer);
        drop_read(replica, i);
        return;
    }
}

void zc_join_donor_read(zc_replica_t *replica, zc_link_t from, const zc_read_t *read) {
    zc_message_t message = {.type = ZC_MESSAGE_READ_ANSWER};
    message.read_answer.number = read->number;
    zc_store_item_t item;
    uint64_t now_ms = zc_clock_local_ms(&replica->clock);
    if (zc_store_get(replica->store, read->key, now_ms, true, &item) == ZCACHE_OK) {
        message.read_answer.found = true;
        message.read_answer.origin = *zc_store_origin_at(replica->store, item.origin);
        message.read_answer.record = zc_record_of_item(&item, 0, 0);
    }
    zc_effect_send(replica, from, &message);
}

static void tick_reads(zc_replica_t *replica) {
    for (size_t i = replica->read_count; i > 0; i--) {
        zc_pending_read_t *read = &replica->reads[i - 1];
        if (replica->clock.now_us >= read->until_us) {
            answer_read(replica, read, NULL, false);
            drop_read(replica, i - 1);
        } else {
            zc_replica_wake(replica, read->until_us);
        }
    }
}

void zc_join_tick(zc_replica_t *replica) {
    if (replica->joining) {
        tick_joining(replica);
    }
    tick_reads(replica);
}

void zc_join_fini(zc_replica_t *replica) {
    while (replica->read_count > 0) {
        drop_read(replica, replica->read_count - 1);
    }
    zc_free(replica->allocator, replica->reads);
}
