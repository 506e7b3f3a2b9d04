import { isRunningPrimary, reportOf } from '../sites.ts';
import type { Answering, Unanswered } from '../state/decided.ts';
import { type Turn, update } from '../turn.ts';

/**
 * An operator is told who leads, not what Patroni says of its order. It calls an order failed whose wish was taken back,
 * since the site that was chosen lagged, and the lead moves by votes a moment later; and one done where another site took
 * over than was named. So the answer waits until the lead has moved, or until the primary is seen to go on.
 */
export function answerBehind(turn: Turn, ended: Omit<Unanswered, 'since'>): void {
  update<Answering>(turn, { unanswered: { ...ended, since: turn.now } });
  answerWhenKnown(turn);
}

export function answerWhenKnown(turn: Turn): void {
  const { unanswered, view } = turn.state;
  if (unanswered === null) return;
  const { from, to, failure } = unanswered;
  const leader = view?.patroni.leader?.site ?? from;
  if (leader !== from) answer(turn, unanswered, true, `Patroni's leader is now ${leader}.`);
  else if (failure === null) {
    if (hasPassed(turn, unanswered, SEEN_WITHIN_MS))
      answer(turn, unanswered, true, `Patroni says that its leader is now ${to}.`);
  } else if (staysThere(turn, unanswered)) answer(turn, unanswered, false, failure);
}

/** Patroni wrote it to etcd before it said so. */
const SEEN_WITHIN_MS = 2_000;
/** So old a report of another site may be: one that says later that it is at work has not begun to end. */
const STAYS_MS = 3_000;
/** A vote of those who have all, and a promotion; a primary that ended for it starts again within that, too. */
const MOVES_WITHIN_MS = 20_000;

function staysThere(turn: Turn, unanswered: Unanswered): boolean {
  if (hasPassed(turn, unanswered, MOVES_WITHIN_MS)) return true;
  return hasPassed(turn, unanswered, STAYS_MS) && isPrimaryAtWork(turn, unanswered.from);
}

function isPrimaryAtWork({ state, now, timings }: Turn, site: string): boolean {
  const report =
    site === state.self.site
      ? state.postgres?.report
      : reportOf(state, site, now, timings)?.postgres;
  return report != null && isRunningPrimary(report);
}

const hasPassed = ({ now }: Turn, { since }: Unanswered, ms: number): boolean => now - since >= ms;

function answer(turn: Turn, { id }: Unanswered, accepted: boolean, text: string): void {
  turn.effects.push({ kind: 'answer', id, accepted, text });
  update<Answering>(turn, { unanswered: null });
}
