"""A second opinion: answers questions about the protocol with Synapse's code.

Reads one JSON object a line, writes one a line. Synapse comes from its Python package and is only
called, as any program may call it; nothing of it is copied here.
"""

import asyncio
import hashlib
import json
import sys

import synapse.event_auth as event_auth  # noqa: I001  (must come before synapse.state)
from canonicaljson import encode_canonical_json
from signedjson.key import decode_signing_key_base64
from signedjson.sign import sign_json
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.crypto.event_signing import compute_content_hash, compute_event_signature
from synapse.events import make_event_from_dict
from synapse.events.utils import prune_event
from synapse.push.bulk_push_rule_evaluator import _flatten_dict
from synapse.state import v1, v2
from synapse.storage.databases.main.event_federation import StateDifference
from synapse.synapse_rust.push import FilteredPushRules, PushRule, PushRuleEvaluator, PushRules
from unpaddedbase64 import encode_base64

PRIORITY_CLASS = {"underride": 1, "sender": 2, "room": 3, "content": 4, "override": 5}


class Store:
    """What Synapse's algorithms ask of a database: every event is in memory already."""

    def __init__(self, events):
        self.events = events

    async def get_events(self, event_ids, **_):
        return {each: self.events[each] for each in event_ids if each in self.events}

    async def get_auth_chain_difference(self, *_):
        # All events are given as unpersisted, so nothing is left for the database to add.
        return StateDifference(set(), set())


class Clock:
    async def sleep(self, *_):
        pass


def read_events(version, pdus, rejected):
    events = [make_event_from_dict(pdu, version) for pdu in pdus]
    return {
        event.event_id: make_event_from_dict(
            pdu, version, rejected_reason="rejected" if event.event_id in rejected else None
        )
        for event, pdu in zip(events, pdus)
    }


def describe(version, pdu):
    event = make_event_from_dict(pdu, version)
    content_hash = encode_base64(compute_content_hash(dict(pdu), hashlib.sha256)[1])
    return {
        "event_id": event.event_id,
        "content_hash": content_hash,
        "redacted": comparable(prune_event(event).get_pdu_json()),
    }


def comparable(pdu):
    """`unsigned` and signatures are no part of what a redaction is about."""
    kept = {key: value for key, value in pdu.items() if key not in ("unsigned", "signatures")}
    return encode_canonical_json(kept).decode()


def sign(version, pdu, name, key_id, seed):
    algorithm, key_version = key_id.split(":")
    key = decode_signing_key_base64(algorithm, key_version, seed)
    return compute_event_signature(version, dict(pdu), name, key)[name][key_id]


def sign_any(value, name, key_id, seed):
    algorithm, key_version = key_id.split(":")
    key = decode_signing_key_base64(algorithm, key_version, seed)
    return sign_json(dict(value), name, key)["signatures"][name][key_id]


def verdict(check):
    try:
        check()
        return None
    except Exception as error:  # Whatever it raises, it refuses.
        return f"{type(error).__name__}: {error}"


def authorize(events, check):
    """First against the events that it names itself, then against a state of the room."""
    event = events[check["event"]]
    store = Store(events)

    def run():
        asyncio.run(event_auth.check_state_independent_auth_rules(store, event))
        event_auth.check_state_dependent_auth_rules(event, [events[each] for each in check["state"]])

    return verdict(run)


def resolve(version, room_id, events, state_sets):
    sets = [{(kind, key): event_id for kind, key, event_id in each} for each in state_sets]

    async def factory(event_ids):
        return {each: events[each] for each in event_ids}

    if version.identifier == "1":
        answer = v1.resolve_events_with_store(room_id, version, sets, dict(events), factory)
    else:
        answer = v2.resolve_events_with_store(
            Clock(), room_id, version, sets, dict(events), Store(events)
        )
    return sorted([kind, key, event_id] for (kind, key), event_id in asyncio.run(answer).items())


def push(question):
    rules, enabled = [], {}
    for kind in ("override", "content", "room", "sender", "underride"):
        for rule in question["rules"][kind]:
            conditions = conditions_of(kind, rule)
            key = f"global/{kind}/{rule['rule_id']}"
            enabled[key] = rule["enabled"]
            rules.append(
                PushRule.from_db(
                    key, PRIORITY_CLASS[kind], json.dumps(conditions), json.dumps(rule["actions"])
                )
            )
    evaluator = PushRuleEvaluator(
        _flatten_dict(question["event"]),
        True,
        question["memberCount"],
        question["senderPowerLevel"],
        question["notifications"],
        {},
        False,
        [],
        False,
        True,
        False,
    )
    filtered = FilteredPushRules(
        PushRules(rules), enabled, False, False, False, False, False, True, False
    )
    return list(evaluator.run(filtered, question["userId"], question["displayName"], None))


def conditions_of(kind, rule):
    if kind == "content":
        return [{"kind": "event_match", "key": "content.body", "pattern": rule["pattern"]}]
    if kind == "room":
        return [{"kind": "event_match", "key": "room_id", "pattern": rule["rule_id"]}]
    if kind == "sender":
        return [{"kind": "event_match", "key": "sender", "pattern": rule["rule_id"]}]
    return rule["conditions"]


def history(question):
    version = KNOWN_ROOM_VERSIONS[question["version"]]
    events = read_events(version, question["events"], set(question["rejected"]))
    return {
        "events": [describe(version, pdu) for pdu in question["events"]],
        "verdicts": [authorize(events, check) for check in question["checks"]],
        "resolved": [
            resolve(version, question["roomId"], events, sets) for sets in question["resolutions"]
        ],
        "signatures": [
            sign(version, pdu, question["signer"], question["keyId"], question["seed"])
            for pdu in question["events"]
        ],
    }


def answer(question):
    if question["kind"] == "history":
        return history(question)
    if question["kind"] == "push":
        return {"actions": push(question)}
    if question["kind"] == "json":
        return {
            "signature": sign_any(
                question["value"], question["signer"], question["keyId"], question["seed"]
            )
        }
    raise ValueError(f"unknown question {question['kind']}")


def main():
    for line in sys.stdin:
        try:
            told = answer(json.loads(line))
        except Exception as error:
            told = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


main()
