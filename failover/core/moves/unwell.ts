import { reasonGateIsClosed } from '../gate.ts';
import { isRunningPrimary, reasonSick } from '../sites.ts';
import { type CountingUnwell, nothingAmiss, type Unwell } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { type Turn, update } from '../turn.ts';
import type { ServerReport } from '../view.ts';
import { refuge } from './candidate.ts';

/**
 * F29, gray failure. A server that falls in a loop is well whenever one looks again, and a patience that a good
 * look renews never ends. Health is being able to commit, lately, often enough: what is amiss is counted up,
 * what goes well counts it down ten times more slowly, and at `serverPatienceMs` the site moves.
 */
export function countUnwell(turn: Turn): void {
  const { state, now } = turn;
  const isPrimary = state.view?.patroni.leader?.site === state.self.site;
  update<CountingUnwell>(turn, { unwell: isPrimary ? counted(turn) : nothingAmiss(now) });
}

function counted({ state, now, timings }: Turn): Unwell {
  const before = state.unwell;
  const [isAsked, obeys] = [isAskedToWrite(state), obeysNow(state)];
  const fell = isAsked && before.obeys && !obeys;
  const { rate, why } = howItIs(state, now, timings);
  // An agent that stood still has seen nothing of that time.
  const passedMs = Math.min(now - before.at, timings.freshMs);
  const sum = before.debtMs + rate * passedMs + (fell ? FALL_MS : 0);
  const debtMs = Math.min(Math.max(0, sum), 2 * timings.serverPatienceMs);
  const falls = debtMs === 0 ? 0 : before.falls + (fell ? 1 : 0);
  const often = falls > 1 ? `its server fell ${falls} times lately` : null;
  return { debtMs, at: now, why: debtMs === 0 ? null : (often ?? why ?? before.why), obeys, falls };
}

const isAskedToWrite = ({ leader, steppingDown, told }: State): boolean =>
  leader !== null && steppingDown === null && told?.role === 'writer';

/** One that merely does not answer is as it was. */
function obeysNow(state: State): boolean {
  const { server, postgres } = state;
  const role = server.report?.role;
  // It is told before PostgreSQL is promoted, and refused until then: no fall (seen: six, and the next site moved, too).
  const isTaking = role === 'taking-over' && postgres !== null && isRunningPrimary(postgres.report);
  return isAskedToWrite(state) && (role === 'writer' || isTaking);
}

interface Amiss {
  /** What a second of it counts. */
  readonly rate: number;
  readonly why: string | null;
}

function howItIs(state: State, now: Millis, timings: Timings): Amiss {
  const { postgres, server } = state;
  // That is Patroni's to mend: and how often the server falls with it is counted.
  if (postgres === null || !isRunningPrimary(postgres.report)) return { rate: 0, why: null };
  if (now - postgres.at > timings.freshMs) return { rate: 0, why: null };
  if (server.sickSince !== null) return { rate: 1, why: reasonSick(server) };
  const slow = whatDoesNotEnd(state, timings);
  if (slow === null) return { rate: RECOVERY, why: null };
  // Where no other site has all, or none is well, a move would not help.
  const helps = reasonGateIsClosed(state) === null && refuge(state, now, timings, 'has all');
  return helps ? slow : { rate: 0, why: null };
}

/** Takeovers end sessions, wait for a standby, and may have a schema to bring up to date. */
function whatDoesNotEnd({ server: { report } }: State, timings: Timings): Amiss | null {
  if (report?.role === 'taking-over') return { rate: 1 / 3, why: 'its takeover does not end' };
  if (report === null || !isWaiting(report, timings)) return null;
  return { rate: 1, why: 'its commits do not come back, although another site has all' };
}

export const isWaiting = ({ role, waitingMs = 0 }: ServerReport, timings: Timings): boolean =>
  role === 'writer' && waitingMs >= timings.commitPatienceMs;

const RECOVERY = -1 / 10;
/** What clients feel of a fall that is mended at once, and what it says of the next. */
const FALL_MS = 2_500;
