import { pauseFor } from '../carried.ts';
import type { Input, Pending } from '../inputs.ts';
import { canTell } from '../own-name.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { driverFails, dropped, failToHold, found, held } from './address.ts';
import { otherEtcd, seeEtcdLeader, seeView } from './etcd.ts';
import { seeFront } from './front.ts';
import { renew, win } from './leases.ts';
import { seePatroniLease, seePostgres } from './patroni.ts';
import { seePower } from './power.ts';
import { seePulse } from './pulses.ts';
import { missServer, obeyed, seeServer } from './server.ts';

/** Takes an input into the state; decides nothing. Each source has a file that knows what it says. */
export function observe(before: State, input: Input, now: Millis, timings: Timings): State {
  const state = answered(before, input);
  const other = otherEtcd(state, input);
  if (other !== null) return { ...state, etcdTrouble: other };
  const after = 'view' in input ? seeView(state, input.view, now, timings) : state;
  return { ...after, ...changes(after, input, now, timings) };
}

function changes(state: State, input: Input, now: Millis, timings: Timings): Partial<State> {
  switch (input.kind) {
    case 'pulsed':
      return renew(state, input, timings);
    case 'claimed':
      return win(state, input, timings);
    case 'pulse-seen':
      return seePulse(state, input, now);
    case 'etcd-leader':
      return seeEtcdLeader(state, input, now);
    case 'postgres':
      return seePostgres(state, input.postgres, now);
    case 'postgres-silent':
      return { postgresTrouble: input.reason };
    case 'patroni-lease':
      return seePatroniLease(state, input);
    case 'server':
      return seeServer(state, input, now);
    case 'server-silent':
      return missServer(state, input, now);
    case 'told':
      return obeyed(state, input, now);
    case 'front':
      return seeFront(state, input, now);
    case 'power':
      return seePower(state, input.power, now);
    case 'certificates':
      return { certificatesEnd: input.end };
    case 'address-held':
      return held;
    case 'address-dropped':
      return dropped;
    case 'address-found':
      return found(input.present);
    case 'pause-wanted':
      return canTell(state, now, timings) ? { pause: pauseFor(state, input.forMs, now) } : {};
    case 'failed':
      return fail(state, input.effect, input.reason, now);
    case 'read':
    case 'released':
    case 'tick':
    case 'hint':
    case 'done':
    case 'switchover-wanted':
      return {};
    default:
      return input satisfies never;
  }
}

function answered(state: State, input: Input): State {
  const what = answerTo(input);
  if (what === null || state.pending[what] === undefined) return state;
  const pending = { ...state.pending };
  delete pending[what];
  return { ...state, pending };
}

function answerTo(input: Input): Pending | null {
  switch (input.kind) {
    case 'read':
      return 'read';
    case 'claimed':
      return `claim ${input.lease}`;
    case 'released':
      return `release ${input.lease}`;
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
      return null;
  }
}

function fail(state: State, effect: Pending, reason: string, now: Millis): Partial<State> {
  switch (effect) {
    case 'pulse':
    case 'read':
      return { etcdTrouble: reason };
    case 'hold-address':
      return failToHold(state, reason, now);
    case 'drop-address':
      return driverFails(state, reason, now);
    case 'reinitialize':
      // To be looked at anew, and asked for again if it is still so.
      return { stuck: null, reinitializedAt: Number.NEGATIVE_INFINITY };
    default:
      return {};
  }
}
