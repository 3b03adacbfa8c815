/* SPDX-License-Identifier: MPL-2.0 */
/* zcache bench: how fast, over both ways to a node and in both ways to ask. Every figure is of real
 * calls of the public library against a real node. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <zcache/limits.h>
#include <zcache/node.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/json.h"
#include "cli/measure.h"
#include "cli/number.h"
#include "cli/output.h"
#include "cli/table.h"

enum { KEY_SECONDS = 256, KEY_BYTES, KEY_KEYS, KEYS_MOST = 1000000, SECONDS_MOST = 3600 };

static const struct argp_option options[] = {
    {"seconds", KEY_SECONDS, "SECONDS", 0, "Measure each line for so long (1)", 0},
    {"bytes", KEY_BYTES, "N", 0, "Bytes of a value (100)", 0},
    {"keys", KEY_KEYS, "N", 0, "Different keys (100)", 0},
    {0},
};

static int take(int key, const char *argument, void *context) {
    zc_measure_options_t *measure = context;
    switch (key) {
    case KEY_SECONDS:
        return zc_option_seconds("--seconds", argument, 1, SECONDS_MOST * 1000, NULL,
                                 &measure->duration_ms);
    case KEY_BYTES:
        return zc_option_number("--bytes", argument, 0, ZCACHE_VALUE_MAX_DEFAULT, "bytes",
                                &measure->value_bytes);
    case KEY_KEYS:
        return zc_option_number("--keys", argument, 1, KEYS_MOST, "keys", &measure->keys);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const zc_usage_t usage = {
    .name = "bench",
    .text = "Measure get and set: over inproc at a node of its own, and over tcp at the node of "
            "--at, or, where none is named and none answers, at its own; one at a time, and "
            "pipelined in batches of "
            "16 with 50 under way. Latency is that of a call, or of a whole batch. The keys begin "
            "with \"zcache-bench:\" and are deleted in the end.",
    .options = options,
    .take = take,
    .at = true,
    .json = true,
    .json_text = "Write an array of transport, operation, mode, operations_per_second, p50_us, "
                 "p99_us, p999_us",
};

static const zc_column_t columns[] = {
    {.name = "TRANSPORT"},
    {.name = "OPERATION"},
    {.name = "MODE"},
    {.name = "OPERATIONS/S", .right = true},
    {.name = "P50 US", .right = true},
    {.name = "P99 US", .right = true},
    {.name = "P99.9 US", .right = true},
};

enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]), FIGURE_BYTES = 32 };

typedef struct report {
    zc_table_t *table; /* NULL: JSON */
    zc_json_array_t array;
} report_t;

static bool add_row(zc_table_t *table, const char *transport, const char *operation,
                    const char *mode, const zc_measured_t *measured) {
    char figures[4][FIGURE_BYTES];
    snprintf(figures[0], FIGURE_BYTES, "%.0f", measured->per_second);
    snprintf(figures[1], FIGURE_BYTES, "%.1f", measured->p50_us);
    snprintf(figures[2], FIGURE_BYTES, "%.1f", measured->p99_us);
    snprintf(figures[3], FIGURE_BYTES, "%.1f", measured->p999_us);
    const char *texts[COLUMN_COUNT] = {transport,  operation,  mode,      figures[0],
                                       figures[1], figures[2], figures[3]};
    return zc_table_add(table, texts, NULL);
}

static bool add(report_t *report, const char *transport, bool set, bool pipelined,
                const zc_measured_t *measured) {
    const char *operation = set ? "set" : "get";
    const char *mode = pipelined ? "pipelined" : "single";
    if (report->table != NULL) {
        return add_row(report->table, transport, operation, mode, measured);
    }
    return zc_json_array_add(
        &report->array,
        json_pack("{s:s,s:s,s:s,s:f,s:f,s:f,s:f}", "transport", transport, "operation", operation,
                  "mode", mode, "operations_per_second", measured->per_second, "p50_us",
                  measured->p50_us, "p99_us", measured->p99_us, "p999_us", measured->p999_us),
        ZC_DIGITS_SHORT);
}

/* The four lines of one way to a node. */
static int measure_all(zcache_t *cache, const char *transport, const zc_measure_options_t *measure,
                       report_t *report) {
    zcache_status status = zc_measure_prepare(cache, measure);
    for (int line = 0; line < 4 && status == ZCACHE_OK; line++) {
        bool set = line % 2 == 1;
        bool pipelined = line >= 2;
        zc_measured_t measured;
        status = pipelined ? zc_measure_pipelined(cache, measure, set, &measured)
                           : zc_measure_single(cache, measure, set, &measured);
        if (status == ZCACHE_OK && !add(report, transport, set, pipelined, &measured)) {
            return zc_output_broken() ? ZC_EXIT_DONE : zc_fail(ZC_EXIT_FAILED, "out of memory");
        }
    }
    if (status == ZCACHE_OK) {
        status = zc_measure_clean_up(cache, measure);
    }
    return zc_report(cache, status == ZCACHE_MISS ? ZCACHE_OK : status);
}

/* The node that was named; where none was, the one at the usual address, or else the one that runs
 * here. */
static zcache_status open_tcp(const zc_arguments_t *arguments, const zcache_node_t *node,
                              zcache_t **cache) {
    zcache_status status = zc_connect_quietly(arguments->at, cache);
    if (status == ZCACHE_OK || arguments->at_source != NULL) {
        return status;
    }
    return zc_connect_quietly(zcache_node_endpoint(node), cache);
}

static int measure_node(zcache_node_t *node, const zc_arguments_t *arguments,
                        const zc_measure_options_t *measure, report_t *report) {
    zcache_t *inproc = NULL;
    zcache_t *tcp = NULL;
    zcache_status status = zcache_open(zcache_node_inproc_endpoint(node), &inproc);
    if (status == ZCACHE_OK) {
        status = open_tcp(arguments, node, &tcp);
    }
    int result = ZC_EXIT_DONE;
    if (status == ZCACHE_OK) {
        zc_measure_options_t direct = *measure;
        direct.direct = true;
        result = measure_all(inproc, "inproc", &direct, report);
    } else {
        result = zc_connect_refuse(arguments, status);
    }
    if (result == ZC_EXIT_DONE) {
        result = measure_all(tcp, "tcp", measure, report);
    }
    zcache_close(&tcp);
    zcache_close(&inproc);
    return result;
}

static int measure_and_report(zcache_node_t *node, const zc_arguments_t *arguments,
                              const zc_measure_options_t *measure) {
    report_t report = {.table = NULL};
    if (!arguments->json) {
        report.table = zc_table_new(columns, COLUMN_COUNT);
        if (report.table == NULL) {
            return zc_fail(ZC_EXIT_FAILED, "out of memory");
        }
    }
    int status = measure_node(node, arguments, measure, &report);
    if (report.table != NULL) {
        zc_table_print(report.table);
        zc_table_destroy(&report.table);
    } else {
        zc_json_array_end(&report.array);
    }
    return status;
}

int zc_command_bench(int argc, char **argv) {
    zc_arguments_t arguments;
    zc_measure_options_t measure = {.duration_ms = 1000, .value_bytes = 100, .keys = 100};
    int status = zc_arguments_parse(&usage, argc, argv, &measure, &arguments);
    if (status >= 0) {
        return status;
    }
    zcache_node_options_t options_of_node;
    zcache_node_options_init(&options_of_node);
    options_of_node.port = 0;
    options_of_node.max_size = measure.keys > 1000 ? measure.keys : 1000;
    zcache_node_t *node = NULL;
    zcache_status started = zcache_node_start(&options_of_node, &node);
    if (started != ZCACHE_OK) {
        return zc_fail(zc_exit_of(started), "%s", zcache_node_start_error());
    }
    status = measure_and_report(node, &arguments, &measure);
    zcache_node_stop(&node);
    return zc_output_finish(status);
}
