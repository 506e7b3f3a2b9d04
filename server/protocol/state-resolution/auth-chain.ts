import type { EventId } from '../identifiers.ts';
import { append } from './append.ts';
import type { KnownEvents } from './known-events.ts';
import type { Steps } from './steps.ts';

/** Which of `ids` are in the auth chains of `starts`, those included. Stops when all are found. */
export function* authChainHas(
  ids: readonly EventId[],
  starts: Iterable<EventId>,
  known: KnownEvents,
): Steps<ReadonlySet<EventId>> {
  const wanted = new Set(ids);
  const found = new Set<EventId>();
  for (const layer of layersBelow(starts, known)) {
    yield* known.learn(layer);
    for (const id of layer) if (wanted.has(id)) found.add(id);
    if (found.size === wanted.size) break;
  }
  return found;
}

/**
 * The *conflicted state subgraph* (version 12): the events on all ways along auth events from one
 * conflicted event to another. That may lead through unconflicted events, so the chains of the
 * conflicted events are walked to their ends.
 */
export function* conflictedSubgraph(
  conflicted: ReadonlySet<EventId>,
  known: KnownEvents,
): Steps<Set<EventId>> {
  const namedBy = new Map<EventId, EventId[]>();
  for (const layer of layersBelow(conflicted, known)) {
    yield* known.learn(layer);
    for (const id of layer) {
      for (const authId of known.get(id)?.authEvents ?? []) append(namedBy, authId, id);
    }
  }
  return ancestorsOf(conflicted, namedBy);
}

/**
 * Auth chains layer by layer, no event twice. A layer's events must be known when the next one is
 * asked for; so the caller learns them.
 */
function* layersBelow(starts: Iterable<EventId>, known: KnownEvents): Generator<EventId[]> {
  const seen = new Set(starts);
  let layer = [...seen];
  while (layer.length > 0) {
    yield layer;
    const below: EventId[] = [];
    for (const id of layer) {
      for (const authId of known.get(id)?.authEvents ?? []) {
        if (seen.has(authId)) continue;
        seen.add(authId);
        below.push(authId);
      }
    }
    layer = below;
  }
}

/** Those from which one of `ids` is reached; each of them was reached from one of `ids` before. */
const ancestorsOf = (
  ids: ReadonlySet<EventId>,
  namedBy: ReadonlyMap<EventId, readonly EventId[]>,
): Set<EventId> => {
  const found = new Set(ids);
  for (const id of found) for (const above of namedBy.get(id) ?? []) found.add(above);
  return found;
};
