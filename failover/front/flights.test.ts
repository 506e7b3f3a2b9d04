import { expect, test } from 'vitest';
import { Changes } from '../changes.ts';
import { ANOTHER_WAY, Flights } from './flights.ts';
import { Routing } from './routing.ts';
import type { Target } from './way.ts';

const a = { site: 'a', epoch: 1, url: 'https://a' };
const toA: Target = { writer: a, origin: a.url, through: null };
const throughC: Target = { writer: a, origin: 'https://c', through: 'c' };

test('a request is cut when there has been no way to the writer for as long as it may be held', () => {
  const { flights, close, look, at } = sky();
  const flight = flights.begin(toA);
  at(10_000);
  close();
  at(64_999);
  look();
  expect(flight.why).toBeUndefined();
  at(65_000);
  look();
  expect(flight.why).toBe('no writer for too long');
  expect(flight.troubleAtMs).toBe(10_000);
});

test('one that was sent while there was no way has its time from then on', () => {
  const { flights, close, look, at } = sky();
  at(10_000);
  close();
  at(20_000);
  const flight = flights.begin(toA);
  at(74_000);
  look();
  expect(flight.why).toBeUndefined();
});

test('a way that came back makes the time that was lost forgotten', () => {
  const { flights, close, open, look, at } = sky();
  const flight = flights.begin(toA);
  close();
  look();
  at(30_000);
  open(toA);
  look();
  close();
  at(80_000);
  look();
  expect(flight.why).toBeUndefined();
});

test('where the way is another now, what is under way on the old one is taken off', () => {
  const { flights, open } = sky();
  const [direct, relayed] = [flights.begin(toA), flights.begin(throughC)];
  open(throughC);
  expect([direct.why, relayed.why]).toEqual([ANOTHER_WAY, undefined]);
});

test('when a writer of another site begins, all that is under way at the old one is cut, and only that', () => {
  const { flights, routing } = sky();
  const flight = flights.begin(toA);
  const ended = flights.begin(toA);
  flights.end(ended);
  routing.set({ ...a, epoch: 2 });
  expect(flight.why).toBeUndefined();
  routing.set({ site: 'b', epoch: 3, url: 'https://b' });
  expect([flight.why, ended.why]).toEqual(['epoch 3 began', undefined]);
});

function sky() {
  let now = 0;
  const routing = new Routing();
  routing.set(a);
  const way = {
    open: toA as Target | null,
    closedAtMs: null as number | null,
    changes: new Changes(),
  };
  const flights = new Flights({ routing, way, now: () => now, holdForMs: 55_000 });
  flights.close();
  return {
    flights,
    routing,
    at: (ms: number) => {
      now = ms;
    },
    look: () => way.changes.tell(),
    close() {
      Object.assign(way, { open: null, closedAtMs: now });
      way.changes.tell();
    },
    open(target: Target) {
      Object.assign(way, { open: target, closedAtMs: null });
      way.changes.tell();
    },
  };
}
