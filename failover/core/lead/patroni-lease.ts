import { silence } from '../sites.ts';
import type { AskingPatroni } from '../state/decided.ts';
import { ask, type Turn, update } from '../turn.ts';

/** Patroni renews its key about once a second; asked as often, the deadline keeps its distance. */
const EVERY_MS = 1_000;

/** From then on it is asked whether the Patroni of a silent agent goes on. */
const SILENT_MS = 2_500;

/** Where our site holds Patroni's leader key, or one whose agent is silent: asks for how long it still does. */
export function followPatroniLease(turn: Turn): void {
  const { state, now, timings } = turn;
  const key = state.view?.patroni.leader;
  if (!key || state.self.witness) return;
  const mine = key.site === state.self.site;
  if (!mine && silence(state, key.site, now, timings) < SILENT_MS) return;
  const known = state.patroniLease?.lease === key.lease;
  if (known && now - state.patroniAskedAt < EVERY_MS) return;
  const asked = ask(turn, 'patroni-lease', {
    kind: 'patroni-lease',
    sentAt: now,
    lease: key.lease,
  });
  if (asked) update<AskingPatroni>(turn, { patroniAskedAt: now });
}
