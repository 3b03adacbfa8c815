/* SPDX-License-Identifier: MPL-2.0 */
/* The public face of a node: start, stop, and where it is.
 *
 * Invariant: a node that was returned is bound, registered and running; one that could not be is
 * taken apart in the reverse order of its making, whatever failed. */
#define _GNU_SOURCE
#include <zcache/node.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/assert.h"
#include "node/actor.h"
#include "node/failure.h"
#include "node/process.h"

struct zcache_node {
    zcache_node_t *next; /* of all that run in this process */
    pthread_t thread;
    zc_shared_t *shared; /* a reference; the thread's borrowed one lives as long */
    char endpoint[ZC_ENDPOINT_BYTES];
    char inproc_endpoint[ZCACHE_NAME_BYTES_MAX + 16];
};

/* -- Nodes that run -------------------------------------------------------- */

/* A program may end without stopping its nodes: from within exit, czmq closes the sockets of
 * threads that still use them, which ends in an assert. So they are stopped before that. */
static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;
static zcache_node_t *running;

static void add_running(zcache_node_t *node) {
    pthread_mutex_lock(&running_lock);
    node->next = running;
    running = node;
    pthread_mutex_unlock(&running_lock);
}

static void remove_running(const zcache_node_t *node) {
    pthread_mutex_lock(&running_lock);
    zcache_node_t **link = &running;
    while (*link != NULL && *link != node) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = node->next;
    }
    pthread_mutex_unlock(&running_lock);
}

/* Waits for the thread, which says goodbye first. */
static void end_thread(zcache_node_t *node) {
    zc_shared_end(node->shared);
    int error = pthread_join(node->thread, NULL);
    ZC_ASSERT(error == 0);
}

/* The memory stays: nobody knows who still holds the handles. */
static void stop_running(void) {
    pthread_mutex_lock(&running_lock);
    zcache_node_t *node = running;
    running = NULL;
    pthread_mutex_unlock(&running_lock);
    for (; node != NULL; node = node->next) {
        end_thread(node);
    }
}

/* Handlers of exit run in the reverse order of their registration: czmq's, registered by
 * zc_process_init, comes after this one. */
static void register_exit(void) {
    (void)atexit(stop_running);
}

/* -- Options --------------------------------------------------------------- */

void zcache_node_options_init(zcache_node_options_t *options) {
    *options = (zcache_node_options_t){
        .host = "127.0.0.1",
        .port = ZC_PORT_DEFAULT,
        .region = "",
    };
    zc_settings_t settings;
    zc_settings_init(&settings);
    options->max_size = settings.max_size;
    options->expire_after_ms = settings.expire_after_ms;
    options->heartbeat_ms = settings.heartbeat_ms;
    options->value_max = settings.value_max;
}

/* -- Starting -------------------------------------------------------------- */

static zcache_status no_memory(void) {
    return zc_failure_set(ZCACHE_NO_MEMORY, "there is not enough memory to start a node");
}

/* Who the node is: slices into `config`, `endpoints` and nothing else. */
static zcache_status identify(const zc_config_t *config, const zc_endpoints_t *endpoints,
                              zc_identity_t *identity) {
    *identity = (zc_identity_t){
        .name = zc_slice_text(config->name),
        .region = zc_slice_text(config->region),
        .endpoint = zc_slice_text(endpoints->router),
        .publish_endpoint = zc_slice_text(endpoints->publish),
        .watch_endpoint = zc_slice_text(endpoints->watch),
    };
    do {
        if (zc_process_random(&identity->origin, sizeof(identity->origin)) != ZCACHE_OK) {
            return zc_failure_set(ZCACHE_SYSTEM, "the system has no random numbers to give");
        }
    } while (zc_origin_is_none(&identity->origin));
    return ZCACHE_OK;
}

static zcache_status make_shared(const zc_config_t *config, const zc_identity_t *identity,
                                 zc_shared_t **shared) {
    zc_slice_t seeds[ZCACHE_JOINS_MAX];
    for (size_t i = 0; i < config->seed_count; i++) {
        seeds[i] = zc_slice_text(config->seeds[i]);
    }
    zc_replica_options_t options = {
        .allocator = zc_allocator_system(),
        .identity = *identity,
        .settings = config->settings,
        .max_memory = config->max_memory,
        .now_us = zc_process_now_us(),
        .wall_ms = zc_process_wall_ms(),
        .seeds = seeds,
        .seed_count = config->seed_count,
    };
    if (zc_process_random(&options.random_seed, sizeof(options.random_seed)) != ZCACHE_OK) {
        return zc_failure_set(ZCACHE_SYSTEM, "the system has no random numbers to give");
    }
    zcache_status status = zc_shared_new(config->inproc_name, &options, shared);
    if (status == ZCACHE_NO_MEMORY) {
        return no_memory();
    }
    if (status != ZCACHE_OK) {
        return zc_failure_set(status, "the node cannot be made: %s", zcache_status_text(status));
    }
    return ZCACHE_OK;
}

/* The replica and the thread's state over sockets that are bound; on failure the sockets are the
 * caller's still. */
static zcache_status make_actor(zc_config_t *config, const zc_sockets_t *sockets,
                                zc_shared_t **shared, zc_actor_t **actor) {
    zc_endpoints_t endpoints;
    if (zc_config_endpoints(config, sockets->port, &endpoints) != ZCACHE_OK) {
        return zc_failure_set(ZCACHE_INVALID, "the address of the node is too long to be told");
    }
    if (config->name[0] == '\0') {
        memcpy(config->name, endpoints.router, sizeof(endpoints.router));
    }
    zc_identity_t identity;
    zc_shared_t *made_shared = NULL;
    zcache_status status = identify(config, &endpoints, &identity);
    if (status == ZCACHE_OK) {
        status = make_shared(config, &identity, &made_shared);
    }
    if (status != ZCACHE_OK) {
        return status;
    }
    zc_actor_t *made = zc_actor_new(config, sockets, made_shared);
    if (made == NULL) {
        zc_shared_destroy(made_shared);
        return no_memory();
    }
    made->endpoints = endpoints;
    made->origin = identity.origin;
    *shared = made_shared;
    *actor = made;
    return ZCACHE_OK;
}

static void *run(void *actor) {
    zc_actor_run(actor);
    return NULL;
}

/* Makes the node known in this process and starts its thread, which takes the actor over. On
 * failure both belong to nobody any more. */
static zcache_status launch(zcache_node_t *node, zc_shared_t *shared, zc_actor_t *actor) {
    ZC_ASSERT(shared != NULL);
    zcache_status status = zc_guard_start(&actor->sockets, shared->wake_fd, &actor->guard);
    if (status != ZCACHE_OK) {
        int error = errno;
        zc_actor_destroy(actor);
        zc_shared_destroy(shared);
        return zc_failure_set(status, "the guard of the node's sockets cannot be started: %s",
                              strerror(error));
    }
    status = zc_local_register(&shared->local);
    if (status != ZCACHE_OK) {
        zc_actor_destroy(actor);
        zc_shared_destroy(shared);
        return status == ZCACHE_IN_USE
                   ? zc_failure_set(status,
                                    "%s is in use by another node of this process; give "
                                    "another inproc name",
                                    node->inproc_endpoint)
                   : no_memory();
    }
    node->shared = shared;
    /* Not a zactor, whose pipe ends the program where there is no socket left for it. */
    int error = pthread_create(&node->thread, NULL, run, actor);
    if (error != 0) {
        zc_actor_destroy(actor);
        zc_local_unregister(&shared->local);
        return zc_failure_set(ZCACHE_SYSTEM, "the node's thread cannot be started: %s",
                              strerror(error));
    }
    return ZCACHE_OK;
}

static zcache_status start(zc_config_t *config, zcache_node_t *node) {
    zc_sockets_t sockets;
    zc_shared_t *shared = NULL;
    zc_actor_t *actor = NULL;
    zcache_status status = zc_sockets_open(config, &sockets);
    if (status != ZCACHE_OK) {
        return status;
    }
    status = make_actor(config, &sockets, &shared, &actor);
    if (status != ZCACHE_OK) {
        zc_sockets_close(&sockets);
        return status;
    }
    snprintf(node->inproc_endpoint, sizeof(node->inproc_endpoint), "inproc://%s",
             config->inproc_name);
    status = zc_address_endpoint(config->host.host, sockets.port, node->endpoint);
    ZC_ASSERT(status == ZCACHE_OK);
    return launch(node, shared, actor);
}

zcache_status zcache_node_start(const zcache_node_options_t *options, zcache_node_t **node) {
    zc_failure_clear();
    zcache_node_options_t defaults;
    zcache_node_options_init(&defaults);
    zc_config_t *config = calloc(1, sizeof(*config));
    zcache_node_t *made = calloc(1, sizeof(*made));
    if (config == NULL || made == NULL) {
        free(config);
        free(made);
        return no_memory();
    }
    zcache_status status = zc_config_init(config, options != NULL ? options : &defaults);
    if (status == ZCACHE_OK && zc_process_init() != ZCACHE_OK) {
        status = zc_failure_set(ZCACHE_SYSTEM,
                                "a node needs %d file descriptors, and this process cannot open so "
                                "many more of its %zu: raise its limit (ulimit -n) or close some",
                                ZC_PROCESS_DESCRIPTORS_LEAST, zc_process_descriptors());
    }
    if (status == ZCACHE_OK) {
        /* The threads of ZeroMQ and of the node begin here and take no signals. */
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        status = start(config, made);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    free(config);
    if (status != ZCACHE_OK) {
        free(made);
        return status;
    }
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_exit);
    add_running(made);
    *node = made;
    return ZCACHE_OK;
}

const char *zcache_node_start_error(void) {
    return zc_failure_text();
}

void zcache_node_stop(zcache_node_t **node) {
    if (node == NULL || *node == NULL) {
        return;
    }
    zcache_node_t *dead = *node;
    *node = NULL;
    remove_running(dead);
    /* Clients that hold a reference keep the memory and get STOPPED. */
    end_thread(dead);
    zc_local_unregister(&dead->shared->local);
    free(dead);
}

const char *zcache_node_endpoint(const zcache_node_t *node) {
    return node->endpoint;
}

const char *zcache_node_inproc_endpoint(const zcache_node_t *node) {
    return node->inproc_endpoint;
}
