import { beforeAll, expect, test } from 'vitest';
import { PASSWORD } from '../../../test/support/api-server.ts';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { type Home, memberOf, startHome } from '../../../test/support/federated-room.ts';
import {
  type FederationPeer,
  isSigned,
  refuses,
  startPeer,
} from '../../../test/support/federation-peer.ts';
import { signingKey } from '../../../test/support/house.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { outwardPosition } from '../../storage/outward-cursors.ts';
import { CURSOR } from './books.ts';

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
  await expect.poll(() => peer.bodies()).toEqual(['while']);
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
  await expect.poll(() => pdusOf(peer).map(({ type }) => type)).toEqual(['m.room.member']);
});

test('whose invite ends is told so, also when something was said in between to nobody else', async () => {
  const home = await startHome(authority, { saveEveryMs: 5 });
  const peer = await startPeer(authority);
  await home.member(peer, 'invite');
  await home.restart();
  await home.say('to nobody');
  await expect.poll(() => savedPosition(home)).toBe(home.server.writer.committed.position);
  const { token } = home;
  const body = { user_id: memberOf(peer) };
  await home.server.ask(`POST /rooms/${home.roomId}/kick`, { token, body });
  await expect
    .poll(() => peer.taken.flatMap(({ content }) => content.pdus))
    .toMatchObject([{ type: 'm.room.member', content: { membership: 'leave' } }]);
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

test('what was said by whoever was erased before a server could hear it is not told to it', async () => {
  const { home, peer } = await saidToTheDeaf();
  const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' } };
  const body = { erase: true, auth: { ...auth, password: PASSWORD } };
  const { token } = home;
  expect((await home.server.ask('POST /account/deactivate', { token, body })).status).toBe(200);
  await home.restart();
  await hear(home, peer);
  await expect.poll(() => pdusOf(peer).map(({ type }) => type)).toContain('m.room.member');
  expect(pdusOf(peer).filter(({ type }) => type === 'm.room.message')).toHaveLength(2);
  expect(JSON.stringify(peer.taken)).not.toContain('secret');
});

test('what is over before a server could hear it is not told to it', async () => {
  const retention = { defaultLifetimeMs: 3_600_000, lifetimeMsMin: 1, lifetimeMsMax: 86_400_000 };
  const { home, peer } = await saidToTheDeaf({ retention });
  await home.restart();
  home.server.clock.ms += 2 * 3_600_000;
  await hear(home, peer);
  await expect.poll(() => pdusOf(peer)).toHaveLength(2);
  expect(JSON.stringify(peer.taken)).not.toContain('secret');
});

/** Who takes nothing was sent something, and something waits. */
async function saidToTheDeaf(options: Parameters<typeof startHome>[2] = {}) {
  const home = await startHome(authority, { saveEveryMs: 5 }, options);
  const peer = await startPeer(authority, refuses(429, { retry_after_ms: 3_600_000 }));
  await home.member(peer);
  await home.say('secret first');
  await expect.poll(() => peer.asked.length).toBe(1);
  await home.say('secret');
  return { home, peer };
}

async function hear(home: Home, peer: FederationPeer): Promise<void> {
  peer.behave((_transaction, _answer, take) => take());
  await peer.asks(home.server.origin, 'example.org' as ServerName);
}

const pdusOf = ({ taken }: FederationPeer) => taken.flatMap(({ content }) => content.pdus);

const savedPosition = ({ server }: Home) => outwardPosition(server.fresh.database, CURSOR);
