#!/usr/bin/python
"""Makes a host's own keys, and asks for certificates with them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: farol_certificate_requests
short_description: Makes a host's own keys, which never leave it, and asks for certificates with them
description:
  - A key that is there is kept, unless it is to be made anew. Such a key takes the place of the other only with its certificate. What is asked for is told each time, with the certificate that is there, so that the controller can see whether that still serves.
author: [Farol]
options:
  folder:
    description: Where the keys and certificates are, as NAME.key and NAME.crt.
    type: path
    required: true
  group:
    description: Who may read the keys besides root.
    type: str
    required: true
  anew:
    description: Whether to ask with new keys.
    type: bool
    default: false
  signed:
    description: Certificates that were signed, by their names. They are written, with the keys that were made for them; nothing is asked for.
    type: dict
  requests:
    description: What to ask for.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {type: str, required: true, description: Of the files.}
      common_name: {type: str, required: true, description: The common name.}
      subjects: {type: list, elements: str, required: true, description: "What it is valid for, as DNS:NAME and IP:ADDRESS."}
      usages: {type: list, elements: str, choices: [clientAuth, serverAuth], required: true, description: "As what it may be shown, and as nothing else."}
"""

EXAMPLES = r"""
- name: Ask
  farol_certificate_requests:
    folder: /etc/farol/tls
    group: farol-tls
    requests:
      - {name: site, common_name: north, subjects: ["DNS:north", "IP:192.0.2.11"], usages: [clientAuth, serverAuth]}
"""

RETURN = r"""
requests:
  description: Of each its name, the request and the certificate that is there, both in PEM and the latter empty where there is none.
  returned: always
  type: list
"""

import ipaddress
import os

from ansible.module_utils.basic import AnsibleModule
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USAGES = {"clientAuth": x509.ExtendedKeyUsageOID.CLIENT_AUTH, "serverAuth": x509.ExtendedKeyUsageOID.SERVER_AUTH}


def main():
    request = {
        "name": {"type": "str", "required": True},
        "common_name": {"type": "str", "required": True},
        "subjects": {"type": "list", "elements": "str", "required": True},
        "usages": {"type": "list", "elements": "str", "choices": sorted(USAGES), "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "group": {"type": "str", "required": True},
            "requests": {"type": "list", "elements": "dict", "default": [], "options": request},
            "anew": {"type": "bool", "default": False},
            "signed": {"type": "dict"},
        },
        supports_check_mode=True,
    )
    if module.params["signed"] is not None:
        for name, certificate in module.params["signed"].items():
            take_up(module, name, certificate)
        module.exit_json(changed=True, requests=[])
    told = [ask(module, **each) for each in module.params["requests"]]
    module.exit_json(
        changed=any(made for made, _ in told),
        requests=[asked for _, asked in told],
    )


def ask(module, name, common_name, subjects, usages):
    """Whether something was made or put right, and what is asked for."""
    path = path_of(module, name, "key.next" if module.params["anew"] else "key")
    made = not os.path.exists(path)
    key = ec.generate_private_key(ec.SECP256R1()) if made else load(module, path)
    if made and not module.check_mode:
        write(path, bytes_of(key))
    if os.path.exists(path):
        made = belongs(module, path, made)
    asked = {"name": name, "csr": request_with(key, common_name, subjects, usages), "certificate": present(module, name)}
    return made, asked


def take_up(module, name, certificate):
    """At one moment, or almost: whoever reads a certificate and another's key can speak to nobody."""
    if module.check_mode:
        return
    beside, key = path_of(module, name, "crt.new"), path_of(module, name, "key.next")
    write(beside, certificate.encode())
    belongs(module, beside, False)
    os.replace(beside, path_of(module, name, "crt"))
    # One that a run which was cut short has left has no certificate.
    if os.path.exists(key) and is_of(certificate, load(module, key)):
        os.replace(key, path_of(module, name, "key"))


def is_of(certificate, key):
    public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    return public.public_numbers() == key.public_key().public_numbers()


def belongs(module, path, changed):
    """Gives it its owner and mode; whether it had others."""
    changed = module.set_owner_if_different(path, "root", changed)
    changed = module.set_group_if_different(path, module.params["group"], changed)
    return module.set_mode_if_different(path, "0640", changed)


def path_of(module, name, kind):
    return os.path.join(module.params["folder"], f"{name}.{kind}")


def load(module, path):
    with open(path, "rb") as file:
        text = file.read()
    try:
        return serialization.load_pem_private_key(text, None)
    except ValueError as error:
        module.fail_json(msg=f"{path} is no private key ({error}). Remove it, and another is made.")


def write(path, content):
    beside = f"{path}.part"
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def bytes_of(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def request_with(key, common_name, subjects, usages):
    names = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)]
    asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    asked = asked.add_extension(x509.SubjectAlternativeName([subject(each) for each in subjects]), critical=False)
    asked = asked.add_extension(x509.ExtendedKeyUsage([USAGES[each] for each in usages]), critical=False)
    return asked.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def subject(told):
    kind, _, value = told.partition(":")
    return x509.DNSName(value) if kind == "DNS" else x509.IPAddress(ipaddress.ip_address(value))


def present(module, name):
    try:
        with open(path_of(module, name, "crt"), encoding="ascii", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


if __name__ == "__main__":
    main()
