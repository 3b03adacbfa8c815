/* SPDX-License-Identifier: MPL-2.0 */
/* The store against the naive model, one operation at a time. */
#include "tests/support/store_trial.h"

#include <stdio.h>

#include "lib/base/assert.h"
#include "lib/store/reader.h"
#include "lib/store/register.h"
#include "tests/support/store_fixture.h"
#include "tests/support/store_model.h"

enum { HISTORY = 256, VALUES = 8, VALUE_BYTES_MAX = 16, READERS = 2 };

static const char *const values[VALUES] = {"",     "1",      "22",       "333",
                                           "4444", "666666", "88888888", "0123456789abcdef"};

typedef struct trial {
    zc_fixture_t fixture;
    zc_reader_t *readers[READERS];
    size_t reading; /* the one whose notes are not drained */
    zc_model_t model;
    zc_choose_fn *choose;
    void *context;
    bool few_keys;
    zc_hlc_t hlc;
    char keys[MODEL_REGISTERS][8];
    zc_store_item_t history[HISTORY]; /* writes that may come again */
    size_t written;
    zc_model_event_t told[MODEL_EVENTS];
    size_t told_count;
} trial_t;

static trial_t trial;

static uint64_t below(uint64_t bound) {
    return trial.choose(trial.context, bound);
}

static bool one_in(uint64_t chance) {
    return below(chance) == 0;
}

static void listen(void *context, zc_change_t change, const zc_store_item_t *item) {
    trial_t *at = context;
    ZC_ASSERT(at->told_count < MODEL_EVENTS);
    at->told[at->told_count++] = (zc_model_event_t){change, item->key_hash, item->hlc};
}

void zc_store_trial_start(zc_choose_fn *choose, void *context) {
    memset(&trial, 0, sizeof trial);
    trial.choose = choose;
    trial.context = context;
    trial.model.cost = zc_register_cost;
    trial.few_keys = one_in(2);
    zc_fixture_t *fixture = &trial.fixture;
    fixture_init(fixture);
    fixture->now_ms = 100000;
    fixture->options.seed = below(UINT64_MAX);
    fixture->options.max_size = 1 + below(24);
    fixture->options.ghosts_max = 1 + below(24);
    fixture->options.max_memory = one_in(3) ? 100 + below(2000) : 0;
    fixture->options.expire_after_ms = one_in(2) ? 5000 : 0;
    fixture->options.touch_window_ms = below(2000);
    fixture->options.listener = listen;
    fixture->options.listener_context = &trial;
    fixture_start(fixture);
    for (size_t i = 0; i < READERS; i++) {
        ZC_ASSERT(zc_reader_new(fixture->store, zc_allocator_system(), &trial.readers[i]) ==
                  ZCACHE_OK);
    }
    zc_model_t *model = &trial.model;
    model->max_size = fixture->options.max_size;
    model->ghosts_max = fixture->options.ghosts_max;
    model->max_memory = fixture->options.max_memory;
    model->expire_after_ms = fixture->options.expire_after_ms;
    model->touch_window_ms = fixture->options.touch_window_ms;
    for (unsigned i = 0; i < MODEL_REGISTERS; i++) {
        snprintf(trial.keys[i], sizeof trial.keys[i], "k%u", i);
        model->registers[i].key_hash = fixture_hash(trial.keys[i]);
        model->registers[i].key = zc_slice_text(trial.keys[i]);
    }
    for (unsigned i = 0; i < MODEL_ORIGINS; i++) {
        model->origins[i] = fixture_origin(i);
    }
}

static const char *random_key(void) {
    return trial.keys[below(trial.few_keys ? MODEL_REGISTERS / 4 : MODEL_REGISTERS)];
}

zc_store_item_t zc_store_trial_write(void) {
    trial.hlc += 1 + below(3);
    const char *key = random_key();
    zc_store_item_t item = {.ghost = one_in(6),
                            .origin = (zc_origin_index_t)below(MODEL_ORIGINS),
                            .hlc = trial.hlc,
                            .key_hash = fixture_hash(key),
                            .used_ms = trial.fixture.now_ms - (one_in(4) ? below(6000) : 0) +
                                       (one_in(20) ? 500 : 0)};
    if (!item.ghost) {
        item.type = (uint8_t)below(2);
        item.key = zc_slice_text(key);
        item.value = zc_slice_text(values[below(VALUES)]);
        uint64_t mesh_ms = model_mesh_ms(&trial.model, trial.fixture.now_ms);
        item.deadline_ms = one_in(3) ? mesh_ms + below(4000) : 0;
    }
    trial.history[trial.written++ % HISTORY] = item;
    return item;
}

/* A write that came before, as it was, as the ghost it left elsewhere, or as a fault. */
static zc_store_item_t old_write(void) {
    zc_store_item_t item = trial.history[below(trial.written < HISTORY ? trial.written : HISTORY)];
    if (one_in(5)) {
        item.ghost = true;
        item.key = zc_slice(NULL, 0);
        item.value = zc_slice(NULL, 0);
    } else if (!item.ghost && one_in(10)) {
        item.value = zc_slice_text(values[below(VALUES)]);
    } else if (one_in(10)) {
        item.origin = (zc_origin_index_t)below(MODEL_ORIGINS);
    }
    return item;
}

static void apply(void) {
    zc_store_item_t item = trial.written == 0 || one_in(2) ? zc_store_trial_write() : old_write();
    bool expected_held = false;
    bool held = true;
    uint64_t now_ms = trial.fixture.now_ms;
    zc_outcome_t outcome;
    zc_outcome_t expected = model_apply(&trial.model, &item, now_ms, &expected_held);
    ZC_ASSERT(zc_store_apply(trial.fixture.store, &item, now_ms, &outcome, &held) == ZCACHE_OK);
    ZC_ASSERT(outcome == expected);
    ZC_ASSERT(held == expected_held);
}

/* The order of reads by several readers is not kept: what one has noted is drained first. */
static zc_reader_t *reader_in_use(void) {
    if (one_in(8)) {
        trial.reading = (trial.reading + 1) % READERS;
        zc_store_take_touches(trial.fixture.store, NULL, 0);
    }
    if (one_in(50)) {
        zc_reader_destroy(&trial.readers[trial.reading]);
        ZC_ASSERT(zc_reader_new(trial.fixture.store, zc_allocator_system(),
                                &trial.readers[trial.reading]) == ZCACHE_OK);
    }
    return trial.readers[trial.reading];
}

/* Now, or some time before and after. */
static zcache_status read_by(zc_reader_t *reader, const char *key, zc_store_item_t *item) {
    static char data[VALUE_BYTES_MAX];
    uint64_t now_ms = trial.fixture.now_ms;
    zcache_value_t value = {.data = data, .capacity = sizeof data};
    uint32_t before_ms = (uint32_t)below(1000);
    const zc_moment_t wide = {now_ms - before_ms, before_ms + (uint32_t)below(1000), before_ms};
    zcache_status status = zc_reader_read(reader, zc_slice_text(key), wide, &value);
    if (status == ZCACHE_BUSY) {
        status = zc_reader_read(reader, zc_slice_text(key), zc_moment_exact(now_ms), &value);
    }
    item->value = zc_slice(value.data, status == ZCACHE_OK ? value.size : 0);
    return status;
}

static void read_one(void) {
    const char *key = random_key();
    bool touch = !one_in(4);
    uint64_t now_ms = trial.fixture.now_ms;
    const zc_model_register_t *expected =
        model_read(&trial.model, fixture_hash(key), now_ms, touch);
    zc_store_item_t item = {.hlc = 0};
    zcache_status status =
        touch && !one_in(4)
            ? read_by(reader_in_use(), key, &item)
            : zc_store_get(trial.fixture.store, zc_slice_text(key), now_ms, touch, &item);
    ZC_ASSERT((status == ZCACHE_OK) == (expected != NULL));
    ZC_ASSERT(expected == NULL || zc_slice_equal(item.value, expected->value));
}

static void check_same_events(void) {
    ZC_ASSERT(trial.told_count == trial.model.event_count);
    for (size_t i = 0; i < trial.told_count; i++) {
        zc_model_event_t *a = &trial.told[i];
        zc_model_event_t *b = &trial.model.events[i];
        ZC_ASSERT(a->change == b->change && a->key_hash == b->key_hash && a->hlc == b->hlc);
    }
    trial.told_count = 0;
    trial.model.event_count = 0;
}

static void end_run(void) {
    zc_store_run_end(trial.fixture.store);
    trial.model.run_open = false;
}

/* Deadlines are collected in an order, and up to a second late, as the store likes. */
static void sweep(void) {
    if (model_has_voided(&trial.model)) {
        end_run(); /* what is voided in a run goes after its end */
    }
    uint64_t now_ms = trial.fixture.now_ms;
    size_t budget = 1 + below(2000);
    while (zc_store_sweep(trial.fixture.store, now_ms, budget)) {
        zc_store_check(trial.fixture.store);
    }
    model_sweep(&trial.model);
    while (trial.model.event_count < trial.told_count) {
        const zc_model_event_t *event = &trial.told[trial.model.event_count];
        ZC_ASSERT(event->change == ZC_CHANGE_EXPIRE);
        ZC_ASSERT(model_expire(&trial.model, event->key_hash, now_ms));
    }
    ZC_ASSERT(!model_has_idle_tail(&trial.model, now_ms));
    uint64_t next_ms = zc_store_next_expiry_ms(trial.fixture.store);
    ZC_ASSERT(next_ms > now_ms);
    if (model_first_deadline_ms(&trial.model) <= model_mesh_ms(&trial.model, now_ms)) {
        ZC_ASSERT(next_ms <= now_ms + 1000);
    }
}

static bool may_drop(void *context, const zc_store_item_t *item) {
    const zc_hlc_t *hlc = context;
    return item->hlc <= *hlc;
}

static void replace_sync(void) {
    for (unsigned i = 0; i < MODEL_REGISTERS; i++) {
        if (one_in(2)) {
            zc_store_mark(trial.fixture.store, trial.model.registers[i].key_hash);
            model_mark(&trial.model, trial.model.registers[i].key_hash);
        }
    }
    zc_hlc_t hlc = trial.hlc - below(40);
    uint32_t position = 0;
    while (!zc_store_drop_unmarked(trial.fixture.store, &position, 1 + below(9), may_drop, &hlc)) {
        zc_store_check(trial.fixture.store);
    }
    while (trial.model.event_count < trial.told_count) {
        const zc_model_event_t *event = &trial.told[trial.model.event_count];
        ZC_ASSERT(event->hlc <= hlc);
        ZC_ASSERT(model_drop(&trial.model, event->key_hash));
    }
    model_unmark_all(&trial.model);
    for (unsigned i = 0; i < MODEL_ORIGINS && one_in(4); i++) {
        zc_hlc_t floor = trial.hlc - below(100);
        zc_store_raise_floor(trial.fixture.store, (zc_origin_index_t)i, floor);
        trial.model.floors[i] = floor > trial.model.floors[i] ? floor : trial.model.floors[i];
        zc_stamp_t stamp = {floor, trial.model.origins[i]};
        zc_store_raise_horizon(trial.fixture.store, &stamp);
        if (zc_stamp_compare(&trial.model.horizon, &stamp) < 0) {
            trial.model.horizon = stamp;
        }
    }
}

static void change_settings(void) {
    zc_model_t *model = &trial.model;
    zc_store_t *store = trial.fixture.store;
    model->max_size = 1 + below(24);
    model->ghosts_max = 1 + below(24);
    zc_store_set_max_size(store, model->max_size, model->ghosts_max);
    model->expire_after_ms = one_in(2) ? 5000 : 0;
    model->touch_window_ms = below(2000);
    zc_store_set_expire_after(store, model->expire_after_ms, model->touch_window_ms);
    if (one_in(4)) {
        model->offset_ms = (int64_t)below(4000) - 2000;
        zc_store_set_clock_offset(store, model->offset_ms);
    }
}

static void clear(void) {
    zc_stamp_t stamp = {trial.hlc - below(30), trial.model.origins[below(MODEL_ORIGINS)]};
    ZC_ASSERT(zc_store_clear(trial.fixture.store, &stamp) == model_clear(&trial.model, &stamp));
}

static void take_touches(void) {
    uint64_t taken[MODEL_TOUCHES];
    size_t count = zc_store_take_touches(trial.fixture.store, taken, MODEL_TOUCHES);
    ZC_ASSERT(count == trial.model.touch_count);
    ZC_ASSERT(memcmp(taken, trial.model.touches, count * sizeof taken[0]) == 0);
    trial.model.touch_count = 0;
}

static void touch(void) {
    uint64_t key_hash = fixture_hash(random_key());
    zc_store_touch(trial.fixture.store, key_hash, trial.fixture.now_ms);
    model_touch(&trial.model, key_hash, trial.fixture.now_ms);
}

static void seldom(void) {
    switch (below(8)) {
    case 0:
        replace_sync();
        break;
    case 1:
        change_settings();
        break;
    case 2:
        clear();
        break;
    case 3:
        take_touches();
        break;
    case 4:
    case 5:
        zc_store_run_begin(trial.fixture.store);
        model_run_begin(&trial.model);
        break;
    default:
        end_run();
        break;
    }
}

static void operate(void) {
    uint64_t dice = below(100);
    trial.model.now_ms = trial.fixture.now_ms;
    if (dice < 50) {
        apply();
    } else if (dice < 75) {
        read_one();
    } else if (dice < 82) {
        touch();
    } else if (dice < 88) {
        trial.fixture.now_ms += below(600);
    } else if (dice < 92) {
        ZC_ASSERT(zc_store_evict(trial.fixture.store) == model_evict(&trial.model));
    } else if (dice < 97) {
        sweep();
    } else {
        seldom();
    }
    check_same_events();
}

static void compare_figures(void) {
    zc_store_stats_t stats = fixture_stats(&trial.fixture);
    const zc_model_t *model = &trial.model;
    ZC_ASSERT(stats.entries == model_count(model, MODEL_ENTRY));
    ZC_ASSERT(stats.ghosts == model_count(model, MODEL_GHOST));
    ZC_ASSERT(stats.bytes == model_bytes(model));
    ZC_ASSERT(stats.digest == model_digest(model));
    ZC_ASSERT(stats.hits == model->hits);
    ZC_ASSERT(stats.misses == model->misses);
    ZC_ASSERT(stats.evictions == model->evictions);
    ZC_ASSERT(stats.expirations == model->expirations);
    zc_stamp_t horizon = zc_store_horizon(trial.fixture.store);
    ZC_ASSERT(zc_stamp_compare(&horizon, &model->horizon) == 0);
    for (unsigned i = 0; i < MODEL_ORIGINS; i++) {
        ZC_ASSERT(zc_store_floor(trial.fixture.store, (zc_origin_index_t)i) == model->floors[i]);
    }
}

static void compare_registers(void) {
    zc_store_take_touches(trial.fixture.store, NULL, 0); /* drains what readers have noted */
    for (unsigned i = 0; i < MODEL_REGISTERS; i++) {
        const zc_model_register_t *expected = &trial.model.registers[i];
        zc_store_item_t item;
        bool found = zc_store_find(trial.fixture.store, expected->key_hash, &item);
        bool there = expected->kind != MODEL_NOTHING && !model_is_voided(&trial.model, expected);
        ZC_ASSERT(found == there);
        if (!found) {
            continue;
        }
        ZC_ASSERT(item.hlc == expected->hlc && item.origin == expected->origin);
        ZC_ASSERT(item.ghost == (expected->kind == MODEL_GHOST));
        if (!item.ghost) {
            ZC_ASSERT(zc_slice_equal(item.key, expected->key));
            ZC_ASSERT(zc_slice_equal(item.value, expected->value));
            ZC_ASSERT(item.type == expected->type && item.used_ms == expected->used_ms);
            ZC_ASSERT(item.deadline_ms == expected->deadline_ms);
        }
    }
}

/* The whole order as the model has it: entries, then ghosts. */
static void compare_order(void) {
    zc_store_walk_t *walk;
    ZC_ASSERT(zc_store_walk_new(trial.fixture.store, ZC_WALK_COLDEST_FIRST, &walk) == ZCACHE_OK);
    zc_model_kind_t kind = MODEL_ENTRY;
    uint64_t order = 0;
    size_t budget = 100000;
    zc_store_item_t item;
    for (;;) {
        const zc_model_register_t *expected = model_after(&trial.model, kind, order);
        if (expected == NULL && kind == MODEL_ENTRY) {
            kind = MODEL_GHOST;
            order = 0;
            continue;
        }
        if (expected == NULL) {
            break;
        }
        order = expected->order;
        if (model_is_voided(&trial.model, expected)) {
            continue;
        }
        ZC_ASSERT(zc_store_walk_item(walk, trial.fixture.now_ms, &budget, &item) == ZCACHE_OK);
        ZC_ASSERT(item.key_hash == expected->key_hash);
        zc_store_walk_next(walk);
    }
    ZC_ASSERT(zc_store_walk_item(walk, trial.fixture.now_ms, &budget, &item) == ZCACHE_MISS);
    zc_store_walk_destroy(&walk);
}

/* R6: each chain has all of its origin's registers, in stamp order. */
static void compare_chains(void) {
    size_t seen = 0;
    for (unsigned origin = 0; origin < MODEL_ORIGINS; origin++) {
        zc_store_cursor_t cursor;
        zc_store_cursor_open_older(trial.fixture.store, &cursor, (zc_origin_index_t)origin,
                                   UINT64_MAX);
        zc_hlc_t newer = UINT64_MAX;
        zc_store_item_t item;
        while (zc_store_cursor_item(trial.fixture.store, &cursor, &item)) {
            const zc_model_register_t *found = model_find(&trial.model, item.key_hash);
            ZC_ASSERT(found->hlc == item.hlc && found->origin == origin);
            ZC_ASSERT(item.hlc <= newer);
            newer = item.hlc;
            seen++;
            zc_store_cursor_next(trial.fixture.store, &cursor);
        }
        zc_store_cursor_close(trial.fixture.store, &cursor);
    }
    for (unsigned i = 0; i < MODEL_REGISTERS; i++) {
        const zc_model_register_t *found = &trial.model.registers[i];
        seen -= found->kind != MODEL_NOTHING && !model_is_voided(&trial.model, found);
    }
    ZC_ASSERT(seen == 0);
}

void zc_store_trial_operate(void) {
    operate();
    if (one_in(16)) {
        zc_store_check(trial.fixture.store);
        compare_figures();
    }
    if (one_in(64)) {
        compare_registers();
        compare_order();
        compare_chains();
    }
}

void zc_store_trial_stop(void) {
    end_run();
    compare_figures();
    compare_registers();
    for (size_t i = 0; i < READERS; i++) {
        zc_reader_destroy(&trial.readers[i]);
    }
    fixture_stop(&trial.fixture);
}
