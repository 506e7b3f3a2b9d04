import type { Site } from '../view.ts';
import type { Etcd } from './etcd.ts';
import { acquirePatroni, releasePatroni, renewPatroni } from './keys.ts';
import { type Postgres, rewind } from './postgres.ts';
import type { World } from './world.ts';

/** One site's Patroni, at its shortest timings: ttl 20, loop_wait 1, retry_timeout 3. */
export interface Patroni {
  readonly site: Site;
  readonly frozen: boolean;
  readonly role: 'primary' | 'standby';
  /** PostgreSQL was stopped for a switchover, and has not been started since. */
  readonly endedInOrder: boolean;
  freeze(forMs: number): void;
  /** Power: everything of this site's Patroni and PostgreSQL stops, or begins again. */
  stop(): void;
  begin(): void;
  crashPostgres(): void;
  switchover(to: Site, answer: (failure: string | null) => void): void;
  /** The loop that a change in etcd or a colleague wakes. */
  wake(): void;
}

const LOOP_MS = 1_000;
const RETRY_MS = 3_000;
const REST_MS = 2_000;
const PROMOTE_MS = 300;
const RELEASE_AFTER_MS = 1_000;
const RESTART_MS = 1_500;
const DROP_STANDBY_MS = 10_000;

export function patroni(
  postgres: Postgres,
  etcd: Etcd,
  world: World,
  peers: { patronis: () => Map<Site, Patroni>; postgreses: () => Map<Site, Postgres> },
): Patroni {
  const { time, random, network } = world;
  const { site } = postgres;
  let running = true;
  let frozenUntil = 0;
  let role: Patroni['role'] = 'standby';
  let renewedAt = 0;
  let wonAt = 0;
  let racing = false;
  let switching = false;
  let endedInOrder = false;
  /** Rises with each stop, so that what was under way before is forgotten. */
  let life = 0;
  const seenAt = new Map<Site, number>();

  const works = (): boolean => running && network.isOn(site) && frozenUntil <= time.now;
  const ask = <T>(
    apply: Parameters<typeof etcd.request<T>>[0]['apply'],
    then: (value: T | null) => void,
  ): void => {
    const mine = life;
    etcd.request({
      from: site,
      pinned: true,
      deadlineMs: RETRY_MS,
      apply,
      answer: (answer) => {
        const proceed = (): void => {
          if (life === mine) then(answer.ok ? answer.value : null);
        };
        if (frozenUntil > time.now) time.at(frozenUntil + 1, proceed);
        else proceed();
      },
    });
  };
  const whileAlive = (delay: number, act: () => void): void => {
    const mine = life;
    const attempt = (): void => {
      if (life !== mine) return;
      if (frozenUntil > time.now) time.at(frozenUntil + 1, attempt);
      else act();
    };
    time.after(delay, attempt);
  };

  const loop = (): void => {
    if (!works() || switching) return;
    if (role === 'primary') renew();
    else follow();
  };

  const renew = (): void => {
    const sentAt = time.now;
    ask(
      (keys) => renewPatroni(keys, site, time.now),
      (mine) => {
        if (role !== 'primary' || switching) return;
        if (mine === true) {
          renewedAt = sentAt;
          if (!postgres.up) restart();
          else if (postgres.primary) keepSync();
          // It fell between winning the key and being promoted.
          else if (time.now - wonAt > 2 * PROMOTE_MS) postgres.promote();
        } else if (mine === false || time.now - renewedAt > LOOP_MS + RETRY_MS) demote();
      },
    );
  };

  const restart = (): void => {
    whileAlive(random.between(0.5, 1) * RESTART_MS, () => {
      endedInOrder = false;
      postgres.up = true;
      postgres.stream();
    });
  };

  const demote = (): void => {
    world.note(`patroni ${site} demotes`);
    role = 'standby';
    postgres.crash();
    postgres.primary = false;
    postgres.follows = null;
  };

  const follow = (): void => {
    ask(
      (keys) => ({ leader: keys.patroniLeader?.site ?? null, sync: keys.sync }),
      (seen) => {
        if (seen === null || role !== 'standby') return;
        if (seen.leader === site) resume();
        else if (seen.leader === null) race(seen.sync);
        else {
          if (!postgres.up) restart();
          stream(seen.leader);
        }
      },
    );
  };

  /** Started again within the TTL: if the key is still its own, it goes on as it is. */
  const resume = (): void => {
    ask(
      (keys) => renewPatroni(keys, site, time.now),
      (mine) => {
        if (mine !== true || role !== 'standby') return;
        world.note(`patroni ${site} resumes as primary`);
        role = 'primary';
        renewedAt = time.now;
        postgres.promote();
        restart();
      },
    );
  };

  const stream = (from: Site): void => {
    const primary = peers.postgreses().get(from);
    if (primary === undefined || !primary.up || !primary.primary || !postgres.up) return;
    if (!network.reaches(site, from) || !network.reaches(from, site)) return;
    rewind(postgres, primary);
    postgres.follows = from;
    primary.stream();
  };

  /** Promotion needs every voter of `/sync` within sight, and none of them ahead. */
  const race = (sync: { leader: Site | null; standbys: readonly Site[] }): void => {
    const mayLead = sync.leader === null || sync.leader === site || sync.standbys.includes(site);
    if (!mayLead || racing || !postgres.up) {
      if (!postgres.up && mayLead) restart();
      return;
    }
    racing = true;
    const voters = sync.leader === site ? [] : sync.standbys.filter((voter) => voter !== site);
    const sees = (other: Site): boolean =>
      network.reaches(site, other) &&
      network.reaches(other, site) &&
      peers.patronis().get(other)?.frozen === false &&
      peers.postgreses().get(other)?.up === true;
    const oldLeader = sync.leader;
    const quick = oldLeader === null || sees(oldLeader);
    whileAlive(quick ? 20 : REST_MS, () => {
      racing = false;
      if (role !== 'standby' || !voters.every(sees)) return;
      const ahead = world.sites
        .filter((other) => other !== site && sees(other))
        .some((other) => peers.postgreses().get(other)!.wal.length > postgres.wal.length);
      if (!ahead) acquire();
    });
  };

  const acquire = (): void => {
    ask(
      (keys) => {
        if (!acquirePatroni(keys, site, time.now)) return false;
        keys.sync = { leader: site, standbys: [], revision: keys.revision };
        return true;
      },
      (won) => {
        if (won !== true || role !== 'standby' || !postgres.up) return;
        role = 'primary';
        [renewedAt, wonAt] = [time.now, time.now];
        whileAlive(PROMOTE_MS, () => {
          if (role !== 'primary' || !postgres.up) return;
          world.note(`patroni ${site} promoted`);
          postgres.promote();
        });
      },
    );
  };

  /** /sync names who may be promoted: it is never less strict than what PostgreSQL waits for. */
  const keepSync = (): void => {
    if (!postgres.primary) return;
    postgres.stream();
    const standing = etcd.keys.sync.leader === site ? etcd.keys.sync.standbys : [];
    const here = (standby: Site): boolean => {
      const other = peers.postgreses().get(standby)!;
      const streams = other.up && other.follows === site && network.reaches(standby, site);
      if (streams) seenAt.set(standby, time.now);
      return time.now - (seenAt.get(standby) ?? 0) < DROP_STANDBY_MS;
    };
    const caughtUp = (standby: Site): boolean =>
      (postgres.acknowledged.get(standby) ?? 0) >= postgres.wal.length;
    const others = world.sites.filter((other) => other !== site);
    const kept = standing.filter((standby) => here(standby));
    const joining = others.filter(
      (other) => !standing.includes(other) && here(other) && caughtUp(other),
    );
    if (joining.length > 0) {
      const next = [...standing, ...joining];
      // Who free-wheels stops before it promises anything to a standby.
      if (postgres.confirmers?.length === 0) postgres.confirmers = next;
      writeSync(next, () => {
        postgres.confirmers = next;
      });
      return;
    }
    if (kept.length === standing.length) {
      if (standing.length > 0) postgres.confirmers = standing;
      return;
    }
    dropLost(kept, caughtUp);
  };

  const dropLost = (kept: readonly Site[], caughtUp: (standby: Site) => boolean): void => {
    if (kept.length === 0) {
      if (world.strict) return;
      writeSync([], () => {
        world.note(`patroni ${site} is unprotected`);
        postgres.confirmers = [];
        postgres.recheck();
      });
      return;
    }
    // First nothing more is confirmed by the lost one alone, then it may be forgotten.
    postgres.confirmers = kept;
    if (kept.every(caughtUp)) writeSync(kept, () => {});
  };

  const writeSync = (standbys: readonly Site[], then: () => void): void => {
    ask(
      (keys) => {
        if (keys.patroniLeader?.site !== site) return false;
        keys.revision++;
        keys.sync = { leader: site, standbys, revision: keys.revision };
        return true;
      },
      (written) => {
        if (written === true && role === 'primary' && postgres.up) then();
      },
    );
  };

  const self: Patroni = {
    site,
    get frozen() {
      return !works();
    },
    get role() {
      return role;
    },
    freeze: (forMs) => {
      frozenUntil = Math.max(frozenUntil, time.now + forMs);
    },
    stop: () => {
      running = false;
      life++;
      [racing, switching, role, endedInOrder] = [false, false, 'standby', false];
      postgres.crash();
      postgres.primary = false;
      postgres.follows = null;
    },
    begin: () => {
      running = true;
      life++;
      frozenUntil = 0;
      whileAlive(random.between(500, 2_000), () => {
        endedInOrder = false;
        postgres.up = true;
      });
    },
    crashPostgres: () => postgres.crash(),
    get endedInOrder() {
      return endedInOrder;
    },
    switchover: (to, answer) => {
      const willing = etcd.keys.sync.standbys.includes(to) && isFollowing(to);
      if (!works() || role !== 'primary' || switching || !postgres.up || !willing) {
        answer('it cannot be now');
        return;
      }
      ask(
        (keys) => {
          keys.revision++;
          keys.failover = { from: site, to, revision: keys.revision };
          return true;
        },
        (written) => {
          if (written === true && role === 'primary' && !switching) stopFor(to, answer);
          else answer('etcd does not answer');
        },
      );
    },
    wake: () => time.after(random.between(5, 50), loop),
  };

  const isFollowing = (standby: Site): boolean => {
    const other = peers.postgreses().get(standby);
    const reaches = network.reaches(site, standby) && network.reaches(standby, site);
    return other?.up === true && other.follows === site && reaches;
  };

  /** Ends PostgreSQL in order: what streams then has everything. A second later the key is released. */
  const stopFor = (to: Site, answer: (failure: string | null) => void): void => {
    world.note(`patroni ${site} stops for ${to}`);
    switching = true;
    postgres.endSessions();
    postgres.primary = false;
    whileAlive(random.between(100, 300), () => {
      for (const other of peers.postgreses().values()) {
        if (other !== postgres && !other.stalled && isFollowing(other.site)) {
          for (const entry of postgres.wal.slice(other.wal.length)) other.wal.push(entry);
        }
      }
      postgres.crash();
      endedInOrder = true;
      whileAlive(RELEASE_AFTER_MS, () => releaseTo(to, answer));
    });
  };

  const releaseTo = (to: Site, answer: (failure: string | null) => void): void => {
    switching = false;
    demote();
    ask(
      (keys) => {
        releasePatroni(keys, site);
        return true;
      },
      () => {
        peers.patronis().get(to)?.wake();
        answer(null);
      },
    );
  };

  const tick = (): void => {
    time.after(LOOP_MS * random.between(0.9, 1.1), tick);
    loop();
  };
  time.after(random.between(0, LOOP_MS), tick);
  return self;
}
