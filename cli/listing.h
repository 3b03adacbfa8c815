/* SPDX-License-Identifier: MPL-2.0 */
/* A listing that is a table or an array of JSON, as was asked for. */
#ifndef ZC_CLI_LISTING_H
#define ZC_CLI_LISTING_H

#include "cli/json.h"
#include "cli/table.h"

typedef struct zc_listing {
    zc_table_t *table; /* NULL: JSON */
    size_t columns;
    zc_json_array_t array;
    bool failed; /* no memory */
} zc_listing_t;

/* False: no memory. The columns are borrowed for the life of the listing. */
bool zc_listing_begin(zc_listing_t *listing, const zc_column_t *columns, size_t count, bool json);

/* Each adds an item and returns whether there is use in another one. A NULL for the JSON, whose
 * reference is taken, or among the texts is memory that ran out. */
bool zc_listing_add_json(zc_listing_t *listing, json_t *json);
bool zc_listing_add_row(zc_listing_t *listing, const char *const *texts,
                        const char *const *colours);

/* True where it is a table on a terminal. */
bool zc_listing_is_for_people(const zc_listing_t *listing);

/* Writes what is still to be written. False: memory had run out. */
bool zc_listing_end(zc_listing_t *listing);

#endif
