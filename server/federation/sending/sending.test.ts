import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { memberOf, startHome } from '../../../test/support/federated-room.ts';
import { isSigned, refuses, startPeer } from '../../../test/support/federation-peer.ts';
import { signingKey } from '../../../test/support/house.ts';
import type { ServerName } from '../../protocol/identifiers.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

test('what is said in a room goes to each other server in it, signed and in order', async () => {
  const home = await startHome(authority);
  const [first, second] = [await startPeer(authority), await startPeer(authority)];
  for (const peer of [first, second]) await home.member(peer);
  for (const text of ['one', 'two', 'three']) await home.say(text);
  for (const peer of [first, second]) {
    await expect.poll(() => peer.bodies()).toEqual(['one', 'two', 'three']);
    const to = { destination: peer.name, key: signingKey };
    expect(peer.taken.map((each) => isSigned(each, to))).not.toContain(false);
    expect(peer.taken[0]!.content).toMatchObject({ origin: 'example.org', edus: [] });
  }
});

test('a server gets nothing of what was said before it came, and nothing of what is said after it went', async () => {
  const home = await startHome(authority);
  const [peer, other] = [await startPeer(authority), await startPeer(authority)];
  await home.member(other);
  await home.say('before');
  await home.member(peer);
  await home.say('while');
  await home.member(peer, 'leave');
  await home.say('after');
  await expect.poll(() => other.bodies()).toEqual(['before', 'while', 'after']);
  expect(peer.bodies()).toEqual(['while']);
});

test('whose last member is put out is told so, and nothing that comes behind it', async () => {
  const home = await startHome(authority);
  const [peer, other] = [await startPeer(authority), await startPeer(authority)];
  for (const each of [peer, other]) await home.member(each);
  const user_id = memberOf(peer);
  const { token } = home;
  await home.server.ask(`POST /rooms/${home.roomId}/kick`, { token, body: { user_id } });
  await home.say('after');
  await expect.poll(() => other.bodies()).toEqual(['after']);
  const types = peer.taken.flatMap(({ content }) => content.pdus.map(({ type }) => type));
  expect(types).toEqual(['m.room.member']);
});

test('a transaction that was not taken comes again as it was, and what was said meanwhile behind it', async () => {
  const home = await startHome(authority);
  const peer = await startPeer(authority, refuses(500));
  await home.member(peer);
  await home.say('one');
  await expect.poll(() => peer.asked.length).toBeGreaterThan(0);
  await home.say('two');
  await expect.poll(() => peer.asked.length).toBeGreaterThan(1);
  peer.behave((_transaction, _answer, take) => take());
  await expect.poll(() => peer.bodies()).toEqual(['one', 'two']);
  const [first, ...others] = peer.asked;
  expect(others[0]).toMatchObject({ txnId: first!.txnId, content: { pdus: first!.content.pdus } });
  expect(new Set(peer.taken.map(({ txnId }) => txnId)).size).toBe(peer.taken.length);
});

test('what was taken back before a server could hear it is not told to it', async () => {
  const home = await startHome(authority);
  const peer = await startPeer(authority, refuses(429, { retry_after_ms: 3_600_000 }));
  await home.member(peer);
  await home.say('first');
  await expect.poll(() => peer.asked.length).toBe(1);
  const secret = await home.say('secret');
  const { token } = home;
  await home.server.ask(`PUT /rooms/${home.roomId}/redact/${secret}/1`, { token, body: {} });
  await home.restart();
  peer.behave((_transaction, _answer, take) => take());
  expect(await peer.asks(home.server.origin, 'example.org' as ServerName)).toBe(404);
  await expect.poll(() => peer.taken.flatMap(({ content }) => content.pdus).length).toBe(3);
  expect(JSON.stringify(peer.taken)).not.toContain('secret');
});
