import { endLeaving } from '../address/floating-address.ts';
import { clonedBefore, notCloned } from '../copies/stuck-member.ts';
import { gaveLeaveBefore } from '../failsafe/give-leave.ts';
import type { Input, Pending } from '../inputs.ts';
import { endLeading } from '../lead/leadership.ts';
import { heard } from '../lead/server-orders.ts';
import { pauseFor, seePause } from '../moves/carried.ts';
import { movedBefore } from '../moves/switchovers.ts';
import { canTell } from '../own-name.ts';
import { refused } from '../pulse/pulse.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { ended } from '../turn.ts';
import type { View } from '../view.ts';
import { driverFails, dropped, failToHold, found, held } from './address.ts';
import { seeCertificates } from './certificates.ts';
import { seeClocks, seeWallClock } from './clocks.ts';
import { seeCopy } from './copy.ts';
import { seeCover } from './cover.ts';
import { seeDisk } from './disk.ts';
import {
  asNew,
  failToRead,
  heeded,
  otherEtcd,
  overtaken,
  seeEtcd,
  seeEtcdDamage,
  seeEtcdLeader,
  seeEtcdMembers,
  seeEtcdRoom,
} from './etcd.ts';
import { seeFront } from './front.ts';
import { reconcile, renew, win } from './leases.ts';
import { seeLeave } from './leave.ts';
import { seeLinks } from './links.ts';
import { seeName } from './name.ts';
import { missPostgres, seePatroniLease, seePostgres } from './patroni.ts';
import { seePeers } from './peers.ts';
import { seePower } from './power.ts';
import { seeKey, seeRole, seeTold } from './promotion.ts';
import { seePulse, seePulses } from './pulses.ts';
import { missServer, obeyed, seeServer } from './server.ts';

/** Takes an input into the state; decides nothing. Each source has a file that knows what it says. */
export function observe(before: State, input: Input, now: Millis, timings: Timings): State {
  const what = answerTo(input);
  const known =
    what === null ? before : { ...before, ...ended(before, what, tellsMore(input), now) };
  const other = otherEtcd(known, input, now);
  if (other !== null && other.inMs > 0) return { ...known, ...failToRead(other.why) };
  const state = other === null ? known : asNew(known, now);
  const after =
    'view' in input ? seeView(state, heeded(state.self, input.view), now, timings) : state;
  return { ...after, ...changes(after, input, now, timings) };
}

/** Answers may overtake each other; an older reading says nothing new. */
function seeView(before: State, view: View, now: Millis, timings: Timings): State {
  if (before.view !== null && view.revision < before.view.revision)
    return { ...before, ...overtaken(before, view) };
  const state = before.view === null ? takeUp(before, view, now) : before;
  const held = reconcile(state, view, now, timings);
  return {
    ...state,
    ...seeEtcd(state, view, now),
    ...seeName(state, view, now, timings),
    ...seePulses(state, view, now),
    ...seeClocks(state, view, now),
    ...seePause(state, view, now),
    ...seeKey(state, view, now),
    ...held,
    ...endLeading(held.leader),
    ...endLeaving(held.address),
  };
}

/** At an agent's first sight of etcd: what the one before it had to know. */
function takeUp(state: State, view: View, now: Millis): State {
  const carried = view.sites[state.self.site]?.report.carried;
  if (!carried) return state;
  return { ...state, ...movedBefore(carried, now), ...clonedBefore(carried, now) };
}

function changes(state: State, input: Input, now: Millis, timings: Timings): Partial<State> {
  switch (input.kind) {
    case 'pulsed':
      return input.renewed ? renew(state, input, timings) : refused(state, now);
    case 'claimed':
      return win(state, input, timings);
    case 'given':
      return win(state, { ...input, kind: 'claimed', lease: 'leader', won: input.done }, timings);
    case 'pulse-seen':
      return seePulse(state, input, now);
    case 'etcd-leader':
      return seeEtcdLeader(state, input, now);
    case 'etcd-members':
      return seeEtcdMembers(input, now);
    case 'etcd-room':
      return seeEtcdRoom(input.room, now);
    case 'etcd-damage':
      return seeEtcdDamage(input.damage, now);
    case 'postgres':
      return { ...seePostgres(state, input, now), ...seeRole(state, input.postgres) };
    case 'postgres-silent':
      return missPostgres(input.reason);
    case 'patroni-lease':
      return seePatroniLease(state, input);
    case 'server':
      return seeServer(state, input, now);
    case 'server-silent':
      return missServer(state, input, now);
    case 'told':
      return { ...heard(state), ...obeyed(state, input, now) };
    case 'front':
      return seeFront(state, input, now);
    case 'power':
      return seePower(state, input, now, timings);
    case 'disk':
      return seeDisk(state, input.disk, now, timings);
    case 'links':
      return seeLinks(input.links, now);
    case 'peer-answered':
    case 'peer-silent':
    case 'peer-refused':
      return seePeers(state, input, now);
    case 'leave-answered':
      return seeLeave(state, input);
    case 'cover-answered':
      return seeCover(state, input);
    case 'leave-given':
      return gaveLeaveBefore(state, input.until);
    case 'wall-clock':
      return seeWallClock(input.aheadMs);
    case 'promotion':
      return seeTold(state, input.told, now);
    case 'copy-checked':
      return seeCopy(input.damage);
    case 'certificates':
      return seeCertificates(input.end);
    case 'address-held':
      return held;
    case 'address-dropped':
      return dropped;
    case 'address-found':
      return found(input.present);
    case 'pause-wanted':
      return canTell(state, now, timings) ? pauseFor(state, input.forMs, now) : {};
    case 'failed':
      return fail(state, input.effect, input.reason, now);
    default:
      return nothingMore(input);
  }
}

/** Those with a view have said it in that; about the others something is decided, or nothing. */
const nothingMore = (
  _: Extract<
    Input,
    {
      kind:
        | ('read' | 'released' | 'timeline-noted' | 'recovered')
        | ('tick' | 'hint' | 'done')
        | ('switchover-wanted' | 'recovery-wanted' | 'leave-asked' | 'cover-asked')
        | ('block-found' | 'blocked' | 'unblocked' | 'promised' | 'taken-back')
        | ('leave-wanted' | 'alone-written');
    }
  >,
): Partial<State> => ({});

/** Of a failure nothing is known, and of what was merely done, only once it has been read. */
const tellsMore = ({ kind }: Input): boolean => kind !== 'failed' && kind !== 'done';

function answerTo(input: Input): Pending | null {
  switch (input.kind) {
    case 'read':
      return 'read';
    case 'claimed':
      return `claim ${input.lease}`;
    case 'released':
      return `release ${input.lease}`;
    case 'timeline-noted':
      return 'note-timeline';
    case 'recovered':
      return 'recover';
    case 'blocked':
      return 'block';
    case 'unblocked':
      return 'unblock';
    case 'promised':
      return 'promise';
    case 'taken-back':
      return 'take-back';
    case 'given':
      return 'give';
    case 'alone-written':
      return 'go-alone';
    case 'patroni-lease':
      return 'patroni-lease';
    case 'told':
      return 'tell-server';
    case 'address-held':
      return 'hold-address';
    case 'address-dropped':
      return 'drop-address';
    case 'done':
    case 'failed':
      return input.effect;
    default:
      return nobodysAnswer(input);
  }
}

/** Pulses may overlap, and nobody waits for the others. */
const nobodysAnswer = (
  _: Extract<
    Input,
    {
      kind:
        | 'pulsed'
        | 'tick'
        | 'hint'
        | 'pulse-seen'
        | 'postgres'
        | 'postgres-silent'
        | 'server'
        | 'server-silent'
        | 'front'
        | 'power'
        | 'disk'
        | 'links'
        | 'peer-answered'
        | 'peer-silent'
        | 'peer-refused'
        | 'leave-asked'
        | 'leave-answered'
        | 'leave-given'
        | 'cover-asked'
        | 'cover-answered'
        | 'block-found'
        | 'wall-clock'
        | 'copy-checked'
        | 'certificates'
        | 'promotion'
        | 'address-found'
        | 'etcd-leader'
        | 'etcd-room'
        | 'etcd-members'
        | 'leave-wanted'
        | 'etcd-damage'
        | 'switchover-wanted'
        | 'recovery-wanted'
        | 'pause-wanted';
    }
  >,
): null => null;

function fail(state: State, effect: Pending, reason: string, now: Millis): Partial<State> {
  switch (effect) {
    case 'pulse':
    case 'read':
      return failToRead(reason);
    case 'hold-address':
      return failToHold(state, reason, now);
    case 'drop-address':
      return driverFails(state, reason, now);
    case 'reinitialize':
      return notCloned;
    default:
      return {};
  }
}
