import { relationOf } from '../../protocol/relations/relation.ts';
import { isRedacted } from '../client-members.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomReads } from '../read/room-reads.ts';
import { visibleTo } from '../read/visibility.ts';
import type { RoomEvent } from '../room-event.ts';
import type { Relations, RelationsReader, SeenEvent } from '../seen-event.ts';
import type { StoredBundle } from '../store.ts';
import { lookUntil } from './look-until.ts';
import { recentlyRelated } from './recently-related.ts';

/** The same events, each with what relates to it. */
export async function withRelations(
  room: HotRoom,
  reads: RoomReads,
  reader: RelationsReader,
  seen: readonly SeenEvent[],
): Promise<readonly SeenEvent[]> {
  const wanted = seen.map(({ event }) => event).filter(mayHaveRelations);
  const related = await recentlyRelated(room, reads, wanted);
  if (related.length === 0) return seen;
  const bundles = await bundlesOf(room, reads, reader, related);
  if (bundles.length === 0) return seen;
  const shown = await shownIn(room, reads, reader, bundles);
  const byId = new Map(bundles.map((each) => [each.eventId, each]));
  return seen.map((each) => {
    const bundle = byId.get(each.event.eventId);
    return bundle ? { ...each, relations: relationsIn(each.event, bundle, shown) } : each;
  });
}

/** Nothing is aggregated of state, of edits and of reactions. */
function mayHaveRelations(event: RoomEvent): boolean {
  if (event.stateKey !== undefined) return false;
  const relation = relationOf(event.content);
  return relation?.relType !== 'm.replace' && relation?.relType !== 'm.annotation';
}

async function bundlesOf(
  room: HotRoom,
  reads: RoomReads,
  reader: RelationsReader,
  events: readonly RoomEvent[],
): Promise<StoredBundle[]> {
  const upTo = await lookUntil(room, reads, reader.userId);
  const ignored = reader.ignored ?? (await reads.ignoredBy(reader.userId));
  const asker = { userId: reader.userId, ignored };
  const found = await Promise.all(
    events.map(({ eventId, sender, type }) =>
      reads.bundle({ asker, event: { roomNid: room.nid, eventId, sender, type, upTo } }),
    ),
  );
  return found.filter((each) => each !== undefined);
}

type Shown = ReadonlyMap<number, SeenEvent>;

/** The events that the bundles name, if the reader may see them, with what relates to those in turn. */
async function shownIn(
  room: HotRoom,
  reads: RoomReads,
  reader: RelationsReader,
  bundles: readonly StoredBundle[],
): Promise<Shown> {
  const nids = bundles
    .flatMap(({ editNid, threadLatestNid }) => [editNid, threadLatestNid])
    .filter((nid) => nid !== null);
  if (nids.length === 0) return new Map();
  const events = await reads.load(room, nids);
  const seen = await visibleTo(room, reads, reader.userId, events);
  // An event in a thread is no root of another one, and an edit of nothing: this ends.
  const whole = await withRelations(room, reads, reader, seen);
  return new Map(whole.map((each) => [each.event.nid, each]));
}

function relationsIn(event: RoomEvent, bundle: StoredBundle, shown: Shown): Relations {
  const { editNid, threadLatestNid, references } = bundle;
  const isHidden = isRedacted(event) || event.isErased === true;
  const latest = threadLatestNid === null ? undefined : shown.get(threadLatestNid);
  // A thread starts at an event that relates to none.
  const isThread = latest !== undefined && relationOf(event.content) === undefined;
  return {
    edit: editNid === null || isHidden ? undefined : shown.get(editNid),
    thread: isThread
      ? { latest, count: bundle.threadCount, participated: bundle.participated }
      : undefined,
    references: references ?? undefined,
  };
}
