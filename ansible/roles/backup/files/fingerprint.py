"""What a database holds, as one checksum, so that a restored one can be compared with it."""

import hashlib
import time

import psycopg2

SETTINGS = "-c bytea_output=hex -c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1 -c statement_timeout=30min"
TRIES = 2_000

TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relpersistence = 'p' ORDER BY relname
"""


def connect(socket_folder="/var/run/postgresql", database="farol"):
    connection = psycopg2.connect(host=socket_folder, dbname=database, options=SETTINGS)
    connection.autocommit = True
    return connection


def at_a_quiet_moment(connection):
    """
    The place in the log and the fingerprint of exactly what stands before it; None if no moment came. Quiet is one at
    which nothing is in flight: a commit that waits for another site is in the log already, and nobody sees it yet.
    """
    with connection.cursor() as cursor:
        for _ in range(TRIES):
            place = _ask(cursor, "SELECT pg_current_wal_insert_lsn()::text")
            # Asked before the snapshot is taken: what began since moves the log on before it can be in it.
            if _ask(cursor, NOTHING_IN_FLIGHT):
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                if _ask(cursor, STILL_THERE, (place,)):
                    told = place, fingerprint(cursor)
                    cursor.execute("COMMIT")
                    return told
                cursor.execute("ROLLBACK")
            time.sleep(0.01)
    return None


# A snapshot does not tell it: its xmin and xmax are the same where the newest transaction of all is the one that waits.
NOTHING_IN_FLIGHT = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_xid IS NOT NULL)"
STILL_THERE = "SELECT pg_current_wal_insert_lsn() = %s::pg_lsn"


def fingerprint(cursor):
    """Of each table the number of rows and the sum of their hashes, in whatever order they lie."""
    cursor.execute(TABLES)
    whole = hashlib.sha256()
    for (table,) in cursor.fetchall():
        cursor.execute(f'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM public."{table}" AS t')
        rows, hashes = cursor.fetchone()
        whole.update(f"{table} {rows} {hashes}\n".encode())
    return whole.hexdigest()


def _ask(cursor, question, told=()):
    cursor.execute(question, told)
    return cursor.fetchone()[0]
