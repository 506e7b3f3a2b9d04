import { expect, vi } from 'vitest';
import type { EventId, RoomId, ServerName, UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { AskServers, EventTold } from '../../server/rooms/receive/ask-servers.ts';
import {
  type ForeignDraft,
  type ForeignEvent,
  foreignServers,
  keysOfNames,
} from './foreign-server.ts';
import { type FreshDatabase, freshDatabase } from './postgres.ts';
import { alice, bodiesIn, openRooms } from './rooms.ts';

export const dora = '@dora:far.example' as UserId;
export const emil = '@emil:far.example' as UserId;
export const far = 'far.example' as ServerName;

export const says = (body: string, sender = dora): ForeignDraft => ({
  ...{ sender, type: 'm.room.message', content: { body } },
});
export const member = (sender: UserId): ForeignDraft => ({
  ...{ sender, type: 'm.room.member', stateKey: sender, content: { membership: 'join' } },
});

/** A public room of alice in which dora of another server is, which tells what it knows unless that is hidden. */
export async function gappedRoom() {
  const fresh = await freshDatabase();
  const foreign = foreignServers(fresh);
  const asked: string[] = [];
  const known = new Map<EventId, JsonObject>();
  const ask = knowing(known, asked);
  const under = await openRooms(fresh, { eventKeys: keysOfNames, askServers: ask });
  const { rooms } = under;
  const roomId = await rooms.create(alice, { room_version: '12', preset: 'public_chat' }, {});
  const event = async (draft: ForeignDraft): Promise<ForeignEvent> => {
    const made = await foreign.event(roomId, draft);
    known.set(made.eventId, made.pdu);
    return made;
  };
  const receive = async (first: ForeignEvent, origin = far, ...more: ForeignEvent[]) => {
    const pdus = [first, ...more].map(({ pdu }) => pdu);
    return (await rooms.receiver.receive(roomId, pdus, { origin })).map(({ kind }) => kind);
  };
  await receive(await event(member(dora)));
  const before = (await foreign.ends(roomId))[0]!;
  const authBefore = (await event(member(emil))).pdu.auth_events as EventId[];
  const authOfSaying = (await event(says('', emil))).pdu.auth_events as EventId[];
  return {
    ...{ rooms, roomId, event, receive, asked, ask, before, authBefore, authOfSaying },
    hide: ({ eventId }: ForeignEvent) => void known.delete(eventId),
    ...made({ event, before, authOfSaying, known }),
    ...answersOtherwise({ fresh, ask, asked }),
    ...stored(fresh),
    /** As it comes in a transaction. */
    push: async (...events: ForeignEvent[]) => {
      const from = { origin: far, isPushed: true, mayBeHeld: true };
      const pdus = events.map(({ pdu }) => pdu);
      return (await rooms.receiver.receive(roomId, pdus, from)).map(({ kind }) => kind);
    },
    rename: (name: string) =>
      rooms.send(
        roomId,
        { sender: alice, type: 'm.room.name', stateKey: '', content: { name } },
        {},
      ),
    writer: under.writer,
    database: fresh.database,
    ban: (target: UserId) =>
      rooms.changeMembership(roomId, { sender: alice, target, action: 'ban' }, {}),
    bodies: () => bodiesIn(under, roomId),
    isAsStored: () => isAsStored(rooms, fresh, roomId),
    restarted: () => openRooms(fresh, { eventKeys: keysOfNames }),
    [Symbol.asyncDispose]: async () => {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

interface Making {
  readonly event: (draft: ForeignDraft) => Promise<ForeignEvent>;
  readonly before: EventId;
  readonly authOfSaying: readonly EventId[];
  readonly known: Map<EventId, JsonObject>;
}

/** What happens at the other server, many events at a time. */
const made = ({ event, before, authOfSaying, known }: Making) => ({
  async chain(
    length: number,
    { after, sender = dora, ...at }: { after?: EventId[]; sender?: UserId; depth?: number } = {},
  ) {
    const made: ForeignEvent[] = [];
    for (let count = 0; count < length; count++) {
      const on = made.length > 0 ? [made.at(-1)!.eventId] : after;
      const draft = { ...says(`${count}`, sender), ...at, ...(on && { after: on }) };
      const authEvents = after && { authEvents: [...authOfSaying, ...after] };
      made.push(await event({ ...draft, ...authEvents }));
    }
    return made;
  },
  /** Users who came in and took a name, unseen by us, and what one of them said behind that. */
  async crowd(size: number, depth?: number) {
    const at = depth === undefined ? {} : { depth };
    const joins: ForeignEvent[] = [];
    const renamed: ForeignEvent[] = [];
    const users = Array.from({ length: size }, (_, index) => `@user${index}:far.example` as UserId);
    for (const user of users) {
      const joined = await event({ ...member(user), after: [before], ...at });
      const authEvents = [...(joined.pdu.auth_events as EventId[]), joined.eventId];
      const content = { membership: 'join', displayname: user };
      joins.push(joined);
      renamed.push(
        await event({ ...member(user), content, after: [joined.eventId], authEvents, ...at }),
      );
    }
    const after = [renamed.at(-1)!.eventId];
    const authEvents = [...authOfSaying, ...after];
    const said = await event({ ...says('after all', users.at(-1)), after, authEvents, ...at });
    for (const { eventId } of [...joins, ...renamed]) known.delete(eventId);
    return [said, joins, renamed] as const;
  },
});

interface Answering {
  readonly fresh: FreshDatabase;
  readonly ask: Mutable<AskServers>;
  readonly asked: string[];
}

/** The other server is slow, refuses, or tells another state. */
const answersOtherwise = ({ fresh, ask, asked }: Answering) => ({
  takesMs(ms: number, never?: ForeignEvent) {
    const { event: told } = ask;
    ask.event = async (server, question) => {
      vi.setSystemTime(Date.now() + ms);
      if (question.eventId === never?.eventId) return { kind: 'not now', retryMs: 1 };
      return told(server, question);
    };
  },
  /** Each third question, the first time. */
  refusesFirst(every: number) {
    const { event: told } = ask;
    const refused = new Set<EventId>();
    let count = 0;
    ask.event = async (server, question) => {
      if (count++ % every > 0 || refused.has(question.eventId)) return told(server, question);
      refused.add(question.eventId);
      return { kind: 'not now', retryMs: 1 };
    };
  },
  /** A state of the current one and the first of these; the others authorize it. */
  tells(of: ForeignEvent, more: readonly ForeignEvent[], inState = more.length) {
    const idsOf = (events: readonly ForeignEvent[]) => events.map(({ eventId }) => eventId);
    ask.event = async (_server, { eventId }) => {
      asked.push('event');
      return toldOf(more.find((each) => each.eventId === eventId)?.pdu);
    };
    ask.stateIds = async () => {
      asked.push('stateIds');
      const state = [...(await stateNow(fresh)), ...idsOf(more.slice(0, inState))];
      return { state, authChain: idsOf(more.slice(inState)) };
    };
    return of;
  },
});

async function stateNow({ database }: FreshDatabase): Promise<EventId[]> {
  const rows = await database.query<{ eventId: EventId }>(
    'state_now',
    'SELECT event_id AS "eventId" FROM current_state JOIN event USING (event_nid)',
  );
  return rows.map(({ eventId }) => eventId);
}

/** What became of the events in the database. */
const stored = ({ database }: FreshDatabase) => ({
  /** What was said, in the order in which readers are told of it. */
  async told() {
    const rows = await database.query<{ body: string }>(
      'told_in_order',
      `SELECT json::json->'content'->>'body' AS body FROM event WHERE type = 'm.room.message'
       AND NOT (outlier OR rejected OR soft_failed OR backfilled)
       ORDER BY coalesce(position, event_nid)`,
    );
    return rows.map(({ body }) => body);
  },
  async positionOf({ eventId }: ForeignEvent) {
    const [row] = await database.query<{ position: number | null }>(
      'position_of',
      'SELECT position FROM event WHERE event_id = $1',
      [eventId],
    );
    return row!.position;
  },
  count: async () => (await database.query('count_of', 'SELECT 1 FROM event')).length,
  async standing({ eventId }: ForeignEvent) {
    const [row] = await database.query(
      'standing_of',
      'SELECT outlier, rejected FROM event WHERE event_id = $1',
      [eventId],
    );
    return row;
  },
  standings: (events: readonly ForeignEvent[]) =>
    database.query(
      'standings_of',
      'SELECT outlier, rejected FROM event WHERE event_id = ANY ($1)',
      [events.map(({ eventId }) => eventId)],
    ),
});

/** What is in memory is what is read of the database. */
async function isAsStored(rooms: Rooms, fresh: FreshDatabase, roomId: RoomId): Promise<void> {
  const stateOf = async (engine: Rooms) =>
    (await (await engine.open(roomId))!.state()).map(({ eventId }) => eventId).sort();
  const inMemory = await stateOf(rooms);
  await using again = await openRooms(fresh, { eventKeys: keysOfNames });
  expect(await stateOf(again.rooms)).toEqual(inMemory);
}

type Rooms = Awaited<ReturnType<typeof openRooms>>['rooms'];

const toldOf = (pdu: JsonObject | undefined): EventTold =>
  pdu ? { kind: 'told', pdu } : { kind: 'not there' };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A server that knows these events. */
function knowing(known: ReadonlyMap<EventId, JsonObject>, asked: string[]): Mutable<AskServers> {
  return {
    async missingEvents(_server, { latest, earliest, limit }) {
      asked.push('missingEvents');
      const found = new Map<EventId, JsonObject>();
      const open = [...latest];
      for (let id = open.shift(); id !== undefined && found.size < limit; id = open.shift()) {
        const prev = (known.get(id)?.prev_events ?? []) as EventId[];
        for (const each of prev) {
          const pdu = known.get(each);
          if (!pdu || earliest.includes(each) || found.size >= limit) continue;
          found.set(each, pdu);
          open.push(each);
        }
      }
      return [...found.values()];
    },
    async stateIds() {
      asked.push('stateIds');
      return undefined;
    },
    async event(_server, { eventId }) {
      asked.push('event');
      return toldOf(known.get(eventId));
    },
    async backfill() {
      return undefined;
    },
  };
}
