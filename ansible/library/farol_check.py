#!/usr/bin/python
"""Asks the server of a release whether it would start with settings and the files that these name, before any of them is where it belongs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: farol_check
short_description: Asks a server whether it takes settings and files that are not written yet
description:
  - The files lie in a folder of their own meanwhile, in memory, which settings and files name in the place of the other one. What else is there already is seen there, too. Nothing of it is left, and nothing else is touched, so it is asked in a dry run too.
  - What was taken is remembered until the host restarts, and the same is not asked again; only its sum is kept.
author: [Farol]
options:
  program: {type: list, elements: str, required: true, description: "The server, with what comes before its options."}
  settings: {type: dict, required: true, description: What it is to be told.}
  folder: {type: path, required: true, description: Where the files are to be.}
  files: {type: list, elements: dict, required: true, description: "Of each its C(path), and its C(content) unless it is a folder, as C(farol_files) is told."}
  ours: {type: path, description: "A folder below that one in which nothing stays but what is told."}
  user: {type: str, description: "As whom the server runs, and is asked: what it may not read it must refuse."}
  taken: {type: path, description: Where what was taken is remembered; in a folder that is empty when the host starts.}
"""

EXAMPLES = r"""
- name: Ask
  farol_check:
    program: [/opt/farol/current/node_modules/node/bin/node, /opt/farol/current/server/main.ts]
    settings: {serverName: chat.example.org, appServices: /etc/farol/server/irc.yaml}
    folder: /etc/farol/server
    files: [{path: /etc/farol/server/irc.yaml, content: "id: irc"}]
"""

RETURN = r"""
asked:
  description: Whether it was asked now.
  returned: always
  type: bool
taken:
  description: Whether it would start with them.
  returned: always
  type: bool
said:
  description: What it has against them.
  returned: always
  type: str
"""

import hashlib
import json
import os
import pwd
import re
import tempfile

from ansible.module_utils.basic import AnsibleModule

# Whatever a power cut leaves there is gone with it.
MEMORY = "/run"


def main():
    module = AnsibleModule(
        argument_spec={
            "program": {"type": "list", "elements": "str", "required": True},
            "settings": {"type": "dict", "required": True},
            "folder": {"type": "path", "required": True},
            "files": {"type": "list", "elements": "dict", "required": True},
            "ours": {"type": "path"},
            "user": {"type": "str"},
            "taken": {"type": "path"},
        },
        supports_check_mode=True,
        no_log=True,
    )
    question = sum_of(module.params)
    if remembered(module) == question:
        module.exit_json(changed=False, asked=False, taken=True, said="")
    # Nobody but root may look into it, and the server.
    with tempfile.TemporaryDirectory(prefix="farol-check-", dir=MEMORY if os.access(MEMORY, os.W_OK) else module.tmpdir) as beside:
        taken, said = ask(module, beside)
    if taken and module.params["taken"] and not module.check_mode:
        remember(module, question)
    module.exit_json(changed=False, asked=True, taken=taken, said=said)


def ask(module, beside):
    files = os.path.join(beside, "files")

    def moved(text):
        # A folder of which that one is the beginning is another: /etc/farol/server.yml.
        return re.sub(re.escape(module.params["folder"]) + r"(?![\w.-])", lambda _: files, text)

    os.makedirs(files)
    for path in left(module.params):
        link(path, moved(path))
    for told in module.params["files"]:
        write(moved(told["path"]), moved(told["content"]) if "content" in told else None)
    settings = os.path.join(beside, "settings.yml")
    write(settings, moved(json.dumps(module.params["settings"])))
    status, _, said = module.run_command([*given_to(module, beside), *module.params["program"], "--config", settings, "--check"])
    return status == 0, said.replace(files, module.params["folder"]).replace(settings, "its settings").strip()


def given_to(module, beside):
    """Lets the user in, and says how it is asked as that."""
    user = module.params["user"]
    if user is None:
        return []
    for path in [beside, *below(beside)]:
        if not os.path.islink(path):
            os.chown(path, 0, pwd.getpwnam(user).pw_gid)
            os.chmod(path, 0o750 if os.path.isdir(path) else 0o640)
    return [module.get_bin_path("runuser", required=True), "-u", user, "--"]


def left(params):
    """What is in the folder already and stays, since nobody told it: somebody has put it there by hand."""
    told = {each["path"] for each in params["files"]}
    ours = params["ours"]
    return [path for path in below(params["folder"]) if path not in told and (ours is None or not f"{path}/".startswith(f"{ours}/"))]


def below(folder):
    return [os.path.join(at, name) for at, folders, files in os.walk(folder) for name in [*folders, *files]]


def link(path, at):
    if os.path.isdir(path) and not os.path.islink(path):
        os.makedirs(at, exist_ok=True)
        return
    os.makedirs(os.path.dirname(at), exist_ok=True)
    os.symlink(path, at)


def write(path, content):
    if content is None:
        os.makedirs(path, exist_ok=True)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def sum_of(params):
    """Of all that is asked, and of what is there besides; any of it changed, and it is asked anew."""
    told = [params[key] for key in ("program", "settings", "folder", "files", "ours", "user")]
    return hashlib.sha256(json.dumps([told, [seen(path) for path in left(params)]], sort_keys=True).encode()).hexdigest()


def seen(path):
    """Its place, who may read it, and when it or that was changed last."""
    is_at = os.lstat(path)
    return [path, is_at.st_mode, is_at.st_uid, is_at.st_gid, is_at.st_size, is_at.st_ctime_ns]


def remembered(module):
    try:
        with open(module.params["taken"] or os.devnull, encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        return None


def remember(module, question):
    beside = f"{module.params['taken']}.new"
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(question)
    os.replace(beside, module.params["taken"])


if __name__ == "__main__":
    main()
