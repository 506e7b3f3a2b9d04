#!/usr/bin/python3
"""Restores the newest backup beside the copy of this site, and compares it with what the primary held at that moment."""

import os
import shutil
import subprocess
import sys
import time

import psycopg2
from fingerprint import connect, fingerprint
from measured import tell
from repository import Refused, known, pgbackrest

DATA = os.environ["POSTGRESQL_DATA"]
RESTORED = f"{DATA}.restored"
PROGRAMS = os.environ["POSTGRESQL_BIN"]
# From 95 % on a disk counts as full, and the lead leaves.
FREE_SHARE_MIN = 0.1
RECOVERED_WITHIN_S = 7_200

# Nothing of what Patroni has set there: no other site, no archive, nobody but this machine.
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
hba_file = '{folder}/hba.conf'
hot_standby = off
archive_mode = off
shared_buffers = 64MB
fsync = off
"""


def main():
    # What a power cut has left of the last try takes the room of a whole copy, also where the primary is now.
    shutil.rmtree(RESTORED, ignore_errors=True)
    if not is_copy():
        print("The primary is here, and is left in peace: the copies of the other sites are compared.")
        tell("restore_test", {"failed": 0})
        return
    backup = newest()
    try:
        restore(backup)
        compare(backup)
    finally:
        shutil.rmtree(RESTORED, ignore_errors=True)
    tell("restore_test", {"failed": 0, "passed_seconds": int(time.time())})
    print(f"{backup['label']} holds exactly what the primary held at {backup['annotation']['farol-lsn']}, and every page is whole.")


def is_copy():
    with connect(database="postgres").cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        return cursor.fetchone()[0]


def newest():
    comparable = [each for each in known()["backup"] if "farol-fingerprint" in (each.get("annotation") or {})]
    if not comparable:
        raise Refused("there is no backup yet that could be compared; `backup-now.yml` makes one")
    return comparable[-1]


def restore(backup):
    disk = shutil.disk_usage(os.path.dirname(RESTORED))
    # The log that is replayed comes beside it.
    need = backup["info"]["size"] * 1.2 + 2**30
    if disk.free - need < disk.total * FREE_SHARE_MIN:
        raise Refused(f"the disk of {os.path.dirname(RESTORED)} has {disk.free // 2**20} MB free, and {int(need) // 2**20} MB would be needed beside a tenth of it")
    os.mkdir(RESTORED, 0o700)
    pgbackrest(
        f"--pg1-path={RESTORED}",
        f"--set={backup['label']}",
        "--type=lsn",
        f"--target={backup['annotation']['farol-lsn']}",
        "--target-exclusive",
        "--target-action=promote",
        "--target-timeline=current",
        "--archive-mode=off",
        "restore",
    )


def compare(backup):
    write("farol.conf", SETTINGS.format(folder=RESTORED))
    write("hba.conf", "local all postgres peer\n")
    control("start", "-w", "-l", f"{RESTORED}/farol.log", "-o", f"-c config_file={RESTORED}/farol.conf")
    try:
        with when_recovered().cursor() as cursor:
            found = fingerprint(cursor)
    finally:
        control("stop", "-w", "-m", "fast")
    if found != backup["annotation"]["farol-fingerprint"]:
        raise Refused(f"{backup['label']} DOES NOT HOLD what the primary held at {backup['annotation']['farol-lsn']}")
    run("pg_checksums", "--check", "-D", RESTORED)


def when_recovered():
    until = time.monotonic() + RECOVERED_WITHIN_S
    while time.monotonic() < until:
        try:
            return connect(RESTORED)
        except psycopg2.OperationalError:
            # It lets nobody in before it has come to its place in the log; and it ends where it cannot come there.
            control("status")
            time.sleep(1)
    raise Refused(f"the restored copy has not come to its place in the log within {RECOVERED_WITHIN_S} s: {last_lines()}")


def write(name, text):
    with open(os.path.join(RESTORED, name), "w", encoding="ascii") as file:
        file.write(text)


def control(*words):
    run("pg_ctl", "-D", RESTORED, *words)


def run(program, *words):
    ended = subprocess.run([f"{PROGRAMS}/{program}", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if ended.returncode != 0:
        raise Refused(f"{program}: {ended.stderr.strip()} {last_lines()}")


def last_lines():
    """What the restored PostgreSQL said, which is gone with its folder."""
    try:
        with open(f"{RESTORED}/farol.log", encoding="utf-8", errors="replace") as file:
            return " | ".join(file.read().splitlines()[-5:])
    except FileNotFoundError:
        return ""


if __name__ == "__main__":
    try:
        main()
    except (Refused, psycopg2.Error, OSError) as refused:
        tell("restore_test", {"failed": 1})
        sys.exit(f"NOT RESTORED: {refused}")
