import type { ServerResponse } from 'node:http';
import { beforeAll, expect, test } from 'vitest';
import { startAnswering } from '../../../test/support/answering-server.ts';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { aliceAndBob, type Person, personAt } from '../../../test/support/two-servers.ts';
import type { RoomId, ServerName } from '../../protocol/identifiers.ts';

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
      outcome(await other, roomOf(silent, `${index}`), silent).then((status) => ended.push(status));
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
  expect(silent.asked).toHaveLength(1);
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

/** More than a mebibyte of a state. */
const LARGE = `{"state":[${'{},'.repeat(400_000)}`;

function template(answer: ServerResponse): void {
  const event = { auth_events: [], prev_events: [`$${'x'.repeat(43)}`], depth: 2 };
  answer.end(JSON.stringify({ room_version: '11', event }));
}

/** The status, or 0 where the server was closed first. */
const outcome = (who: Person, roomId: RoomId, via: { name: ServerName }): Promise<number> =>
  who.join(roomId, via).then(
    ({ status }) => status,
    () => 0,
  );
