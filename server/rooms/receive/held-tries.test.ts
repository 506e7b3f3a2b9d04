import { expect, test } from 'vitest';
import type { EventId, ServerName } from '../../protocol/identifiers.ts';
import { HeldTries, TOO_MUCH_MAX, TRIES_MAX } from './held-tries.ts';

const TOO_MUCH = { isTooMuch: true, restMs: 0 };

test('a domain of which very much is too much has one try for each of the rest, until nothing of it is held', () => {
  const tries = new HeldTries(() => 0);
  const of = (name: string) => ({
    eventId: `$${name}` as EventId,
    server: serverOf('far.example'),
  });
  const many = Array.from({ length: TOO_MUCH_MAX }, (_, index) => of(`${index}`));
  expect(many.map((each) => tries.failed(each, TOO_MUCH))).not.toContain(true);
  expect(tries.failed(of('last'), TOO_MUCH)).toBe(true);
  const another = { eventId: '$another' as EventId, server: serverOf('other.example') };
  expect(tries.failed(another, TOO_MUCH)).toBe(false);
  tries.keeping()([another]);
  expect(tries.isSuspect('far.example')).toBe(false);
  expect(tries.isSuspect('other.example')).toBe(true);
  expect(tries.failed(of('new'), TOO_MUCH)).toBe(false);
});

test('what lacks something has its own tries, however much of its domain is too much', () => {
  const tries = new HeldTries(() => 0);
  for (let count = 0; count <= TOO_MUCH_MAX; count++)
    tries.failed({ ...one, eventId: `$${count}` as EventId }, TOO_MUCH);
  const over: boolean[] = [];
  for (let times = 0; times < TRIES_MAX; times++)
    over.push(tries.failed(one, { isTooMuch: false, restMs: 0 }));
  expect(over).toEqual([false, false, false, false, false, true]);
});

test('what is put aside while it is read what is held is not forgotten', () => {
  const tries = new HeldTries(() => 0);
  tries.aside({ ...one, eventId: '$gone' as EventId });
  const keep = tries.keeping();
  tries.aside(one);
  keep([one]);
  expect(tries.isAlone('$gone' as EventId)).toBe(false);
  tries.keeping()([]);
  expect(tries.isAlone(one.eventId)).toBe(false);
  const later = tries.keeping();
  tries.aside(one);
  later([]);
  expect(tries.isAlone(one.eventId)).toBe(true);
  expect(tries.isSuspect('far.example')).toBe(true);
});

test('who says again what is too much takes out none of its pauses', () => {
  const tries = new HeldTries(() => 0);
  tries.failed(one, TOO_MUCH);
  tries.aside(one);
  expect(tries.isDue(one.eventId)).toBe(false);
  expect(tries.restMs).toBe(5_000);
});

test('what there is too much to do for comes again within a minute, and has had no try', () => {
  const clock = { ms: 0 };
  const tries = new HeldTries(() => clock.ms);
  for (const pauseMs of [5_000, 60_000, 60_000]) {
    tries.putOff(one.eventId);
    expect(tries.restMs).toBe(pauseMs);
    clock.ms += pauseMs;
    expect(tries.isDue(one.eventId)).toBe(true);
  }
  expect(tries.times(one.eventId)).toBe(0);
});

function serverOf(name: string): ServerName {
  return name as ServerName;
}

const one = { eventId: '$one' as EventId, server: serverOf('far.example') };
