import { expect, test } from 'vitest';
import type { Asked, Told } from '../reach.ts';
import type { Way } from './find-server.ts';
import { keptMsBy, WellKnown } from './well-known.ts';

const HOUR = 3_600_000;

type Answers = Record<string, (Partial<Told> & { text?: string }) | Error>;

function world(answers: Answers) {
  const clock = { ms: 1_000_000 };
  const asked: string[] = [];
  const ask = async (way: Way, { path }: Asked): Promise<Told> => {
    const [target] = way.targets;
    const url = `${target!.host}:${target!.port}${path}`;
    asked.push(url);
    const found = answers[url] ?? { status: 404 };
    if (found instanceof Error) throw found;
    const { text = '', ...answer } = found;
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

const UNREACHED = [new Error('our line is down'), { status: 503 }, { status: 429 }];

test.each(UNREACHED)(
  'who was not reached (%o) is asked again soon, and later each time',
  async (failure) => {
    const answers: Answers = { [`a.org:443${AT}`]: failure };
    const { clock, asked, wellKnown } = world(answers);
    expect(await wellKnown.of('a.org')).toBeUndefined();
    for (const minutes of [2, 4, 8, 16, 32, 60, 60]) {
      const before = asked.length;
      clock.ms += minutes * 60_000 - 1;
      await wellKnown.of('a.org');
      expect(asked).toHaveLength(before);
      clock.ms += 1;
      await wellKnown.of('a.org');
      expect(asked).toHaveLength(before + 1);
    }
    answers[`a.org:443${AT}`] = { text: '{"m.server":"b.org"}' };
    clock.ms += HOUR;
    expect(await wellKnown.of('a.org')).toBe('b.org');
  },
);

test('whoever said something leads there for a week in which it is not reached, and no longer', async () => {
  const answers: Answers = { [`a.org:443${AT}`]: { text: '{"m.server":"b.org"}' } };
  const { clock, wellKnown } = world(answers);
  await wellKnown.of('a.org');
  answers[`a.org:443${AT}`] = new Error('gone');
  clock.ms += 7 * 24 * HOUR - 1;
  expect(await wellKnown.of('a.org')).toBe('b.org');
  clock.ms += HOUR;
  expect(await wellKnown.of('a.org')).toBeUndefined();
});

test('that nothing is delegated any more counts at once', async () => {
  const answers: Answers = { [`a.org:443${AT}`]: { text: '{"m.server":"b.org"}' } };
  const { clock, wellKnown } = world(answers);
  await wellKnown.of('a.org');
  delete answers[`a.org:443${AT}`];
  clock.ms += 24 * HOUR;
  expect(await wellKnown.of('a.org')).toBeUndefined();
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
