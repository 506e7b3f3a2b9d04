import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { aliceAndBob, type Person, personAt } from '../../../test/support/two-servers.ts';
import type { Change } from '../../log/change.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

test('the change by which a room is entered brings nothing of its state but who came in', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom({ name: 'Castle' });
  const changes = changesOf(bob);
  expect((await bob.join(roomId, alice.server)).status).toBe(200);
  const entering = changes.filter((change) => rowsOf(change, 'put_room_head').length > 0);
  expect(entering.map((change) => rowsOf(change, 'put_current_state').length)).toEqual([1]);
  expect(entering.map((change) => rowsOf(change, 'put_membership').length)).toEqual([1]);
});

test('a large room comes in small changes', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom();
  const states = Array.from({ length: 520 }, (_, index) => ({
    ...{ sender: alice.userId as UserId, type: 'com.example.state', stateKey: `${index}` },
    content: {},
  }));
  const { rooms } = alice.server.features;
  await Promise.all(states.map((each) => rooms.send(roomId, each, {})));
  const changes = changesOf(bob);
  expect((await bob.join(roomId, alice.server)).status).toBe(200);
  const counts = changes.map((change) => rowsOf(change, 'put_current_state').length);
  expect(Math.max(...counts)).toBe(500);
  const [{ entries } = { entries: 0 }] = await ask<{ entries: number }>(
    bob,
    'SELECT count(*)::int8 AS entries FROM current_state',
  );
  expect(entries).toBeGreaterThan(520);
});

test('nobody finds a room of which only the state is there, and the next attempt goes on with that', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom({ name: 'Castle' });
  const dies = diesBeforeItsHead(bob);
  expect((await bob.join(roomId, alice.server)).status).toBe(500);
  dies.noMore();
  expect((await entriesOf(bob)).length).toBeGreaterThan(5);
  expect(await bob.joined(roomId)).toBeUndefined();
  expect(await foundBy(bob, 'alice')).toEqual([]);
  const changes = changesOf(bob);
  expect((await bob.join(roomId, alice.server)).status).toBe(200);
  // Their second join stands at the key that the first had taken.
  const laidAgain = changes.flatMap((change) => rowsOf(change, 'put_current_state'));
  expect(laidAgain.length).toBe(1);
  expect((await membersAt(bob, roomId)).sort()).toEqual([alice.userId, bob.userId].sort());
  expect(await foundBy(bob, 'alice')).toEqual([alice.userId]);
});

test('what an attempt that failed has left, and is in the state no more, is taken away', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom();
  const dies = diesBeforeItsHead(bob);
  await bob.join(roomId, alice.server);
  dies.noMore();
  const ghost = '@ghost:gone.example' as UserId;
  await ask(
    bob,
    `INSERT INTO state_key (key_nid, type, state_key) VALUES (0, 'm.room.member', '${ghost}')`,
  );
  await ask(
    bob,
    `INSERT INTO current_state (room_nid, key_nid, event_nid, membership)
     SELECT room_nid, 0, event_nid, 'join' FROM current_state LIMIT 1`,
  );
  await ask(
    bob,
    `INSERT INTO membership (user_id, room_nid, membership, position, since, forgotten)
     SELECT '${ghost}', room_nid, 'join', 1, 1, false FROM current_state LIMIT 1`,
  );
  expect((await bob.join(roomId, alice.server)).status).toBe(200);
  expect((await membersAt(bob, roomId)).sort()).toEqual([alice.userId, bob.userId].sort());
  expect((await membershipOf(bob, ghost, roomId))?.membership).toBe('leave');
});

test('what lies there by the id of another event does not stand in its place (version 1)', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await alice.createRoom({ name: 'Castle', room_version: '1' });
  const dies = diesBeforeItsHead(bob);
  await bob.join(roomId, alice.server);
  dies.noMore();
  const becomes = (from: string, to: string) =>
    ask(
      bob,
      `UPDATE event SET json = replace(replace(json, 'Castle', 'Dungeon'), '${from}', '${to}')
       WHERE type = 'm.room.name'`,
    );
  await becomes('"origin_server_ts":1', '"origin_server_ts":2');
  const refused = await bob.join(roomId, alice.server);
  expect({ status: refused.status, error: refused.body.error }).toEqual({
    status: 502,
    error: expect.stringContaining('is the id of another event here'),
  });
  // By all that its reference hash covers it is the same event, as what a redaction leaves of one is.
  await becomes('"origin_server_ts":2', '"origin_server_ts":1');
  expect((await bob.join(roomId, alice.server)).status).toBe(200);
});

test('who is of this server is told what became of them by the change itself', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const carol = await personAt(bob.server, 'carol');
  const roomId = await alice.createRoom();
  await alice.post(`/rooms/${encodeURIComponent(roomId)}/ban`, { user_id: carol.userId });
  const dies = diesBeforeItsHead(bob);
  await bob.join(roomId, alice.server);
  dies.noMore();
  expect(await membershipOf(bob, carol.userId as UserId, roomId)).toBeUndefined();
  await bob.join(roomId, alice.server);
  expect((await membershipOf(bob, carol.userId as UserId, roomId))?.membership).toBe('ban');
});

const rowsOf = ({ rows }: Change, name: string) => rows.filter(({ write }) => write.name === name);

const entriesOf = (person: Person) => ask(person, 'SELECT * FROM current_state');

const membershipOf = async ({ server }: Person, userId: UserId, roomId: RoomId) =>
  (await server.features.rooms.roomsOf(userId)).get(roomId);

async function membersAt({ server }: Person, roomId: RoomId): Promise<string[]> {
  const room = await server.features.rooms.open(roomId);
  return [...room!.members('join')];
}

async function foundBy(person: Person, search_term: string): Promise<unknown[]> {
  const { body } = await person.post('/user_directory/search', { search_term });
  return (body.results as { user_id: string }[]).map(({ user_id }) => user_id);
}

let asked = 0;

const ask = <Row extends object>({ server }: Person, sql: string) =>
  server.fresh.database.query<Row>(`laid_entries_${asked++}`, sql);

/** All that is committed from here on. */
function changesOf({ server: { writer } }: Person): Change[] {
  const changes: Change[] = [];
  const commit = writer.commit.bind(writer);
  writer.commit = (build) =>
    commit((position) => {
      const built = build(position);
      changes.push(built.change);
      return built;
    });
  return changes;
}

/** As if the writer had died before the last change. */
function diesBeforeItsHead({ server: { writer } }: Person) {
  const commit = writer.commit.bind(writer);
  writer.commit = (build) =>
    commit((position) => {
      const built = build(position);
      if (rowsOf(built.change, 'put_room_head').length > 0) throw new Error('died');
      return built;
    });
  return {
    noMore() {
      writer.commit = commit;
    },
  };
}
