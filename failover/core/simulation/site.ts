import type { Effect } from '../effects.ts';
import type { Input } from '../inputs.ts';
import { step } from '../machine.ts';
import { type State, start } from '../state.ts';
import type { Site } from '../view.ts';
import type { Etcd } from './etcd.ts';
import {
  type Keys,
  leaseLeftMs,
  putClaim,
  putHandedOver,
  putPulse,
  putVacant,
  viewOf,
} from './keys.ts';
import type { Patroni } from './patroni.ts';
import type { Postgres } from './postgres.ts';
import type { Server } from './server.ts';
import type { World } from './world.ts';

/** One site's agent with its adapters, its interface and its front. */
export interface AgentHost {
  readonly site: Site;
  readonly state: State;
  readonly alive: boolean;
  readonly hasAddress: boolean;
  readonly frontHealthy: boolean;
  deliver(input: Input): void;
  pause(forMs: number): void;
  kill(restartMs: number): void;
  stop(): void;
  begin(): void;
  frontDown(forMs: number): void;
  battery(forMs: number): void;
}

export interface Machines {
  readonly etcd: Etcd;
  readonly patroni: Patroni | null;
  /** Any member takes a wish for a switchover and passes it on. */
  readonly patroniOf: (site: Site) => Patroni | undefined;
  readonly postgres: Postgres | null;
  readonly postgresOf: (site: Site) => Postgres | undefined;
  readonly server: Server | null;
  readonly addressChanged: () => void;
}

const TICK_MS = 200;
const POLL_MS = 500;
const ETCD_DEADLINE_MS = 1_000;
const LOCAL_DEADLINE_MS = 1_000;
const HAND_OVER_WITHIN_MS = 5_000;

export function agentHost(site: Site, world: World, machines: Machines): AgentHost {
  const { time, random, network, bugs } = world;
  const { etcd, patroni, postgres, server } = machines;
  const witness = server === null;
  const self = {
    site,
    witness,
    serverUrl: witness ? null : `https://${site}:8481`,
    strict: world.strict,
    mayHandOver: !witness,
    mayHoldAddress: !witness,
  };
  const clock = (): number => world.clock(site);
  let state = start(self, clock());
  let alive = true;
  let life = 0;
  let pausedUntil = 0;
  let frontDownUntil = 0;
  let batteryUntil = 0;
  let addressUntil: number | null = null;

  /** An answer reaches the process that asked, when it runs. */
  const tell = (mine: number, input: Input): void => {
    if (mine !== life || !alive || !network.isOn(site)) return;
    if (pausedUntil > time.now) time.at(pausedUntil + 0.1, () => tell(mine, input));
    else {
      const done = step(state, countFrom(input), clock());
      state = done.state;
      for (const effect of done.effects) perform(effect);
    }
  };
  /** A planted mistake, as in etcd3: no deadline, and the lease counts from the answer. */
  const countFrom = (input: Input): Input => {
    const counts = input.kind === 'pulsed' || input.kind === 'claimed';
    return bugs.lateAnswersRenew && counts ? { ...input, sentAt: clock() } : input;
  };

  const ask = <T>(
    what: Extract<Input, { kind: 'failed' }>['effect'],
    apply: (keys: Keys) => T,
    then: (value: T) => Input,
  ): void => {
    const mine = life;
    etcd.request({
      from: site,
      deadlineMs: bugs.lateAnswersRenew ? 10_000 : ETCD_DEADLINE_MS,
      apply,
      answer: (answer) => {
        if (answer.ok) tell(mine, then(answer.value));
        else tell(mine, { kind: 'failed', effect: what, reason: answer.reason });
      },
    });
  };

  const perform = (effect: Effect): void => {
    switch (effect.kind) {
      case 'pulse': {
        const { sentAt, holds, report } = effect;
        const act = (keys: Keys) => putPulse(keys, site, holds, report);
        ask('pulse', act, (value) => ({ kind: 'pulsed', sentAt, holds, ...value }));
        break;
      }
      case 'read':
        ask('read', viewOf, (view) => ({ kind: 'read', view }));
        break;
      case 'claim': {
        const { lease, sentAt } = effect;
        const act = (keys: Keys) => putClaim(keys, world, site, effect);
        ask(`claim ${lease}`, act, (value) => ({ kind: 'claimed', lease, sentAt, ...value }));
        break;
      }
      case 'release': {
        const { lease, revision } = effect;
        const act = (keys: Keys) => putVacant(keys, lease, revision);
        ask(`release ${lease}`, act, (view) => ({ kind: 'released', lease, view }));
        break;
      }
      case 'patroni-lease': {
        const { lease, sentAt } = effect;
        const act = (keys: Keys) => leaseLeftMs(keys, lease, time.now);
        ask('patroni-lease', act, (ttlMs) => ({ kind: 'patroni-lease', lease, sentAt, ttlMs }));
        break;
      }
      case 'tell-server':
        order(effect);
        break;
      case 'hold-address':
        hold(effect.until);
        break;
      case 'refuse-connections':
        later(50, () => ({ kind: 'done', effect: 'refuse-connections' }));
        break;
      case 'drop-address':
        later(random.between(5, 100), () => {
          setAddress(null);
          return { kind: 'address-dropped' };
        });
        break;
      case 'switchover':
        moveAway(effect.from, effect.to);
        break;
      case 'hand-over':
        handOver(effect, time.now + HAND_OVER_WITHIN_MS);
        break;
      case 'move-etcd-leader':
        later(50, () => {
          if (etcd.leader === site) etcd.moveLeader(effect.member);
          return { kind: 'done', effect: 'move-etcd-leader' };
        });
        break;
      case 'reinitialize':
        later(50, () => ({ kind: 'done', effect: 'reinitialize' }));
        break;
      case 'answer':
    }
  };

  /** Looks until our PostgreSQL has ended and the candidate has all of it. */
  const handOver = (effect: Extract<Effect, { kind: 'hand-over' }>, until: number): void => {
    const mine = life;
    const other = machines.postgresOf(effect.to);
    const reaches = network.reaches(site, effect.to) && network.reaches(effect.to, site);
    const hasAll = reaches && (other?.wal.length ?? 0) >= (postgres?.wal.length ?? 0);
    if (patroni?.endedInOrder === true && (hasAll || bugs.handsOverUnseen)) {
      const act = (keys: Keys) => putHandedOver(keys, site, effect, time.now);
      ask('hand-over', act, (done) => {
        if (done) world.note(`${site} hands over to ${effect.to}`);
        if (done) machines.patroniOf(effect.to)?.wake();
        return done
          ? { kind: 'done', effect: 'hand-over' }
          : { kind: 'failed', effect: 'hand-over', reason: 'something changed' };
      });
    } else if (time.now < until) {
      time.after(25, () => {
        if (mine === life && alive && pausedUntil <= time.now) handOver(effect, until);
      });
    } else tell(mine, { kind: 'failed', effect: 'hand-over', reason: 'not in time' });
  };

  const moveAway = (from: Site, to: Site): void => {
    const mine = life;
    const effect = 'switchover' as const;
    machines.patroniOf(from)?.switchover(to, (reason) => {
      tell(mine, reason === null ? { kind: 'done', effect } : { kind: 'failed', effect, reason });
    });
  };

  const order = (effect: Extract<Effect, { kind: 'tell-server' }>): void => {
    if (server === null) return;
    const mine = life;
    let over = false;
    const end = (input: Input): void => {
      if (!over) tell(mine, input);
      over = true;
    };
    const fails = { kind: 'failed', effect: 'tell-server', reason: 'no answer' } as const;
    time.after(server.gone ? 1 : LOCAL_DEADLINE_MS, () => end(fails));
    time.after(random.between(1, 5), () =>
      server.order(unsafe(effect), ({ role, epoch }) => end({ kind: 'told', role, epoch })),
    );
  };
  const unsafe = (order: Extract<Effect, { kind: 'tell-server' }>): typeof order =>
    bugs.deadlineWithoutPatroni && order.role === 'writer'
      ? { ...order, deadline: state.leader?.until ?? 0 }
      : order;

  /** The kernel counts whole seconds from when `ip` really ran. */
  const hold = (until: number): void => {
    const seconds = Math.floor((until - clock()) / 1_000);
    later(random.between(5, 100), () => {
      if (seconds < 1) return { kind: 'failed', effect: 'hold-address', reason: 'too late' };
      setAddress(
        bugs.addressWithoutLifetime ? Number.POSITIVE_INFINITY : time.now + seconds * 1_000,
      );
      return { kind: 'address-held' };
    });
  };

  const setAddress = (until: number | null): void => {
    addressUntil = until;
    machines.addressChanged();
    if (until === null || until === Number.POSITIVE_INFINITY) return;
    time.at(until, () => {
      if (addressUntil !== until) return;
      addressUntil = null;
      machines.addressChanged();
    });
  };

  /** A child process does its work whatever becomes of the agent meanwhile. */
  const later = (delay: number, act: () => Input): void => {
    const mine = life;
    time.after(delay, () => {
      if (!network.isOn(site)) return;
      tell(mine, act());
    });
  };

  const poll = (): void => {
    time.after(POLL_MS * random.between(0.9, 1.1), poll);
    if (!alive || !network.isOn(site)) return;
    const mine = life;
    const healthy = frontDownUntil <= time.now && !witness;
    tell(mine, { kind: 'front', healthy, connections: 0 });
    const power = batteryUntil > time.now ? 'battery' : 'mains';
    if (power !== state.power.power) tell(mine, { kind: 'power', power });
    const here = etcd.leader === site;
    if (here || state.etcdLeader.here) {
      const others = world.members.filter((member) => member !== site);
      const named = others.map((name) => ({ id: name, name }));
      tell(mine, { kind: 'etcd-leader', here, others: named });
    }
    if (server !== null) pollServer(mine, server);
    if (patroni !== null && postgres !== null) tell(mine, lookAt(patroni, postgres));
  };

  const pollServer = (mine: number, { gone, pausedUntil: until, report }: Server): void => {
    const askedAt = clock();
    const silent = { kind: 'server-silent', askedAt, gone, reason: 'no answer' } as const;
    if (gone) tell(mine, silent);
    else if (until <= time.now) tell(mine, { kind: 'server', askedAt, server: report() });
    else {
      const mistaken = { ...silent, gone: bugs.silentServerIsGone === true };
      time.after(LOCAL_DEADLINE_MS, () => tell(mine, mistaken));
    }
  };

  const tick = (): void => {
    time.after(TICK_MS, tick);
    if (alive) tell(life, { kind: 'tick' });
  };

  const end = (): void => {
    alive = false;
    life++;
    pausedUntil = 0;
  };
  const begin = (): void => {
    life++;
    alive = true;
    pausedUntil = 0;
    state = start(self, clock());
    tell(life, { kind: 'address-found', present: addressUntil !== null });
  };

  etcd.onChange(site, (input) => tell(life, input));
  time.after(random.between(0, POLL_MS), poll);
  time.after(random.between(0, TICK_MS), tick);
  tell(life, { kind: 'address-found', present: false });

  return {
    site,
    get state() {
      return state;
    },
    get alive() {
      return alive && network.isOn(site);
    },
    get hasAddress() {
      return addressUntil !== null && network.isOn(site);
    },
    get frontHealthy() {
      return frontDownUntil <= time.now && network.isOn(site);
    },
    deliver: (input) => tell(life, input),
    pause: (forMs) => {
      pausedUntil = Math.max(pausedUntil, time.now + forMs);
    },
    kill: (restartMs) => {
      end();
      const mine = life;
      time.after(restartMs, () => {
        if (life === mine && network.isOn(site)) begin();
      });
    },
    stop: () => {
      end();
      addressUntil = null;
      machines.addressChanged();
    },
    begin: () => {
      const mine = ++life;
      time.after(random.between(500, 2_000), () => {
        if (life === mine) begin();
      });
    },
    frontDown: (forMs) => {
      frontDownUntil = time.now + forMs;
    },
    battery: (forMs) => {
      batteryUntil = time.now + forMs;
    },
  };
}

function lookAt(patroni: Patroni, postgres: Postgres): Input {
  if (patroni.frozen) return { kind: 'postgres-silent', reason: 'no answer' };
  const role = patroni.role === 'primary' && postgres.primary ? 'primary' : 'standby';
  const state = postgres.up ? 'running' : 'starting';
  return { kind: 'postgres', postgres: { role, state, timeline: 1, lsn: null } };
}
