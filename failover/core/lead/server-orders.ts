import { isBound } from '../failsafe/give-leave.ts';
import { isOpen, leaveUntil } from '../failsafe/go-on.ts';
import { coveredUntil } from '../fence/cover.ts';
import { reasonGateIsClosed, WITHHELD } from '../gate.ts';
import type { Ordering } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import { patroniUntil } from './leadership.ts';

/**
 * Tells the server its role, and with each renewal until when it may answer (D3.2, D5). While the gate is
 * closed it takes over already, with a deadline that lets it answer nobody.
 */
export function orderServer(turn: Turn): void {
  if (turn.state.self.witness || turn.state.server.report === null) return;
  if (mustFollow(turn.state)) follow(turn);
  else if (turn.state.leader !== null) write(turn);
}

/**
 * min(own lease, Patroni's leader key), each counted from when the question was sent: a frozen
 * Patroni beside a living PostgreSQL must not go on, nor a site that etcd no longer hears. With the third fence, also by who covers it.
 */
export function serverDeadline(state: State, timings: Timings): Millis {
  const own = state.leader?.until ?? Number.NEGATIVE_INFINITY;
  const byPatroni = patroniUntil(state) - timings.patroniMarginMs;
  return Math.min(own, byPatroni, coveredUntil(state, timings));
}

/** As long as etcd says, or without it all others, where that leaves no hole (F20). */
export function deadlineNow(state: State, now: Millis, timings: Timings): Millis {
  const byEtcd = serverDeadline(state, timings);
  return isOpen(state, now) ? Math.max(byEtcd, leaveUntil(state, timings)) : byEtcd;
}

/** A term that merely ran out is no order to follow: renewed, the same writer goes on. */
function mustFollow(state: State): boolean {
  if (state.view === null) return false;
  return state.leader === null || state.steppingDown !== null;
}

function follow(turn: Turn): void {
  const { state, now } = turn;
  const { role } = state.server.report ?? { role: 'follower' };
  if (role !== 'writer' && role !== 'taking-over') return;
  if (state.told?.role === 'follower' && now - state.told.at < REPEAT_MS) return;
  if (!ask(turn, 'tell-server', { kind: 'tell-server', role: 'follower' })) return;
  const order = { role: 'follower', leaderRevision: null, deadline: now } as const;
  update<Ordering>(turn, { told: { ...order, at: now, answered: false } });
}

function write(turn: Turn): void {
  const { state, now, timings } = turn;
  const until = deadlineNow(state, now, timings);
  const mayAnswer = reasonGateIsClosed(state) === null && !isBound(state, now);
  const deadline = mayAnswer ? until : WITHHELD;
  const leaderRevision = state.leader?.revision ?? 0;
  if (until <= now || !isDue(state, deadline, now)) return;
  const order = { role: 'writer', leaderRevision, deadline } as const;
  if (!ask(turn, 'tell-server', { kind: 'tell-server', ...order })) return;
  const promisedUntil = Math.max(state.promisedUntil, deadline);
  update<Ordering>(turn, { told: { ...order, at: now, answered: false }, promisedUntil });
}

function isDue({ told, leader, server }: State, deadline: Millis, now: Millis): boolean {
  if (told?.role !== 'writer' || told.leaderRevision !== leader?.revision) return true;
  if (deadline === WITHHELD && told.deadline !== WITHHELD) return true;
  if (deadline > told.deadline || now - told.at >= REPEAT_MS) return true;
  // It started again meanwhile, and knows nothing.
  return server.report?.role === 'follower' && server.at > told.at && now - told.at >= RETRY_MS;
}

const REPEAT_MS = 1_000;
const RETRY_MS = 200;

/** The server has heard of its latest order. */
export const heard = ({ told }: State): Partial<Ordering> => ({
  told: told && { ...told, answered: true },
});
