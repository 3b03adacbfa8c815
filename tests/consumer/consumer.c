/* SPDX-License-Identifier: MPL-2.0 */
/* A program outside the tree: a node of its own in three lines, then one set and one get. It is
 * built by tests/integration/test_consumer.py against the installed library alone. */
#include <stdio.h>
#include <string.h>
#include <zcache/zcache.h>

int main(void) {
    zcache_node_options_t options;
    zcache_node_options_init(&options);
    options.port = 0;
    zcache_node_t *node = NULL;
    if (zcache_node_start(&options, &node) != ZCACHE_OK) {
        fprintf(stderr, "node: %s\n", zcache_node_start_error());
        return 1;
    }
    zcache_t *cache = NULL;
    zcache_status status = zcache_open(zcache_node_inproc_endpoint(node), &cache);
    if (status == ZCACHE_OK) {
        status = zcache_set(cache, "key", 3, "value", 5, 0);
    }
    zcache_value_t value = ZCACHE_VALUE_INIT;
    if (status == ZCACHE_OK) {
        status = zcache_get(cache, "key", 3, &value);
    }
    int failed = status != ZCACHE_OK || value.size != 5 || memcmp(value.data, "value", 5) != 0;
    printf("%s: %.*s\n", zcache_status_text(status), (int)value.size, (const char *)value.data);
    zcache_value_fini(&value);
    zcache_close(&cache);
    zcache_node_stop(&node);
    return failed;
}
