import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { NotWriter } from '../../log/log.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { FirstAnswers } from './first-answers.ts';

test('so many first answers are made at once and no more, and each that ends lets in the next', async () => {
  const { ask, begun, end } = bench();
  const answers = Array.from({ length: 20 }, (_, number) => ask(`@${number}:x`));
  await turn();
  expect(begun).toHaveLength(8);
  for (let ended = 0; ended < 20; ended++) {
    end();
    await turn();
    expect(begun).toHaveLength(Math.min(9 + ended, 20));
  }
  expect(await Promise.all(answers)).toHaveLength(20);
});

test('whoever asks with many devices waits for themselves, and others come between', async () => {
  const { ask, begun } = bench();
  for (let device = 0; device < 10; device++) void ask('@many:x');
  for (const other of ['@a:x', '@b:x']) void ask(other);
  await turn();
  expect(begun).toEqual(['@many:x', '@many:x', '@a:x', '@b:x']);
});

test('where all places are taken, the next is of whoever had their turn longest ago', async () => {
  const { ask, begun, end } = bench();
  for (let number = 0; number < 8; number++) void ask(`@${number}:x`);
  for (const next of ['@many:x', '@many:x', '@many:x', '@a:x', '@many:x', '@b:x']) void ask(next);
  for (let ended = 0; ended < 5; ended++) {
    await turn();
    end();
  }
  await turn();
  expect(begun.slice(8)).toEqual(['@many:x', '@a:x', '@b:x', '@many:x']);
});

test('a client that has gone waits no more, and its answer is not made', async () => {
  const { ask, begun, end } = bench();
  for (let number = 0; number < 8; number++) void ask(`@${number}:x`);
  const leaving = new AbortController();
  const left = ask('@left:x', leaving.signal);
  void ask('@stays:x');
  await turn();
  leaving.abort('gone');
  await expect(left).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  await expect(ask('@left:x', leaving.signal)).rejects.toMatchObject({ status: 429 });
  end();
  await turn();
  expect(begun.slice(8)).toEqual(['@stays:x']);
});

test('so many may wait in all; who has gone is not among them', async () => {
  const { ask, begun } = bench();
  const clients = Array.from({ length: 10_008 }, () => new AbortController());
  const waiting = clients.map(({ signal }, number) => ask(`@${number}:x`, signal));
  await expect(ask('@more:x')).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  for (const client of clients) client.abort('gone');
  await Promise.allSettled(waiting.slice(8));
  const refused = ask('@later:x').catch(() => 'refused');
  await turn();
  expect(begun).toHaveLength(8);
  expect(await Promise.race([refused, 'waits'])).toBe('waits');
});

test('a client that goes while its answer is made leaves its place once', async () => {
  const { ask, begun, end } = bench();
  const leaving = new AbortController();
  const first = ask('@0:x', leaving.signal);
  for (let number = 1; number < 10; number++) void ask(`@${number}:x`);
  await turn();
  leaving.abort('gone');
  await turn();
  expect(begun).toHaveLength(8);
  end();
  await first;
  await turn();
  expect(begun).toHaveLength(9);
});

test('an answer that fails leaves its place', async () => {
  const answers = new FirstAnswers();
  const fails = async () => Promise.reject(new Error('no database'));
  for (let time = 0; time < 20; time++)
    await expect(answers.inTurn('@a:x' as UserId, never, fails)).rejects.toThrow('no database');
});

test('one user may have so many waiting, and is told when to come again; nobody else is', async () => {
  const { ask, end, begun } = bench();
  const answers = Array.from({ length: 18 }, () => ask('@many:x'));
  await expect(ask('@many:x')).rejects.toMatchObject({
    fields: { retry_after_ms: expect.any(Number) },
  });
  void ask('@other:x');
  await turn();
  expect(begun).toContain('@other:x');
  while (begun.length < 19) {
    end();
    await turn();
  }
  for (let time = 0; time < 19; time++) end();
  expect(await Promise.all(answers)).toHaveLength(18);
});

test('whoever waits when the server closes is sent to the next writer, and so is whoever comes then', async () => {
  const { answers, ask, end } = bench();
  const first = ask('@0:x');
  for (let number = 1; number < 8; number++) void ask(`@${number}:x`);
  const waiting = ask('@waits:x');
  answers.close();
  await expect(waiting).rejects.toBeInstanceOf(NotWriter);
  await expect(ask('@late:x')).rejects.toBeInstanceOf(NotWriter);
  end();
  await first;
});

const never = new AbortController().signal;

/** Answers that end when they are told to, the first that began first. */
function bench() {
  const answers = new FirstAnswers();
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const ask = (userId: string, gone = never) =>
    answers.inTurn(userId as UserId, gone, () => {
      begun.push(userId);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  return { answers, ask, begun, end: () => ends.shift()?.() };
}
