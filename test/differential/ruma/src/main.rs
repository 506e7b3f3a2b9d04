//! Another opinion: answers questions about a room's history with ruma's code.
//!
//! Reads one JSON object a line, writes one a line. ruma's crates are only called, as any program may
//! call them; nothing of them is copied here.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Write};

use ruma_common::room_version_rules::{AuthorizationRules, StateResolutionV2Rules};
use ruma_common::{OwnedEventId, RoomVersionId};
use ruma_events::StateEventType;
use ruma_state_res::utils::event_id_set::EventIdSet;
use ruma_state_res::{
    Event, StateMap, check_state_dependent_auth_rules, check_state_independent_auth_rules, resolve,
};
use serde::{Deserialize, Serialize};

mod pdu;

use pdu::Pdu;

#[derive(Deserialize)]
struct Question {
    version: RoomVersionId,
    events: Vec<Pdu>,
    /// The ids of `events`, in order: PDUs of version 3 and later carry none.
    ids: Vec<OwnedEventId>,
    rejected: HashSet<OwnedEventId>,
    checks: Vec<Check>,
    resolutions: Vec<Vec<StateSet>>,
}

#[derive(Deserialize)]
struct Check {
    event: OwnedEventId,
    state: Vec<OwnedEventId>,
}

type StateSet = Vec<(StateEventType, String, OwnedEventId)>;

#[derive(Serialize)]
struct Answer {
    /// Why an event is refused; null where it is allowed.
    verdicts: Vec<Option<String>>,
    /// Null for room version 1, whose state resolution ruma does not have.
    resolved: Option<Vec<StateSet>>,
}

type Events = HashMap<OwnedEventId, Pdu>;

fn main() {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line of UTF-8");
        let told = match answer(&line) {
            Ok(answer) => serde_json::to_string(&answer),
            Err(error) => serde_json::to_string(&HashMap::from([("error", error)])),
        };
        writeln!(out, "{}", told.expect("an answer is JSON")).expect("somebody reads the answers");
        out.flush().expect("somebody reads the answers");
    }
}

fn answer(line: &str) -> Result<Answer, String> {
    let question: Question = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let rules = question.version.rules().ok_or("unknown room version")?;
    let events = by_id(question.events, question.ids, &question.rejected)?;
    let verdicts = question
        .checks
        .iter()
        .map(|check| verdict(&rules.authorization, &events, check));
    let resolved = rules.state_res.v2_rules().map(|state_res| {
        let resolutions = question.resolutions.into_iter();
        resolutions
            .map(|sets| resolved(&rules.authorization, state_res, &events, sets))
            .collect()
    });
    Ok(Answer {
        verdicts: verdicts.collect(),
        resolved: resolved.transpose()?,
    })
}

fn by_id(
    pdus: Vec<Pdu>,
    ids: Vec<OwnedEventId>,
    rejected: &HashSet<OwnedEventId>,
) -> Result<Events, String> {
    if pdus.len() != ids.len() {
        return Err("as many ids as events are needed".to_owned());
    }
    let named = pdus.into_iter().zip(ids).map(|(mut pdu, id)| {
        pdu.rejected = rejected.contains(&id);
        pdu.event_id = Some(id.clone());
        (id, pdu)
    });
    Ok(named.collect())
}

/// First by the events that it names itself, then by a state of the room.
fn verdict(rules: &AuthorizationRules, events: &Events, check: &Check) -> Option<String> {
    let Some(event) = events.get(&check.event) else {
        return Some("the event is not among the events".to_owned());
    };
    let state: HashMap<(String, String), &Pdu> = check
        .state
        .iter()
        .filter_map(|id| events.get(id))
        .filter_map(|pdu| {
            Some((
                (pdu.event_type().to_string(), pdu.state_key()?.to_owned()),
                pdu,
            ))
        })
        .collect();
    check_state_independent_auth_rules(rules, event, |id| events.get(id))
        .and_then(|()| {
            check_state_dependent_auth_rules(rules, event, |kind, key| {
                state.get(&(kind.to_string(), key.to_owned())).copied()
            })
        })
        .err()
}

fn resolved(
    auth_rules: &AuthorizationRules,
    state_res_rules: &StateResolutionV2Rules,
    events: &Events,
    sets: Vec<StateSet>,
) -> Result<StateSet, String> {
    let maps: Vec<StateMap<OwnedEventId>> = sets
        .into_iter()
        .map(|set| {
            set.into_iter()
                .map(|(kind, key, id)| ((kind, key), id))
                .collect()
        })
        .collect();
    let chains = maps
        .iter()
        .map(|map| auth_chain(events, map.values()))
        .collect();
    let state = resolve(
        auth_rules,
        state_res_rules,
        maps.iter(),
        chains,
        |id| events.get(id),
        |conflicted| Some(conflicted_subgraph(events, conflicted)),
    );
    let state = state.map_err(|error| error.to_string())?;
    Ok(state
        .into_iter()
        .map(|((kind, key), id)| (kind, key, id))
        .collect())
}

/// These events, their auth_events, theirs, and so on. That a chain has its own first events, too, is
/// for the caller of ruma to say, and we say it of a state as we do ourselves (README.md).
fn auth_chain<'a>(
    events: &Events,
    from: impl Iterator<Item = &'a OwnedEventId>,
) -> EventIdSet<OwnedEventId> {
    let mut chain = EventIdSet::new();
    let mut pending: Vec<OwnedEventId> = from.cloned().collect();
    while let Some(id) = pending.pop() {
        if chain.insert(id.clone()) {
            pending.extend(
                events
                    .get(&id)
                    .into_iter()
                    .flat_map(Event::auth_events)
                    .cloned(),
            );
        }
    }
    chain
}

/// All events on a path along auth_events from one conflicted event to another, with both ends.
fn conflicted_subgraph(
    events: &Events,
    conflicted: &StateMap<Vec<OwnedEventId>>,
) -> EventIdSet<OwnedEventId> {
    let ends: EventIdSet<OwnedEventId> = conflicted.values().flatten().cloned().collect();
    let below = auth_chain(events, ends.iter());
    let leads_back = |id: &&OwnedEventId| {
        auth_chain(events, std::iter::once(*id))
            .iter()
            .any(|other| ends.contains(other))
    };
    below.iter().filter(leads_back).cloned().collect()
}
