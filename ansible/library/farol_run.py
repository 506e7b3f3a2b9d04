#!/usr/bin/python
"""Holds a host for one run, so that no other changes it meanwhile."""

from __future__ import annotations

DOCUMENTATION = r"""
module: farol_run
short_description: Holds a host for one run
description:
  - A host that another run holds is not taken, and told. One that this run holds already is held anew. What is held is forgotten when the host restarts.
author: [Farol]
options:
  path: {type: path, required: true, description: "Where it is noted, in a folder that is empty when the host starts."}
  run: {type: dict, required: true, description: "Who the run is: C(controller), C(pid), C(since), C(who), and C(playbook)."}
  state: {type: str, choices: [held, free], default: held, description: Whether it is to be held.}
  over: {type: list, elements: dict, default: [], description: "The runs that are known to have ended, as they were told: their hosts may be taken."}
"""

EXAMPLES = r"""
- name: Let no other run begin
  farol_run:
    path: /run/farol-run.json
    run: {controller: a1, pid: 4711, since: "1234", who: ada@laptop, playbook: site.yml}
"""

RETURN = r"""
held:
  description: Who holds it, with C(silent_s), for how long nothing was seen of that run; nothing if this one does, or nobody.
  returned: always
  type: list
"""

import fcntl
import json
import os
import time

from ansible.module_utils.basic import AnsibleModule

WHO = ("controller", "pid", "since")


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "run": {"type": "dict", "required": True},
            "state": {"type": "str", "choices": ["held", "free"], "default": "held"},
            "over": {"type": "list", "elements": "dict", "default": []},
        },
        supports_check_mode=True,
    )
    run, over = module.params["run"], [key(each) for each in module.params["over"]]
    handle = os.open(module.params["path"], os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+", encoding="utf-8") as file:
        # Two that come at one moment are served one after the other.
        fcntl.flock(file, fcntl.LOCK_EX)
        holder = read(file)
        others = [] if holder is None or key(holder) in [key(run), *over] else [holder]
        if not others and not module.check_mode:
            write(file, run if module.params["state"] == "held" else None)
    module.exit_json(changed=False, held=[told(each) for each in others])


def key(run):
    return [str(run[name]) for name in WHO]


def read(file):
    try:
        return json.load(file)
    except ValueError:
        # Nobody, or one who was cut off while writing; that one has changed nothing yet.
        return None


def write(file, run):
    file.seek(0)
    file.truncate()
    if run is not None:
        json.dump({**run, "seen": time.clock_gettime(time.CLOCK_BOOTTIME)}, file)


def told(run):
    return {**run, "silent_s": int(time.clock_gettime(time.CLOCK_BOOTTIME) - run["seen"])}


if __name__ == "__main__":
    main()
