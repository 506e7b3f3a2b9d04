import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { type Home, memberOf, startHome } from '../../../test/support/federated-room.ts';
import { type FederationPeer, refuses, startPeer } from '../../../test/support/federation-peer.ts';
import { eventIdOf } from '../../protocol/hashes.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { signEvent } from '../../protocol/signatures.ts';
import { xMatrixHeader } from '../../protocol/x-matrix.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const rules = rulesOf('12')!;
const HOME = 'example.org' as ServerName;

test('who joins and leaves through this server is told of to the others in the room, and not to their own', async () => {
  const home = await startHome(authority);
  const [third, joining] = [await startPeer(authority), await startPeer(authority)];
  await openToAll(home);
  await home.member(third);
  const joined = await submits(home, joining, 'join');
  await expect.poll(() => membersAt(third)).toEqual([joined]);
  const left = await submits(home, joining, 'leave');
  await expect.poll(() => membersAt(third)).toEqual([joined, left]);
  await home.say('after');
  await expect.poll(() => third.bodies()).toEqual(['after']);
  expect(membersAt(joining)).toEqual([]);
});

test('a server that was away hears who came in through this one meanwhile, also of the next writer', async () => {
  const home = await startHome(authority, { heldFailuresMax: 0, firstPauseMs: 5 });
  const [third, joining] = [await startPeer(authority, refuses(500)), await startPeer(authority)];
  await openToAll(home);
  await home.member(third);
  const joined = await submits(home, joining, 'join');
  await expect.poll(() => third.asked.length).toBeGreaterThan(0);
  await home.restart();
  third.behave((_transaction, _answer, take) => take());
  await third.asks(home.server.origin, HOME);
  await expect.poll(() => membersAt(third)).toEqual([joined]);
  expect(membersAt(joining)).toEqual([]);
});

const openToAll = ({ server, token, roomId }: Home) =>
  server.ask(`PUT /rooms/${roomId}/state/m.room.join_rules/`, {
    token,
    body: { join_rule: 'public' },
  });

/** The ids of the membership events that it took of others. */
const membersAt = ({ taken }: FederationPeer) => [
  ...new Set(
    taken
      .flatMap(({ content }) => content.pdus)
      .filter(({ type }) => type === 'm.room.member')
      .map((pdu) => eventIdOf(pdu, rules)),
  ),
];

/** What the other server's user does through ours; the id of the event. */
async function submits({ server, roomId }: Home, peer: FederationPeer, passage: 'join' | 'leave') {
  const room = encodeURIComponent(roomId);
  const make = `/_matrix/federation/v1/make_${passage}/${room}/${memberOf(peer)}?ver=12`;
  const { event } = await signed(peer, server.origin, { method: 'GET', uri: make });
  const pdu = signEvent(event as JsonObject, rules, peer.name, peer.key);
  const eventId = eventIdOf(pdu, rules);
  const uri = `/_matrix/federation/v2/send_${passage}/${room}/${encodeURIComponent(eventId)}`;
  await signed(peer, server.origin, { method: 'PUT', uri, content: pdu });
  return eventId;
}

interface Asked {
  readonly method: string;
  readonly uri: string;
  readonly content?: JsonObject;
}

async function signed({ name, key }: FederationPeer, origin: string, asked: Asked) {
  const request = { ...asked, content: asked.content, origin: name, destination: HOME };
  const reply = await fetch(origin + asked.uri, {
    method: asked.method,
    headers: { authorization: xMatrixHeader(request, key) },
    ...(asked.content && { body: JSON.stringify(asked.content) }),
  });
  expect(reply.status).toBe(200);
  return (await reply.json()) as JsonObject;
}
