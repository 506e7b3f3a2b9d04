"""Which backup is due, and why."""

DAY = 86_400
FULL_AFTER = 7 * DAY
# A timer that looks every hour would otherwise come a little later each day.
NEXT_AFTER = DAY - 1_800


def due(backups, now, timeline, gap):
    """
    `full`, `incr` or None, and the reason. `backups` are those of `pgbackrest info`, `timeline` is that of the primary
    as its segments begin with it, and `gap` says whether some of the log was dropped.
    """
    whole = [each for each in backups if not each["error"]]
    full = [each for each in whole if each["type"] == "full"]
    if not full:
        return "full", "there is none yet"
    if _age(full[-1], now) >= FULL_AFTER:
        return "full", "the last full one is a week old"
    if not whole[-1]["archive"]["stop"].startswith(timeline):
        # What a lost site had not brought away yet is a gap in the log.
        return "incr", "another site has taken over since the last one"
    if gap:
        return "incr", "some of the log was dropped while the repository did not answer"
    if _age(whole[-1], now) >= NEXT_AFTER:
        return "incr", "the last one is a day old"
    return None, "none is due"


def _age(backup, now):
    return now - backup["timestamp"]["stop"]
