/* SPDX-License-Identifier: MPL-2.0 */
/* zcache: a cache that is whole on every node, in one header.
 *
 *     node.h    a node in your own process
 *     client.h  get, set, delete, ... at a node, over inproc:// or tcp://
 *     batch.h   many operations in one message
 *     memo.h    get, or compute once and set
 *     watch.h   the stream of changes that a node applies
 *     verify.h  whether all members hold the same
 *     value.h   what a get returns
 *     status.h  what every call returns
 *     limits.h  every limit, and what happens when it is reached
 *
 * A program that reads its own warm copy needs three calls:
 *
 *     zcache_node_start(NULL, &node);
 *     zcache_open(zcache_node_inproc_endpoint(node), &cache);
 *     zcache_get(cache, key, key_size, &value);
 */
#ifndef ZCACHE_ZCACHE_H
#define ZCACHE_ZCACHE_H

#include <zcache/batch.h>
#include <zcache/client.h>
#include <zcache/limits.h>
#include <zcache/memo.h>
#include <zcache/node.h>
#include <zcache/status.h>
#include <zcache/value.h>
#include <zcache/verify.h>
#include <zcache/watch.h>

#define ZCACHE_VERSION "0.1.0"

#endif
