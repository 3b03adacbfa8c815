/* SPDX-License-Identifier: MPL-2.0 */
/* The context as a library may use it. */
#define _GNU_SOURCE
#include "lib/client/context.h"

#include <criterion/criterion.h>
#include <czmq.h>
#include <signal.h>

static void handler_of_the_program(int signal) {
    (void)signal;
}

Test(client_context, the_programs_signal_handlers_stay_its_own) {
    signal(SIGTERM, handler_of_the_program);
    zc_context_init();
    zc_context_init();
    zsock_t *socket = zsock_new(ZMQ_DEALER);
    cr_assert_not_null(socket);
    struct sigaction action;
    sigaction(SIGTERM, NULL, &action);
    cr_assert_eq(action.sa_handler, handler_of_the_program);
    zsock_destroy(&socket);
}
