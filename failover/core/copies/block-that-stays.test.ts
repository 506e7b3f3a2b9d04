import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import { steppingAs } from '../../../test/support/stepping.ts';
import type { Input, Pending } from '../inputs.ts';
import { reportNow } from '../pulse/report.ts';
import { TIMINGS } from '../timings.ts';
import { explainPromises } from '../told/promises.ts';
import { StoryEtcd } from '../told/story-etcd.ts';

const BLOCK = { holder: 'a', key: 3, lease: 'lease of a' };

test('a block that is void and does not go is no site let in again: the reason is told, and after ten seconds to all', () => {
  const site = withVoidBlock();
  expect(site.told(1_000)).toContain(' Here a is let in again.');
  for (const now of [1_000, 2_000, 3_000]) site.fails('unblock', 'nft is not there', now);
  expect(site.told(4_000)).toContain(
    ' Here a is to be let in again, and for 3 s that has failed: nft is not there.',
  );
  expect(site.reported(10_999)).toBeUndefined();
  expect(site.reported(11_000)).toEqual({ site: 'a', why: 'nft is not there', forMs: 10_000 });
  site.take({ kind: 'unblocked' }, 12_000);
  expect(site.told(12_000)).not.toContain(' Here a is');
  expect(site.reported(30_000)).toBeUndefined();
});

test('so it is told of one that cannot be put; but nobody need be told who waits for a replay', () => {
  const site = steppedAt(0);
  site.fails('block', 'nothing listens there', 1_000);
  expect(site.told(2_000)).toContain(
    ' Here a is to be turned away, and for 1 s that has failed: nothing listens there.',
  );
  expect(site.reported(60_000)).toBeUndefined();
});

test('what failed while it was put counts for nothing once it is to go, nor what else fails', () => {
  const site = steppedAt(0);
  site.fails('block', 'not all that was received is replayed yet', 1_000);
  site.take({ kind: 'taken-back', done: true, view: site.view }, 20_000);
  expect(site.reported(20_000)).toBeUndefined();
  site.fails('promise', 'etcd is away', 20_000);
  expect(site.told(21_000)).toContain(' Here a is let in again.');
});

const withVoidBlock = () => {
  const site = steppedAt(0);
  site.take({ kind: 'taken-back', done: true, view: site.view }, 0);
  return site;
};

/** Site b, whose agent finds a block that a was turned away by. */
function steppedAt(now: number) {
  const site = steppingAs(selfAt('b', { boot: '2', thirdFence: true }));
  const view = new StoryEtcd({}).change('leader a 5, address a, patroni a');
  site.take({ kind: 'read', view }, now);
  site.take({ kind: 'block-found', block: BLOCK }, now);
  return {
    view,
    take: (input: Input, at: number) => site.take(input, at),
    fails: (effect: Pending, reason: string, at: number) =>
      site.take({ kind: 'failed', effect, reason }, at),
    told: (at: number) => explainPromises(site.state, at, TIMINGS),
    reported: (at: number) => reportNow(site.state, at, TIMINGS).staysBlocked,
  };
}
