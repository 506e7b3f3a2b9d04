import { followAddress } from './address/floating-address.ts';
import { goAlone } from './alone/go-alone.ts';
import { grow } from './alone/grow.ts';
import { leaveEtcd } from './alone/leave-etcd.ts';
import { replaceDamagedCopy } from './copies/damaged-copy.ts';
import { passStrays } from './copies/strays.ts';
import { mendStuckMember } from './copies/stuck-member.ts';
import type { Effect } from './effects.ts';
import { depose } from './election/depose.ts';
import { judgeWish } from './election/wishes.ts';
import { giveLeave } from './failsafe/give-leave.ts';
import { askLeave } from './failsafe/go-on.ts';
import { askCover } from './fence/cover.ts';
import { give } from './fence/give.ts';
import { giveCover } from './fence/give-cover.ts';
import { promise } from './fence/promise.ts';
import { makeRoomInEtcd } from './health/etcd-room.ts';
import { watchLinks } from './health/links.ts';
import type { Input } from './inputs.ts';
import { lead } from './lead/leadership.ts';
import { noteTimeline } from './lead/note-timeline.ts';
import { followPatroniLease } from './lead/patroni-lease.ts';
import { orderServer } from './lead/server-orders.ts';
import { answerWhenKnown } from './moves/answering.ts';
import { placeEtcdLeader } from './moves/etcd-leader.ts';
import { handOver } from './moves/hand-over.ts';
import { confirmPauses } from './moves/pause-orders.ts';
import { relieve } from './moves/relieve.ts';
import { makeSwitchovers } from './moves/switchovers.ts';
import { countUnwell } from './moves/unwell.ts';
import { observe } from './observe/observe.ts';
import { ownName } from './own-name.ts';
import { pulse, read } from './pulse/pulse.ts';
import { recover } from './recovery/recover.ts';
import type { State } from './state.ts';
import { type Millis, TIMINGS, type Timings } from './timings.ts';
import type { Turn } from './turn.ts';

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/**
 * Decides, for one site, who leads and who has the address. Pure: it is told what was seen and what
 * time it is, and answers what to do (D7). A failed effect is an input like any other.
 *
 * Safety: whatever we hold ends by our own clock, counted from when the request was sent, before
 * anybody else's wait for our silence can end, counted from when they saw its effect.
 */
export function step(before: State, input: Input, now: Millis, timings: Timings = TIMINGS): Step {
  const turn: Turn = { state: observe(before, input, now, timings), effects: [], now, timings };
  giveLeave(turn, input);
  giveCover(turn, input);
  lead(turn);
  askLeave(turn);
  askCover(turn);
  orderServer(turn);
  countUnwell(turn);
  followPatroniLease(turn);
  followAddress(turn);
  watchLinks(turn);
  makeSwitchovers(turn, input);
  answerWhenKnown(turn);
  confirmPauses(turn, input);
  recover(turn, input);
  promise(turn, input);
  leaveEtcd(turn, input);
  if (ownName(turn.state, now, timings) === 'ours') {
    give(turn);
    goAlone(turn);
    grow(turn);
    handOver(turn);
    judgeWish(turn);
    noteTimeline(turn);
    passStrays(turn);
    depose(turn);
    relieve(turn);
    placeEtcdLeader(turn);
    makeRoomInEtcd(turn);
    mendStuckMember(turn);
    replaceDamagedCopy(turn);
  }
  pulse(turn);
  read(turn, input);
  return { state: turn.state, effects: turn.effects };
}
