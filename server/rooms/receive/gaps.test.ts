import { afterEach, expect, test, vi } from 'vitest';
import {
  type ForeignDraft,
  type ForeignEvent,
  foreignServers,
  keysOfNames,
} from '../../../test/support/foreign-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bodiesIn, openRooms } from '../../../test/support/rooms.ts';
import type { EventId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { AskServers, EventTold } from './ask-servers.ts';
import type { Receiving } from './receiving.ts';

const dora = '@dora:far.example' as UserId;
const emil = '@emil:far.example' as UserId;
const far = 'far.example' as ServerName;
const off = 'off.example' as ServerName;

afterEach(() => void vi.useRealTimers());

test('what lies between is asked for, and all of it is there in its order', async () => {
  await using bench = await workbench();
  const chain = await bench.chain(5);
  expect(await bench.receive(chain[4]!)).toEqual(['accepted']);
  expect(await bench.bodies()).toEqual(['0', '1', '2', '3', '4']);
  expect(bench.asked).toEqual(['missingEvents']);
});

test('a gap of more events than a server tells at once is walked through page by page', async () => {
  await using bench = await workbench();
  const chain = await bench.chain(50);
  expect(await bench.receive(chain[49]!)).toEqual(['accepted']);
  expect(await bench.bodies()).toHaveLength(50);
  expect(bench.asked).toEqual(['missingEvents', 'missingEvents', 'missingEvents']);
});

test('a gap is closed though all events in it claim the largest depth', async () => {
  await using bench = await workbench();
  const chain = await bench.chain(30, { depth: Number.MAX_SAFE_INTEGER });
  expect(await bench.receive(chain[29]!)).toEqual(['accepted']);
  expect(await bench.bodies()).toEqual(chain.map((_, index) => `${index}`));
});

test('many gaps at once are all closed, also those that find no place at first', async () => {
  await using bench = await workbench();
  const chains = await Promise.all(Array.from({ length: 6 }, () => bench.chain(2)));
  const all = chains.map(([, last]) => bench.receive(last!));
  expect(await Promise.all(all)).toEqual(chains.map(() => ['accepted']));
  expect(await bench.bodies()).toHaveLength(12);
});

test('two who miss the same at once are helped by one question', async () => {
  await using bench = await workbench();
  const chain = await bench.chain(3);
  const beside = await bench.event({ ...says('beside'), after: [chain[1]!.eventId] });
  const both = await Promise.all([bench.receive(chain[2]!), bench.receive(beside, off)]);
  expect(both).toEqual([['accepted'], ['accepted']]);
  expect(bench.asked).toEqual(['missingEvents']);
});

test('where who sent it does not tell what lies between, another server in the room is asked', async () => {
  await using bench = await workbench();
  const [hidden, said] = await bench.chain(2);
  const { missingEvents } = bench.ask;
  const servers: ServerName[] = [];
  bench.ask.missingEvents = async (server, question) => {
    servers.push(server);
    return server === far ? missingEvents(server, question) : undefined;
  };
  expect(await bench.receive(said!, off)).toEqual(['accepted']);
  expect(servers).toEqual([off, far]);
  expect(await bench.bodies()).toEqual(['0', '1']);
  expect(await bench.standing(hidden!)).toEqual({ outlier: false, rejected: false });
});

test('where the server does not tell what lies between, its word on the state counts', async () => {
  await using bench = await workbench();
  const joins = await bench.event(member(emil));
  const [said] = await bench.chain(1, { after: [joins.eventId], sender: emil });
  bench.hide(joins);
  bench.tells(said!, [joins]);
  expect(await bench.receive(said!)).toEqual(['accepted']);
  expect(bench.asked).toEqual(['missingEvents', 'stateIds', 'event']);
  expect(await bench.bodies()).toEqual(['0']);
  const room = (await bench.rooms.open(bench.roomId))!;
  expect(room.membershipOf(emil)).toBe('join');
  expect(await bench.standing(joins)).toEqual({ outlier: true, rejected: false });
  await bench.isAsStored();
});

test('an outlier that comes with its own predecessors finds its place', async () => {
  await using bench = await workbench();
  const joins = await bench.event(member(emil));
  const [said] = await bench.chain(1, { after: [joins.eventId], sender: emil });
  bench.hide(joins);
  bench.tells(said!, [joins]);
  await bench.receive(said!);
  expect(await bench.receive(joins)).toEqual(['accepted']);
  expect(await bench.standing(joins)).toEqual({ outlier: false, rejected: false });
  await bench.isAsStored();
});

test('a state without the first event of the room is none, and what it is told for is refused', async () => {
  await using bench = await workbench();
  const [hidden, said] = await bench.chain(2);
  bench.hide(hidden!);
  bench.ask.stateIds = async () => ({ state: [], authChain: [] });
  expect(await bench.receive(said!)).toEqual(['refused']);
  expect(await bench.bodies()).toEqual([]);
});

test('a state of more missing events than there is time for is fetched in several attempts', async () => {
  await using bench = await workbench();
  vi.useFakeTimers({ toFake: ['Date'] });
  const [said, joins, renamed] = await bench.crowd(160);
  // The state holds whom the others rest on only in what authorizes it, and names the last ones first.
  bench.tells(said, [...renamed.toReversed(), ...joins], renamed.length);
  bench.takesMs(200);
  const kept = async () => (await bench.standings([...joins, ...renamed])).length;
  const attempts: number[] = [];
  while (attempts.length < 10 && (await bench.receive(said))[0] !== 'accepted')
    attempts.push(await kept());
  expect(attempts).toEqual([...new Set(attempts)].sort((a, b) => a - b));
  expect(attempts.length).toBeGreaterThan(1);
  expect(attempts.at(-1)).toBeLessThan(320);
  expect(await kept()).toBe(320);
  expect(await bench.bodies()).toEqual(['after all']);
  await bench.isAsStored();
});

test('a state of more than 300 missing events is fetched where there is time for it', async () => {
  await using bench = await workbench();
  const [said, joins, renamed] = await bench.crowd(160);
  bench.tells(said, [...renamed, ...joins], renamed.length);
  expect(await bench.receive(said)).toEqual(['accepted']);
  expect(await bench.bodies()).toEqual(['after all']);
});

test('of a told state all is kept though all of it claims the largest depth', async () => {
  await using bench = await workbench();
  const [said, joins, renamed] = await bench.crowd(20, Number.MAX_SAFE_INTEGER);
  bench.tells(said, [...joins, ...renamed], joins.length);
  expect(await bench.receive(said)).toEqual(['accepted']);
  expect(await bench.standings([...joins, ...renamed])).toHaveLength(40);
});

test('a state of which some events are not told at once is whole in the end', async () => {
  await using bench = await workbench();
  const [said, joins, renamed] = await bench.crowd(20);
  bench.tells(said, [...renamed, ...joins], renamed.length);
  bench.refusesFirst(3);
  expect(await bench.receive(said)).toEqual(['accepted']);
  expect(await bench.standings([...joins, ...renamed])).toHaveLength(40);
});

test('a state of which an event is not told at all for now is none yet', async () => {
  await using bench = await workbench();
  vi.useFakeTimers({ toFake: ['Date'] });
  const [said, joins, renamed] = await bench.crowd(3);
  bench.tells(said, [...renamed, ...joins], renamed.length);
  bench.takesMs(1_000, joins[0]);
  expect(await bench.receive(said)).toEqual(['refused']);
  expect(await bench.standings([...joins, ...renamed])).toHaveLength(4);
});

test('who is let in by a forged state only is not in the room of those who know better', async () => {
  await using bench = await workbench();
  const ban = await bench.ban(emil);
  const joins = await bench.event({
    ...member(emil),
    after: [bench.before],
    authEvents: bench.authBefore,
  });
  const said = await bench.event({
    ...says('x', emil),
    after: [joins.eventId, ban],
    authEvents: [...bench.authOfSaying, joins.eventId],
  });
  bench.hide(joins);
  bench.tells(said, [joins]);
  await bench.receive(said);
  expect(await bench.bodies()).toEqual([]);
  expect((await bench.rooms.open(bench.roomId))!.membershipOf(emil)).toBe('ban');
});

test('of a state that is told, what is signed by nobody is not kept, and lets nobody in', async () => {
  await using bench = await workbench();
  const joins = await bench.event(member(emil));
  const [said] = await bench.chain(1, { after: [joins.eventId], sender: emil });
  bench.hide(joins);
  bench.tells(said!, [{ ...joins, pdu: { ...joins.pdu, signatures: {} } }]);
  expect(await bench.receive(said!)).toEqual(['refused']);
  expect(await bench.standing(joins)).toBeUndefined();
  expect((await bench.rooms.open(bench.roomId))!.membershipOf(emil)).toBeUndefined();
});

test('of a state that is told, what its own auth events do not allow is kept as rejected, and stands nowhere', async () => {
  await using bench = await workbench();
  const [hidden] = await bench.chain(1);
  const power = await bench.event({
    ...{ sender: dora, type: 'm.room.power_levels', stateKey: '' },
    content: { users: { [dora]: 100 } },
  });
  const said = await bench.event({ ...says('behind'), after: [hidden!.eventId] });
  bench.hide(hidden!);
  bench.hide(power);
  bench.tells(said, [power]);
  expect(await bench.receive(said)).toEqual(['accepted']);
  expect(await bench.standing(power)).toEqual({ outlier: true, rejected: true });
  const room = (await bench.rooms.open(bench.roomId))!;
  const levels = await room.stateEvent('m.room.power_levels', '');
  expect(levels?.sender).toBe(alice);
  await bench.isAsStored();
});

test('what nobody tells is refused, and nothing of it kept', async () => {
  await using bench = await workbench();
  const [hidden, said] = await bench.chain(2);
  bench.hide(hidden!);
  const before = await bench.count();
  expect(await bench.receive(said!)).toEqual(['refused']);
  expect(await bench.count()).toBe(before);
  expect(await bench.receive(hidden!, far, said!)).toEqual(['accepted', 'accepted']);
});

test('a server that answers with ever more of nothing is asked a bounded number of times', async () => {
  await using bench = await workbench();
  const [hidden, said] = await bench.chain(2);
  bench.hide(hidden!);
  let made = 0;
  bench.ask.missingEvents = async () => {
    bench.asked.push('missingEvents');
    const orphan = await bench.event({ ...says('orphan'), after: [idOf(++made)], depth: 2 });
    return [orphan.pdu];
  };
  expect(await bench.receive(said!)).toEqual(['refused']);
  expect(bench.asked.filter((each) => each === 'missingEvents')).toHaveLength(10);
});

test('earlier history comes into the timeline when its own server tells of it, and by nobody else', async () => {
  await using bench = await workbench();
  const [held, next] = await bench.chain(2);
  const receiving = bench.rooms.receiver as Receiving;
  await receiving.takeEarlier(bench.roomId, [held!.pdu], { origin: off, given: new Map() });
  expect(await bench.receive(next!)).toEqual(['accepted']);
  expect(await bench.told()).toEqual(['1']);
  const push = (origin: ServerName) =>
    receiving.receive(bench.roomId, [held!.pdu], { origin, isPushed: true });
  await push(off);
  expect(await bench.told()).toEqual(['1']);
  for (let times = 0; times < 2; times++)
    expect(await push(far)).toMatchObject([{ kind: 'accepted' }]);
  expect(await bench.told()).toEqual(['1', '0']);
  expect(await bench.receive((await bench.chain(1))[0]!)).toEqual(['accepted']);
  expect(await bench.bodies()).toEqual(['1', '0', '0']);
  await bench.isAsStored();
});

test('what was state once comes into no timeline when its own server tells of it late', async () => {
  await using bench = await workbench();
  const content = { membership: 'join', displayname: 'Dora' };
  const held = await bench.event({ ...member(dora), content });
  const receiving = bench.rooms.receiver as Receiving;
  await receiving.takeEarlier(bench.roomId, [held.pdu], { origin: off, given: new Map() });
  expect(await bench.receive(await bench.event(says('behind')))).toEqual(['accepted']);
  const from = { origin: far, isPushed: true };
  const taken = await receiving.receive(bench.roomId, [held.pdu], from);
  expect(taken).toMatchObject([{ kind: 'accepted' }]);
  expect(await bench.positionOf(held)).toBeNull();
});

const idOf = (number: number) => `$${Buffer.alloc(32, number).toString('base64url')}` as EventId;

const says = (body: string, sender = dora): ForeignDraft => ({
  ...{ sender, type: 'm.room.message', content: { body } },
});
const member = (sender: UserId): ForeignDraft => ({
  ...{ sender, type: 'm.room.member', stateKey: sender, content: { membership: 'join' } },
});

/** A public room of alice in which dora of another server is, which tells what it knows unless that is hidden. */
async function workbench() {
  const fresh = await freshDatabase();
  const foreign = foreignServers(fresh);
  const asked: string[] = [];
  const known = new Map<EventId, JsonObject>();
  const states = new Map<EventId, readonly EventId[]>();
  const ask = askedFor(known, states, asked);
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
  const [before] = await foreign.ends(roomId);
  const query = <Row extends object>(
    name: string,
    text: string,
    values: (string | string[])[] = [],
  ) => fresh.database.query<Row>(name, text, values);
  const stateNow = async () =>
    (
      await query<{ eventId: EventId }>(
        'state_now',
        'SELECT event_id AS "eventId" FROM current_state JOIN event USING (event_nid)',
      )
    ).map(({ eventId }) => eventId);
  return {
    ...{ rooms, roomId, event, receive, asked, ask, before: before! },
    authBefore: (await event(member(emil))).pdu.auth_events as EventId[],
    authOfSaying: (await event(says('', emil))).pdu.auth_events as EventId[],
    hide: ({ eventId }: ForeignEvent) => void known.delete(eventId),
    /** Users who came in and took a name, unseen by us, and what one of them said behind that. */
    async crowd(size: number, depth?: number) {
      const at = depth === undefined ? {} : { depth };
      const joins: ForeignEvent[] = [];
      const renamed: ForeignEvent[] = [];
      const users = Array.from(
        { length: size },
        (_, index) => `@user${index}:far.example` as UserId,
      );
      for (const user of users) {
        const joined = await event({ ...member(user), after: [before!], ...at });
        const authEvents = [...(joined.pdu.auth_events as EventId[]), joined.eventId];
        const content = { membership: 'join', displayname: user };
        joins.push(joined);
        renamed.push(
          await event({ ...member(user), content, after: [joined.eventId], authEvents, ...at }),
        );
      }
      const after = [renamed.at(-1)!.eventId];
      const authEvents = [...this.authOfSaying, ...after];
      const said = await event({ ...says('after all', users.at(-1)), after, authEvents, ...at });
      for (const { eventId } of [...joins, ...renamed]) known.delete(eventId);
      return [said, joins, renamed] as const;
    },
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
      ask.event = async (_server, { eventId }) => {
        asked.push('event');
        return toldOf(more.find((each) => each.eventId === eventId)?.pdu);
      };
      ask.stateIds = async () => {
        asked.push('stateIds');
        return {
          state: [...(await stateNow()), ...more.slice(0, inState).map((each) => each.eventId)],
          authChain: more.slice(inState).map((each) => each.eventId),
        };
      };
      return of;
    },
    async chain(
      length: number,
      { after, sender = dora, ...at }: { after?: EventId[]; sender?: UserId; depth?: number } = {},
    ) {
      const made: ForeignEvent[] = [];
      for (let count = 0; count < length; count++) {
        const on = made.length > 0 ? [made.at(-1)!.eventId] : after;
        const authEvents = after && [...this.authOfSaying, ...after];
        made.push(
          await event({
            ...says(`${count}`, sender),
            ...at,
            ...(on && { after: on }),
            ...(authEvents && { authEvents }),
          }),
        );
      }
      return made;
    },
    ban: (target: UserId) =>
      rooms.changeMembership(roomId, { sender: alice, target, action: 'ban' }, {}),
    bodies: () => bodiesIn(under, roomId),
    /** What was said, in the order in which readers are told of it. */
    told: async () =>
      (
        await query<{ body: string }>(
          'told_in_order',
          `SELECT json::json->'content'->>'body' AS body FROM event WHERE type = 'm.room.message'
           AND NOT (outlier OR rejected OR soft_failed OR backfilled)
           ORDER BY coalesce(position, event_nid)`,
        )
      ).map(({ body }) => body),
    positionOf: async ({ eventId }: ForeignEvent) =>
      (
        await query<{ position: number | null }>(
          'position_of',
          'SELECT position FROM event WHERE event_id = $1',
          [eventId],
        )
      )[0]!.position,
    count: async () => (await query('count_of', 'SELECT 1 FROM event')).length,
    async standing({ eventId }: ForeignEvent) {
      const [row] = await query(
        'standing_of',
        'SELECT outlier, rejected FROM event WHERE event_id = $1',
        [eventId],
      );
      return row;
    },
    standings: (events: readonly ForeignEvent[]) =>
      query('standings_of', 'SELECT outlier, rejected FROM event WHERE event_id = ANY ($1)', [
        events.map(({ eventId }) => eventId),
      ]),
    async isAsStored() {
      const stateOf = async (engine: typeof rooms) =>
        (await (await engine.open(roomId))!.state()).map(({ eventId }) => eventId).sort();
      const inMemory = await stateOf(rooms);
      await using again = await openRooms(fresh, { eventKeys: keysOfNames });
      expect(await stateOf(again.rooms)).toEqual(inMemory);
    },
    [Symbol.asyncDispose]: async () => {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

const toldOf = (pdu: JsonObject | undefined): EventTold =>
  pdu ? { kind: 'told', pdu } : { kind: 'not there' };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A server that knows these events. */
function askedFor(
  known: ReadonlyMap<EventId, JsonObject>,
  states: ReadonlyMap<EventId, readonly EventId[]>,
  asked: string[],
): Mutable<AskServers> {
  return {
    async missingEvents(_server, { latest, limit }) {
      asked.push('missingEvents');
      const found = new Map<EventId, JsonObject>();
      const open = [...latest];
      for (let id = open.shift(); id !== undefined && found.size < limit; id = open.shift()) {
        const prev = (known.get(id)?.prev_events ?? []) as EventId[];
        for (const each of prev) {
          const pdu = known.get(each);
          if (!pdu || found.size >= limit) continue;
          found.set(each, pdu);
          open.push(each);
        }
      }
      return [...found.values()];
    },
    async stateIds(_server, { eventId }) {
      asked.push('stateIds');
      const state = states.get(eventId);
      return state && { state, authChain: [] };
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
