import type { Event } from '../../server/protocol/event.ts';
import { isObject } from '../../server/protocol/json.ts';
import { relationOf } from '../../server/protocol/relations/relation.ts';

// What relates to an event, by the sentences of the specification one after the other: the second
// opinion on what the server has its database look for (client-api/relations/aggregates.test.ts).

/**
 * Whether `child` validly replaces `original` (Event replacements, "Validity"). The new content of an
 * encrypted event lies within the ciphertext, so there its presence is the clients' to check.
 */
export function isValidReplacement(original: Event, child: Event): boolean {
  const relation = relationOf(child.content);
  return (
    relation?.relType === 'm.replace' &&
    relation.eventId === original.eventId &&
    child.roomId === original.roomId &&
    child.sender === original.sender &&
    child.type === original.type &&
    child.stateKey === undefined &&
    original.stateKey === undefined &&
    relationOf(original.content)?.relType !== 'm.replace' &&
    (child.type === 'm.room.encrypted' || isObject(child.content['m.new_content']))
  );
}

/** The most recent valid replacement: by origin_server_ts, then by the larger event id. */
export function latestReplacement(original: Event, children: Iterable<Event>): Event | undefined {
  let latest: Event | undefined;
  for (const child of children) {
    if (!isValidReplacement(original, child)) continue;
    if (latest === undefined || isMoreRecent(child, latest)) latest = child;
  }
  return latest;
}

export interface ThreadSummary {
  /** The most recent one topologically: the last of `children`. */
  readonly latest: Event;
  readonly count: number;
  readonly currentUserParticipated: boolean;
}

/** `children` in topological order, without events of users that the reader ignores. */
export function summarizeThread(
  root: Event,
  children: Iterable<Event>,
  reader: string,
): ThreadSummary | undefined {
  let [latest, count, participated]: [Event | undefined, number, boolean] = [
    undefined,
    0,
    root.sender === reader,
  ];
  for (const child of children) {
    const relation = relationOf(child.content);
    if (relation?.relType !== 'm.thread' || relation.eventId !== root.eventId) continue;
    latest = child;
    count++;
    participated ||= child.sender === reader;
  }
  return latest && { latest, count, currentUserParticipated: participated };
}

/** A thread starts at an event that does not itself relate to another one by a rel_type. */
export const mayBeThreadRoot = (event: Event): boolean => relationOf(event.content) === undefined;

/** The ids that refer to the event by `m.reference`, in the order given. */
export const referencesTo = (event: Event, children: Iterable<Event>): string[] =>
  [...children]
    .filter((child) => {
      const relation = relationOf(child.content);
      return relation?.relType === 'm.reference' && relation.eventId === event.eventId;
    })
    .map((child) => child.eventId);

const isMoreRecent = (one: Event, other: Event): boolean =>
  one.originServerTs === other.originServerTs
    ? one.eventId > other.eventId
    : one.originServerTs > other.originServerTs;
