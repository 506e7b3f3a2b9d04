"""What Jinja has no words for."""

import difflib
import ipaddress


class FilterModule:
    def filters(self):
        return {
            "farol_nearest": nearest,
            "farol_outside": outside,
            "farol_patch": patch,
            "farol_differences": differences,
            "farol_way_back": way_back,
        }


def nearest(name, known):
    """Which known name was probably meant; empty if none is like it."""
    return next(iter(difflib.get_close_matches(name, known, n=1)), "")


def outside(addresses, ips):
    """Each pair of a floating address, with its prefix, and a host's address that is not on its LAN."""
    return [
        [address, ip]
        for address in addresses
        for ip in ips
        if not _shares_lan(ipaddress.ip_interface(address).network, ipaddress.ip_address(ip))
    ]


def _shares_lan(network, ip):
    # Hosts that are told by IPv4 may well have an address by IPv6 too.
    return network.version != ip.version or ip in network


def patch(wanted, present):
    """What must be told to a tree of settings, so that it has all that is wanted. What it has besides stays."""
    changed = {}
    for key, value in wanted.items():
        if isinstance(value, dict):
            below = patch(value, present.get(key) or {})
            if below:
                changed[key] = below
        elif present.get(key) != value:
            changed[key] = value
    return changed


def differences(changed, present, path=""):
    """A patch in lines for people."""
    lines = []
    for key, value in changed.items():
        before = (present or {}).get(key)
        if isinstance(value, dict):
            lines += differences(value, before, f"{path}{key}.")
        else:
            lines.append(f"{path}{key}: {before} -> {value}")
    return lines


def way_back(ran):
    """
    To which release each site goes back, by the one that runs there and the one that ran before. Where an upgrade has
    stopped halfway, a site that runs what another ran before stays: it is where that one goes.
    """
    return {
        site: current if any(before == current != now for now, before in ran.values()) else previous
        for site, (current, previous) in ran.items()
    }
