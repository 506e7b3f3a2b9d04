import { expect, test } from 'vitest';
import { base64 } from './gateway.ts';
import { keyNames, prefixRange, readView } from './keys.ts';

const names = keyNames('home', 'home');
const header = { cluster_id: '1', member_id: '2', revision: '90' };

const failover = (value: object) =>
  readView(
    header,
    [
      {
        key: base64(names.patroniFailover),
        value: base64(JSON.stringify(value)),
        mod_revision: '9',
      },
    ],
    names,
  ).patroni.failover;

test("a switchover of Patroni's is due at once, unless it is set for a later time", () => {
  expect(failover({ leader: 'a', member: 'b' })).toEqual({ from: 'a', to: 'b', revision: 9 });
  expect(failover({ leader: 'a', scheduled_at: '2027-01-01T00:00:00Z' })).toBeNull();
});

test('the range of a prefix has all that begins with it, and nothing else', () => {
  const { key, range_end } = prefixRange('/farol/home/site/');
  const [begin, end] = [key, range_end].map((each) => Buffer.from(each, 'base64').toString());
  expect(begin! <= '/farol/home/site/a' && '/farol/home/site/zzz' < end!).toBe(true);
  expect('/farol/home/siteb' < end!).toBe(false);
});
