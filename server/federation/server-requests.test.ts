import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { canonicalJson } from '../protocol/canonical-json.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { signingKeyFromSeed, verifyKeyFrom } from '../protocol/signing-keys.ts';
import { type XMatrix, xMatrixHeader } from '../protocol/x-matrix.ts';
import { Admission } from './admission.ts';
import { ServerRequests } from './server-requests.ts';

const [US, PEER] = ['us.example' as ServerName, 'peer.example' as ServerName];
const [KEY, OTHER] = [1, 2].map((n) => signingKeyFromSeed('ed25519:a', Buffer.alloc(32, n)));
const REQUEST = { method: 'PUT', uri: '/send/1' };

const requests = new ServerRequests({
  serverName: US,
  keys: {
    forRequest: async () =>
      ({ key: verifyKeyFrom(KEY!.publicKey)!, validUntil: Number.MAX_SAFE_INTEGER }) as never,
  },
  admission: new Admission({ allow: undefined, deny: [] }),
  heardFrom: () => {},
});

test('a body that came otherwise than it was signed is known all the same', async () => {
  const content = { b: [1], a: [{ z: 1, y: 2 }] };
  const claims = claimsOf(content, KEY!);
  const text = JSON.stringify(content, undefined, 1);
  expect(await requests.prove(claims, { ...REQUEST, content, text })).toMatchObject({
    origin: PEER,
  });
  expect(
    await requests.prove(claims, { ...REQUEST, content, text: canonicalJson(content) }),
  ).toMatchObject({ origin: PEER });
  const changed = { ...content, b: [2] };
  await expect(
    requests.prove(claims, { ...REQUEST, content: changed, text: JSON.stringify(changed) }),
  ).rejects.toMatchObject({ errcode: 'M_UNAUTHORIZED' });
});

test('a request without a body is known by its signature', async () => {
  const nothing = { ...REQUEST, content: undefined, text: undefined };
  expect(await requests.prove(claimsOf(undefined, KEY!), nothing)).toMatchObject({ origin: PEER });
  await expect(requests.prove(claimsOf(undefined, OTHER!), nothing)).rejects.toMatchObject({
    errcode: 'M_UNAUTHORIZED',
  });
});

test('whoever claims five keys for a large body has it written once, and others have their turns', async () => {
  const entry = { z: 'x'.repeat(128 * 1_024), a: 1 };
  const content = { pdus: Array.from({ length: 20 }, () => entry) };
  const [claim] = claimsOf(content, OTHER!);
  let [turns, isOver] = [0, false];
  const counting = (async () => {
    for (; !isOver; turns += 1) await turn();
  })();
  const proving = requests.prove(Array(5).fill(claim), {
    ...REQUEST,
    content,
    text: JSON.stringify(content),
  });
  await expect(proving).rejects.toMatchObject({ errcode: 'M_UNAUTHORIZED' });
  isOver = true;
  await counting;
  expect(turns).toBeGreaterThanOrEqual(20);
  expect(turns).toBeLessThan(40);
});

function claimsOf(content: JsonObject | undefined, key: NonNullable<typeof KEY>): XMatrix[] {
  const header = xMatrixHeader({ ...REQUEST, origin: PEER, destination: US, content }, key);
  return [...requests.claimed([header])];
}
