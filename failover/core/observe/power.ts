import { isOnBattery } from '../health/battery.ts';
import type { Input } from '../inputs.ts';
import type { PowerSeen, PowerState } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Power } from '../view.ts';

type Told = Extract<Input, { kind: 'power' }>;

/** Since when it is so counts before anything is moved for it. */
export function seePower(
  { power: known }: State,
  told: Told,
  now: Millis,
  timings: Timings,
): Partial<PowerSeen> {
  const seen =
    told.power === 'unknown' ? unheard(known, now, timings) : heard(known, told, now, timings);
  return { power: { ...seen, since: seen.power === known.power ? known.since : now } };
}

type Seen = Omit<PowerState, 'since'>;

function heard(known: PowerState, { power, battery }: Told, now: Millis, timings: Timings): Seen {
  const left = power === 'mains' ? null : (battery?.leftMs ?? null);
  const endsAt = left === null ? null : now + left;
  const charge = battery?.charge ?? null;
  return { power: lowOr(known, power, left, now, timings), charge, endsAt, silentSince: null };
}

/**
 * Low is also what lasts no longer than a switchover may take, and a minute: not at the first word, since a UPS that tests
 * itself is on its battery for an instant. What was low is so until it clearly is not, since such words swing.
 */
function lowOr(
  known: PowerState,
  power: Power,
  leftMs: Millis | null,
  now: Millis,
  { batteryEndsMs, batteryPatienceMs }: Timings,
): Power {
  if (power !== 'battery') return power;
  if (known.power === 'low') return leftMs !== null && leftMs > 2 * batteryEndsMs ? power : 'low';
  const forLong = known.power === 'battery' && now - known.since >= batteryPatienceMs;
  return forLong && leftMs !== null && leftMs <= batteryEndsMs ? 'low' : power;
}

/**
 * A UPS that falls silent on battery, as its USB hub or its switch has no power any more, has not come back to mains: what
 * it said last goes on, down to its end. Who outlives that has power from somewhere.
 */
function unheard(known: PowerState, now: Millis, timings: Timings): Seen {
  const { endsAt } = known;
  const silentSince = known.silentSince ?? now;
  if (!isOnBattery(known)) return NOTHING;
  const end = Math.max(silentSince, endsAt ?? silentSince + UNKNOWN_END_MS);
  if (now - end >= timings.batteryOutlivedMs) return NOTHING;
  const left = endsAt === null ? null : endsAt - now;
  return { ...known, power: lowOr(known, 'battery', left, now, timings), silentSince };
}

/** Where it never said how long it lasts: what a small one takes. */
const UNKNOWN_END_MS = 600_000;

const NOTHING: Seen = { power: 'unknown', charge: null, endsAt: null, silentSince: null };
