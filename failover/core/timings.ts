/** Milliseconds on CLOCK_BOOTTIME: it goes on through a suspend, and no clock setting moves it. */
export type Millis = number;

/** Every time the machine counts with, in one place, with its reason. */
export interface Timings {
  readonly pulseEveryMs: Millis;
  readonly etcdDeadlineMs: Millis;
  readonly leaderLeaseMs: Millis;
  readonly addressLeaseMs: Millis;
  readonly leaderMarginMs: Millis;
  readonly addressMarginMs: Millis;
  readonly patroniMarginMs: Millis;
  readonly goOnAfterMs: Millis;
  readonly askAgainMs: Millis;
  readonly confirmationMs: Millis;
  readonly confirmationMarginMs: Millis;
  readonly coverMs: Millis;
  readonly promiseAfterMs: Millis;
  readonly goOnMaxMs: Millis;
  readonly goOnMarginMs: Millis;
  readonly freshMs: Millis;
  readonly unknownMs: Millis;
  readonly addressTurnMs: Millis;
  readonly frontPatienceMs: Millis;
  readonly serverPatienceMs: Millis;
  readonly commitPatienceMs: Millis;
  readonly agentPatienceMs: Millis;
  readonly diskPatienceMs: Millis;
  readonly fullPatienceMs: Millis;
  readonly linkPatienceMs: Millis;
  readonly batteryPatienceMs: Millis;
  readonly batteryEndsMs: Millis;
  readonly batteryLongerMs: Millis;
  readonly batteryOutlivedMs: Millis;
  readonly aloneBatteryMs: Millis;
  readonly allBackForMs: Millis;
  readonly settleMs: Millis;
  readonly drainMs: Millis;
  readonly calmWithinMs: Millis;
  readonly holdDownMs: Millis;
  readonly holdDownMaxMs: Millis;
  readonly etcdLeaderEveryMs: Millis;
  readonly stuckMemberMs: Millis;
  readonly reinitializeEveryMs: Millis;
}

export const TIMINGS: Timings = {
  /** Several pulses fit into the shorter lease, so that one lost message costs nothing (D8). */
  pulseEveryMs: 700,
  /** Of each question to etcd: longer than a slow line needs, and two pulses overlap at most. */
  etcdDeadlineMs: 1_000,
  /**
   * Survives a frozen etcd leader: 1 s until the request in the freeze is given up, 1.2-2.1 s of
   * election, one more pulse. It is not what a failover waits for: Patroni's 20 s are longer.
   */
  leaderLeaseMs: 8_000,
  /** As short as an election allows (same sum, 3.3 s): it is most of the 6 s in which fronts must answer. */
  addressLeaseMs: 4_000,
  /** What clocks of two machines may drift apart over one lease, and the way from decision to deed. */
  leaderMarginMs: 1_000,
  addressMarginMs: 500,
  /** Patroni's key is counted in whole seconds, rounded down; this covers the way of an answer to a client. */
  patroniMarginMs: 1_000,
  /** F20: two pulses and a half have got no answer. Later than most elections of etcd's, and before the address's lease is over. */
  goOnAfterMs: 2_000,
  askAgainMs: 300,
  /**
   * Of a confirmation, from when it was asked for. As long as the address's lease: the kernel counts its lifetime in whole seconds, and half
   * of that would leave one. A promotion waits for it, but only where the leader has just been confirmed, which then lives.
   */
  confirmationMs: 4_000,
  /** Who confirms waits so much longer: for clocks that drift, and the way from a deadline to the last answer. */
  confirmationMarginMs: 1_000,
  /** Of a cover of the third fence, from when it was asked for: two pulses and a half, or six questions, may get lost. */
  coverMs: 2_000,
  /** Who covered somebody, or heard it, promises nothing for so long: a cover, and what clocks drift apart meanwhile. */
  promiseAfterMs: 2_200,
  /**
   * For so long, beyond its lease, a leader goes on without etcd at most: after that another machine of its name, which nobody asks for leave,
   * may take that name (F30). By clocks that drift, so whoever wants it waits longer.
   */
  goOnMaxMs: 600_000,
  goOnMarginMs: 60_000,
  /** What is older says nothing about now: several polls (every 0.5 s) have failed. */
  freshMs: 2_500,
  /** Without an answer of etcd for this long, what it showed last is not repeated as true. */
  unknownMs: 3_000,
  /** Contenders for a vacant address go one after the other, the likeliest next leader first. */
  addressTurnMs: 300,
  /** A front that crashed is back in about a second, and moving the address cuts every connection. */
  frontPatienceMs: 3_000,
  /** A server that crashed is back in about two seconds; a switchover costs as much. */
  serverPatienceMs: 10_000,
  /** Confirmed commits take milliseconds, a batch of bulk or a slow line a second. */
  commitPatienceMs: 2_000,
  /** An agent that crashed is back in about two seconds, on a busy machine in four. */
  agentPatienceMs: 6_000,
  /** F11: what a busy disk takes for one write is a second; what takes five has been seen to take minutes. */
  diskPatienceMs: 5_000,
  /** Sorts and copies fill a disk for a moment, and are gone again. */
  fullPatienceMs: 10_000,
  /** F10: what is told of links is of the last ten seconds, so a switchover is asked for after ten to fifteen. */
  linkPatienceMs: 5_000,
  /** UPSes report a battery for an instant when they test themselves. */
  batteryPatienceMs: 3_000,
  /** A switchover behind a long checkpoint takes 65 s, and a minute is to be left behind it. */
  batteryEndsMs: 180_000,
  /** What makes a move from one low battery to another worth its moment: UPSes estimate by the load of the moment. */
  batteryLongerMs: 60_000,
  /** A machine that lives so long after the end of its battery, as a UPS told it that says nothing more, has other power. */
  batteryOutlivedMs: 60_000,
  /** Who goes on alone must not be the next to go: a generator starts within that, or somebody comes. */
  aloneBatteryMs: 900_000,
  /** For so long all of etcd's members have to be back before they vote again. */
  allBackForMs: 10_000,
  /** The leader's site must be well for this long before the address follows it: a wrong front only forwards. */
  settleMs: 3_000,
  /**
   * How long a front may take to let its connections end before the address leaves. New ones wait
   * meanwhile: their first packet is repeated after 1 s and after 3 s.
   */
  drainMs: 2_500,
  /**
   * Behind a takeover, or on a busy machine, answers take longer than that, and what still waits when the address leaves is cut. So it stays
   * while the oldest waits for more than half a second, at most so long: a wrong front only forwards.
   */
  calmWithinMs: 20_000,
  /** F21: after giving up leadership by itself, or being lost, a site must prove itself; doubled with each time. */
  holdDownMs: 10_000,
  holdDownMaxMs: 1_800_000,
  /** Each move of etcd's leadership is an election, which stalls every request for a moment. */
  etcdLeaderEveryMs: 30_000,
  /** docs/lab.md: a member that followed nobody and got no further for so long never got well by itself. */
  stuckMemberMs: 60_000,
  reinitializeEveryMs: 600_000,
};

/** No leave to go on without etcd lasts longer than that from when it is given (F20). */
export const LEAVE_MAX_MS: Millis = TIMINGS.confirmationMs + TIMINGS.confirmationMarginMs;
/** A promotion that was killed half-way is over then: it takes 10 s at most to decide (failover/promotion). */
export const PROMOTING_MAX_MS: Millis = 30_000;

/** Doubled with each time in a row (F21). */
export function holdDownFor(count: number, { holdDownMs, holdDownMaxMs }: Timings): Millis {
  return Math.min(holdDownMs * 2 ** (count - 1), holdDownMaxMs);
}
