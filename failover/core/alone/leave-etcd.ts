import type { Input } from '../inputs.ts';
import { movesArePaused } from '../moves/carried.ts';
import { isAlive } from '../sites.ts';
import type { LeavingEtcd } from '../state/decided.ts';
import type { EtcdMembersSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import type { Site } from '../view.ts';
import { idOf, membersNow } from './members.ts';

/**
 * The last but one leaves etcd, so that the last one with power has a majority by itself (docs/going-alone.md). In this order, each
 * step only upon what etcd says of the one before, so that it can be broken off anywhere, and any question may come late or twice:
 *
 *     the other has written that it may be alone, and etcd's leader is there
 *     whoever is silent is removed
 *     this site's own member has heard that, and has written something since
 *     this site's own member is removed
 */
export function leaveEtcd(turn: Turn, input: Input): void {
  if (input.kind === 'leave-wanted') take(turn, input.id);
  const { state, now, timings } = turn;
  if (state.leavingEtcd === null) return;
  // It may be removed all the same, by a question that is under way; then it is taken in anew.
  if (state.power.power === 'mains') {
    end(turn, false, 'The mains are back: it stays.');
    return;
  }
  const members = membersNow(state, now, timings);
  const survivor = whoStays(state, now, timings);
  if (members !== null && survivor !== null) goOn(turn, members, survivor);
}

function take(turn: Turn, id: string): void {
  const { self, power, leavingEtcd } = turn.state;
  if (!self.alone || power.power !== 'low')
    answer(turn, id, false, 'Its battery does not end, or no site goes on alone here.');
  else update<LeavingEtcd>(turn, { leavingEtcd: { heardSince: null, ...leavingEtcd, id } });
}

/** Whom this site leaves alone; null while it leads anything, or nobody may be alone. */
function whoStays(state: State, now: Millis, timings: Timings): Site | null {
  const { self, view, leader, address } = state;
  const alone = view?.alone;
  if (alone === undefined || alone.leaver !== self.site || alone.site === self.site) return null;
  if (leader !== null || address !== null || view?.patroni.leader?.site !== alone.site) return null;
  if (view.leader.site !== alone.site || movesArePaused(state, now)) return null;
  return isAlive(state, alone.site, now, timings) ? alone.site : null;
}

function goOn(turn: Turn, members: EtcdMembersSeen, survivor: Site): void {
  const { self, etcdLeader } = turn.state;
  const [own, other] = [idOf(members, self.site), idOf(members, survivor)];
  if (other === null) return;
  if (own === null) end(turn, true, `It has left etcd, which goes on at ${survivor} alone.`);
  // Who leads etcd and goes takes with it the knowledge that the other has a majority.
  else if (etcdLeader.here)
    ask(turn, 'move-etcd-leader', { kind: 'move-etcd-leader', member: other });
  else leave(turn, members, { own, other, survivor });
}

interface Ids {
  readonly own: string;
  readonly other: string;
  readonly survivor: Site;
}

function leave(
  turn: Turn,
  { members, own: known }: EtcdMembersSeen,
  { own, other, survivor }: Ids,
) {
  const third = members.map(({ id }) => id).find((id) => id !== own && id !== other);
  hear(turn, known?.every((id) => id === own || id === other) === true);
  if (third !== undefined) remove(turn, third);
  else if (hasWritten(turn.state, survivor)) remove(turn, own);
}

function hear(turn: Turn, isSo: boolean): void {
  const { leavingEtcd } = turn.state;
  const heardSince = isSo ? (leavingEtcd!.heardSince ?? turn.now) : null;
  if (heardSince !== leavingEtcd!.heardSince)
    update<LeavingEtcd>(turn, { leavingEtcd: { ...leavingEtcd!, heardSince } });
}

/**
 * With two, what etcd shows is on the disk of both; and that the third was removed is noted there with it. By an older configuration this site's
 * member and the third one, which does not know that it was removed, could elect somebody beside the one that goes on alone.
 */
const hasWritten = ({ leavingEtcd, pulses }: State, survivor: Site): boolean =>
  leavingEtcd?.heardSince != null &&
  (pulses[survivor]?.seenAt ?? Number.NEGATIVE_INFINITY) > leavingEtcd.heardSince + ON_ITS_WAY_MS;

/** A pulse that is seen so long after that was written after it. */
const ON_ITS_WAY_MS = 1_000;

const remove = (turn: Turn, member: string): boolean =>
  ask(turn, 'remove-member', { kind: 'remove-member', member });

function end(turn: Turn, accepted: boolean, text: string): void {
  const id = turn.state.leavingEtcd?.id ?? null;
  if (id !== null) answer(turn, id, accepted, text);
  update<LeavingEtcd>(turn, { leavingEtcd: null });
}

function answer({ effects }: Turn, id: string, accepted: boolean, text: string): void {
  effects.push({ kind: 'answer', id, accepted, text });
}
