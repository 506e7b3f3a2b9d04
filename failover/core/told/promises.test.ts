import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import { steppingAs } from '../../../test/support/stepping.ts';
import { TIMINGS } from '../timings.ts';
import type { SitePromise } from '../view.ts';
import { explainPromises } from './promises.ts';
import { StoryEtcd } from './story-etcd.ts';

test('who has promised nothing, and need not, says nothing', () => {
  expect(told({}, { thirdFence: false })).toBe('');
});

test('it is said who confirms nothing from the primary any more, and what comes of it', () => {
  const promises = { c: promise('a', 'current') };
  expect(told(promises)).toContain(' Promised to confirm nothing from a any more: c; once all');
  expect(told({ ...promises, b: promise('a', 'current') })).toContain(
    'from a any more: b, c; once',
  );
});

test('of a promise that outlived its key it is said how it ends', () => {
  expect(told({ c: promise('a', 'before') })).toContain(
    ' c takes nothing from a until it follows another, or that one leads anew.',
  );
});

test('a site that promises nothing says why', () => {
  expect(told({})).toContain(' Here nothing is promised: ');
  expect(told({}, { witness: true })).toBe('');
});

const promise = (holder: string, key: 'current' | 'before'): [string, typeof key] => [holder, key];

function told(promises: Record<string, ReturnType<typeof promise>>, self: object = {}): string {
  const etcd = new StoryEtcd({});
  const view = etcd.change('leader a 5, address a, patroni a, sync b c');
  const { revision, lease } = view.patroni.leader!;
  const written = Object.entries(promises).map(([site, [holder, key]]): [string, SitePromise] => {
    const block = { holder, key: key === 'current' ? revision : revision - 1, lease };
    return [site, { block, timeline: 1, lsn: 70, revision: 9 }];
  });
  const agent = steppingAs(selfAt('b', { thirdFence: true, ...self }));
  agent.take({ kind: 'read', view: { ...view, promises: Object.fromEntries(written) } }, 0);
  return explainPromises(agent.state, 0, TIMINGS);
}
