"""OpenStack Swift with its S3 API on loopback, in one process: objects in memory, listings in a folder.

Usage: swift-server.py <folder> <access key> <secret>. Prints `listening on <url>` and serves until it is ended.
An access key of Swift is <account>:<user>. Needs Debian's python3-swift.
"""

import os
import sys

import eventlet

eventlet.monkey_patch()

import logging

from eventlet import wsgi
from swift.common import utils
from swift.common.ring import RingBuilder
from swift.common.wsgi import loadapp

BACKENDS = {"account": "account", "container": "container", "object": "mem_object"}

DEFAULTS = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
log_level = ERROR
"""

BACKEND = """
[pipeline:main]
pipeline = server
[app:server]
use = egg:swift#{egg}
"""

PROXY = """
[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
auth_pipeline_check = false
[filter:tempauth]
use = egg:swift#tempauth
user_{user} = {secret} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
"""


def ring(folder, name, port):
    builder = RingBuilder(part_power=2, replicas=1, min_part_hours=0)
    place = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, "device": "sda", **place})
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, name + ".ring.gz"))


def serve(folder, name, conf, socket):
    path = os.path.join(folder, name + ".conf")
    with open(path, "w", encoding="utf8") as file:
        file.write(DEFAULTS.format(folder=folder) + conf)
    eventlet.spawn(wsgi.server, socket, loadapp(path), logging.getLogger("null"), log_output=False)


def main(folder, access_key, secret):
    folder = os.path.abspath(folder)
    os.makedirs(os.path.join(folder, "devices", "sda"))
    # Both would come from /etc/swift, which this server does without.
    utils.HASH_PATH_SUFFIX = b"test"
    utils.validate_hash_conf = lambda: None
    sockets = {name: eventlet.listen(("127.0.0.1", 0)) for name in [*BACKENDS, "proxy"]}
    for name in BACKENDS:
        ring(folder, name, sockets[name].getsockname()[1])
    for name, egg in BACKENDS.items():
        serve(folder, name, BACKEND.format(egg=egg), sockets[name])
    serve(folder, "proxy", PROXY.format(user=access_key.replace(":", "_"), secret=secret), sockets["proxy"])
    print("listening on http://127.0.0.1:%d" % sockets["proxy"].getsockname()[1], flush=True)
    while True:
        eventlet.sleep(3600)


main(*sys.argv[1:])
