import { replaceDamagedCopy } from './damaged-copy.ts';
import { depose } from './depose.ts';
import type { Effect } from './effects.ts';
import { placeEtcdLeader } from './etcd-leader.ts';
import { makeRoomInEtcd } from './etcd-room.ts';
import { followAddress } from './floating-address.ts';
import { handOver } from './hand-over.ts';
import type { Input } from './inputs.ts';
import { lead } from './leadership.ts';
import { watchLinks } from './links.ts';
import { noteTimeline } from './note-timeline.ts';
import { observe } from './observe/observe.ts';
import { ownName } from './own-name.ts';
import { followPatroniLease } from './patroni-lease.ts';
import { confirmPauses } from './pause-orders.ts';
import { pulse, read } from './pulse.ts';
import { recover } from './recover.ts';
import { relieve } from './relieve.ts';
import { orderServer } from './server-orders.ts';
import type { State } from './state.ts';
import { passStrays } from './strays.ts';
import { mendStuckMember } from './stuck-member.ts';
import { makeSwitchovers } from './switchovers.ts';
import { type Millis, TIMINGS, type Timings } from './timings.ts';
import type { Turn } from './turn.ts';
import { countUnwell } from './unwell.ts';
import { judgeWish } from './wishes.ts';

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
  lead(turn);
  orderServer(turn);
  countUnwell(turn);
  followPatroniLease(turn);
  followAddress(turn);
  watchLinks(turn);
  makeSwitchovers(turn, input);
  confirmPauses(turn, input);
  recover(turn, input);
  if (ownName(turn.state, now, timings) === 'ours') {
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
