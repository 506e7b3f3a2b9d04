import type { ServerResponse } from 'node:http';
import { beforeAll, expect, test } from 'vitest';
import { startAnswering } from '../../../test/support/answering-server.ts';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { keyOf } from '../../../test/support/foreign-server.ts';
import { aliceAndBob, type Person, personAt } from '../../../test/support/two-servers.ts';
import { eventIdOf } from '../../protocol/hashes.ts';
import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { publishedKeys } from '../../protocol/server-keys.ts';
import { signEvent } from '../../protocol/signatures.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

/** A room that it says to be in. */
const roomOf = ({ name }: { name: ServerName }, room = 'r') => `!${room}:${name}` as RoomId;

test.each(['make_join', 'send_join'])(
  'whoever joins through servers that never answer %s keeps nobody else waiting',
  async (silentAt) => {
    const [alice, bob] = await aliceAndBob(authority);
    const silent = await startAnswering(authority, (path, answer) => {
      if (!path.includes(silentAt)) template(answer);
    });
    const others = ['carol', 'dora', 'emil'].map((name) => personAt(bob.server, name));
    const ended: number[] = [];
    for (const [index, other] of others.entries())
      void outcome(await other, roomOf(silent, `${index}`), silent).then((status) =>
        ended.push(status),
      );
    await expect.poll(() => silent.asked.filter((path) => path.includes(silentAt)).length).toBe(3);
    const roomId = await alice.createRoom();
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    expect(ended).toEqual([]);
  },
);

test('a user joins through one server after the other, and few joins of theirs wait', async () => {
  const [, bob] = await aliceAndBob(authority);
  const silent = await startAnswering(authority, () => {});
  const answers = Array.from({ length: 6 }, (_, index) =>
    outcome(bob, roomOf(silent, `${index}`), silent),
  );
  expect(await Promise.race(answers)).toBe(429);
  await expect.poll(() => silent.asked.length).toBe(1);
});

test('of large answers one is read at a time', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const carol = await personAt(bob.server, 'carol');
  const dora = await personAt(bob.server, 'dora');
  const slow = await startAnswering(authority, (path, answer) => {
    if (path.includes('make_join')) template(answer);
    else answer.writeHead(200).write(LARGE);
  });
  const quick = await startAnswering(authority, (path, answer) => {
    if (path.includes('make_join')) template(answer);
    else answer.writeHead(200).end(`${LARGE}{}]}`);
  });
  const ended: string[] = [];
  const first = outcome(carol, roomOf(slow), slow).then(() => ended.push('slow'));
  await expect.poll(() => slow.asked.length).toBe(2);
  // What is small is not kept waiting, and brings the first past its first mebibyte meanwhile.
  expect((await bob.join(await alice.createRoom(), alice.server)).status).toBe(200);
  const second = outcome(dora, roomOf(quick), quick).then(() => ended.push('quick'));
  await expect.poll(() => quick.asked.length).toBe(2);
  expect((await bob.join(await alice.createRoom(), alice.server)).status).toBe(200);
  expect(ended).toEqual([]);
  slow.cut();
  await Promise.all([first, second]);
  expect(ended).toEqual(['slow', 'quick']);
});

test('a room whose power levels are signed by nobody is not joined without them', async () => {
  const [, bob] = await aliceAndBob(authority);
  const there = await startAnswering(authority, (path, answer, name) => {
    const { key, version, create, member, levels, rules } = roomAt(name);
    if (path.startsWith('/_matrix/key')) return void answer.end(JSON.stringify(key));
    if (path.includes('make_join')) return template(answer, version);
    const state = [create, member, { ...levels, signatures: {} }, rules];
    answer.end(JSON.stringify({ state, auth_chain: [] }));
  });
  const { status, body } = await bob.join(roomOf(there), there);
  expect({ status, error: body.error }).toEqual({
    status: 502,
    error: expect.stringContaining('its m.room.power_levels cannot be believed: no known key'),
  });
  expect((await bob.rooms()).join).toEqual({});
});

test('a room most of whose members are signed by nobody is not joined without them', async () => {
  const [, bob] = await aliceAndBob(authority);
  let forged = 2;
  const there = await startAnswering(authority, (path, answer, name) => {
    const { key, version, create, member, levels, rules, joins } = roomAt(name);
    if (path.startsWith('/_matrix/key')) return void answer.end(JSON.stringify(key));
    if (path.includes('make_join')) return template(answer, version);
    const others = [joins(1), joins(2)].map((pdu, index) =>
      index < forged ? { ...pdu, signatures: {} } : pdu,
    );
    answer.end(JSON.stringify({ state: [create, member, levels, rules, ...others] }));
  });
  const refused = await bob.join(roomOf(there), there);
  expect(refused).toMatchObject({
    status: 502,
    body: { error: expect.stringContaining('2 of its 3 members cannot be believed') },
  });
  forged = 1;
  expect((await bob.join(roomOf(there), there)).status).toBe(200);
});

/** A public room, as its server would have made it. */
function roomAt(name: ServerName) {
  const [version, creator] = ['11', `@creator:${name}`];
  const versionRules = rulesOf(version)!;
  const made = (type: string, content: JsonObject, auth: JsonObject[], state_key = '') =>
    signEvent(
      {
        ...{ type, content, state_key, sender: state_key || creator, room_id: `!r:${name}` },
        ...{ auth_events: idsOf(auth), prev_events: idsOf(auth.slice(-1)) },
        ...{ depth: auth.length + 1, origin_server_ts: Date.now() },
      },
      versionRules,
      name,
      keyOf(name),
    );
  const idsOf = (pdus: JsonObject[]) => pdus.map((pdu) => eventIdOf(pdu, versionRules));
  const create = made('m.room.create', { room_version: version }, []);
  const member = made('m.room.member', { membership: 'join' }, [create], creator);
  const users = { [creator]: 100 };
  const levels = made('m.room.power_levels', { users }, [create, member]);
  const rules = made('m.room.join_rules', { join_rule: 'public' }, [create, member, levels]);
  const key = publishedKeys(name, { current: keyOf(name), old: [] }, Date.now() + 3_600_000);
  const joins = (number: number) =>
    made('m.room.member', { membership: 'join' }, [create, levels, rules], `@u${number}:${name}`);
  return { version, key, create, member, levels, rules, joins };
}

/** More than a mebibyte of a state. */
const LARGE = `{"state":[${'{},'.repeat(400_000)}`;

function template(answer: ServerResponse, room_version = '11'): void {
  const event = { auth_events: [], prev_events: [`$${'x'.repeat(43)}`], depth: 2 };
  answer.end(JSON.stringify({ room_version, event }));
}

/** The status, or 0 where the server was closed first. */
const outcome = (who: Person, roomId: RoomId, via: { name: ServerName }): Promise<number> =>
  who.join(roomId, via).then(
    ({ status }) => status,
    () => 0,
  );
