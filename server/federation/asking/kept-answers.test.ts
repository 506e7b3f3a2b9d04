import { expect, test } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { ServerUnreachable } from '../federation-client.ts';
import { TooLong, Unusable } from '../reach.ts';
import { type AnswerBounds, KeptAnswers } from './kept-answers.ts';

const server = 'there.org' as ServerName;
const BOUNDS: AnswerBounds = {
  ...{ atOnce: 4, ofServer: 2, ofAsker: 3, waiting: 5 },
  ...{ bytesMax: 1_000, keptBytesMax: 100_000, keptMs: 60_000 },
};
const question = (path: string, asker = 'a') => ({ method: 'GET', path, asker }) as const;

test('an answer is kept for its time, and a refusal too', async () => {
  let asked = 0;
  const { answers, clock } = subject(async (path) => {
    asked += 1;
    if (path === '/refused') throw new MatrixError(404, 'M_THEIR_OWN', 'No');
    return { asked };
  });
  const refused = { status: 404, errcode: 'M_NOT_FOUND' };
  for (let n = 0; n < 2; n += 1) {
    expect(await answers.ask(server, question('/x'))).toEqual({ asked: 1 });
    await expect(answers.ask(server, question('/refused'))).rejects.toMatchObject(refused);
  }
  expect(asked).toBe(2);
  clock.ms += 60_000;
  expect(await answers.ask(server, question('/x'))).toEqual({ asked: 3 });
});

test('who asks for what is asked for already waits for that', async () => {
  let asked = 0;
  const { answers } = subject(async () => ++asked);
  const both = [answers.ask(server, question('/x')), answers.ask(server, question('/x', 'b'))];
  expect(await Promise.all(both)).toEqual([1, 1]);
});

test('who was silent is not asked again within a minute, by whatever question', async () => {
  let asked = 0;
  const { answers, clock } = subject(async () => {
    asked += 1;
    if (asked === 1) throw new ServerUnreachable('nobody there');
    return {};
  });
  for (const path of ['/x', '/x', '/y'])
    await expect(answers.ask(server, question(path))).rejects.toMatchObject({ status: 502 });
  expect(asked).toBe(1);
  clock.ms += 60_001;
  expect(await answers.ask(server, question('/x'))).toEqual({});
});

test.each<[string, Error]>([
  ['is too long', unreachable(new TooLong('too long'))],
  ['breaks off', unreachable(new Unusable('reset'))],
])('a server of which one answer %s is asked other things', async (_how, error) => {
  const { answers } = subject(async (path) => {
    if (path === '/long') throw error;
    return {};
  });
  const failed = answers.ask(server, question('/long'));
  await expect(failed).rejects.toMatchObject({ status: 502 });
  expect(await answers.ask(server, question('/short'))).toEqual({});
});

// A client that was told M_UNKNOWN_TOKEN would sign out.
test.each([401, 429, 500])(
  'what a server says of itself with status %i is told as 502, and not kept',
  async (status) => {
    let asked = 0;
    const { answers } = subject(async () => {
      asked += 1;
      throw new MatrixError(status, 'M_UNKNOWN_TOKEN', 'No');
    });
    const failed = { status: 502, errcode: 'M_UNKNOWN' };
    await expect(answers.ask(server, question('/x'))).rejects.toMatchObject(failed);
    await expect(answers.ask(server, question('/x'))).rejects.toMatchObject(failed);
    expect(asked).toBe(2);
  },
);

test('what could be told to nobody is no answer', async () => {
  const deep = JSON.parse('['.repeat(2_000) + ']'.repeat(2_000)) as JsonValue;
  for (const answer of [deep, Number.POSITIVE_INFINITY]) {
    const { answers } = subject(async () => answer);
    await expect(answers.ask(server, question('/x'))).rejects.toMatchObject({ status: 502 });
  }
});

test('of one server two are asked at once, of one asker three may wait, and of all five', async () => {
  let [now, most] = [0, 0];
  const waiting: (() => void)[] = [];
  const { answers } = subject(async () => {
    now += 1;
    most = Math.max(most, now);
    await new Promise<void>((resolve) => waiting.push(resolve));
    now -= 1;
    return {};
  });
  const limited = { status: 429 };
  const asking = ['/1', '/2', '/3'].map((path) => answers.ask(server, question(path)));
  await expect(answers.ask(server, question('/4'))).rejects.toMatchObject(limited);
  asking.push(...['/5', '/6'].map((path) => answers.ask(server, question(path, 'b'))));
  await expect(answers.ask(server, question('/7', 'c'))).rejects.toMatchObject(limited);
  for (let n = 0; n < 5; n += 1) {
    await expect.poll(() => waiting.length).toBeGreaterThan(0);
    waiting.shift()!();
  }
  expect(await Promise.all(asking)).toEqual([{}, {}, {}, {}, {}]);
  expect(most).toBe(2);
});

test('whoever asks for much at once leaves places to others', async () => {
  const begun: string[] = [];
  const { answers } = subject((path) => {
    begun.push(path);
    return new Promise(() => {});
  });
  for (const n of [1, 2, 3]) void answers.ask(`s${n}.org` as ServerName, question(`/${n}`));
  void answers.ask('s4.org' as ServerName, question('/4', 'b'));
  await expect.poll(() => begun).toEqual(['/1', '/2', '/4']);
});

test('what is kept has an end in bytes', async () => {
  let asked = 0;
  const { answers } = subject(async () => `${++asked}`.padEnd(30_000));
  await answers.ask(server, question('/1'));
  await answers.ask(server, question('/2'));
  await answers.ask(server, question('/2'));
  expect(asked).toBe(2);
  await answers.ask(server, question('/1'));
  expect(asked).toBe(3);
});

function unreachable(cause: Error): Error {
  return new ServerUnreachable('no answer', { cause });
}

function subject(answer: (path: string) => Promise<JsonValue>) {
  const clock = { ms: 1_000_000 };
  const client = {
    ask: (_server: ServerName, { path }: { path: string }) => answer(path),
  };
  return { clock, answers: new KeptAnswers({ client, now: () => clock.ms }, BOUNDS) };
}
