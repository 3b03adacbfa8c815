/* SPDX-License-Identifier: MPL-2.0 */
/* Any text as an address that a user or a peer names: what one parser takes the others agree with,
 * and nothing reaches libzmq that zc_endpoint_valid does not take. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/assert.h"
#include "lib/client/endpoint.h"
#include "lib/wire/text.h"
#include "node/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is dialled is what was read. */
static void check_endpoint(const char *text) {
    zc_endpoint_t endpoint;
    bool valid = zc_endpoint_valid(zc_slice_text(text));
    bool parsed = zc_endpoint_parse(text, &endpoint) == ZCACHE_OK;
    ZC_ASSERT(parsed == (valid || (parsed && endpoint.inproc)));
    if (!valid) {
        return;
    }
    ZC_ASSERT(zc_text_valid(zc_slice_text(text)));
    ZC_ASSERT(strcmp(endpoint.text, text) == 0);
    /* What stands in brackets need not be an IPv6 address; it is not dialled then. */
    bool numeric = zc_address_is_numeric(text);
    bool strange = strchr(text, '[') != NULL && strchr(endpoint.host, ':') == NULL;
    ZC_ASSERT(!numeric || !strange);
    if (!strange) {
        char written[ZC_ENDPOINT_BYTES];
        ZC_ASSERT(zc_address_endpoint(endpoint.host, endpoint.port, written) == ZCACHE_OK);
        ZC_ASSERT(strcmp(written, text) == 0);
    }
    zc_endpoint_t replaced = endpoint;
    if (zc_endpoint_replace_any(&replaced, "127.0.0.1") == ZCACHE_OK) {
        ZC_ASSERT(replaced.port == endpoint.port);
    }
}

/* An address as people write it, with each of its parts as it is told to others. */
static void check_address(const char *text) {
    zc_address_t address;
    if (zc_address_parse(text, ZC_PORT_DEFAULT, &address) != ZCACHE_OK) {
        return;
    }
    ZC_ASSERT(address.host[0] != '\0');
    ZC_ASSERT(strlen(address.host) < sizeof address.host);
    char endpoint[ZC_ENDPOINT_BYTES];
    if (zc_address_endpoint(address.host, address.port, endpoint) == ZCACHE_OK) {
        ZC_ASSERT(zc_endpoint_valid(zc_slice_text(endpoint)) || address.port == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    ZC_ASSERT(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    check_endpoint(text);
    check_address(text);
    (void)zc_text_valid(zc_slice(data, size));
    (void)zc_endpoint_valid(zc_slice(data, size));
    free(text);
    return 0;
}
