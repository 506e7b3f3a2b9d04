#!/usr/bin/python
"""Asks the server of a release whether it would start with settings and the files that these name, before any of them is where it belongs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: farol_check
short_description: Asks a server whether it takes settings and files that are not written yet
description:
  - The files lie in a folder of their own meanwhile, which settings and files name in the place of the other one. Nothing of it is left, and nothing else is touched, so it is asked in a dry run too.
author: [Farol]
options:
  program: {type: list, elements: str, required: true, description: "The server, with what comes before its options."}
  settings: {type: dict, required: true, description: What it is to be told.}
  folder: {type: path, required: true, description: Where the files are to be.}
  files: {type: list, elements: dict, required: true, description: "Of each its C(path), and its C(content) unless it is a folder, as C(farol_files) is told."}
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
taken:
  description: Whether it would start with them.
  returned: always
  type: bool
said:
  description: What it has against them.
  returned: always
  type: str
"""

import json
import os
import re
import tempfile

from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule(
        argument_spec={
            "program": {"type": "list", "elements": "str", "required": True},
            "settings": {"type": "dict", "required": True},
            "folder": {"type": "path", "required": True},
            "files": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
        no_log=True,
    )
    # Nobody but root may look into it.
    with tempfile.TemporaryDirectory(prefix="farol-check-", dir=module.tmpdir) as beside:
        taken, said = ask(module, beside)
    module.exit_json(changed=False, taken=taken, said=said)


def ask(module, beside):
    def moved(text):
        # A folder of which that one is the beginning is another: /etc/farol/server.yml.
        return re.sub(re.escape(module.params["folder"]) + r"(?![\w.-])", lambda _: beside, text)

    for told in module.params["files"]:
        write(moved(told["path"]), moved(told["content"]) if "content" in told else None)
    command = [*module.params["program"], "--config", "/dev/stdin", "--check"]
    status, _, said = module.run_command(command, data=moved(json.dumps(module.params["settings"])), binary_data=True)
    return status == 0, said.replace(beside, module.params["folder"]).strip()


def write(path, content):
    if content is None:
        os.makedirs(path, exist_ok=True)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


if __name__ == "__main__":
    main()
