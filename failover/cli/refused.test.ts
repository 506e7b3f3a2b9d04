import { expect, test } from 'vitest';
import { siteStatus } from '../../test/support/site-status.ts';
import type { SiteStatus } from '../status/status.ts';
import { refusals } from './refused.ts';

type Refused = NonNullable<SiteStatus['refused']>;

test('a refused promotion is told with its site, when it was, since when each time, and why', () => {
  const [said] = refusals([
    siteStatus('a'),
    refused({ kind: 'etcd', why: 'etcd answers 503', agoMs: 12_000, sinceMs: 150_000 }),
  ]);
  expect(said).toContain(
    'b was REFUSED a promotion 12 s ago, and since 3 min each time: etcd answers 503. Look at etcd',
  );
  expect(
    refusals([refused({ kind: 'etcd', why: 'x', agoMs: 7_300_000, sinceMs: 7_300_000 })])[0],
  ).toContain('b was REFUSED a promotion 2 h ago: x.');
});

test.each<[Refused['kind'], RegExp]>([
  ['left-behind', /Nothing is to be done while another site may lead/],
  ['timelines', /Put back what stood in that key/],
  ['postgres', /PostgreSQL's log at b/],
  ['key', /Nothing is to be done/],
  [
    'certificate',
    /postgres at b must be able to read .* run `pre_promote` of b's Patroni with `try`/,
  ],
  ['disk', /write pg_wal at b/],
  ['silent', /see Patroni's log at b. Node and Farol's folder must be where it names them/],
])('who must do what about one of kind %s is told', (kind, advice) => {
  expect(refusals([refused({ kind, why: 'x', agoMs: 0, sinceMs: 0 })])[0]).toMatch(advice);
});

const refused = (refused: Refused) => siteStatus('b', { refused });
