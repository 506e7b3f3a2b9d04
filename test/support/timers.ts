import type { Timers } from '../../server/delayed-events/schedule.ts';

/** Time that passes when a test says so. */
export function timersByHand(): Timers & { pass(ms: number): void; count(): number } {
  let now = 0;
  const waiting = new Set<{ readonly dueMs: number; readonly work: () => void }>();
  return {
    nowMs: () => now,
    count: () => waiting.size,
    after(ms, work) {
      const timer = { dueMs: now + ms, work };
      waiting.add(timer);
      return () => void waiting.delete(timer);
    },
    pass(ms) {
      now += ms;
      const due = [...waiting].filter(({ dueMs }) => dueMs <= now);
      for (const timer of due.sort((one, other) => one.dueMs - other.dueMs)) {
        if (waiting.delete(timer)) timer.work();
      }
    },
  };
}
