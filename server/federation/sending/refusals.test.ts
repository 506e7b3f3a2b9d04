import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { type Home, memberOf, startHome } from '../../../test/support/federated-room.ts';
import {
  type Behaviour,
  type FederationPeer,
  refuses,
  startPeer,
  takes,
} from '../../../test/support/federation-peer.ts';
import { eventIdOf } from '../../protocol/hashes.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { EDU_BYTES_MAX, PDU_BYTES_MAX } from './transaction.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const SOON = { firstPauseMs: 5 };

/** As nginx does by default. */
const proxied =
  (passes: (pdus: readonly JsonObject[]) => boolean): Behaviour =>
  ({ content }, answer, take) => {
    if (passes(content.pdus)) return take();
    const html = { 'content-type': 'text/html' };
    answer.writeHead(413, html).end('<html><h1>413 Request Entity Too Large</h1></html>');
  };

/** Waits at once behind a transaction that is not taken. */
async function saidMeanwhile(home: Home, peer: FederationPeer, texts: readonly string[]) {
  await home.member(peer);
  await home.say('first');
  await expect.poll(() => peer.asked.length).toBeGreaterThan(0);
  for (const text of texts) await home.say(text);
}

let written = 0;

async function write({ server, token }: Home, peer: FederationPeer, message: JsonObject) {
  const body = { messages: { [memberOf(peer)]: { '*': message } } };
  await server.ask(`PUT /sendToDevice/m.test/w${++written}`, { token, body });
}

/** It takes the transaction, and of it the events that are not so. */
const takesBut =
  (isRefused: (pdu: JsonObject) => boolean): Behaviour =>
  ({ content }, _answer, take) => {
    const refused = content.pdus.filter(isRefused);
    const entry = (pdu: JsonObject) => [eventIdOf(pdu, rulesOf('12')!), { error: 'no known key' }];
    take(Object.fromEntries(refused.map(entry)));
  };

const isSaid = (text: string) => (pdu: JsonObject) =>
  (pdu.content as JsonObject | undefined)?.body === text;

const backlog = async ({ server }: Home) =>
  (await server.fresh.database.query('all_lacks', 'SELECT 1 FROM federation_backlog')).length;

test('an event that a server does not take, though it takes what it came with, comes again', async () => {
  const home = await startHome(authority, { saidAgainMs: [5] });
  let refusals = 1;
  const peer = await startPeer(
    authority,
    takesBut((pdu) => isSaid('one')(pdu) && refusals-- > 0),
  );
  await home.member(peer);
  await home.say('one');
  await expect.poll(() => peer.bodies()).toEqual(['one', 'one']);
  await expect.poll(() => backlog(home)).toBe(0);
});

test('what a server never takes it is told a few times, and other rooms meanwhile as ever', async () => {
  const home = await startHome(authority, { saidAgainMs: [5, 5, 5], saveEveryMs: 5 });
  const peer = await startPeer(authority, takesBut(isSaid('never')));
  const other = await home.addRoom();
  for (const roomId of [home.roomId, other]) await home.member(peer, 'join', roomId);
  await home.say('never');
  await home.say('beside', other);
  await expect.poll(() => peer.bodies().filter((body) => body === 'never').length).toBe(4);
  await expect.poll(() => backlog(home)).toBe(0);
  await home.say('behind', other);
  await expect.poll(() => peer.bodies().at(-1)).toBe('behind');
  expect(peer.bodies().filter((body) => body === 'never')).toHaveLength(4);
  expect(peer.bodies().filter((body) => body === 'beside')).toHaveLength(1);
});

test('an event that was not taken is sent again by the next writer', async () => {
  const home = await startHome(authority, { saidAgainMs: [3_600_000], saveEveryMs: 5 });
  const peer = await startPeer(authority, takesBut(isSaid('one')));
  await home.member(peer);
  await home.say('one');
  await expect.poll(() => backlog(home)).toBe(1);
  peer.behave(takes);
  await home.restart('forgotten');
  await expect.poll(() => peer.bodies()).toEqual(['one', 'one']);
  await expect.poll(() => backlog(home)).toBe(0);
});

test('where a server takes what follows it, an event is not sent again', async () => {
  const home = await startHome(authority, { saidAgainMs: [3_600_000], saveEveryMs: 5 });
  const peer = await startPeer(authority, takesBut(isSaid('one')));
  await home.member(peer);
  await home.say('one');
  await expect.poll(() => backlog(home)).toBe(1);
  await home.say('two');
  await expect.poll(() => backlog(home)).toBe(0);
  expect(peer.bodies()).toEqual(['one', 'two']);
});

test('that a server took what follows is written down though it took its time, and nothing else happens', async () => {
  const home = await startHome(authority, { saidAgainMs: [3_600_000], saveEveryMs: 5 });
  const takesOthers = takesBut(isSaid('one'));
  const peer = await startPeer(authority, (transaction, answer, take) => {
    const isSlow = transaction.content.pdus.some(isSaid('two'));
    setTimeout(() => takesOthers(transaction, answer, take), isSlow ? 500 : 0);
  });
  await home.member(peer);
  await home.say('one');
  await expect.poll(() => peer.bodies()).toEqual(['one']);
  await expect.poll(() => backlog(home)).toBe(1);
  await home.say('two');
  await expect.poll(() => backlog(home)).toBe(0);
});

test('what waits behind an event that was not taken comes in order when its server was away', async () => {
  const bounds = { queueMax: 9, heldFailuresMax: 0, saidAgainMs: [3_600_000], saveEveryMs: 5 };
  const home = await startHome(authority, { ...SOON, ...bounds });
  const peer = await startPeer(authority, takesBut(isSaid('one')));
  await home.member(peer);
  await home.say('one');
  await expect.poll(() => backlog(home)).toBe(1);
  peer.behave(refuses(500));
  const before = peer.asked.length;
  for (const text of ['two', 'three', 'four']) await home.say(text);
  await expect.poll(() => peer.asked.length).toBeGreaterThan(before + 1);
  peer.behave(takes);
  await expect.poll(() => peer.bodies().at(-1)).toBe('four');
  await home.say('five');
  await expect.poll(() => backlog(home)).toBe(0);
  await expect
    .poll(() => [...new Set(peer.bodies())])
    .toEqual(['one', 'two', 'three', 'four', 'five']);
});

test('what a proxy finds too large, and says so in HTML, is sent in smaller pieces', async () => {
  const home = await startHome(authority, SOON);
  const peer = await startPeer(authority, refuses(500));
  const texts = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  await saidMeanwhile(home, peer, texts);
  peer.behave(proxied((pdus) => pdus.length <= 2));
  await expect.poll(() => peer.bodies()).toEqual(['first', ...texts]);
});

test('an event that no proxy passes on is left out, the others are not, and one line says so', async () => {
  const home = await startHome(authority, SOON);
  const peer = await startPeer(authority, refuses(500));
  await saidMeanwhile(home, peer, ['a', 'large 1', 'b', 'large 2', 'c']);
  peer.behave(proxied((pdus) => !JSON.stringify(pdus).includes('large')));
  await expect.poll(() => peer.bodies()).toEqual(['first', 'a', 'b', 'c']);
  const lines = home.reported.map(({ message }) => message);
  expect(lines.filter((line) => line.includes('which is left out'))).toHaveLength(1);
});

test('a message to devices whose signature the other server cannot verify is left out, and what follows comes', async () => {
  const home = await startHome(authority, SOON);
  const peer = await startPeer(authority, ({ content }, answer, take) => {
    if (!JSON.stringify(content.edus).includes('odd')) return take();
    refuses(401, { errcode: 'M_UNAUTHORIZED', error: 'Invalid signature' })(
      { content } as never,
      answer,
      take,
    );
  });
  await home.member(peer);
  await write(home, peer, { odd: true });
  await home.say('behind it');
  await write(home, peer, { even: true });
  await expect.poll(() => peer.bodies()).toEqual(['behind it']);
  await expect.poll(() => peer.edus('m.direct_to_device')).toHaveLength(1);
  const lines = home.reported.map(({ message }) => message);
  expect(lines.filter((line) => line.includes('which is left out'))).toHaveLength(1);
});

test('what was refused by a server that was just coming back is not left out', async () => {
  const home = await startHome(authority, SOON);
  let asked = 0;
  const peer = await startPeer(authority, (transaction, answer, take) => {
    asked += 1;
    if (asked === 1) refuses(404)(transaction, answer, take);
    else take();
  });
  await home.member(peer);
  await home.say('once');
  await expect.poll(() => peer.bodies()).toEqual(['once']);
  expect(home.reported).toEqual([]);
});

test('small numbers in messages to devices are written as other servers write them again', async () => {
  const home = await startHome(authority, SOON);
  const peer = await startPeer(authority);
  await home.member(peer);
  await write(home, peer, { a: 1e-7, b: 0.000_01, c: 0.5 });
  await expect.poll(() => peer.edus('m.direct_to_device')).toHaveLength(1);
  expect(peer.taken.map(({ text }) => text).join()).toContain('{"a":1e-07,"b":1e-05,"c":0.5}');
});

test('of a message to a device that a server refuses the log says no word of its content', async () => {
  const home = await startHome(authority, SOON);
  const peer = await startPeer(authority, ({ content }, answer, take) => {
    if (content.edus.length === 0) return take();
    refuses(400)({ content } as never, answer, take);
  });
  const body = { messages: { [memberOf(peer)]: { DEVICE: { text: 'confidential' } } } };
  await home.server.ask('PUT /sendToDevice/org.letter/1', { token: home.token, body });
  const lines = () => home.reported.map(({ message }) => message).join();
  await expect.poll(lines).toContain('an EDU m.direct_to_device of ');
  expect(lines()).not.toContain('confidential');
});

test('a transaction has no more bytes than many a proxy passes on, and all of it comes', async () => {
  const home = await startHome(authority, SOON);
  const peer = await startPeer(authority, refuses(500));
  const texts = Array.from({ length: 16 }, (_, index) => `${index} ${'x'.repeat(40_000)}`);
  await saidMeanwhile(home, peer, texts);
  await home.restart();
  peer.behave((_transaction, _answer, take) => take());
  await peer.asks(home.server.origin, 'example.org' as never);
  await expect.poll(() => peer.bodies()).toEqual(['first', ...texts]);
  const sizes = peer.taken.map(({ content }) => JSON.stringify(content).length);
  expect(Math.max(...sizes)).toBeLessThan(PDU_BYTES_MAX + EDU_BYTES_MAX);
});

test('a server that has something to say of each event cannot fill the log', async () => {
  const home = await startHome(authority, SOON);
  const peer = await startPeer(authority, ({ content }, _answer, take) => {
    const invented = Array.from({ length: 1_000 }, (_, n) => [`$invented${n}`, { error: 'No' }]);
    const own = content.pdus.map((pdu) => [eventIdOf(pdu, rulesOf('12')!), { error: 'Not this' }]);
    take(Object.fromEntries([...invented, ...own]) as JsonObject);
  });
  await home.member(peer);
  for (let said = 0; said < 20; said++) await home.say(`said ${said}`);
  await expect.poll(() => peer.bodies().length).toBe(20);
  // One transaction is under way at a time: what was answered to those before it has been looked at.
  await home.say('last');
  await expect.poll(() => peer.bodies().at(-1)).toBe('last');
  const lines = home.reported.filter(({ message }) => message.includes('does not take'));
  expect(lines).toHaveLength(1);
  expect(lines[0]!.message).not.toContain('$invented');
});
