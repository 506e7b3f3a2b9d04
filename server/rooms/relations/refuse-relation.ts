import type { Lru } from '../../log/lru.ts';
import { type EventId, parseEventId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { type Relation, relationOf } from '../../protocol/relations/relation.ts';
import type { Draft } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomEvent } from '../room-event.ts';
import type { RoomStore } from '../store.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';

interface Sources {
  readonly store: Pick<RoomStore, 'eventById' | 'relationsBy'>;
  /** Events that relate to none, so that threads may start there. That never changes. */
  readonly threadRoots: Lru<EventId, true>;
}

/**
 * Refuses what a server should not take from its own clients: a thread within a thread (Threading,
 * "Validation of m.thread relationships"), and the same reaction twice (Annotations, "Avoiding
 * duplicate annotations"). What it gives refuses the second of two that came at once: to be called as the event is built.
 */
export async function refuseRelation(
  sources: Sources,
  room: HotRoom,
  draft: Draft,
): Promise<(() => void) | undefined> {
  const relation = relationOf(draft.content);
  const target = relation && parseEventId(relation.eventId);
  if (!target?.ok) return undefined;
  if (relation?.relType === 'm.thread') await refuseNested(sources, room, target.value);
  if (relation?.relType !== 'm.annotation') return undefined;
  return refuseRepeat(sources, room, draft, { ...relation, eventId: target.value });
}

async function refuseNested({ store, threadRoots }: Sources, room: HotRoom, rootId: EventId) {
  if (threadRoots.has(rootId)) return;
  const content = await contentOf(store, room, rootId);
  if (content === undefined) return;
  if (relationOf(content))
    throw new MatrixError(
      400,
      'M_UNKNOWN',
      'A thread cannot start at an event that relates to another',
    );
  threadRoots.set(rootId, true);
}

async function contentOf(
  store: Sources['store'],
  room: HotRoom,
  eventId: EventId,
): Promise<JsonObject | undefined> {
  const known = room.pendingById(eventId)?.event ?? room.timeline.byId(eventId);
  if (known) return known.content;
  const stored = await store.eventById(eventId);
  return stored?.roomNid === room.nid && stored.redactionId === null
    ? contentIn(stored.json)
    : undefined;
}

async function refuseRepeat(
  { store }: Sources,
  room: HotRoom,
  { sender, type }: Draft,
  { relType, eventId: targetId, key }: Relation & { eventId: EventId },
): Promise<() => void> {
  const isSame = (content: JsonObject) => {
    const other = relationOf(content);
    return other?.relType === relType && other.eventId === targetId && other.key === key;
  };
  const refuseIf = (isRepeat: boolean) => {
    if (isRepeat)
      throw new MatrixError(400, 'M_DUPLICATE_ANNOTATION', 'You have reacted so already');
  };
  const before = room.lastPosition;
  const said = await store.relationsBy({ roomNid: room.nid, targetId, relType, type, sender });
  refuseIf(said.some(({ json }) => isSame(contentIn(json))));
  return () =>
    refuseIf(
      newestOf(room, before).some(
        (event) => event.sender === sender && event.type === type && isSame(event.content),
      ),
    );
}

/** On their way, or committed since: a read of then may have been too early for them. */
function newestOf(room: HotRoom, since: number): RoomEvent[] {
  const all = { after: since, upTo: Number.POSITIVE_INFINITY, limit: Number.POSITIVE_INFINITY };
  const committed = room.timeline.newest(all);
  if (!committed) throw new RoomChangedMeanwhile();
  return [...committed, ...[...room.pending.values()].map(({ event }) => event)];
}

const contentIn = (json: string): JsonObject => JSON.parse(json).content as JsonObject;
