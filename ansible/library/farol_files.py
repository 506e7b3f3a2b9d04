#!/usr/bin/python
"""Writes all of a role's files, folders and links in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: farol_files
short_description: Writes many files, folders and links in one call
description:
  - A call to a host costs half a second, whatever it does. A role has a dozen of files, and a run that changes nothing looks at all of them.
  - A file is replaced as a whole, so that nobody reads half of it. Parents are not made.
  - Of a file that others write too only a block is ours; it keeps its owner and mode, and where it is a mount, which cannot be replaced, it is written in its place.
author: [Farol]
options:
  files:
    description: >-
      In their order, each with C(path), and C(content) of a file, C(block) of a part of one, C(link) for what a link points to, C(absent) for what is to be
      gone, or none of them for a folder.
    type: list
    elements: dict
    required: true
    suboptions:
      path: {type: path, required: true, description: Where.}
      content: {type: str, description: All of a file.}
      block: {type: str, description: The lines of a file that are between the lines with C(marker).}
      marker: {type: str, description: Tells the block from those of others.}
      link: {type: str, description: Where a link points to.}
      absent: {type: bool, default: false, description: "Whether it is to be gone, a folder with all that is in it."}
      only: {type: list, elements: str, description: "Of a folder, the names of what may be in it. Whatever else is there goes."}
      owner: {type: str, default: root, description: Whose it is.}
      group: {type: str, description: The group of the same name as the owner unless told.}
      secret: {type: bool, default: false, description: Whether a diff must not show it.}
      mode: {type: str, description: "0644 for a file and 0755 for a folder unless told."}
"""

EXAMPLES = r"""
- name: Write two files
  farol_files:
    files:
      - {path: /etc/farol}
      - {path: /etc/farol/failover.yml, content: "cluster: home", group: farol, mode: "0640"}
"""

RETURN = r"""
written:
  description: The paths of what was not as it is to be.
  returned: always
  type: list
"""

import errno
import os
import shutil
import tempfile

from ansible.module_utils.basic import AnsibleModule

# A file of which more is changed than this is told without its lines.
DIFF_BYTES_MAX = 100_000


def main():
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "path", "required": True},
                    "content": {"type": "str"},
                    "block": {"type": "str"},
                    "marker": {"type": "str"},
                    "link": {"type": "str"},
                    "absent": {"type": "bool", "default": False},
                    "only": {"type": "list", "elements": "str"},
                    "owner": {"type": "str", "default": "root"},
                    "group": {"type": "str"},
                    "mode": {"type": "str"},
                    "secret": {"type": "bool", "default": False},
                },
                "mutually_exclusive": [("content", "link", "block", "only")],
                "required_together": [("block", "marker")],
            }
        },
        supports_check_mode=True,
        # The host's journal is no place for all of a file.
        no_log=True,
    )
    written, diffs = [], []
    for told in [each for every in module.params["files"] for each in [every, *surplus(every)]]:
        diff = write(module, told)
        if diff is not None:
            written.append(told["path"])
            diffs.append(diff)
    module.exit_json(changed=bool(written), written=written, diff=diffs)


def write(module, told):
    """What was there and what is, as Ansible shows it; None where that is the same."""
    if told["absent"]:
        return remove(module, told)
    if told["link"] is not None:
        return write_link(module, told)
    if told["block"] is not None:
        return write_block(module, told)
    if told["content"] is None:
        return make_folder(module, told)
    return write_file(module, told)


def surplus(told):
    """What is in a folder and may not be."""
    if told["only"] is None or told["absent"] or not os.path.isdir(told["path"]):
        return []
    return [{"path": os.path.join(told["path"], name), "absent": True} for name in sorted(set(os.listdir(told["path"])) - set(told["only"]))]


def remove(module, told):
    path = told["path"]
    if not os.path.lexists(path):
        return None
    if not module.check_mode:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    # Whatever it was: it may have been a secret.
    return said(path, "(there)\n", "", True)


def make_folder(module, told):
    path = told["path"]
    made = not os.path.isdir(path)
    if made and os.path.lexists(path):
        module.fail_json(msg=f"{path} is there and is no folder: move it away.")
    if made and module.check_mode:
        return said(path, "", "", True)
    if made:
        os.mkdir(path, 0o700)
    return said(path, "", "", belongs(module, told, path, "0755") or made)


def write_link(module, told):
    path, to = told["path"], told["link"]
    present = os.readlink(path) if os.path.islink(path) else None
    if present == to:
        return None
    if present is None and os.path.lexists(path):
        module.fail_json(msg=f"{path} is there and is no link: move it away.")
    if not module.check_mode:
        beside = f"{path}.new"
        if os.path.lexists(beside):
            os.unlink(beside)
        os.symlink(to, beside)
        os.replace(beside, path)
    return said(path, present or "", to, True)


def write_file(module, told):
    path, content = told["path"], told["content"].encode()
    if os.path.isdir(path):
        module.fail_json(msg=f"{path} is a folder: move it away.")
    before = read(path)
    if before == content:
        return said(path, "", "", belongs(module, told, path, "0644"))
    if not module.check_mode:
        replace(module, told, content)
    if told["secret"]:
        return said(path, "(not shown)", "(not shown, and different)", True)
    return said(path, text(before), text(content), True)


def write_block(module, told):
    path = told["path"]
    before = read(path) or b""
    # Whatever others have written there stays as it is.
    after = with_block(before.decode(errors="surrogateescape"), told).encode(errors="surrogateescape")
    if before == after:
        return None
    if not module.check_mode:
        replace_or_write(path, after)
    return said(path, text(before), text(after), True)


def with_block(present, told):
    """The file with the block where it was, or at its end."""
    begin, end = (f"# {mark} {told['marker']}" for mark in ("BEGIN", "END"))
    block = [begin, *told["block"].splitlines(), end]
    lines = present.splitlines()
    if begin in lines and end in lines[lines.index(begin):]:
        at = lines.index(begin)
        lines[at:lines.index(end, at) + 1] = block
    else:
        lines += block
    return "\n".join(lines) + "\n"


def replace_or_write(path, content):
    beside = f"{path}.new"
    with open(beside, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        if os.path.exists(path):
            had = os.stat(path)
            os.chown(beside, had.st_uid, had.st_gid)
            os.chmod(beside, had.st_mode & 0o7777)
        os.replace(beside, path)
    except OSError as error:
        os.unlink(beside)
        if error.errno != errno.EBUSY:
            raise
        with open(path, "r+b") as file:
            file.write(content)
            file.truncate()


def replace(module, told, content):
    path = told["path"]
    # Nobody may read a secret while it has not got its owner and mode yet: such a file begins as 0600.
    handle, beside = tempfile.mkstemp(prefix=".farol-", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        belongs(module, told, beside, "0644")
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def belongs(module, told, path, mode):
    """Gives it its owner and mode; whether it had others."""
    owner = told["owner"]
    changed = module.set_owner_if_different(path, owner, False)
    changed = module.set_group_if_different(path, told["group"] or owner, changed)
    return module.set_mode_if_different(path, told["mode"] or mode, changed)


def text(content):
    if content is None:
        return ""
    return content.decode(errors="replace") if len(content) <= DIFF_BYTES_MAX else "(long)"


def said(path, before, after, changed):
    if not changed:
        return None
    return {"before_header": path, "after_header": path, "before": before, "after": after}


if __name__ == "__main__":
    main()
