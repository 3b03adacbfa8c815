/* SPDX-License-Identifier: MPL-2.0 */
/* Tables by libsmartcols. In a pipe a listing is never held in memory. */
#define _GNU_SOURCE
#include "cli/table.h"

#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

/* Of a line of a column that wraps: what fits beside two endpoints on a terminal of 80 columns. */
enum { WRAP_BYTES = 24 };

struct zc_table {
    struct libscols_table *columns; /* NULL in a pipe */
    size_t count;
    bool colour;
    bool wraps[ZC_COLUMNS_MAX];
};

static bool add_columns(zc_table_t *table, const zc_column_t *columns, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int flags = (columns[i].right ? SCOLS_FL_RIGHT : 0) |
                    (columns[i].cut ? SCOLS_FL_TRUNC : 0) | (columns[i].wrap ? SCOLS_FL_WRAP : 0);
        double width = columns[i].cut || columns[i].wrap ? 0.3 : 1;
        struct libscols_column *column =
            scols_table_new_column(table->columns, columns[i].name, width, flags);
        if (column == NULL) {
            return false;
        }
        table->wraps[i] = columns[i].wrap;
        if (columns[i].wrap) {
            scols_column_set_safechars(column, "\n");
            scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
        }
    }
    return true;
}

zc_table_t *zc_table_new(const zc_column_t *columns, size_t count) {
    zc_table_t *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return NULL;
    }
    table->count = count;
    table->colour = zc_output_has_colour(stdout);
    if (!zc_output_is_terminal(stdout)) {
        return table;
    }
    table->columns = scols_new_table();
    if (table->columns == NULL || !add_columns(table, columns, count)) {
        zc_table_destroy(&table);
        return NULL;
    }
    scols_table_enable_colors(table->columns, table->colour);
    scols_table_enable_nowrap(table->columns, 1);
    scols_table_enable_noencoding(table->columns, 1); /* texts are escaped already */
    return table;
}

bool zc_table_is_terminal(const zc_table_t *table) {
    return table->columns != NULL;
}

static bool write_line(const zc_table_t *table, const char *const *texts) {
    for (size_t i = 0; i < table->count; i++) {
        fputs(texts[i], stdout);
        fputc(i + 1 == table->count ? '\n' : '\t', stdout);
    }
    return !zc_output_broken();
}

/* libsmartcols would break words in two: lines end where a blank was. */
static void break_lines(char *text) {
    char *line = text;
    for (char *blank = strchr(text, ' '); blank != NULL; blank = strchr(blank + 1, ' ')) {
        if (strcspn(blank + 1, " ") + (size_t)(blank + 1 - line) > WRAP_BYTES) {
            *blank = '\n';
            line = blank + 1;
        }
    }
}

static bool set_cell(const zc_table_t *table, struct libscols_line *line, size_t column,
                     const char *text) {
    if (!table->wraps[column]) {
        return scols_line_set_data(line, column, text) == 0;
    }
    char *lines = strdup(text);
    if (lines == NULL) {
        return false;
    }
    break_lines(lines);
    bool set = scols_line_set_data(line, column, lines) == 0;
    free(lines);
    return set;
}

bool zc_table_add(zc_table_t *table, const char *const *texts, const char *const *colours) {
    if (table->columns == NULL) {
        return write_line(table, texts);
    }
    struct libscols_line *line = scols_table_new_line(table->columns, NULL);
    if (line == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->count; i++) {
        if (!set_cell(table, line, i, texts[i])) {
            return false;
        }
        if (table->colour && colours != NULL && colours[i] != NULL) {
            scols_cell_set_color(scols_line_get_cell(line, i), colours[i]);
        }
    }
    return true;
}

void zc_table_print(zc_table_t *table) {
    if (table->columns != NULL) {
        scols_print_table(table->columns);
    }
}

void zc_table_destroy(zc_table_t **table) {
    if (*table != NULL) {
        scols_unref_table((*table)->columns);
        free(*table);
        *table = NULL;
    }
}
