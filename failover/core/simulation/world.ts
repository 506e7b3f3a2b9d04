import type { Site } from '../view.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** What every model of the simulation shares. */
export interface World {
  readonly time: Timeline;
  readonly random: Random;
  readonly network: Network;
  /** Sites with everything. */
  readonly sites: readonly Site[];
  /** All members of etcd: the sites, and a witness where there is one. */
  readonly members: readonly Site[];
  /** Whether Patroni goes on without a standby: two sites and a witness do, three never. */
  readonly strict: boolean;
  /** Whether the agents go on without etcd, and Patroni, too (F20); else no story has anything of it. */
  readonly failsafe: boolean;
  /** Whether the leader is covered, and others promise (docs/third-fence.md); else no story has anything of it. */
  readonly thirdFence: boolean;
  /** Whether the last site with power goes on alone (docs/going-alone.md); else no story has anything of it. */
  readonly alone: boolean;
  readonly bugs: Bugs;
  /** Each machine's own idea of time: another zero and a slightly wrong speed. */
  readonly clock: (site: Site) => number;
  /** A hypervisor stops a machine, and its clock with it: what it reads from memory for a while after that may be old, whatever it compares. */
  readonly stopClock: (site: Site, forMs: number) => void;
  /** Whether that machine's clock stands, or has stood within so long: then it may believe in what ended long ago, and in no more than lasts for so long. */
  readonly clockStood: (machine: string, withinMs: number) => boolean;
  /** What a fault does lasts for so long: only then all must become well. */
  readonly busyFor: (ms: number) => void;
  readonly busyUntil: number;
  readonly note: (what: string) => void;
}

/** Mistakes that the simulation must notice; each has been made somewhere (docs/faults.md). */
export interface Bugs {
  readonly lateAnswersRenew?: boolean;
  readonly challengerIgnoresLastPulse?: boolean;
  readonly addressWithoutLifetime?: boolean;
  readonly noFenceRow?: boolean;
  readonly takeoverNotConfirmed?: boolean;
  readonly noDeadlineAfterCommit?: boolean;
  readonly toldOnRenewal?: boolean;
  readonly forgetsLapses?: boolean;
  readonly toldWhoeverConfirms?: boolean;
  readonly namesWhoLags?: boolean;
  readonly claimsEarly?: boolean;
  readonly holdsUnclaimed?: boolean;
  readonly deadlineWithoutPatroni?: boolean;
  readonly silentServerIsGone?: boolean;
  readonly handsOverUnseen?: boolean;
  readonly straysInTheWay?: boolean;
  readonly switchoverStands?: boolean;
  readonly noGate?: boolean;
  readonly noTimelineCheck?: boolean;
  readonly numbersAsTheyCome?: boolean;
  readonly anyLineageLeads?: boolean;
  readonly notesAgain?: boolean;
  readonly copiesFromAny?: boolean;
  readonly nobodyVotes?: boolean;
  readonly replayingVotes?: boolean;
  readonly nobodyDeposes?: boolean;
  readonly lifetimeFromTheOrder?: boolean;
  readonly anyMachine?: boolean;
  readonly stalledIsDead?: boolean;
  readonly leaveFromArrival?: boolean;
  readonly oneLeaveIsEnough?: boolean;
  readonly leaveWhilePromoting?: boolean;
  readonly promotesDespiteLeave?: boolean;
  readonly leaveBesideKey?: boolean;
  readonly goesOnAgain?: boolean;
  readonly leaveBindsNobody?: boolean;
  readonly answersUncovered?: boolean;
  readonly coversDespitePromise?: boolean;
  readonly promisesAtOnce?: boolean;
  readonly onePromiseIsEnough?: boolean;
  readonly blocksNothing?: boolean;
  readonly unblocksAfterGive?: boolean;
  readonly tellsPositionAtOnce?: boolean;
  readonly leavesBeforeItHeard?: boolean;
  readonly leavesAsEtcdsLeader?: boolean;
  readonly sickIsWell?: boolean;
  readonly stuckIsLeft?: boolean;
}
