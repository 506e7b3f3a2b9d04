import { expect, test } from 'vitest';
import { Endpoints } from './endpoints.ts';

function three() {
  const clock = { now: 0 };
  return { clock, endpoints: new Endpoints(3, () => clock.now) };
}

test('the member of the own site is asked first', () => {
  const { endpoints } = three();
  endpoints.take().answered();
  expect(endpoints.take().member).toBe(0);
});

test('after a failure the next member is asked', () => {
  const { endpoints } = three();
  endpoints.take().failed();
  expect(endpoints.take().member).toBe(1);
});

test('beside a call that hangs the next one goes to another member', () => {
  const { clock, endpoints } = three();
  endpoints.take();
  clock.now = 300;
  expect(endpoints.take().member).toBe(0);
  clock.now = 700;
  expect(endpoints.take().member).toBe(1);
});

test('the own member is tried again after ten seconds, and kept if it answers', () => {
  const { clock, endpoints } = three();
  endpoints.take().failed();
  clock.now = 9_999;
  expect(endpoints.take().member).toBe(1);
  clock.now = 10_000;
  const attempt = endpoints.take();
  expect(attempt.member).toBe(0);
  attempt.answered();
  expect(endpoints.take().member).toBe(0);
});

test('if all hang, one is asked nevertheless', () => {
  const { clock, endpoints } = three();
  for (let i = 0; i < 3; i++) {
    endpoints.take();
    clock.now += 500;
  }
  expect(endpoints.take().member).toBe(0);
});
