import type { Person } from '../../protocol/caller.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { readingOf } from '../../rooms/read/reading.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { SeenEvent } from '../../rooms/seen-event.ts';
import { type Hit, placeBehind, type SearchResults } from '../../search/search.ts';
import { around } from '../events/around.ts';
import { objectText, renderedEvents, renderedOne, renderedSeen } from '../events/rendered.ts';
import type { GroupKey, SearchCriteria } from './search-fields.ts';
import { encodeSearchToken, type SearchToken } from './search-token.ts';

export interface Asked {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf'>;
  readonly caller: Person;
  readonly criteria: SearchCriteria;
  readonly from: SearchToken | undefined;
}

/** An answer lies in memory until a slow client has read it. The rest is on the next page. */
const ANSWER_CHARACTERS_MAX = 4 * 1_048_576;

/** The category `room_events` as JSON text. */
export async function renderedResults(asked: Asked, results: SearchResults): Promise<string> {
  const { hits, next } = results;
  const { group } = asked.from ?? {};
  const shown: string[] = [];
  const states = new Map<RoomId, string | undefined>();
  for (let characters = 0; shown.length < hits.length && characters < ANSWER_CHARACTERS_MAX; ) {
    const hit = hits[shown.length]!;
    const text = await renderedHit(asked, hit);
    shown.push(text);
    characters += text.length;
    const { roomId } = hit.room;
    if (!asked.criteria.include_state || states.has(roomId)) continue;
    const state = await renderedState(asked, roomId);
    states.set(roomId, state);
    characters += state?.length ?? 0;
  }
  const told = hits.slice(0, shown.length);
  const place = told.length < hits.length ? placeBehind(told.at(-1)!, results) : next;
  return objectText({
    count: String(results.count),
    highlights: JSON.stringify(results.highlights),
    results: `[${shown.join(',')}]`,
    state: asked.criteria.include_state ? objectText(Object.fromEntries(states)) : undefined,
    groups: renderedGroups(asked.criteria.groupings, told, place),
    next_batch: place && JSON.stringify(encodeSearchToken({ ...place, group })),
  });
}

async function renderedHit({ caller, criteria }: Asked, hit: Hit): Promise<string> {
  const { room, seen, rank } = hit;
  const wanted = criteria.event_context;
  if (!wanted) {
    const [whole] = await room.withRelations(caller, [seen]);
    return objectText({ rank: String(rank), result: renderedOne(whole!, caller) });
  }
  const limits = { before: wanted.before_limit, after: wanted.after_limit };
  const { before, after, start, end } = await around(room, caller, seen, limits);
  const whole = await room.withRelations(caller, [seen, ...before, ...after]);
  const context = objectText({
    ...{ start, end },
    events_before: renderedSeen(whole.slice(1, 1 + before.length), caller),
    events_after: renderedSeen(whole.slice(1 + before.length), caller),
    profile_info: wanted.include_profile ? await profilesOf(hit, whole) : undefined,
  });
  return objectText({ rank: String(rank), result: renderedOne(whole[0]!, caller), context });
}

/** What the senders were called when the event was sent. */
async function profilesOf({ room, seen }: Hit, shown: readonly SeenEvent[]): Promise<string> {
  const senders = new Set(shown.map(({ event }) => event.sender));
  const members = await room.stateEventsAfter(
    seen.event,
    [...senders].map((sender) => ['m.room.member', sender] as const),
  );
  const profiles = members.map(({ stateKey, content }) => [stateKey, profileIn(content)] as const);
  return JSON.stringify(Object.fromEntries(profiles));
}

const profileIn = ({ displayname, avatar_url }: JsonObject): JsonObject => ({
  ...(typeof displayname === 'string' && { displayname }),
  ...(typeof avatar_url === 'string' && { avatar_url }),
});

/** Of a room with a result, as the caller may see it: whoever has left sees it as they left it. */
async function renderedState(
  { rooms, caller }: Asked,
  roomId: RoomId,
): Promise<string | undefined> {
  const reading = await readingOf(rooms, roomId, caller.userId).catch(isNotFor);
  if (!reading) return undefined;
  const { room, departure } = reading;
  const state = departure ? await room.stateAfter(departure) : await room.state();
  return renderedEvents(await room.shownTo(caller.userId, state), caller);
}

/** Who is invited, and not in the room yet, may see what was said since, and not the room. */
function isNotFor(error: unknown): undefined {
  if (!(error instanceof MatrixError)) throw error;
}

/** The results by what they have in common. A group goes on where the page ends. */
function renderedGroups(
  keys: readonly GroupKey[],
  hits: readonly Hit[],
  place: SearchToken | undefined,
): string | undefined {
  if (keys.length === 0) return undefined;
  const groups = [...new Set(keys)].map((key) => {
    const byValue = Map.groupBy(hits, (hit) => groupOf(key, hit));
    const told = [...byValue].map(([value, some], index) => [
      value,
      {
        order: index + 1,
        results: some.map(({ seen }) => seen.event.eventId),
        ...(place && { next_batch: encodeSearchToken({ ...place, group: { key, value } }) }),
      },
    ]);
    return [key, Object.fromEntries(told)];
  });
  return JSON.stringify(Object.fromEntries(groups));
}

const groupOf = (key: GroupKey, { room, seen }: Hit): string | UserId =>
  key === 'room_id' ? room.roomId : seen.event.sender;
