import { afterEach, expect, test, vi } from 'vitest';
import { dora, emil, far, gappedRoom, member, says } from '../../../test/support/gapped-room.ts';
import { alice } from '../../../test/support/rooms.ts';
import type { EventId, ServerName } from '../../protocol/identifiers.ts';
import type { Receiving } from './receiving.ts';

const off = 'off.example' as ServerName;

const TOO_MUCH = { errcode: 'M_LIMIT_EXCEEDED' };

afterEach(() => void vi.useRealTimers());

test('what lies between is asked for, and all of it is there in its order', async () => {
  await using bench = await gappedRoom();
  const chain = await bench.chain(5);
  expect(await bench.receive(chain[4]!)).toEqual(['accepted']);
  expect(await bench.bodies()).toEqual(['0', '1', '2', '3', '4']);
  expect(bench.asked).toEqual(['missingEvents']);
});

test('a whole transaction behind nearly as many events as may be asked for needs no state to be told', async () => {
  await using bench = await gappedRoom();
  const chain = await bench.chain(190 + 50);
  const [first, ...more] = chain.slice(-50);
  const received = await bench.receive(first!, far, ...more);
  expect(new Set(received)).toEqual(new Set(['accepted']));
  expect(await bench.told()).toHaveLength(chain.length);
  expect(new Set(bench.asked)).toEqual(new Set(['missingEvents']));
});

test('what is met on the way back is named, so that nobody tells it again', async () => {
  await using bench = await gappedRoom();
  await bench.rename('ours');
  let [end] = [bench.before];
  for (let count = 0; count < 30; count++)
    end = (await bench.event({ ...says(`${count}`), after: [end] })).eventId;
  const forked = await bench.event({ ...says('last'), after: [end, bench.before] });
  const earliest: (readonly EventId[])[] = [];
  const { missingEvents } = bench.ask;
  bench.ask.missingEvents = async (server, asked) => {
    earliest.push(asked.earliest);
    return missingEvents(server, asked);
  };
  expect(await bench.receive(forked)).toEqual(['accepted']);
  expect(earliest.map((each) => each.includes(bench.before))).toEqual([true, true]);
});

test('what is here of another room alone is asked for as what is not here', async () => {
  await using bench = await gappedRoom();
  const other = await bench.rooms.create(alice, {}, {});
  const elsewhere = await bench.rooms.send(
    other,
    { sender: alice, type: 'm.room.message', content: { body: 'elsewhere' } },
    {},
  );
  const latest: EventId[] = [];
  bench.ask.missingEvents = async (_server, asked) => {
    latest.push(...asked.latest);
    return undefined;
  };
  const [said] = await bench.chain(1, { after: [elsewhere] });
  expect(await bench.receive(said!)).toEqual(['refused']);
  expect(latest).toEqual([said!.eventId]);
});

test('a gap of more events than a server tells at once is walked through page by page', async () => {
  await using bench = await gappedRoom();
  const chain = await bench.chain(50);
  expect(await bench.receive(chain[49]!)).toEqual(['accepted']);
  expect(await bench.bodies()).toHaveLength(50);
  expect(bench.asked).toEqual(['missingEvents', 'missingEvents', 'missingEvents']);
});

test('a gap is closed though all events in it claim the largest depth', async () => {
  await using bench = await gappedRoom();
  const chain = await bench.chain(30, { depth: Number.MAX_SAFE_INTEGER });
  expect(await bench.receive(chain[29]!)).toEqual(['accepted']);
  expect(await bench.bodies()).toEqual(chain.map((_, index) => `${index}`));
});

test('many gaps at once are all closed, also those that find no place at first', async () => {
  await using bench = await gappedRoom();
  const chains = await Promise.all(Array.from({ length: 6 }, () => bench.chain(2)));
  const all = chains.map(([, last]) => bench.receive(last!));
  expect(await Promise.all(all)).toEqual(chains.map(() => ['accepted']));
  expect(await bench.bodies()).toHaveLength(12);
});

test('two who miss the same at once are helped by one question', async () => {
  await using bench = await gappedRoom();
  const chain = await bench.chain(3);
  const beside = await bench.event({ ...says('beside'), after: [chain[1]!.eventId] });
  const both = await Promise.all([bench.receive(chain[2]!), bench.receive(beside, off)]);
  expect(both).toEqual([['accepted'], ['accepted']]);
  expect(bench.asked).toEqual(['missingEvents']);
});

test('where who sent it does not tell what lies between, another server in the room is asked', async () => {
  await using bench = await gappedRoom();
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

test('who has too much to do just now is asked when the event comes again, which it is told to', async () => {
  await using bench = await gappedRoom();
  const chain = await bench.chain(3);
  const { missingEvents, stateIds } = bench.ask;
  bench.ask.missingEvents = async () => 'not now';
  bench.ask.stateIds = async () => 'not now';
  await expect(bench.receive(chain[2]!)).rejects.toMatchObject(TOO_MUCH);
  Object.assign(bench.ask, { missingEvents, stateIds });
  expect(await bench.receive(chain[2]!)).toEqual(['accepted']);
  expect(await bench.bodies()).toEqual(['0', '1', '2']);
});

test('who never has time, or will not tell, holds its transactions up no longer than that', async () => {
  await using bench = await gappedRoom();
  const [, said] = await bench.chain(2);
  bench.ask.stateIds = async () => undefined;
  bench.ask.missingEvents = async () => undefined;
  expect(await bench.receive(said!)).toEqual(['refused']);
  bench.ask.missingEvents = async () => 'not now';
  for (const _ of ['again', 'and again'])
    await expect(bench.receive(said!)).rejects.toMatchObject(TOO_MUCH);
  expect(await bench.receive(said!)).toEqual(['refused']);
});

test('so many that lack something at once come again no more often than one', async () => {
  await using bench = await gappedRoom();
  const said = await Promise.all([11, 12, 13].map((depth) => bench.chain(2, { depth })));
  const [first, ...more] = said.map((chain) => chain[1]!);
  bench.ask.stateIds = async () => undefined;
  bench.ask.missingEvents = async () => 'not now';
  const all = () => bench.receive(first!, far, ...more);
  for (const _ of ['again', 'and again']) await expect(all()).rejects.toMatchObject(TOO_MUCH);
  expect(await all()).toEqual(['refused', 'refused', 'refused']);
});

test('where the server does not tell what lies between, its word on the state counts', async () => {
  await using bench = await gappedRoom();
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

test('what authorizes an event and was never here is asked for by itself, and what rests on it judged by that', async () => {
  await using bench = await gappedRoom();
  const [after, joined] = [[bench.before], bench.before];
  const own = (await bench.event(says(''))).pdu.auth_events as EventId[];
  const levels = own.find((each) => each !== joined)!;
  const content = { membership: 'join', displayname: 'Dora' };
  const renamed = await bench.event({ ...member(dora), content, after });
  const said = await bench.event({
    ...says('named'),
    after,
    authEvents: [levels, renamed.eventId],
  });
  expect(await bench.receive(said)).toEqual(['accepted']);
  expect(bench.asked).toEqual(['event']);
  expect(await bench.standing(renamed)).toEqual({ outlier: true, rejected: false });
  const power = { sender: dora, type: 'm.room.power_levels', stateKey: '', content: { users: {} } };
  const refused = await bench.event({ ...power, after });
  const resting = await bench.event({
    ...says('powerful', dora),
    ...{ after, authEvents: [refused.eventId, joined] },
  });
  expect(await bench.receive(resting)).toEqual(['rejected']);
  expect(await bench.standing(refused)).toEqual({ outlier: true, rejected: true });
  expect(await bench.bodies()).toEqual(['named']);
  await bench.isAsStored();
});

test('an outlier that comes with its own predecessors finds its place', async () => {
  await using bench = await gappedRoom();
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
  await using bench = await gappedRoom();
  const [hidden, said] = await bench.chain(2);
  bench.hide(hidden!);
  bench.ask.stateIds = async () => ({ state: [], authChain: [] });
  expect(await bench.receive(said!)).toEqual(['refused']);
  expect(await bench.bodies()).toEqual([]);
});

test('a state of more missing events than there is time for is fetched in several attempts', async () => {
  await using bench = await gappedRoom();
  vi.useFakeTimers({ toFake: ['Date'] });
  const [said, joins, renamed] = await bench.crowd(160);
  // The state holds whom the others rest on only in what authorizes it, and names the last ones first.
  bench.tells(said, [...renamed.toReversed(), ...joins], renamed.length);
  bench.takesMs(200);
  const kept = async () => (await bench.standings([...joins, ...renamed])).length;
  const attempts: number[] = [];
  const attempt = () => bench.receive(said).catch(({ errcode }) => [errcode]);
  while (attempts.length < 10 && (await attempt())[0] !== 'accepted') attempts.push(await kept());
  expect(attempts).toEqual([...new Set(attempts)].sort((a, b) => a - b));
  expect(attempts.length).toBeGreaterThan(1);
  expect(attempts.at(-1)).toBeLessThan(320);
  expect(await kept()).toBe(320);
  expect(await bench.bodies()).toEqual(['after all']);
  await bench.isAsStored();
});

test('a state of more than 300 missing events is fetched where there is time for it', async () => {
  await using bench = await gappedRoom();
  const [said, joins, renamed] = await bench.crowd(160);
  bench.tells(said, [...renamed, ...joins], renamed.length);
  expect(await bench.receive(said)).toEqual(['accepted']);
  expect(await bench.bodies()).toEqual(['after all']);
});

test('of a told state all is kept though all of it claims the largest depth', async () => {
  await using bench = await gappedRoom();
  const [said, joins, renamed] = await bench.crowd(20, Number.MAX_SAFE_INTEGER);
  bench.tells(said, [...joins, ...renamed], joins.length);
  expect(await bench.receive(said)).toEqual(['accepted']);
  expect(await bench.standings([...joins, ...renamed])).toHaveLength(40);
});

test('a state of which some events are not told at once is whole in the end', async () => {
  await using bench = await gappedRoom();
  const [said, joins, renamed] = await bench.crowd(20);
  bench.tells(said, [...renamed, ...joins], renamed.length);
  bench.refusesFirst(3);
  expect(await bench.receive(said)).toEqual(['accepted']);
  expect(await bench.standings([...joins, ...renamed])).toHaveLength(40);
});

test('a state of which an event is not told at all for now is none yet', async () => {
  await using bench = await gappedRoom();
  vi.useFakeTimers({ toFake: ['Date'] });
  const [said, joins, renamed] = await bench.crowd(3);
  bench.tells(said, [...renamed, ...joins], renamed.length);
  bench.takesMs(1_000, joins[0]);
  for (const _ of ['again', 'and again'])
    await expect(bench.receive(said)).rejects.toMatchObject(TOO_MUCH);
  expect(await bench.receive(said)).toEqual(['refused']);
  expect(await bench.standings([...joins, ...renamed])).toHaveLength(4);
});

test('who is let in by a forged state only is not in the room of those who know better', async () => {
  await using bench = await gappedRoom();
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
  await using bench = await gappedRoom();
  const joins = await bench.event(member(emil));
  const [said] = await bench.chain(1, { after: [joins.eventId], sender: emil });
  bench.hide(joins);
  bench.tells(said!, [{ ...joins, pdu: { ...joins.pdu, signatures: {} } }]);
  expect(await bench.receive(said!)).toEqual(['refused']);
  expect(await bench.standing(joins)).toBeUndefined();
  expect((await bench.rooms.open(bench.roomId))!.membershipOf(emil)).toBeUndefined();
});

test('of a state that is told, what its own auth events do not allow is kept as rejected, and stands nowhere', async () => {
  await using bench = await gappedRoom();
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
  await using bench = await gappedRoom();
  const [hidden, said] = await bench.chain(2);
  bench.hide(hidden!);
  const before = await bench.count();
  expect(await bench.receive(said!)).toEqual(['refused']);
  expect(await bench.count()).toBe(before);
  expect(await bench.receive(hidden!, far, said!)).toEqual(['accepted', 'accepted']);
});

test('a server that answers with ever more of nothing is asked a bounded number of times', async () => {
  await using bench = await gappedRoom();
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
  await using bench = await gappedRoom();
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
  await using bench = await gappedRoom();
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
