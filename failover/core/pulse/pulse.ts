import type { Input } from '../inputs.ts';
import { naming, ownName } from '../own-name.ts';
import type { Pulsing } from '../state/decided.ts';
import type { Held } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import { reportNow, urgentNow, urgentText } from './report.ts';

/**
 * The sign of life: every 0.7 s a fresh request, whatever became of the ones before (D8). One
 * transaction renews what we hold, tells the others how we are, and reads how they are. News that
 * others wait for do not wait for the next turn.
 */
export function pulse(turn: Turn): void {
  const { state, now, timings } = turn;
  const name = ownName(state, now, timings);
  // What the agent before this one carried is in the key that this would overwrite.
  if (name === 'unknown' || name === 'taken') {
    onlyRead(turn);
    return;
  }
  const part = urgentNow(state, now, timings);
  // Who judges a wish for a switchover waits for the positions of all.
  const position = state.wish === null ? '' : part.postgres?.lsn;
  const urgent = `${urgentText(part)} ${position}`;
  const lastAt = state.nextPulseAt - timings.pulseEveryMs;
  const soon =
    urgent !== state.reported || isUnconfirmed(state.leader) || isUnconfirmed(state.address);
  if (now < state.nextPulseAt && !(soon && now - lastAt >= SPACING_MS)) return;
  const holds = {
    ...(state.leader && { leader: state.leader.revision }),
    ...(state.address && { address: state.address.revision }),
  };
  turn.effects.push({
    kind: 'pulse',
    sentAt: now,
    holds,
    name: naming(state, now, timings),
    report: reportNow(state, now, timings),
  });
  update<Pulsing>(turn, { nextPulseAt: now + timings.pulseEveryMs, reported: urgent });
}

/** No sign of life in a name that may be another machine's. */
function onlyRead(turn: Turn): void {
  const { nextPulseAt } = turn.state;
  if (turn.now < nextPulseAt) return;
  update<Pulsing>(turn, { nextPulseAt: turn.now + turn.timings.pulseEveryMs, rereadWanted: true });
}

/** Found in etcd as ours, but not yet renewed by this process. */
function isUnconfirmed(held: Held | null): boolean {
  return held?.until === Number.NEGATIVE_INFINITY;
}

/** What changes fast must not become a flood. */
const SPACING_MS = 100;

/** A watch only says that something changed: it is read at once, and one reading at a time. */
export function read(turn: Turn, input: Input): void {
  const begins = turn.state.view === null && input.kind === 'tick';
  if (input.kind === 'hint' || begins) update<Pulsing>(turn, { rereadWanted: true });
  if (!turn.state.rereadWanted) return;
  if (ask(turn, 'read', { kind: 'read' })) update<Pulsing>(turn, { rereadWanted: false });
}

/**
 * Refused: the view that came with the refusal says what is over; what is not wants a new pulse. Not in the same
 * moment: where the view is not taken, that would be refused as well.
 */
export const refused = ({ nextPulseAt }: State, now: Millis): Partial<Pulsing> => ({
  nextPulseAt: Math.min(nextPulseAt, now + SPACING_MS),
});
