"""What is in the repository of backups, and what pgBackRest is asked to do there."""

import json
import subprocess

STANZA = "farol"


class Refused(Exception):
    """In words for the operator."""


def pgbackrest(*words):
    ended = subprocess.run(["pgbackrest", f"--stanza={STANZA}", *words], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise Refused(f"pgbackrest {words[-1]}: {(ended.stdout + ended.stderr).strip() or ended.returncode}")
    return ended.stdout


def known():
    """What `pgbackrest info` says of the cluster; `backup` is empty where there is none yet."""
    told = json.loads(pgbackrest("--output=json", "info"))[0]
    if told["status"]["code"] not in (READY, NO_STANZA, NO_BACKUP):
        raise Refused(f"the repository does not answer: {told['repo'][0]['status']['message']}")
    return told


def is_made(told):
    return told["status"]["code"] != NO_STANZA


READY, NO_STANZA, NO_BACKUP = 0, 1, 2
