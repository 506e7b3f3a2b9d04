import { expect, test } from 'vitest';
import type { Asked, Told } from '../reach.ts';
import type { Way } from './find-server.ts';
import { keptMsBy, WellKnown } from './well-known.ts';

const HOUR = 3_600_000;

function world(answers: Record<string, Partial<Told> & { text?: string }>) {
  const clock = { ms: 1_000_000 };
  const asked: string[] = [];
  const ask = async (way: Way, { path }: Asked): Promise<Told> => {
    const [target] = way.targets;
    const url = `${target!.host}:${target!.port}${path}`;
    asked.push(url);
    const { text = '', ...answer } = answers[url] ?? { status: 404 };
    return { status: 200, headers: {}, body: Buffer.from(text), ...answer };
  };
  return { clock, asked, wellKnown: new WellKnown({ ask }, () => clock.ms) };
}

const AT = '/.well-known/matrix/server';

test('it is kept as long as it says, and asked for again then', async () => {
  const { clock, asked, wellKnown } = world({
    [`a.org:443${AT}`]: {
      text: '{"m.server":"b.org"}',
      headers: { 'cache-control': 'public, max-age=7200' },
    },
  });
  expect(await wellKnown.of('a.org')).toBe('b.org');
  clock.ms += 2 * HOUR - 1;
  expect(await wellKnown.of('a.org')).toBe('b.org');
  expect(asked).toHaveLength(1);
  clock.ms += 1;
  await wellKnown.of('a.org');
  expect(asked).toHaveLength(2);
});

test('that there is none is kept for an hour', async () => {
  const { clock, asked, wellKnown } = world({});
  expect(await wellKnown.of('a.org')).toBeUndefined();
  clock.ms += HOUR - 1;
  await wellKnown.of('a.org');
  expect(asked).toHaveLength(1);
  clock.ms += 1;
  await wellKnown.of('a.org');
  expect(asked).toHaveLength(2);
});

test('redirects are followed, to https alone, and not for ever', async () => {
  const to = (location: string) => ({ status: 302, headers: { location } });
  const { asked, wellKnown } = world({
    [`a.org:443${AT}`]: to('https://www.a.org:8443/x?y'),
    'www.a.org:8443/x?y': { text: '{"m.server":"b.org"}' },
    [`plain.org:443${AT}`]: to('http://b.org/x'),
    [`round.org:443${AT}`]: to('https://round.org/.well-known/matrix/server'),
  });
  expect(await wellKnown.of('a.org')).toBe('b.org');
  expect(await wellKnown.of('plain.org')).toBeUndefined();
  asked.length = 0;
  expect(await wellKnown.of('round.org')).toBeUndefined();
  expect(asked).toHaveLength(6);
});

test.each([
  [{}, 24 * HOUR],
  [{ 'cache-control': 'max-age=999999' }, 48 * HOUR],
  [{ 'cache-control': 'max-age=0' }, 300_000],
  [{ 'cache-control': 'no-store' }, 300_000],
  [{ expires: 'Thu, 01 Jan 1970 02:00:00 GMT' }, 2 * HOUR],
  [{ expires: 'never' }, 300_000],
  [{ 'cache-control': 'max-age=3600', expires: 'Thu, 01 Jan 1970 02:00:00 GMT' }, HOUR],
])('headers %j have it kept for %i ms', (headers, ms) => {
  expect(keptMsBy(headers, 0)).toBe(ms);
});
