/* SPDX-License-Identifier: MPL-2.0 */
/* The naive store. Everything is looked for in the whole array, every time; nothing is kept that
 * can be counted. */
#include "tests/support/store_model.h"

#include "lib/base/assert.h"
#include "lib/base/hash.h"

/* The test gives every key a register. */
zc_model_register_t *model_find(zc_model_t *model, uint64_t key_hash) {
    int i = 0;
    while (model->registers[i].key_hash != key_hash) {
        i++;
        ZC_ASSERT(i < MODEL_REGISTERS);
    }
    return &model->registers[i];
}

static zc_stamp_t stamp_of(const zc_model_t *model, zc_hlc_t hlc, unsigned origin) {
    return (zc_stamp_t){.hlc = hlc, .origin = model->origins[origin]};
}

static int compare(const zc_model_t *model, const zc_store_item_t *item,
                   const zc_model_register_t *found) {
    zc_stamp_t a = stamp_of(model, item->hlc, item->origin);
    zc_stamp_t b = stamp_of(model, found->hlc, found->origin);
    return zc_stamp_compare(&a, &b);
}

bool model_is_voided(const zc_model_t *model, const zc_model_register_t *found) {
    zc_stamp_t stamp = stamp_of(model, found->hlc, found->origin);
    return zc_stamp_compare(&stamp, &model->clear) <= 0;
}

uint64_t model_mesh_ms(const zc_model_t *model, uint64_t now_ms) {
    return (uint64_t)((int64_t)now_ms + model->offset_ms);
}

static bool is_past_deadline(const zc_model_t *model, const zc_model_register_t *found,
                             uint64_t now_ms) {
    return found->deadline_ms != 0 && found->deadline_ms <= model_mesh_ms(model, now_ms);
}

static bool is_idle(const zc_model_t *model, const zc_model_register_t *found, uint64_t now_ms) {
    return model->expire_after_ms != 0 && found->used_ms + model->expire_after_ms <= now_ms;
}

bool model_is_alive(const zc_model_t *model, const zc_model_register_t *found, uint64_t now_ms) {
    return found->kind == MODEL_ENTRY && !model_is_voided(model, found) &&
           !is_past_deadline(model, found, now_ms) && !is_idle(model, found, now_ms);
}

const zc_model_register_t *model_after(const zc_model_t *model, zc_model_kind_t kind,
                                       uint64_t order) {
    const zc_model_register_t *best = NULL;
    for (int i = 0; i < MODEL_REGISTERS; i++) {
        const zc_model_register_t *next = &model->registers[i];
        if (next->kind == kind && next->order > order &&
            (best == NULL || next->order < best->order)) {
            best = next;
        }
    }
    return best;
}

uint64_t model_count(const zc_model_t *model, zc_model_kind_t kind) {
    uint64_t count = 0;
    for (int i = 0; i < MODEL_REGISTERS; i++) {
        count += model->registers[i].kind == kind;
    }
    return count;
}

static uint64_t mixed(uint64_t number) {
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
    number = (number ^ number >> 27) * 0x94d049bb133111ebu;
    return number ^ number >> 31;
}

/* As PROTOCOL.md says it. */
static uint64_t digest_of(const zc_model_t *model, const zc_store_item_t *item) {
    const uint8_t *origin = model->origins[item->origin].bytes;
    uint64_t numbers[6] = {[0] = item->key_hash,
                           [1] = item->hlc,
                           [4] = item->deadline_ms + ((uint64_t)item->type << 56),
                           [5] = zc_hash(item->value, 0)};
    for (int i = 0; i < ZC_ORIGIN_BYTES; i++) {
        numbers[2 + i / 8] |= (uint64_t)origin[i] << 8 * (i % 8);
    }
    uint64_t digest = 0;
    for (int i = 0; i < 6; i++) {
        digest = mixed(digest ^ numbers[i]);
    }
    return digest;
}

static zc_store_item_t item_of(const zc_model_register_t *found) {
    return (zc_store_item_t){.origin = (zc_origin_index_t)found->origin,
                             .hlc = found->hlc,
                             .type = found->type,
                             .key_hash = found->key_hash,
                             .key = found->key,
                             .value = found->value,
                             .deadline_ms = found->deadline_ms};
}

uint64_t model_bytes(const zc_model_t *model) {
    uint64_t bytes = 0;
    for (int i = 0; i < MODEL_REGISTERS; i++) {
        zc_store_item_t item = item_of(&model->registers[i]);
        bytes += model->registers[i].kind == MODEL_ENTRY ? model->cost(&item) : 0;
    }
    return bytes;
}

uint64_t model_digest(const zc_model_t *model) {
    uint64_t digest = 0;
    for (int i = 0; i < MODEL_REGISTERS; i++) {
        if (model->registers[i].kind == MODEL_ENTRY) {
            zc_store_item_t item = item_of(&model->registers[i]);
            digest += digest_of(model, &item);
        }
    }
    return digest;
}

static void tell(zc_model_t *model, zc_change_t change, uint64_t key_hash, zc_hlc_t hlc) {
    ZC_ASSERT(model->event_count < MODEL_EVENTS);
    model->events[model->event_count++] = (zc_model_event_t){change, key_hash, hlc};
}

static void trim_ghosts(zc_model_t *model, unsigned most) {
    for (; most > 0 && model_count(model, MODEL_GHOST) > model->ghosts_max; most--) {
        zc_model_register_t *oldest =
            model_find(model, model_after(model, MODEL_GHOST, 0)->key_hash);
        oldest->kind = MODEL_NOTHING;
        if (model_is_voided(model, oldest)) {
            continue;
        }
        zc_stamp_t stamp = stamp_of(model, oldest->hlc, oldest->origin);
        if (model->floors[oldest->origin] < oldest->hlc) {
            model->floors[oldest->origin] = oldest->hlc;
        }
        if (zc_stamp_compare(&model->horizon, &stamp) < 0) {
            model->horizon = stamp;
        }
    }
}

/* An entry leaves its place in the order. */
static void leave_place(zc_model_t *model, const zc_model_register_t *found) {
    if (found->kind == MODEL_ENTRY && found->order == model->merged) {
        const zc_model_register_t *next = model_after(model, MODEL_ENTRY, found->order);
        model->merged = next == NULL ? 0 : next->order;
    }
}

static void leave_ghost(zc_model_t *model, zc_model_register_t *found) {
    leave_place(model, found);
    found->kind = MODEL_GHOST;
    found->marked = false;
    found->order = ++model->order;
    trim_ghosts(model, 2);
}

static void begin_round(zc_model_t *model, uint64_t at_ms) {
    for (int i = 3; i > 0; i--) {
        model->began_ms[i] = model->began_ms[i - 1];
    }
    model->began_ms[0] = at_ms;
    model->round++;
    model->added = 0;
}

/* R11: the round that it is. */
static uint64_t round_of(zc_model_t *model) {
    uint64_t window_ms = model->touch_window_ms;
    if (window_ms != 0 && model->now_ms - model->began_ms[0] >= window_ms) {
        for (int i = 0; i < 4; i++) {
            begin_round(model, model->now_ms);
        }
    }
    while (window_ms != 0 && model->now_ms >= model->began_ms[0] + (window_ms + 3) / 4) {
        begin_round(model, model->began_ms[0] + (window_ms + 3) / 4);
    }
    return model->round;
}

/* R11: a 64th of what there is room for makes a round, but none of less than 12 ms. */
static void count_addition(zc_model_t *model) {
    uint64_t capacity = model->max_size;
    uint64_t entries = model_count(model, MODEL_ENTRY);
    if (model->max_memory != 0 && entries > 0) {
        uint64_t fitting = model->max_memory / (model_bytes(model) / entries);
        capacity = fitting < capacity ? fitting : capacity;
    }
    model->added++;
    if (model->added >= capacity / 64 && model->now_ms >= model->began_ms[0] + 12) {
        begin_round(model, model->now_ms);
    }
}

static void go(zc_model_t *model, zc_model_register_t *found, zc_change_t change) {
    if (model_is_voided(model, found)) {
        leave_place(model, found);
        found->kind = MODEL_NOTHING;
        found->marked = false;
        return;
    }
    model->evictions += change == ZC_CHANGE_EVICT;
    model->expirations += change == ZC_CHANGE_EXPIRE;
    tell(model, change, found->key_hash, found->hlc);
    leave_ghost(model, found);
}

bool model_evict(zc_model_t *model) {
    const zc_model_register_t *tail = model_after(model, MODEL_ENTRY, 0);
    if (tail == NULL) {
        return false;
    }
    go(model, model_find(model, tail->key_hash), ZC_CHANGE_EVICT);
    return true;
}

static const zc_model_register_t *newest(const zc_model_t *model) {
    const zc_model_register_t *best = NULL;
    for (int i = 0; i < MODEL_REGISTERS; i++) {
        const zc_model_register_t *next = &model->registers[i];
        if (next->kind == MODEL_ENTRY && (best == NULL || next->order > best->order)) {
            best = next;
        }
    }
    return best;
}

void model_run_begin(zc_model_t *model) {
    if (!model->run_open) {
        const zc_model_register_t *oldest = model_after(model, MODEL_ENTRY, 0);
        model->merged = oldest == NULL ? 0 : oldest->order;
    }
    model->run_open = true;
}

/* A place before the entry of this order: all from there on move up by one. */
static uint64_t make_place(zc_model_t *model, uint64_t order) {
    for (int i = 0; i < MODEL_REGISTERS; i++) {
        model->registers[i].order += model->registers[i].order >= order;
    }
    model->order++;
    return order;
}

/* The order of an entry that is written: what a full transfer brings goes before the first one that
 * was used after it. */
static uint64_t order_of(zc_model_t *model, uint64_t used_ms) {
    const zc_model_register_t *last = newest(model);
    if (!model->run_open) {
        return ++model->order;
    }
    if (last == NULL || last->used_ms <= used_ms) {
        bool follows = model->merged == 0 || (last != NULL && model->merged == last->order);
        model->order++;
        model->merged = follows ? model->order : model->merged;
        return model->order;
    }
    const zc_model_register_t *next =
        model->merged == 0 ? NULL : model_after(model, MODEL_ENTRY, model->merged - 1);
    while (next != NULL && next->used_ms <= used_ms) {
        next = model_after(model, MODEL_ENTRY, next->order);
    }
    model->merged = next == NULL ? ++model->order : make_place(model, next->order);
    return model->merged;
}

/* Outside of a run the new entry is the newest, so that it is the tail only when it is alone. */
static void make_room(zc_model_t *model, bool added) {
    for (int i = 0; i < 2 && added && model_count(model, MODEL_ENTRY) > model->max_size; i++) {
        model_evict(model);
    }
    while (model->max_memory != 0 && model_bytes(model) > model->max_memory) {
        model_evict(model);
    }
}

static void write_register(zc_model_t *model, zc_model_register_t *found,
                           const zc_store_item_t *item, uint64_t now_ms) {
    uint64_t used_ms = item->used_ms < now_ms ? item->used_ms : now_ms;
    bool added = found->kind != MODEL_ENTRY;
    leave_place(model, found);
    found->kind = MODEL_NOTHING; /* while its place is looked for */
    found->used_ms = !added && found->used_ms > used_ms ? found->used_ms : used_ms;
    found->heard = round_of(model);
    found->order = order_of(model, found->used_ms);
    if (added) {
        count_addition(model);
    }
    found->kind = MODEL_ENTRY;
    found->hlc = item->hlc;
    found->origin = item->origin;
    found->type = item->type;
    found->key = item->key;
    found->value = item->value;
    found->deadline_ms = item->deadline_ms;
    tell(model, ZC_CHANGE_SET, found->key_hash, found->hlc);
    make_room(model, added);
}

static void write_ghost(zc_model_t *model, zc_model_register_t *found, const zc_store_item_t *item,
                        bool alive) {
    if (found->kind == MODEL_ENTRY && !model_is_voided(model, found)) {
        zc_change_t change = item->ghost ? ZC_CHANGE_DELETE : ZC_CHANGE_EVICT;
        change = alive ? change : ZC_CHANGE_EXPIRE;
        model->evictions += change == ZC_CHANGE_EVICT;
        model->expirations += change == ZC_CHANGE_EXPIRE;
        tell(model, change, found->key_hash, change == ZC_CHANGE_DELETE ? item->hlc : found->hlc);
    }
    found->hlc = item->hlc;
    found->origin = item->origin;
    leave_ghost(model, found);
}

zc_outcome_t model_apply(zc_model_t *model, const zc_store_item_t *item, uint64_t now_ms,
                         bool *was_held) {
    zc_model_register_t *found = model_find(model, item->key_hash);
    zc_stamp_t stamp = stamp_of(model, item->hlc, item->origin);
    bool alive = model_is_alive(model, found, now_ms);
    *was_held = alive;
    if (zc_stamp_compare(&stamp, &model->clear) <= 0) {
        return ZC_OUTCOME_OUTDATED;
    }
    bool there = found->kind != MODEL_NOTHING && !model_is_voided(model, found);
    zc_outcome_t outcome = ZC_OUTCOME_APPLIED;
    if (there && compare(model, item, found) < 0) {
        return ZC_OUTCOME_OUTDATED;
    }
    if (there && compare(model, item, found) == 0) {
        if (item->ghost || found->kind == MODEL_GHOST ||
            (zc_slice_equal(found->value, item->value) && found->type == item->type &&
             found->deadline_ms == item->deadline_ms)) {
            return ZC_OUTCOME_SAME;
        }
        zc_store_item_t held = item_of(found);
        if (digest_of(model, item) <= digest_of(model, &held)) {
            return ZC_OUTCOME_FAULT;
        }
        outcome = ZC_OUTCOME_FAULT;
    } else if (!item->ghost && !(there && found->kind == MODEL_ENTRY) &&
               zc_stamp_compare(&stamp, &model->horizon) <= 0) {
        outcome = ZC_OUTCOME_LATE;
    }
    if (item->ghost || outcome == ZC_OUTCOME_LATE ||
        (model->max_memory != 0 && model->cost(item) > model->max_memory)) {
        write_ghost(model, found, item, alive);
    } else {
        write_register(model, found, item, now_ms);
    }
    return outcome;
}

static void become_newest(zc_model_t *model, zc_model_register_t *found) {
    if (found != newest(model)) {
        leave_place(model, found);
        found->order = ++model->order;
    }
}

/* R11: a read is told if the mesh has not heard of the entry in this round and the three before, or
 * if nobody used it in them. */
static bool is_news(zc_model_t *model, const zc_model_register_t *found) {
    return round_of(model) - found->heard >= 4 || found->used_ms < model->began_ms[3] ||
           model->touch_window_ms == 0;
}

const zc_model_register_t *model_read(zc_model_t *model, uint64_t key_hash, uint64_t now_ms,
                                      bool touch) {
    zc_model_register_t *found = model_find(model, key_hash);
    if (!model_is_alive(model, found, now_ms)) {
        model->misses += touch;
        return NULL;
    }
    if (touch) {
        model->hits++;
        bool news = is_news(model, found);
        if (news && model->touch_count < MODEL_TOUCHES) {
            model->touches[model->touch_count++] = key_hash;
        }
        found->heard = news ? model->round : found->heard;
        found->used_ms = now_ms;
        become_newest(model, found);
    }
    return found;
}

void model_touch(zc_model_t *model, uint64_t key_hash, uint64_t now_ms) {
    zc_model_register_t *found = model_find(model, key_hash);
    if (found->kind == MODEL_ENTRY && !model_is_voided(model, found)) {
        found->used_ms = now_ms;
        found->heard = round_of(model);
        become_newest(model, found);
    }
}

bool model_clear(zc_model_t *model, const zc_stamp_t *stamp) {
    if (zc_stamp_compare(stamp, &model->clear) <= 0) {
        return false;
    }
    model->clear = *stamp;
    return true;
}

bool model_has_voided(const zc_model_t *model) {
    for (int i = 0; i < MODEL_REGISTERS; i++) {
        const zc_model_register_t *found = &model->registers[i];
        if (found->kind != MODEL_NOTHING && model_is_voided(model, found)) {
            return true;
        }
    }
    return false;
}

void model_sweep(zc_model_t *model) {
    for (int i = 0; i < MODEL_REGISTERS; i++) {
        zc_model_register_t *found = &model->registers[i];
        if (found->kind != MODEL_NOTHING && model_is_voided(model, found)) {
            leave_place(model, found);
            found->kind = MODEL_NOTHING;
            found->marked = false;
        }
    }
    while (model_count(model, MODEL_ENTRY) > model->max_size) {
        model_evict(model);
    }
    trim_ghosts(model, MODEL_REGISTERS);
}

bool model_has_idle_tail(const zc_model_t *model, uint64_t now_ms) {
    const zc_model_register_t *tail = model_after(model, MODEL_ENTRY, 0);
    return tail != NULL && is_idle(model, tail, now_ms);
}

bool model_expire(zc_model_t *model, uint64_t key_hash, uint64_t now_ms) {
    zc_model_register_t *found = model_find(model, key_hash);
    bool tail = found == model_after(model, MODEL_ENTRY, 0);
    if (found->kind != MODEL_ENTRY ||
        !(is_past_deadline(model, found, now_ms) || (tail && model_has_idle_tail(model, now_ms)))) {
        return false;
    }
    go(model, found, ZC_CHANGE_EXPIRE);
    return true;
}

uint64_t model_first_deadline_ms(const zc_model_t *model) {
    uint64_t first_ms = UINT64_MAX;
    for (int i = 0; i < MODEL_REGISTERS; i++) {
        const zc_model_register_t *found = &model->registers[i];
        if (found->kind == MODEL_ENTRY && found->deadline_ms != 0 &&
            found->deadline_ms < first_ms) {
            first_ms = found->deadline_ms;
        }
    }
    return first_ms;
}

void model_mark(zc_model_t *model, uint64_t key_hash) {
    zc_model_register_t *found = model_find(model, key_hash);
    found->marked = found->marked || found->kind == MODEL_ENTRY;
}

bool model_drop(zc_model_t *model, uint64_t key_hash) {
    zc_model_register_t *found = model_find(model, key_hash);
    if (found->kind != MODEL_ENTRY || found->marked || model_is_voided(model, found)) {
        return false;
    }
    go(model, found, ZC_CHANGE_DROP);
    return true;
}

void model_unmark_all(zc_model_t *model) {
    for (int i = 0; i < MODEL_REGISTERS; i++) {
        model->registers[i].marked = false;
    }
}
