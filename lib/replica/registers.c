/* SPDX-License-Identifier: MPL-2.0 */
/* The two replicated registers, settings (M2) and clear (R10): of each the higher stamp wins, on
 * every node.
 *
 * Settings that a mesh was founded with have a stamp below every clock reading, the higher the
 * older the mesh: of two meshes that meet, the older one's settings hold, unless somebody changed
 * them live. A node that joins has none (hlc 0). */
#include "lib/replica/state.h"

/* 2^42 milliseconds are the year 2109; clock readings of today are near 2^57. */
#define FOUNDING_HLC ((zc_hlc_t)1 << 42)

void zc_settings_init(zc_settings_t *settings) {
    *settings = (zc_settings_t){
#define INITIAL_ROW(name, initial, least, most, unit) .name = (initial),
        ZC_SETTING_MAP(INITIAL_ROW)
#undef INITIAL_ROW
    };
}

typedef struct setting_row {
    const char *name;
    size_t offset;
    uint64_t least;
    uint64_t most;
} setting_row_t;

static const setting_row_t setting_rows[] = {
#define TABLE_ROW(name, initial, least, most, unit)                                                \
    {#name, offsetof(zc_settings_t, name), (least), (most)},
    ZC_SETTING_MAP(TABLE_ROW)
#undef TABLE_ROW
};

enum { SETTING_COUNT = sizeof setting_rows / sizeof setting_rows[0] };

static uint64_t *setting_at(zc_settings_t *settings, const setting_row_t *row) {
    return (uint64_t *)(void *)((unsigned char *)settings + row->offset);
}

bool zc_settings_valid(const zc_settings_t *settings, const char **wrong) {
    zc_settings_t copy = *settings;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        uint64_t number = *setting_at(&copy, &setting_rows[i]);
        if (number < setting_rows[i].least || number > setting_rows[i].most) {
            *wrong = setting_rows[i].name;
            return false;
        }
    }
    return true;
}

/* A key that is read again and again is told once in this time, so that it idles out nowhere much
 * too early. Where nothing idles out it is told now and then nevertheless, so that nodes do not
 * disagree on all that was read since the last eviction, however long ago that is. */
static uint64_t touch_window_ms(const zc_settings_t *settings) {
    enum { SHORTEST_MS = 50, LONGEST_MS = 60000 };
    uint64_t window_ms = settings->expire_after_ms / 4;
    if (settings->expire_after_ms == 0 || window_ms > LONGEST_MS) {
        return LONGEST_MS;
    }
    return window_ms < SHORTEST_MS ? SHORTEST_MS : window_ms;
}

static void put_in_force(zc_replica_t *replica) {
    const zc_settings_t *settings = &replica->registers.settings;
    uint64_t ghosts_max = settings->ghosts_max == 0 ? settings->max_size : settings->ghosts_max;
    zc_store_set_max_size(replica->store, settings->max_size, ghosts_max);
    uint64_t window_ms = touch_window_ms(settings);
    zc_store_set_expire_after(replica->store, settings->expire_after_ms, window_ms);
    replica->touch_window_us = window_ms * 1000;
    zc_liveness_quicken(replica);
    zc_replica_wake(replica, 0);
}

void zc_registers_init(zc_replica_t *replica, const zc_settings_t *settings, uint64_t wall_ms) {
    replica->registers = (zc_registers_t){.settings = *settings};
    zc_clock_anchor(&replica->clock, wall_ms);
    zc_store_set_clock_offset(replica->store, replica->clock.offset_ms);
    put_in_force(replica);
}

void zc_registers_found(zc_replica_t *replica) {
    if (replica->registers.settings_stamp.hlc != 0) {
        return;
    }
    uint64_t mesh_ms = zc_clock_mesh_ms(&replica->clock);
    replica->registers.settings_stamp = (zc_stamp_t){
        .hlc = mesh_ms < FOUNDING_HLC - 1 ? FOUNDING_HLC - mesh_ms : 1,
        .origin = replica->identity.origin,
    };
}

static void notice_adopted(zc_replica_t *replica, const setting_row_t *row, uint64_t own,
                           uint64_t adopted) {
    zc_effect_t *effect = zc_effect_add(replica, ZC_EFFECT_NOTICE);
    if (effect != NULL) {
        effect->notice.notice = ZC_NOTICE_ADOPTED;
        effect->notice.name = zc_slice_text(row->name);
        effect->notice.endpoint = zc_slice("", 0);
        effect->notice.number = adopted;
        effect->notice.own = own;
    }
}

static void adopt_settings(zc_replica_t *replica, const zc_stamp_t *stamp,
                           const zc_settings_t *settings) {
    zc_settings_t own = replica->registers.settings;
    zc_settings_t adopted = *settings;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        uint64_t before = *setting_at(&own, &setting_rows[i]);
        uint64_t after = *setting_at(&adopted, &setting_rows[i]);
        if (before != after) {
            notice_adopted(replica, &setting_rows[i], before, after);
        }
    }
    replica->registers.settings = adopted;
    replica->registers.settings_stamp = *stamp;
    put_in_force(replica);
}

static void adopt_clear(zc_replica_t *replica, const zc_stamp_t *stamp) {
    replica->registers.clear = *stamp;
    zc_store_clear(replica->store, stamp);
    zc_replica_wake(replica, 0);
    if (!replica->watched) {
        return;
    }
    zc_effect_t *effect = zc_effect_add(replica, ZC_EFFECT_CHANGE);
    if (effect != NULL) {
        effect->change.change = ZC_CHANGE_CLEAR;
        effect->change.key = zc_slice("", 0);
        effect->change.stamp = *stamp;
        effect->change.ttl_ms = UINT64_MAX;
    }
}

static bool observe(zc_replica_t *replica, zc_hlc_t hlc) {
    if (!replica->anchored && hlc >= FOUNDING_HLC) {
        return false; /* nobody can tell yet whether it is too far ahead */
    }
    if (replica->anchored && zc_clock_ahead_ms(&replica->clock, zc_hlc_ms(hlc)) >
                                 replica->registers.settings.max_clock_skew_ms) {
        replica->counters.skewed++;
        return false;
    }
    zc_clock_observe(&replica->clock, hlc);
    return true;
}

bool zc_registers_merge_clear(zc_replica_t *replica, const zc_stamp_t *clear) {
    if (!observe(replica, clear->hlc)) {
        return false;
    }
    if (zc_stamp_compare(clear, &replica->registers.clear) > 0) {
        adopt_clear(replica, clear);
    }
    return true;
}

bool zc_registers_merge(zc_replica_t *replica, const zc_registers_t *registers) {
    if (!observe(replica, registers->settings_stamp.hlc) ||
        !zc_registers_merge_clear(replica, &registers->clear)) {
        return false;
    }
    if (zc_stamp_compare(&registers->settings_stamp, &replica->registers.settings_stamp) > 0) {
        adopt_settings(replica, &registers->settings_stamp, &registers->settings);
    }
    return true;
}

static void broadcast_registers(zc_replica_t *replica) {
    zc_message_t message = {.type = ZC_MESSAGE_REGISTERS};
    message.registers.origin = replica->identity.origin;
    message.registers.registers = replica->registers;
    zc_effect_broadcast(replica, &message);
}

void zc_registers_clear(zc_replica_t *replica) {
    zc_stamp_t stamp = {.hlc = zc_clock_next(&replica->clock), .origin = replica->identity.origin};
    adopt_clear(replica, &stamp);
    replica->counters.clears++;
    replica->registers_unsent = true;
}

zcache_status zc_registers_configure(zc_replica_t *replica, zc_slice_t name, uint64_t number) {
    if (!replica->anchored) {
        return ZCACHE_BUSY;
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const setting_row_t *row = &setting_rows[i];
        if (!zc_slice_equal(zc_slice_text(row->name), name)) {
            continue;
        }
        if (number < row->least || number > row->most) {
            return ZCACHE_INVALID;
        }
        zc_settings_t settings = replica->registers.settings;
        *setting_at(&settings, row) = number;
        replica->registers.settings = settings;
        replica->registers.settings_stamp =
            (zc_stamp_t){.hlc = zc_clock_next(&replica->clock), .origin = replica->identity.origin};
        put_in_force(replica);
        replica->registers_unsent = true;
        return ZCACHE_OK;
    }
    return ZCACHE_INVALID;
}

void zc_registers_flush(zc_replica_t *replica) {
    if (replica->registers_unsent) {
        broadcast_registers(replica);
        replica->registers_unsent = false;
    }
}
