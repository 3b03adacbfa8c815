/* SPDX-License-Identifier: MPL-2.0 */
/* Start-up of czmq, done once: zsys_init itself is not safe where two threads call it first. */
#include "lib/client/context.h"

#include <pthread.h>

#include <czmq.h>

static void prepare(void) {
    zsys_handler_set(NULL);     /* else the first socket takes SIGINT and SIGTERM */
    zsys_set_logstream(stderr); /* else czmq's own complaints go to standard output */
    zsys_init();
}

void zc_context_init(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
}
