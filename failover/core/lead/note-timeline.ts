import { isNoted, reasonNotReady } from '../gate.ts';
import type { Held, Server } from '../state/seen.ts';
import { acknowledge, parentOf, reasonNotToAcknowledge } from '../timelines.ts';
import { ask, type Turn } from '../turn.ts';
import type { Timelines } from '../view.ts';

/**
 * The last step before the gate opens: from then on nobody is promoted who lacks this timeline. Not before the
 * server's takeover is confirmed, that is, another site has this timeline: else nobody could lead if this one died.
 */
export function noteTimeline(turn: Turn): void {
  const { self, view, leader, steppingDown, ledTimeline, server } = turn.state;
  const key = view?.patroni.leader;
  const timelines = view?.timelines;
  if (leader === null || steppingDown !== null || ledTimeline === null) return;
  if (!timelines || key?.site !== self.site) return;
  endHistory(turn, timelines, ledTimeline);
  if (reasonNotReady(turn.state) !== null || isNoted(turn.state)) return;
  if (reasonNotToAcknowledge(timelines, self.site, ledTimeline) !== null) return;
  if (!hasBegun(server, leader)) return;
  const { revision, ...known } = timelines;
  ask(turn, 'note-timeline', {
    kind: 'note-timeline',
    term: leader.revision,
    key: key.revision,
    revision,
    timelines: acknowledge(known, self.site, { led: ledTimeline, key: key.revision }),
  });
}

/** The epoch of this term is visible in the database. A server that is all new cannot be more before the gate opens. */
const hasBegun = ({ report }: Server, { revision }: Held): boolean =>
  (report?.epoch ?? 0) >= revision;

/**
 * Patroni 4.0.7 takes the number after the last line of `/history` for the cluster's timeline, and leaves that
 * line alone where it is of the number before its own. A number that was passed over has no line of its own.
 */
function endHistory(turn: Turn, timelines: Timelines, led: number): void {
  const { self, view } = turn.state;
  const { leader, history, historyRevision } = view!.patroni;
  const last = history.at(-1);
  const parent = parentOf(timelines, led);
  if (leader === null || parent === null || parent === led - 1) return;
  if (last?.[0] !== parent) return;
  const line = [
    led - 1,
    last[1],
    'its number was given to a promotion that came to nothing',
    '',
    self.site,
  ];
  ask(turn, 'end-history', {
    kind: 'end-history',
    key: leader.revision,
    revision: historyRevision,
    lines: [...history, line],
  });
}
