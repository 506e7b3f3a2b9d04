"""Who this run is, so that another can name it, and whether one that holds hosts has ended without giving them back."""

import getpass
import os
import socket

ABANDONED_S = 1_800
PROGRAM = "ansible-playbook"
COLLECTION = "farol.cluster."


class FilterModule:
    def filters(self):
        return {"farol_run_own": own, "farol_run_over": over}


def own(playbook_folder):
    pid = run_of(os.getpid())
    return {
        "controller": controller(),
        "pid": pid,
        "since": since(pid),
        "who": f"{getpass.getuser()}@{socket.gethostname()}",
        "playbook": playbook_of(pid, os.listdir(playbook_folder)),
    }


def over(held, asking, take_over=False):
    """
    Of the runs that hold hosts, those of whom one knows that they are over: they ran on this controller and their process is gone; or they have given
    no sign for half an hour; or a person says so. Any other may be about to change something.
    """
    return [each for each in held if take_over or each["silent_s"] > ABANDONED_S or _is_gone(each, asking)]


def _is_gone(run, asking):
    return run["controller"] == asking["controller"] and str(since(run["pid"])) != str(run["since"])


def run_of(pid):
    """The process of the whole run: tasks are templated in its children."""
    found = os.getppid()
    while pid > 1:
        if PROGRAM in [os.path.basename(word) for word in command_of(pid)[:2]]:
            found = pid
        pid = parent_of(pid)
    return found


def playbook_of(pid, known):
    """Which of the playbooks it was asked for; the rest of its command is nobody's business."""
    words = [os.path.basename(word) for word in command_of(pid)]
    names = [f"{word[len(COLLECTION):]}.yml" if word.startswith(COLLECTION) else word for word in words]
    return " ".join(name for name in names if name.endswith(".yml") and name in known)


def since(pid):
    """When it began, in ticks since the machine did: a number of a process is given to another later. None if there is none."""
    fields = stat_of(pid)
    return fields and fields[19]


def controller():
    """The machine, since it was started, and of it the part whose processes see each other."""
    return "-".join([_read("/etc/machine-id"), _read("/proc/sys/kernel/random/boot_id"), os.readlink("/proc/self/ns/pid")])


def parent_of(pid):
    fields = stat_of(pid)
    return int(fields[1]) if fields else 0


def stat_of(pid):
    """What follows the program's name, in which anything may stand."""
    text = _read(f"/proc/{pid}/stat")
    return text.rpartition(")")[2].split() if text else None


def command_of(pid):
    return _read(f"/proc/{pid}/cmdline").split("\0")


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
