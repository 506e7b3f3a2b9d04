"""What an inventory says of mail, directories, providers and a store of files, as the server reads it: secrets and certificates in files, lists with commas."""

# The key of the inventory, with that of the server which names a file for it, and how that file is called.
IN_FILES = {
    "password": ("passwordFile", "password"),
    "bindPassword": ("bindPasswordFile", "password"),
    "secretKey": ("secretKeyFile", "secret"),
    "ca": ("ca", "pem"),
}


class FilterModule:
    def filters(self):
        return {
            "farol_told": told,
            "farol_told_files": told_files,
            "farol_provider": provider,
            "farol_provider_files": provider_files,
        }


def told(section, name, folder):
    """The keys of the server for what the inventory calls `section`; its files are in the folder."""
    return dict(_key(key, value, name, folder) for key, value in section.items() if key != "templates")


def _key(key, value, name, folder):
    if key in IN_FILES:
        key, kind = IN_FILES[key]
        return key, f"{folder}/{name}.{kind}"
    return key, ", ".join(value) if isinstance(value, (list, tuple)) else value


def told_files(section, name):
    """The files that go with it: each with its content, or with where that is on the controller."""
    return [
        {"name": f"{name}.{IN_FILES[key][1]}", "from" if key == "ca" else "content": section[key]}
        for key in IN_FILES
        if key in section
    ]


def provider(given):
    """A provider of sign-in as its file has it, which names that of its secret."""
    written = {key: value for key, value in given.items() if key != "clientSecret"}
    return {**written, "clientSecretFile": f"{_called(given)}.secret"} if "clientSecret" in given else written


def provider_files(given):
    secret = given.get("clientSecret")
    return [{"name": f"{_called(given)}.secret", "content": secret}] if secret is not None else []


def _called(given):
    return f"sign-in-{given['id']}"
