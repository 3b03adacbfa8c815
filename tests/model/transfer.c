/* SPDX-License-Identifier: MPL-2.0 */
/* Transfers of a history: the two that take part exchange messages until the asker wants nothing
 * more, and nobody else hears anything of it. */
#include "tests/model/world.h"

enum { TRANSFER_US = 1500 * 1000 }; /* in which a transfer that was asked for ends */

typedef struct transfer {
    zc_peer_number_t peer; /* the donor's, at the asker */
    bool cut;              /* its end does not arrive */
    uint64_t messages;     /* ... and only so many before it */
    const char *kind;      /* of one of which something was lost */
} transfer_t;

/* Of a chunk, checkpoint or end: whether it belongs to a replace-sync. Of all else NULL. */
static const char *kind_of(const zc_message_t *message) {
    if (message->type == ZC_MESSAGE_SYNC_CHUNK) {
        return message->sync_chunk.replace ? "replace" : "delta";
    }
    if (message->type != ZC_MESSAGE_SYNC_END || (message->sync_end.result != ZC_SYNC_COMPLETE &&
                                                 message->sync_end.result != ZC_SYNC_PART)) {
        return NULL;
    }
    return message->sync_end.replace ? "replace" : "delta";
}

/* The end of a transfer that would be complete is lost, where it is to be, and what comes beyond
 * the number of messages. */
static bool is_lost(world_t *world, transfer_t *transfer, const world_parcel_t *parcel) {
    zc_message_t message;
    zcache_status status =
        zc_wire_decode(zc_buffer_slice(&parcel->bytes), &world->codec.scratch, &message);
    ZC_ASSERT(status == ZCACHE_OK);
    const char *kind = transfer->cut ? kind_of(&message) : NULL;
    if (kind == NULL) {
        return false;
    }
    bool end = message.type == ZC_MESSAGE_SYNC_END && message.sync_end.result == ZC_SYNC_COMPLETE;
    if (!end && transfer->messages > 0) {
        transfer->messages--;
        return false;
    }
    transfer->kind = kind;
    return true;
}

static void hand_parcels(world_t *world, transfer_t *transfer) {
    zc_link_t route = {.type = ZC_LINK_ROUTE, .number = world->asker->origin};
    for (size_t i = 0; i < world->parcel_count; i++) {
        world_parcel_t parcel = world->parcels[i]; /* what it brings about may move them */
        if (!is_lost(world, transfer, &parcel)) {
            world_hand(world, parcel.to_donor ? world->donor : world->asker,
                       parcel.to_donor ? route : zc_peer_link(transfer->peer),
                       zc_buffer_slice(&parcel.bytes));
        }
        zc_buffer_fini(&parcel.bytes);
    }
    world->parcel_count = 0;
}

static bool is_asking(const world_t *world, const transfer_t *transfer) {
    const zc_replica_t *replica = world->asker->replica;
    const zc_peer_t *peer = zc_peers_at(&replica->peers, transfer->peer);
    return transfer->kind == NULL &&
           (replica->joining || zc_hunt_is_under_way(replica) ||
            replica->asks[ZC_ASK_GAP].phase != ZC_ASK_IDLE || peer->gap_at_us != 0);
}

static void run(world_t *world, transfer_t *transfer) {
    uint64_t until_us = world->now_us + TRANSFER_US;
    while (is_asking(world, transfer)) {
        uint64_t asker_us = zc_replica_deadline(world->asker->replica);
        uint64_t donor_us = zc_replica_deadline(world->donor->replica);
        uint64_t next_us = asker_us < donor_us ? asker_us : donor_us;
        ZC_ASSERT(next_us <= until_us);
        world->now_us = next_us > world->now_us ? next_us : world->now_us;
        world_tick(world, asker_us <= donor_us ? world->asker : world->donor);
        hand_parcels(world, transfer);
    }
}

static void begin(world_t *world, char name, char donor) {
    world->asker = world_node(world, name);
    world->donor = world_node(world, donor);
}

/* They part, and nothing is broken that was not to be. Returns what it was, NULL: nothing. */
static const char *end(world_t *world, const transfer_t *transfer) {
    world_node_t *asker = world->asker;
    uint8_t origin = world->donor->origin;
    world->asker = NULL;
    world->donor = NULL;
    world_part(world, asker, origin);
    zc_counters_t counters = asker->replica->counters;
    ZC_ASSERT(counters.transfers_broken == asker->counters.transfers_broken + transfer->cut);
    const char *kind = transfer->kind;
    if (counters.replace_syncs > asker->counters.replace_syncs) {
        kind = "replace";
    } else if (counters.deltas > asker->counters.deltas) {
        kind = "delta";
    }
    asker->counters = counters;
    return kind;
}

/* The donor sees that the asker is no longer there. */
static void give_up(world_t *world) {
    zc_link_t route = {.type = ZC_LINK_ROUTE, .number = world->asker->origin};
    zc_message_t message = {.type = ZC_MESSAGE_SYNC_CREDIT};
    message.sync_credit.session = world->asker->replica->asks[ZC_ASK_HUNTED].session;
    world_tell(world, world->donor, route, &message);
}

/* `cut`: NULL: it is not; else how many messages come. */
static const char *exchange(world_t *world, char name, char donor, bool gap, const uint64_t *cut) {
    uint8_t origin = world_node(world, donor)->origin;
    transfer_t transfer = {
        .peer = world_meet(world, world_node(world, name), origin),
        .cut = cut != NULL,
        .messages = cut != NULL ? *cut : 0,
    };
    begin(world, name, donor);
    if (gap) {
        world_heartbeat(world, world->asker, origin, world->donor->replica->sent, false);
    } else {
        world_heartbeat(world, world->asker, origin, 0, true);
        world_heartbeat(world, world->asker, origin, 0, true);
    }
    run(world, &transfer);
    if (cut != NULL) {
        give_up(world);
    }
    return end(world, &transfer);
}

const char *world_repair(world_t *world, char name, char donor) {
    return exchange(world, name, donor, false, NULL);
}

const char *world_gap(world_t *world, char name, char donor) {
    return exchange(world, name, donor, true, NULL);
}

const char *world_cut(world_t *world, char name, char donor, uint64_t messages) {
    return exchange(world, name, donor, false, &messages);
}

const char *world_join(world_t *world, char name, char donor, uint8_t origin) {
    world_restart(world, name, origin, world_node(world, donor));
    begin(world, name, donor);
    world_tick(world, world->asker);
    const zc_peer_t *peer = zc_peers_dialling(&world->asker->replica->peers,
                                              zc_slice_text(world->asker->replica->seeds[0]));
    ZC_ASSERT(peer != NULL);
    transfer_t transfer = {.peer = peer->number};
    hand_parcels(world, &transfer);
    world_heartbeat(world, world->asker, world->donor->origin, 0, false);
    run(world, &transfer);
    world_node_t *dialled_back = world->donor;
    const char *kind = end(world, &transfer);
    /* The donor forgets the joiner. The joiner dials on where it was told to, so somebody else
     * serves there from now on: else what it hears of the donor would be news of a peer. */
    world_meet(world, dialled_back, origin);
    world_part(world, dialled_back, origin);
    world_welcome(world, world_node(world, name), transfer.peer, WORLD_STRANGER);
    world_part(world, world_node(world, name), WORLD_STRANGER);
    return kind;
}
