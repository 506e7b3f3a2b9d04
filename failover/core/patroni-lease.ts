import { ask, type Turn } from './turn.ts';

/** Patroni renews its key about once a second; asked as often, the deadline keeps its distance. */
const EVERY_MS = 1_000;

/** Where our site holds Patroni's leader key: asks how long it still does. */
export function followPatroniLease(turn: Turn): void {
  const { state, now } = turn;
  const key = state.view?.patroni.leader;
  if (!key || key.site !== state.self.site || state.self.witness) return;
  const known = state.patroniLease?.lease === key.lease;
  if (known && now - state.patroniAskedAt < EVERY_MS) return;
  const asked = ask(turn, 'patroni-lease', {
    kind: 'patroni-lease',
    sentAt: now,
    lease: key.lease,
  });
  if (asked) turn.state = { ...turn.state, patroniAskedAt: now };
}
