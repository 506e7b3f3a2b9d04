import { blockThatStays } from '../copies/block-that-stays.ts';
import { DAMAGED } from '../copies/damaged-copy.ts';
import { refusedNow } from '../copies/refused.ts';
import { reasonGateIsClosed } from '../gate.ts';
import { batteryNow } from '../health/battery.ts';
import { clockBehind, wallNow } from '../health/clocks.ts';
import { diskNow, isFull, reasonOfDisk } from '../health/disk.ts';
import { etcdMemberNow } from '../health/etcd-room.ts';
import { linksNow } from '../health/links.ts';
import { carriedBy } from '../moves/carried.ts';
import { isAtWork } from '../sites.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Report, ServerReport } from '../view.ts';

/** What this site says of itself with its next pulse. */
export function reportNow(state: State, now: Millis, timings: Timings): Report {
  const { self, front } = state;
  const staysBlocked = blockThatStays(state, now);
  return {
    ...urgentNow(state, now, timings),
    witness: self.witness,
    serverUrl: self.serverUrl,
    frontWay: now - front.at > timings.freshMs ? null : front.way,
    mayHoldAddress: self.mayHoldAddress && now >= (state.addressTrouble?.until ?? now),
    battery: batteryNow(state, now),
    etcdMember: etcdMemberNow(state, now),
    links: linksNow(state, now, timings),
    certificatesEnd: state.certificatesEnd,
    unwell: unwellNow(state),
    copyDamage: state.copyDamage,
    wallMs: wallNow(state, now),
    clockBehind: clockBehind(state, now, timings),
    ...(self.thirdFence && { fenced: state.promisedUntil <= now + timings.coverMs }),
    ...(staysBlocked !== null && { staysBlocked }),
    etcdLeader: state.etcdLeader.here,
  };
}

type Urgent = Pick<
  Report,
  | ('server' | 'postgres' | 'front' | 'power' | 'disk' | 'notCandidate')
  | ('heldDown' | 'unstable' | 'refused' | 'goesDown' | 'carried')
>;

/** The part of it whose change others must hear of at once: so at each input it is asked for alone. */
export function urgentNow(state: State, now: Millis, timings: Timings): Urgent {
  const { server, postgres, front } = state;
  const postgresKnown = postgres !== null && now - postgres.at <= timings.freshMs;
  return {
    server: now - server.at <= timings.freshMs ? behindGate(state, now) : null,
    postgres: postgresKnown ? postgres.report : null,
    front: now - front.at > timings.freshMs ? 'unknown' : front.healthy ? 'healthy' : 'sick',
    power: state.power.power,
    disk: diskNow(state, now, timings),
    notCandidate: notCandidate(state, now, timings),
    heldDown: now < state.moves.heldUntil,
    unstable: now < state.losses.heldUntil ? state.losses.count : 0,
    refused: refusedNow(state, now),
    ...(state.leavingEtcd !== null && { goesDown: true }),
    carried: carriedBy(state, now),
  };
}

/** What does not pass by itself, as one fall does. */
export const unwellNow = ({ unwell }: State): string | null =>
  unwell.debtMs >= WORTH_TELLING_MS ? unwell.why : null;

const WORTH_TELLING_MS = 4_000;

/** A writer that may answer nobody yet is none yet. */
export function behindGate(state: State, now: Millis): ServerReport | null {
  const { report } = state.server;
  const why = report?.role === 'writer' ? reasonNotOpen(state, now) : null;
  return report === null || why === null ? report : { ...report, role: 'taking-over', why };
}

/** What an earlier process of this agent told it may hold for a while. */
function reasonNotOpen(state: State, now: Millis): string | null {
  const { told, promisedUntil } = state;
  const until = told?.role === 'writer' ? told.deadline : promisedUntil;
  return reasonGateIsClosed(state) ?? (until <= now ? 'its deadline is over' : null);
}

/** Two that read the same tell nothing new. */
export function urgentText({
  server,
  postgres,
  front,
  power,
  disk,
  notCandidate,
  heldDown,
  unstable,
  refused,
  carried,
  goesDown,
}: Urgent): string {
  return `${server?.role} ${server?.epoch} ${server?.healthy} ${postgres?.role} ${front} ${power} ${disk && isFull(disk)} ${notCandidate} ${heldDown} ${unstable} ${refused?.kind} ${carried?.pause?.number} ${goesDown === true}`;
}

function notCandidate(state: State, now: Millis, timings: Timings): string | null {
  const { server, postgres } = state;
  if (state.self.witness) return 'it is a witness';
  if (now - server.at > timings.freshMs || server.report === null) {
    return 'its server does not answer';
  }
  if (!server.report.healthy) return 'its server is sick';
  if (postgres === null || now - postgres.at > timings.freshMs) {
    return 'its Patroni does not answer';
  }
  if (!isAtWork(postgres.report)) {
    return `its PostgreSQL is ${postgres.report.state}`;
  }
  if (state.copyDamage !== null) return DAMAGED;
  return reasonOfDisk(state, now, timings);
}
