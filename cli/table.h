/* SPDX-License-Identifier: MPL-2.0 */
/* Listings for people: a table with colours on a terminal, and one line of fields between tabs for
 * each row, without a head, in a pipe. */
#ifndef ZC_CLI_TABLE_H
#define ZC_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct zc_column {
    const char *name;
    bool right; /* numbers */
    bool cut;   /* may be cut where the terminal is too narrow, */
    bool wrap;  /* or go on below itself */
} zc_column_t;

enum { ZC_COLUMNS_MAX = 12 };

typedef struct zc_table zc_table_t;

/* NULL: no memory. At most ZC_COLUMNS_MAX columns, borrowed for the life of the table. */
zc_table_t *zc_table_new(const zc_column_t *columns, size_t count);

/* Adds a row: one text for each column, copied, without characters that do something (see
 * zc_output_escape). In a pipe it is written at once. `colours` has a name of a colour ("red") or
 * NULL for each column; NULL: none. False: no memory, or nobody reads any more. */
bool zc_table_add(zc_table_t *table, const char *const *texts, const char *const *colours);

/* On a terminal, writes the table. */
void zc_table_print(zc_table_t *table);
void zc_table_destroy(zc_table_t **table);

/* True where texts should be short enough for people. */
bool zc_table_is_terminal(const zc_table_t *table);

#endif
