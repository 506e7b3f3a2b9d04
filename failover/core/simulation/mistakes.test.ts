import { test, vi } from 'vitest';
import { mustNotice } from '../../../test/support/planted-mistake.ts';
import {
  agentPaused,
  bothEndsLost,
  cutOff,
  moveToOneThatLags,
  oursPaused,
  serverPaused,
  slowAddress,
  standbysStalled,
  twinStarted,
} from './faults.ts';
import { machineStopped } from './fence-faults.ts';
import { strangerConfirms, strangerConfirmsUnheard } from './late-tellings.ts';
import {
  frozenInItsLoop,
  frozenInTurn,
  leftTooEarly,
  pausedBetweenLosses,
  promotedApart,
} from './overtaken.ts';
import { patroniFrozen } from './patroni-faults.ts';
import { powerLoss } from './power.ts';
import type { Setting, Story } from './simulate.ts';
import { movedWhileAllAgentsAreDead, once } from './stories.ts';
import type { Bugs } from './world.ts';

/** They compute, and the machine may have other things to do. */
vi.setConfig({ testTimeout: 600_000 });

/** Each mistake with the schedule that shows it: docs/faults.md, "Schedules that broke earlier drafts". */
const MISTAKES: [mistake: string, bugs: Bugs, story: Story][] = [
  [
    'the next batch looks at no fence row (schedule 1: killed while its batch waits)',
    { noFenceRow: true },
    (world, cluster, active) => {
      standbysStalled(world, cluster, active, 6_000);
      world.time.after(1_500, () => cluster.servers.get(active)!.kill(500));
    },
  ],
  [
    'a takeover is not confirmed by a standby (schedule 2: a visible row that only a lost site had)',
    { takeoverNotConfirmed: true },
    (world, cluster, active) => {
      standbysStalled(world, cluster, active, 8_000);
      world.time.after(1_500, () => cluster.patronis.get(active)!.crashPostgres());
      // Before Patroni takes the silent standbys out of /sync.
      world.time.after(4_400, () => powerLoss(world, cluster, active, 40_000));
    },
  ],
  [
    "the deadline forgets Patroni's key (schedule 6: a frozen Patroni beside a living PostgreSQL)",
    { deadlineWithoutPatroni: true },
    (world, cluster, active) => {
      patroniFrozen(world, cluster, active, 45_000);
      world.time.after(18_500, () => agentPaused(world, cluster, active, 8_000));
    },
  ],
  [
    'the deadline is not looked at again after COMMIT',
    { noDeadlineAfterCommit: true },
    (world, cluster, active) => {
      oursPaused(world, cluster, active, 40_000);
      world.time.after(2_000, () => moveAway(world, cluster, active));
    },
  ],
  [
    'a server that does not answer is taken for dead',
    { silentServerIsGone: true },
    (world, cluster, active) => {
      world.time.after(3_000, () => serverPaused(world, cluster, active, 4_000));
      world.time.after(3_100, () => moveAway(world, cluster, active));
    },
  ],
  [
    'renewals have no deadline, and the lease counts from their answers',
    { lateAnswersRenew: true },
    (world, cluster, active) => {
      world.network.lossRate = 0.3;
      for (let at = 5_000; at < 50_000; at += 10_000) {
        world.time.after(at, () => cutOff(world, cluster, active, 5_000));
      }
    },
  ],
  [
    "a challenger does not compare the holder's last pulse",
    { challengerIgnoresLastPulse: true },
    (world, cluster, active) => {
      world.network.lossRate = 0.3;
      for (let at = 0; at < 50_000; at += 6_000)
        world.time.after(at, () => cutOff(world, cluster, active, 3_700));
    },
  ],
  [
    'the leader key is handed to a standby that may lack something',
    { handsOverUnseen: true },
    (world, cluster, active) => {
      const to = world.sites.find((site) => site !== active)!;
      // The candidate falls behind, while another standby confirms.
      world.time.after(3_000, () => cluster.postgreses.get(to)!.stall(5_000));
      world.time.after(4_500, () => moveAway(world, cluster, active));
    },
  ],
  [
    'the gate stands open: /sync and /history are of the leader before (F34)',
    { noGate: true },
    (world, cluster, active) => bothEndsLost(world, cluster, active, 0),
  ],
  [
    'a copy on a dead timeline leads (check_timeline; and what Patroni asks before a promotion, which covers it)',
    { noTimelineCheck: true, anyLineageLeads: true },
    (world, cluster, active) => bothEndsLost(world, cluster, active, 0),
  ],
  [
    'a promotion takes the number that PostgreSQL takes by itself, which another may have',
    { numbersAsTheyCome: true },
    once(promotedApart),
  ],
  [
    'a primary goes on after another site was given a number, which may lead it without being asked (and others are rewound onto that one, which covers it)',
    { notesAgain: true, copiesFromAny: true, nobodyDeposes: true },
    once(frozenInTurn),
  ],
  [
    'a site that has not gone through the timeline which acknowledged is promoted (and a primary goes on, which covers it)',
    { anyLineageLeads: true, notesAgain: true },
    once(leftTooEarly),
  ],
  [
    'a stray copy with the highest position stands in the way of everybody (F23)',
    { straysInTheWay: true },
    (world, cluster, active) => bothEndsLost(world, cluster, active, 0),
  ],
  [
    'a switchover to a standby that lags is not taken back (nor asked for its votes, which covers it)',
    { switchoverStands: true, nobodyVotes: true },
    (world, cluster, active) => moveToOneThatLags(world, cluster, active, 0),
  ],
  [
    'whom an operator names is promoted without a vote, and no agent lives',
    { nobodyVotes: true },
    (world, cluster, active) => movedWhileAllAgentsAreDead(world, cluster, active),
  ],
  [
    'a copy is rewound onto a primary that lacks what was acknowledged',
    { copiesFromAny: true },
    once(frozenInItsLoop),
  ],
  [
    'a primary that lacks what was acknowledged is left where it is',
    { nobodyDeposes: true },
    once(pausedBetweenLosses),
  ],
  [
    'what a base backup alone may have confirmed is told before the agent has heard that no standby is left',
    { toldWhoeverConfirms: true },
    once(strangerConfirms),
  ],
  [
    'what was committed past the deadline is told as soon as that is renewed (and a standby that lags is named, which covers it)',
    { toldOnRenewal: true, namesWhoLags: true },
    once(strangerConfirms),
  ],
  [
    'a deadline that passed and was renewed while a commit was under way is forgotten (and a standby that lags is named, and nobody asks who confirms)',
    { forgetsLapses: true, namesWhoLags: true, toldWhoeverConfirms: true },
    once(strangerConfirmsUnheard),
  ],
  [
    "the address's lifetime is counted from the order, and ip is slow",
    { lifetimeFromTheOrder: true },
    (world, cluster, active) => {
      slowAddress(world, cluster, active, 50_000);
      world.time.after(10_000, () => agentPaused(world, cluster, active, 20_000));
    },
  ],
  [
    'two machines of one name both act for it (F30)',
    { anyMachine: true },
    (world, cluster, active) => twinStarted(world, cluster, active, 40_000),
  ],
  [
    'the address has no lifetime',
    { addressWithoutLifetime: true },
    (world, cluster, active) => agentPaused(world, cluster, active, 20_000),
  ],
];

for (const [mistake, bugs, faults] of MISTAKES) {
  const setting = (seed: number): Setting => ({ seed, faults, faultsMs: 55_000, witness: false });

  test(`the simulation would notice if ${mistake}`, () => mustNotice(bugs, setting));
}

// Of two sites, since a third would hold it as well, and the clocks of those two have not stood.
test.for([
  ['claimed', { claimsEarly: true }],
  ['held without a claim', { holdsUnclaimed: true }],
] as const)(
  'the simulation would notice if the address is %s when its holder, whose clock stands, is silent for a second',
  ([, bugs]) => {
    const faults: Story = (world, cluster, active) => machineStopped(world, cluster, active, 3_000);
    mustNotice(bugs, (seed) => ({ seed, faults, witness: true, calm: true }));
  },
);

const moveAway: Story = ({ sites }, { patronis }, active) =>
  patronis.get(active)!.switchover(sites.find((site) => site !== active)!, () => {});
