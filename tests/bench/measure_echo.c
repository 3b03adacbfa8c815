/* SPDX-License-Identifier: MPL-2.0 */
/* The limit that a get over tcp is held against: a bare ROUTER that answers each message with
 * another one, of just the sizes that a get and its answer have.
 *
 *     measure_echo
 *
 * Prints its endpoint, answers until standard input ends, and does nothing else. */
#include <zmq.h>

#include "lib/wire/request.h"
#include "tests/bench/bench.h"

enum { ENDPOINT_BYTES = 64, ROUTE_BYTES = 5, INPUT = 0 };

/* The answer of a node to a get. */
static zc_buffer_t make_answer(void) {
    zc_buffer_t answer;
    zc_buffer_init(&answer, zc_allocator_system());
    zc_bench_value_t value = zc_bench_value(0);
    zc_bench_check(zc_response_begin(&answer, 1, 1), "response");
    zc_bench_check(zc_response_add_value(&answer, zc_slice(&value, sizeof(value)), ZCACHE_RAW),
                   "response");
    return answer;
}

static void answer_all(void *router, const zc_buffer_t *answer) {
    for (;;) {
        char route[ROUTE_BYTES];
        int bytes = zmq_recv(router, route, sizeof(route), ZMQ_DONTWAIT);
        if (bytes < 0) {
            return;
        }
        zmq_msg_t request;
        zmq_msg_init(&request);
        zc_bench_require(zmq_msg_recv(&request, router, 0) >= 0, "half a message");
        zmq_msg_close(&request);
        zmq_send(router, route, (size_t)bytes, ZMQ_SNDMORE);
        zmq_send(router, answer->data, answer->bytes, 0);
    }
}

int main(void) {
    void *context = zmq_ctx_new();
    void *router = zmq_socket(context, ZMQ_ROUTER);
    zc_bench_require(zmq_bind(router, "tcp://127.0.0.1:*") == 0, "cannot bind");
    char endpoint[ENDPOINT_BYTES];
    size_t bytes = sizeof(endpoint);
    zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &bytes);
    printf("ready %s\n", endpoint);
    fflush(stdout);
    zc_buffer_t answer = make_answer();
    zmq_pollitem_t items[] = {{.socket = router, .events = ZMQ_POLLIN},
                              {.fd = INPUT, .events = ZMQ_POLLIN}};
    while (zmq_poll(items, 2, -1) >= 0 && items[1].revents == 0) {
        answer_all(router, &answer);
    }
    zc_buffer_fini(&answer);
    zmq_close(router);
    zmq_ctx_term(context);
    return 0;
}
