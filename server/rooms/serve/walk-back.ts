import { prevEventsOf } from '../../protocol/event-references.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { pduIn } from '../read/stored-event.ts';
import type { RoomStore, StoredEvent } from '../store.ts';

export interface Walk {
  readonly from: readonly EventId[];
  /** Neither gone to nor behind. */
  readonly past?: readonly EventId[];
  /** How many events are come to, those that it begins at among them. */
  readonly limit: number;
}

/** Of events around those that are looked for: in most rooms they are what comes next. */
const PAGE = 100;
/** However a room is forked, no more questions than so many. */
const QUESTIONS_MAX = 30;

/** Back along `prev_events`, the deepest first, through what this server has. */
export async function walkBack(
  room: Pick<HotRoom, 'nid' | 'rules'>,
  store: Pick<RoomStore, 'eventsById' | 'pageOfRoom'>,
  { from, past = [], limit }: Walk,
): Promise<StoredEvent[]> {
  const near = new Map<EventId, StoredEvent>();
  const seen = new Set<EventId>(past);
  const front: StoredEvent[] = [];
  const walked: StoredEvent[] = [];
  let wanted = from.filter((id) => !seen.has(id));
  for (let questions = 0; questions < QUESTIONS_MAX; ) {
    for (const id of wanted) seen.add(id);
    const missing = wanted.filter((id) => !near.has(id));
    if (missing.length > 0) {
      questions += 1;
      near.clear();
      for (const each of await readAround(room, store, missing, walked.at(-1)))
        near.set(each.eventId, each);
    }
    front.push(...wanted.flatMap((id) => near.get(id) ?? []));
    front.sort((a, b) => a.depth - b.depth || a.nid - b.nid);
    const next = front.pop();
    if (!next) return walked;
    walked.push(next);
    if (walked.length === limit) return walked;
    const before = prevEventsOf(pduIn(next.json, room.rules), room.rules);
    wanted = [...new Set(before)].filter((id) => !seen.has(id));
  }
  return walked;
}

/** Those that are named, with what lies before the one that was come to last. */
async function readAround(
  { nid }: Pick<HotRoom, 'nid'>,
  store: Pick<RoomStore, 'eventsById' | 'pageOfRoom'>,
  ids: readonly EventId[],
  last: StoredEvent | undefined,
): Promise<StoredEvent[]> {
  const before = { roomNid: nid, direction: 'b', limit: PAGE, types: null, senders: null } as const;
  const page = last
    ? await store.pageOfRoom({ ...before, from: { depth: last.depth, nid: last.nid } })
    : [];
  const there = new Set(page.map(({ eventId }) => eventId));
  const others = ids.filter((id) => !there.has(id));
  const named = others.length > 0 ? await store.eventsById(others) : [];
  return [...page, ...named.filter(({ roomNid }) => roomNid === nid)];
}
