import type { Input } from '../inputs.ts';
import { canTell, reasonRefused } from '../own-name.ts';
import type { ConfirmingPauses } from '../state/decided.ts';
import type { Millis } from '../timings.ts';
import { type Turn, update } from '../turn.ts';

/** It holds here at once, but is confirmed when a pulse has taken it to etcd: until then nobody else knows of it. */
export function confirmPauses(turn: Turn, input: Input): void {
  if (input.kind === 'pause-wanted') takeOrder(turn, input);
  const { state, now } = turn;
  const told = state.view?.sites[state.self.site]?.report.carried?.pause?.number ?? 0;
  const open = state.pauseOrders.filter(({ id, number, forMs, at }) => {
    if (told >= number) answer(turn, id, true, confirmed(forMs));
    else if (now - at >= TOLD_WITHIN_MS) answer(turn, id, false, UNCONFIRMED);
    else return true;
    return false;
  });
  if (open.length !== state.pauseOrders.length)
    update<ConfirmingPauses>(turn, { pauseOrders: open });
}

function takeOrder(turn: Turn, { id, forMs }: Extract<Input, { kind: 'pause-wanted' }>): void {
  const { state, now, timings } = turn;
  if (canTell(state, now, timings) && state.pause !== null) {
    const order = { id, number: state.pause.number, forMs, at: now };
    update<ConfirmingPauses>(turn, { pauseOrders: [...state.pauseOrders, order] });
  } else {
    const why = reasonRefused(state, now, timings) ?? 'etcd does not answer';
    answer(turn, id, false, `No other agent would hear of it: ${why}.`);
  }
}

function answer({ effects }: Turn, id: string, accepted: boolean, text: string): void {
  effects.push({ kind: 'answer', id, accepted, text });
}

const confirmed = (forMs: Millis): string =>
  forMs === 0
    ? 'The pause is over.'
    : `No automatic switchover for ${Math.round(forMs / 1_000)} s.`;

/** Several pulses. */
const TOLD_WITHIN_MS = 5_000;
const UNCONFIRMED =
  'It is not known whether the other agents heard of it: etcd has not confirmed it within 5 s. `status` says what holds.';
