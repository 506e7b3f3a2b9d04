"""What `farol status --json` must say before anything is stopped at a site."""

SILENT_MS = 5_000


class FilterModule:
    def filters(self):
        return {"farol_faults": faults}


def faults(status, members, leader_not=None, stopped=None, lost_member=None):
    """
    In words, why a site must not be stopped now; nothing if it may. That writes flow is not enough: each site must
    be able to take the place of another. `leader_not` names the one from which the leadership is to be gone, and
    `stopped` the one to be stopped: what ails it is no reason against that, unless it leads. Its member of etcd is `lost_member`,
    where that is gone for good.
    """
    if not status:
        return ["its agent does not answer"]
    if stopped in _places(status):
        stopped = None
    return [
        *_of_writes(status, stopped),
        *(f"etcd's member {each['member']} is not well" for each in status["etcd"] if not _is_well(each) and each["member"] != lost_member),
        *(f"{name} was never heard" for name in members if name not in [stopped, *(site["site"] for site in status["sites"])]),
        *(fault for site in status["sites"] if site["site"] != stopped for fault in _of_site(site, status)),
        *([f"{leader_not} still leads"] if leader_not and leader_not in _places(status) else []),
    ]


def _of_writes(status, stopped):
    # With two sites nobody else confirms: then the ailing one is the reason, and not an objection.
    ails = any(site["site"] == stopped and any(_of_site(site, status)) for site in status["sites"])
    if status["writes"]["kind"] not in (("flow", "unprotected") if ails else ("flow",)):
        yield f"writes: {status['writes']['kind']}"
    if None in _places(status) or len(set(_places(status))) > 1:
        yield "leader {}, primary {} and address {} are not at one site".format(*_places(status))


def _places(status):
    return [status["leader"], status["primary"], status["address"]]


def _is_well(member):
    return member["answers"] and member["knowsLeader"]


def _of_site(site, status):
    name = site["site"]
    if site["silentMs"] > SILENT_MS:
        yield f"{name} is silent"
    if site["witness"]:
        return
    if not (site["server"] or {}).get("healthy"):
        yield f"the server of {name} is not well"
    if site["front"] != "healthy":
        yield f"the front of {name} is not well"
    primary = name == status["primary"]
    if (site["postgres"] or {}).get("state") != ("running" if primary else "streaming"):
        yield f"PostgreSQL of {name} does not take part"
    if not primary and name not in status["synchronousStandbys"]:
        yield f"{name} may not confirm writes: it is not named in /sync"
