import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../../test/support/site-status.ts';
import type { PeerStatus } from '../status/peers.ts';
import type { Status } from '../status/status.ts';
import { agents } from './peers.ts';

const STRANGER = { from: '192.0.2.9', why: 'self-signed certificate', count: 3, agoMs: 120_000 };

test('while all is well nothing is said of the agents; nor of those of a release that does not tell', () => {
  expect(agents(during('flow', [peer('b'), peer('c')]))).toEqual([]);
  expect(agents(statusWith([siteStatus('a')]))).toEqual([]);
});

test('while etcd is away it is said of which sites is known how they are now, and what is not', () => {
  const [said] = agents(during('unknown', [peer('b'), silent('c', 500)]));
  expect(said).toBe(
    'But how a and b are is known as of now (by their own word). Who has the address and who confirms writes only etcd knows.',
  );
  const [alone] = agents(during('unknown', [silent('b', 500)]));
  expect(alone).toMatch(/^But how a is is known as of now \(no other agent answers this one\)/);
});

test('where etcd answers another agent, that is the one to ask', () => {
  const [said] = agents(during('unknown', [peer('b', { etcdSilentMs: 300 }), peer('c')]));
  expect(said).toContain('etcd answers b: look at `status` there.');
});

test('an agent that lives and does not answer this one is named, not for a moment, and not a dead one', () => {
  const [said, ...others] = agents(during('flow', [peer('b'), silent('c', 20_000)]));
  expect(said).toBe(
    'The agent of c does not answer this one by itself (no answer): see `peers` of failover.yml at both, and whether TCP passes there.',
  );
  expect(others).toEqual([]);
  expect(agents(during('flow', [silent('c', 5_000)]))).toEqual([]);
  expect(agents(during('flow', [silent('b', 20_000)], { silent: 'b' }))).toEqual([]);
});

test('who was turned away is told of for an hour', () => {
  const [said] = agents({ ...during('flow', []), stranger: STRANGER });
  expect(said).toContain(
    'turned away 192.0.2.9 2 min ago, 3 times by now: self-signed certificate',
  );
  expect(agents({ ...during('flow', []), stranger: { ...STRANGER, agoMs: 4e6 } })).toEqual([]);
});

const peer = (site: string, special: Partial<PeerStatus> = {}): PeerStatus => ({
  ...{ site, answers: true, trouble: null, etcdSilentMs: 9_000 },
  ...special,
});

const silent = (site: string, forMs: number): PeerStatus =>
  peer(site, { answers: false, trouble: { why: 'no answer', forMs } });

function during(
  kind: Status['writes']['kind'],
  peers: PeerStatus[],
  special: { silent?: string } = {},
): Status {
  const sites = ['a', 'b', 'c'].map((site) =>
    siteStatus(site, site === special.silent ? { silentMs: 60_000 } : {}),
  );
  const status = { ...statusWith(sites), etcdSilentMs: kind === 'unknown' ? 9_000 : 0 };
  return { ...status, peers, writes: { ...status.writes, kind } };
}
