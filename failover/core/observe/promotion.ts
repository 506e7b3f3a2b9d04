import type { ToldOfPromotion } from '../inputs.ts';
import type { PromotionSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';
import type { PostgresReport, View } from '../view.ts';

export const seeTold = (
  { promoting }: State,
  told: ToldOfPromotion | null,
  now: Millis,
): PromotionSeen => ({ promoting: { ...promoting, told, lookedAt: now } });

/** Patroni takes its key, asks, and gives it back: that it was promoted is what its PostgreSQL says. */
export function seeKey(
  { promoting, self, postgres }: State,
  view: View,
  now: Millis,
): PromotionSeen {
  const isOurs = view.patroni.leader?.site === self.site;
  if (!isOurs && promoting.since === null) return { promoting };
  if (!isOurs) {
    return {
      promoting: { ...promoting, since: null, failed: { since: promoting.since!, at: now } },
    };
  }
  const isStandby = postgres?.report.role === 'standby';
  return { promoting: { ...promoting, since: isStandby ? (promoting.since ?? now) : null } };
}

export function seeRole({ promoting }: State, { role }: PostgresReport): Partial<PromotionSeen> {
  return role === 'primary' ? { promoting: { ...promoting, since: null, failed: null } } : {};
}
