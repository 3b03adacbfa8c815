/* SPDX-License-Identifier: MPL-2.0 */
/* Drawing what clients do, and doing it. A value ends in its number, so that no two are the same.
 */
#include "tests/sim/workload.h"

#include <stdio.h>
#include <string.h>

enum { BURST_MAX = 100 };

/* The higher the heat, the more often low keys. */
static int draw_key(zc_world_t *world, zc_random_t *random) {
    uint64_t keys = (uint64_t)world->plan.keys;
    uint64_t key = zc_random_below(random, keys);
    for (uint32_t i = 1; i < world->plan.heat; i++) {
        uint64_t other = zc_random_below(random, keys);
        key = other < key ? other : key;
    }
    return (int)key;
}

static const char *draw_value(zc_world_t *world, zc_random_t *random) {
    uint64_t big = zc_random_below(random, ZC_PLAN_BIG_BYTES - 32);
    uint64_t small = zc_random_below(random, 40);
    bool is_big = zc_random_chance(random, 1, 2) && zc_plan_has(&world->plan, ZC_FEATURE_BIG);
    size_t bytes = is_big ? big : small;
    memset(world->value, 'x', bytes);
    snprintf(world->value + bytes, 32, "%llu", (unsigned long long)world->history.writes);
    return world->value;
}

static void set_key(zc_world_t *world, zc_random_t *random, int node, const char *key) {
    uint64_t ttl_ms = zc_random_between(random, 100, 4000);
    bool has_ttl = zc_random_chance(random, 3, 10) && zc_plan_has(&world->plan, ZC_FEATURE_TTL);
    zc_cluster_set(world->cluster, node, key, draw_value(world, random), has_ttl ? ttl_ms : 0);
    /* Every other write is sent by the writer itself. */
    if (world->history.writes % 2 == 0) {
        zc_cluster_flush(world->cluster, node);
    }
}

/* What is not held by a node that joins is asked of a donor, as its clients would. */
static void read_key(zc_world_t *world, int node, int key, const char *text) {
    zc_store_item_t item;
    bool found = zc_cluster_find(world->cluster, node, text, true, &item);
    zc_check_read(world, node, key, found, &item);
    if (!found && zc_cluster_view(world->cluster, node).joining) {
        zc_cluster_read(world->cluster, node, text, (uint64_t)key);
    }
}

static void use_key(zc_world_t *world, zc_random_t *random) {
    int node = zc_world_any(world, random);
    int key = draw_key(world, random);
    uint64_t dice = zc_random_below(random, 1000);
    if (node < 0) {
        return;
    }
    char text[ZC_KEY_TEXT_BYTES];
    zc_history_key_text(key, text);
    if (dice < 500) {
        set_key(world, random, node, text);
    } else if (dice < 900) {
        read_key(world, node, key, text);
    } else if (zc_plan_has(&world->plan, ZC_FEATURE_DELETE)) {
        zc_cluster_delete(world->cluster, node, text);
    }
}

static void clear(zc_world_t *world, zc_random_t *random) {
    int node = zc_world_any(world, random);
    if (node >= 0) {
        zc_world_log(world, ZC_ABOUT_ALL, "n%d is told to clear", node);
        zc_cluster_clear(world->cluster, node);
    }
}

/* A live change of a setting, within what the run can bear. */
static void configure(zc_world_t *world, zc_random_t *random) {
    static const struct {
        const char *name;
        uint64_t least;
        uint64_t most;
        int needs; /* a feature, or -1 */
    } rows[] = {
        {"max_size", 1, 150, ZC_FEATURE_TINY},
        {"ghosts_max", 0, 40, ZC_FEATURE_GHOSTS},
        {"expire_after_ms", 0, 8000, ZC_FEATURE_IDLE},
        {"heartbeat_ms", 50, 1000, -1},
        {"value_max", 1024, ZC_PLAN_BIG_BYTES * 2, -1},
        {"max_clock_skew_ms", 500, 20000, ZC_FEATURE_STAND},
        {"retire_after_ms", 1000, 20000, ZC_FEATURE_RETIRE},
        {"max_size", 100, 1000, -1},
    };
    int node = zc_world_any(world, random);
    size_t row = zc_random_below(random, sizeof rows / sizeof rows[0]);
    uint64_t number = zc_random_between(random, rows[row].least, rows[row].most);
    /* Two meshes whose clocks are far apart meet only under the bound that was drawn for them. */
    bool apart = zc_plan_has(&world->plan, ZC_FEATURE_MESHES);
    bool allowed = rows[row].needs < 0 || zc_plan_has(&world->plan, (zc_feature_t)rows[row].needs);
    if (node < 0 || !allowed || (apart && rows[row].needs == ZC_FEATURE_STAND)) {
        return;
    }
    zc_world_log(world, ZC_ABOUT_ALL, "n%d sets %s to %llu", node, rows[row].name,
                 (unsigned long long)number);
    zc_cluster_configure(world->cluster, node, rows[row].name, number);
}

void zc_workload_step(zc_world_t *world, uint64_t step) {
    zc_random_t random = zc_plan_step_stream(&world->plan, "workload", step);
    uint64_t many = zc_random_below(&random, BURST_MAX);
    bool bursts =
        zc_random_chance(&random, 50, 1000) && zc_plan_has(&world->plan, ZC_FEATURE_BURST);
    uint64_t count = bursts ? many : 1;
    for (uint64_t i = 0; i < count && !zc_world_failed(world); i++) {
        use_key(world, &random);
    }
    zc_random_t seldom = zc_plan_step_stream(&world->plan, "clear", step);
    if (zc_random_chance(&seldom, world->plan.rates[ZC_FEATURE_CLEAR], 20000)) {
        clear(world, &seldom);
    }
    seldom = zc_plan_step_stream(&world->plan, "configure", step);
    if (zc_random_chance(&seldom, world->plan.rates[ZC_FEATURE_CONFIGURE], 10000)) {
        configure(world, &seldom);
    }
}
