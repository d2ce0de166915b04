"""The configuration of a node."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

__all__ = ["HASTY", "OPTIONS", "write"]

#: What a node wants of its JVM.
OPTIONS: Final = (
    # Without these three it says that it cannot reach what it needs of Java, and ends.
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    # Otherwise it takes its whole share of a large machine before it looks for what it no longer needs.
    "-Xms128m",
    "-XX:MaxDirectMemorySize=256m",
    "-XX:+ExitOnOutOfMemoryError",
    "-Xss512k",
    "-Dcassandra-foreground=yes",
    "-Djdk.attach.allowAttachSelf=true",
    "-Dio.netty.tryReflectionSetAccessible=true",
    # Nodes that start together on one machine need not wait for each other's news.
    "-Dcassandra.consistent.rangemovement=false",
    "-Dcassandra.ring_delay_ms=100",
    # By that delay the others would forget one that is silent for a tenth of a second while it starts: two, for ever.
    "-Dcassandra.gossip_quarantine_delay_ms=60000",
    "-Dcassandra.shutdown_announce_in_ms=0",
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.superuser_setup_delay_ms=0",
    # Passwords of tests are no secrets.
    "-Dcassandra.auth_bcrypt_gensalt_log2_rounds=4",
)
#: A table is made in a seventh of the time, and is gone when the node is killed.
HASTY: Final = "-Dcassandra.test.flush_local_schema_changes=false"

_ALWAYS: Final[Mapping[str, Any]] = {
    "cluster_name": "cfacl",
    "num_tokens": 1,
    "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
    "endpoint_snitch": "GossipingPropertyFileSnitch",
    "start_native_transport": True,
    # Otherwise what was acknowledged is lost with a process that is killed.
    "commitlog_sync": "batch",
    # Of which half is the largest change that is taken.
    "commitlog_segment_size": "8MiB",
    "memtable_heap_space": "96MiB",
    "memtable_allocation_type": "heap_buffers",
    "key_cache_size": "8MiB",
    "counter_cache_size": "1MiB",
    "file_cache_size": "32MiB",
    "networking_cache_size": "32MiB",
    "concurrent_reads": 16,
    "concurrent_writes": 16,
    "concurrent_compactors": 1,
    "auto_snapshot": False,
    "auto_bootstrap": False,
    "incremental_backups": False,
    "dynamic_snitch": False,
    "disk_failure_policy": "stop",
    "commit_failure_policy": "stop",
    # A node that is gone is told sooner.
    "phi_convict_threshold": 5,
    "read_request_timeout": "2000ms",
    "write_request_timeout": "2000ms",
}
_AUTHENTICATION: Final[Mapping[str, Any]] = {
    "authenticator": "PasswordAuthenticator",
    "authorizer": "CassandraAuthorizer",
    "role_manager": "CassandraRoleManager",
    "network_authorizer": "CassandraNetworkAuthorizer",
    # Who sent which statement stands in the log.
    "audit_logging_options": {
        "enabled": True,
        "logger": [{"class_name": "FileAuditLogger"}],
        "excluded_keyspaces": "none",  # left out, or empty: those of the system
    },
}
_FOLDERS: Final = {
    "commitlog_directory": "commitlog",
    "hints_directory": "hints",
    "saved_caches_directory": "saved_caches",
    "cdc_raw_directory": "cdc_raw",
}


def write(
    folder: Path,
    data: Path,
    *,
    address: str,
    seeds: Sequence[str],
    ports: Mapping[str, int],
    token: int,
    data_center: str,
    authentication: bool,
    tls: Mapping[str, Any] | None,
    more: Mapping[str, Any],
) -> list[str]:
    """Write the files of one node to ``folder``, and return what its JVM is told of them.

    Args:
        more: what else `cassandra.yaml` says, or says instead.
    """
    folder.mkdir(parents=True, exist_ok=True)
    nodes = ",".join(f"{each}:{ports['storage']}" for each in seeds)
    settings = {
        **_ALWAYS,
        **(_AUTHENTICATION if authentication else {}),
        **({} if tls is None else {"client_encryption_options": tls}),
        **{name: str(data / each) for name, each in _FOLDERS.items()},
        "data_file_directories": [str(data / "data")],
        "seed_provider": [
            {"class_name": "org.apache.cassandra.locator.SimpleSeedProvider", "parameters": [{"seeds": nodes}]}
        ],
        "initial_token": str(token),
        "listen_address": address,
        "rpc_address": address,
        "storage_port": ports["storage"],
        "ssl_storage_port": ports["ssl_storage"],
        "native_transport_port": ports["native"],
        **more,
    }
    yaml, rack = folder / "cassandra.yaml", folder / "cassandra-rackdc.properties"
    yaml.write_text(json.dumps(settings, indent=1), "utf-8")  # which is YAML too
    rack.write_text(f"dc={data_center}\nrack=r1\n", "utf-8")
    return [
        f"-Dcassandra.config={yaml.as_uri()}",
        f"-Dcassandra-rackdc.properties={rack.as_uri()}",
        f"-Dcassandra.storagedir={data}",
        f"-Dcassandra.logdir={folder}",
        f"-Dlogback.configurationFile={Path(__file__).parent / 'logback.xml'}",
    ]
