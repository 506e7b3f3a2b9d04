#!/usr/bin/python3
"""Makes the backup that is due, or the one that is asked for (`full`, `incr`), if the primary is at this site."""

import os
import sys
import time

import psycopg2
from due import due
from fingerprint import at_a_quiet_moment, connect
from measured import tell
from repository import Refused, is_made, known, pgbackrest

GAP = "/var/lib/farol-backup/gap"


def main(asked):
    database = connect()
    timeline = timeline_of(database)
    if timeline is None:
        print("The primary is at another site, which makes the backups.")
        forget_gap(time.time())
        tell("backup", {"failed": 0})
        return
    if not is_made(known()):
        pgbackrest("stanza-create")
    # That the log arrives is worth more than any backup, and is seen here within the hour.
    pgbackrest("check")
    kind, why = (asked, "it was asked for") if asked != "due" else due(known()["backup"], time.time(), timeline, os.path.exists(GAP))
    if kind is None:
        print("None is due.")
    else:
        make(kind, why, database)
    tell("backup", {"failed": 0, "finished_seconds": known()["backup"][-1]["timestamp"]["stop"]})


def make(kind, why, database):
    print(f"A backup ({kind}), since {why}.", flush=True)
    began = time.time()
    pgbackrest(f"--type={kind}", "backup")
    forget_gap(began)
    label = known()["backup"][-1]["label"]
    seen = at_a_quiet_moment(database)
    if seen is None:
        print(f"{label} is made; its contents were not summed up, since something was always being written.")
        return
    place, fingerprint = seen
    # Brings away what stands after that place, so that a restore can come to it.
    pgbackrest("check")
    pgbackrest(f"--set={label}", f"--annotation=farol-lsn={place}", f"--annotation=farol-fingerprint={fingerprint}", "annotate")
    print(f"{label} is made, and what it must hold at {place} is noted.")


def timeline_of(database):
    """As the segments of the log begin with it; None at a copy."""
    with database.cursor() as cursor:
        cursor.execute("SELECT CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END")
        return cursor.fetchone()[0]


def forget_gap(before):
    """One that came while the backup was being made is not closed by it."""
    if os.path.exists(GAP) and os.stat(GAP).st_mtime < before:
        os.unlink(GAP)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (Refused, psycopg2.Error, OSError) as refused:
        tell("backup", {"failed": 1})
        sys.exit(f"NO BACKUP: {refused}")
