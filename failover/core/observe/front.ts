import type { Input } from '../inputs.ts';
import type { FrontSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';

export function seeFront(
  { front }: State,
  { healthy, connections, slowestMs = 0, way = null }: Extract<Input, { kind: 'front' }>,
  now: Millis,
): Partial<FrontSeen> {
  const sickSince = healthy ? null : (front.sickSince ?? now);
  return { front: { healthy, connections, slowestMs, way, at: now, sickSince } };
}
