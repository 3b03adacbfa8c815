/* SPDX-License-Identifier: MPL-2.0 */
/* The world of one seed: its nodes' lives, and what is kept of what happened. */
#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/assert.h"

enum { TAIL_LINES = 40, TAIL_OF_NODE = 12 };

/* -- What the cluster shows ------------------------------------------------ */

static void observe_step(void *context, const zc_cluster_step_t *step) {
    zc_check_step(context, step);
}

/* -- Life of the world ----------------------------------------------------- */

zc_world_t *zc_world_new(const zc_swarm_options_t *options) {
    zc_world_t *world = calloc(1, sizeof *world);
    ZC_ASSERT(world != NULL);
    zc_plan_draw(options, &world->plan);
    zc_history_init(&world->history);
    world->cluster = zc_cluster_new(zc_plan_stream(options->seed, "cluster").state);
    world->aim = zc_plan_stream(options->seed, "aim");
    world->doomed = -1;
    world->bridge = -1;
    world->value = malloc(ZC_PLAN_BIG_BYTES + 1);
    ZC_ASSERT(world->value != NULL);
    if (options->verbose) {
        world->log = calloc(ZC_LOG_LINES, sizeof *world->log);
    }
    zc_cluster_observe_steps(world->cluster, observe_step, world);
    for (int i = 0; i < world->plan.nodes; i++) {
        zc_cluster_add(world->cluster);
        world->count++;
    }
    zc_cluster_set_checkpoint_bytes(world->cluster, world->plan.checkpoint_bytes);
    world->begun_ms = zc_world_now_ms(world);
    return world;
}

static void forget_life(zc_model_t *model) {
    zc_vector_copy_fini(zc_allocator_system(), &model->vector);
    for (size_t i = 0; i < ZC_SESSIONS; i++) {
        zc_session_fini(&model->sessions[i]);
    }
    *model = (zc_model_t){.own_hlc = 0};
}

void zc_world_destroy(zc_world_t **world) {
    zc_world_t *dead = *world;
    zc_cluster_destroy(&dead->cluster);
    zc_history_fini(&dead->history);
    for (int i = 0; i < dead->count; i++) {
        forget_life(&dead->nodes[i].model);
    }
    free(dead->value);
    free(dead->log);
    free(dead);
    *world = NULL;
}

/* -- Lives of nodes -------------------------------------------------------- */

uint64_t zc_world_now_ms(const zc_world_t *world) {
    return zc_cluster_now_ms(world->cluster);
}

static bool is_second(const zc_world_t *world, int node) {
    return world->plan.second_founder >= 0 && node >= world->plan.second_founder &&
           node != world->bridge;
}

/* The addresses that a node is given: one of its mesh that runs, so that it finds it, and the
 * founder's, so that nodes which left and came back cannot become islands. */
static size_t choose_seeds(const zc_world_t *world, int node, int seeds[ZC_CLUSTER_SEEDS_MAX]) {
    bool second = is_second(world, node);
    int founder = second ? world->plan.second_founder : 0;
    size_t count = 0;
    if (node == world->bridge) {
        seeds[count++] = 0;
        seeds[count++] = world->plan.second_founder;
        return count;
    }
    bool first_life = zc_cluster_life(world->cluster, node) == 0;
    if (node == founder && first_life) {
        return 0;
    }
    for (int i = 0; i < world->count; i++) {
        int other = (node + 1 + i) % world->count;
        if (other != node && other != founder && is_second(world, other) == second &&
            other != world->bridge && zc_cluster_is_up(world->cluster, other)) {
            seeds[count++] = other;
            break;
        }
    }
    if (node != founder) {
        seeds[count++] = founder;
    }
    return count;
}

/* Where none of its mesh runs any more, whoever heals names any node: alone it would have a clock
 * of its own. */
static size_t choose_any(const zc_world_t *world, int node, int seeds[ZC_CLUSTER_SEEDS_MAX]) {
    for (int i = 0; i < world->count; i++) {
        if (i != node && zc_cluster_is_up(world->cluster, i)) {
            seeds[0] = i;
            return 1;
        }
    }
    return 0;
}

/* The clock of a mesh is its founder's. */
static int64_t wall_skew_ms(const zc_world_t *world, int node) {
    return node < world->plan.nodes ? world->plan.node[node].wall_skew_ms : 0;
}

void zc_world_start(zc_world_t *world, int number) {
    zc_world_node_t *node = &world->nodes[number];
    int seeds[ZC_CLUSTER_SEEDS_MAX];
    size_t seed_count = choose_seeds(world, number, seeds);
    if (seed_count == 0 && world->calm) {
        seed_count = choose_any(world, number, seeds);
    }
    forget_life(&node->model);
    node->started = true;
    node->down_until_ms = 0;
    zc_failing_allocator_init(&node->memory);
    zc_cluster_set_allocator(world->cluster, &node->memory.allocator);
    zc_cluster_set_max_memory(world->cluster, world->plan.node[number].max_memory);
    zc_cluster_set_wall_skew_ms(world->cluster, wall_skew_ms(world, number));
    if (zc_cluster_life(world->cluster, number) == 0) {
        zc_cluster_drift(world->cluster, number, world->plan.node[number].drift_ppm);
    }
    zc_world_log(world, ZC_ABOUT_ALL, "n%d starts, %zu addresses", number, seed_count);
    zc_cluster_restart_with(world->cluster, number, &world->plan.settings, seeds, seed_count);
    zc_cluster_watch(world->cluster, number, false);
}

void zc_world_end(zc_world_t *world, int number, bool leaves) {
    zc_world_node_t *node = &world->nodes[number];
    zc_world_log(world, ZC_ABOUT_ALL, "n%d %s", number, leaves ? "leaves" : "ends without a word");
    zc_failing_allocator_stop(&node->memory);
    zc_check_node(world, number);
    if (leaves) {
        zc_cluster_leave(world->cluster, number);
    } else {
        zc_cluster_crash(world->cluster, number);
    }
    zc_check_ended(world, number);
    world->ended++;
    node->paused_until_ms = 0;
    node->starved_until_ms = 0;
}

int zc_world_running(const zc_world_t *world) {
    int count = 0;
    for (int i = 0; i < world->count; i++) {
        count += zc_cluster_runs(world->cluster, i);
    }
    return count;
}

int zc_world_any(const zc_world_t *world, zc_random_t *random) {
    int chosen = -1;
    uint64_t candidates = 0;
    for (int i = 0; i < world->count; i++) {
        if (zc_cluster_runs(world->cluster, i) && zc_random_below(random, ++candidates) == 0) {
            chosen = i;
        }
    }
    return chosen;
}

void zc_world_keep_apart(zc_world_t *world) {
    for (int a = 0; a < world->count && world->bridge < 0; a++) {
        for (int b = 0; b < world->count; b++) {
            if (is_second(world, a) != is_second(world, b)) {
                zc_cluster_cut(world->cluster, a, b, true);
            }
        }
    }
}

void zc_world_meet(zc_world_t *world) {
    if (world->bridge < 0 && world->plan.second_founder >= 0) {
        world->bridge = zc_cluster_add(world->cluster);
        world->count++;
        zc_world_log(world, ZC_ABOUT_ALL, "n%d is a bridge between the meshes", world->bridge);
        if (world->split_until_ms == 0) {
            zc_cluster_heal(world->cluster);
        }
        zc_world_start(world, world->bridge);
    }
}

/* -- What went wrong, and what happened before ----------------------------- */

void zc_world_fail(zc_world_t *world, zc_check_t check, int node, int key, const char *format,
                   ...) {
    if (zc_world_failed(world)) {
        return;
    }
    world->verdict.check = check;
    world->verdict.node = node;
    world->verdict.key = key;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(world->verdict.why, sizeof world->verdict.why, format, arguments);
    va_end(arguments);
    zc_world_log(world, ZC_ABOUT_ALL, "FAILED: %s", world->verdict.why);
    zc_cluster_interrupt(world->cluster);
}

const char *zc_stamp_short(const zc_stamp_t *stamp) {
    static char texts[4][40];
    static int next;
    char *text = texts[next++ % 4];
    snprintf(text, sizeof texts[0], "%llu.%u@%02x%02x",
             (unsigned long long)(zc_hlc_ms(stamp->hlc) % 100000000),
             (unsigned)(stamp->hlc & 0xffff), stamp->origin.bytes[0], stamp->origin.bytes[1]);
    return text;
}

void zc_world_log(zc_world_t *world, int about, const char *format, ...) {
    if (world->log == NULL) {
        return;
    }
    zc_log_line_t *line = &world->log[world->log_count++ % ZC_LOG_LINES];
    line->at_ms = zc_world_now_ms(world);
    line->about = about;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line->text, sizeof line->text, format, arguments);
    va_end(arguments);
}

/* Of the lines that are about the node that failed a few are enough: it may ask again and again. */
static bool concerns(const zc_world_t *world, const zc_log_line_t *line, size_t *of_node) {
    if (line->about == zc_about_node(world->verdict.node)) {
        (*of_node)++;
        return *of_node <= TAIL_OF_NODE;
    }
    return line->about == ZC_ABOUT_ALL || line->about == world->verdict.key;
}

void zc_world_tail(const zc_world_t *world, char *text, size_t bytes) {
    text[0] = '\0';
    if (world->log == NULL) {
        return;
    }
    const zc_log_line_t *chosen[TAIL_LINES];
    size_t count = 0;
    size_t of_node = 0;
    size_t kept = world->log_count < ZC_LOG_LINES ? world->log_count : ZC_LOG_LINES;
    for (size_t i = 1; i <= kept && count < TAIL_LINES; i++) {
        const zc_log_line_t *line = &world->log[(world->log_count - i) % ZC_LOG_LINES];
        if (concerns(world, line, &of_node)) {
            chosen[count++] = line;
        }
    }
    size_t used = 0;
    while (count > 0 && used < bytes) {
        const zc_log_line_t *line = chosen[--count];
        used += (size_t)snprintf(text + used, bytes - used, "    %8.3f s  %s\n",
                                 (double)line->at_ms / 1000, line->text);
    }
}
