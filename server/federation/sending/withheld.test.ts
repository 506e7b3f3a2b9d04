import { expect, test, vi } from 'vitest';
import { certificateAuthority } from '../../../test/support/certificates.ts';
import { startHome } from '../../../test/support/federated-room.ts';
import { startPeer } from '../../../test/support/federation-peer.ts';
import { Deadline } from '../../log/deadline.ts';
import { Places } from './places.ts';

test('what was committed past the deadline goes to other servers when it may be told, and not before', async () => {
  const authority = await certificateAuthority();
  const home = await startHome(authority);
  const peer = await startPeer(authority);
  await home.member(peer);
  await home.say('told');
  await expect.poll(() => peer.bodies()).toEqual(['told']);
  const { writer } = home.server;
  let isInTime = true;
  vi.spyOn(Deadline.prototype, 'mayAnswer').mockImplementation(() => isInTime);
  let isToLapse = true;
  writer.onBatch(() => {
    isInTime &&= !isToLapse;
    isToLapse = false;
  });
  const untold = home.say('untold');
  await expect.poll(() => isInTime).toBe(false);
  const before = writer.committed.position;
  const { database } = home.server.fresh;
  const [last] = await database.query<{ nid: number }>(
    'last',
    'SELECT max(event_nid) AS nid FROM event',
  );
  expect(last!.nid).toBeGreaterThan(before);
  expect(await peer.bodies()).toEqual(['told']);
  isInTime = true;
  // Whatever is committed next says it.
  await writer.reserve(1);
  await untold;
  await home.say('next');
  await expect.poll(() => peer.bodies()).toEqual(['told', 'untold', 'next']);
});

test('what a writer has committed and tells only its own memory, since it ends, goes to no other server', async () => {
  const authority = await certificateAuthority();
  const home = await startHome(authority);
  const peer = await startPeer(authority);
  await home.member(peer);
  await home.say('told');
  await expect.poll(() => peer.bodies()).toEqual(['told']);
  const { writer } = home.server;
  let isInTime = true;
  vi.spyOn(Deadline.prototype, 'mayAnswer').mockImplementation(() => isInTime);
  writer.onBatch(() => {
    isInTime = false;
  });
  const before = writer.committed.position;
  void home.say('untold').catch(() => {});
  await expect.poll(() => isInTime).toBe(false);
  const turns = vi.spyOn(Places.prototype, 'run');
  writer.lost(new Error('gone'));
  expect(writer.committed.position).toBeGreaterThan(before);
  // It is its turn, and that ends.
  await expect.poll(() => turns.mock.settledResults.at(-1)?.type).toBe('fulfilled');
  expect(await peer.bodies()).toEqual(['told']);
});
