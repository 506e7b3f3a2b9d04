import { Endpoints } from '../endpoints.ts';
import type { WatchInput } from '../inputs.ts';
import type { Site } from '../view.ts';
import { CLUSTER_ID, type Keys, noKeys, PATRONI_TTL_MS } from './keys.ts';
import type { World } from './world.ts';

export type Answer<T> = { ok: true; value: T } | { ok: false; reason: string };

interface Request<T> {
  from: Site;
  /** Patroni is pinned to its own site's member; our agent goes round. */
  pinned?: boolean;
  deadlineMs: number;
  apply: (keys: Keys) => T;
  answer: (answer: Answer<T>) => void;
}

export interface Etcd {
  readonly keys: Keys;
  readonly leader: Site | null;
  request<T>(request: Request<T>): void;
  moveLeader(to: Site): void;
  freeze(member: Site, forMs: number): void;
  kill(member: Site): void;
  revive(member: Site): void;
  onChange(site: Site, tell: (input: WatchInput) => void): void;
}

const ELECTION_MS = 1_000;

export function etcd(world: World): Etcd {
  const { time, random, network, members } = world;
  const keys = noKeys();
  const frozenUntil = new Map<Site, number>();
  const dead = new Set<Site>();
  const ways = new Map(
    members.map((site) => [site, new Endpoints(members.length, () => time.now)]),
  );
  const watchers: [Site, (input: WatchInput) => void][] = [];
  let leader: Site | null = members[members.length - 1]!;
  let electing = false;

  const runs = (member: Site): boolean =>
    network.isOn(member) && !dead.has(member) && (frozenUntil.get(member) ?? 0) <= time.now;
  const linked = (a: Site, b: Site): boolean =>
    runs(a) && runs(b) && network.reaches(a, b) && network.reaches(b, a);
  const hasMajority = (member: Site): boolean =>
    2 * members.filter((other) => linked(member, other)).length > members.length;

  const elect = (): void => {
    electing = false;
    const able = members.filter(hasMajority);
    if (able.length === 0) {
      wantElection();
      return;
    }
    leader = random.pick(able);
    // An election starts every lease again (etcd#9888): the reason for leases of our own.
    if (keys.patroniLeader !== null) keys.leaseUntil = time.now + PATRONI_TTL_MS + ELECTION_MS;
  };
  const wantElection = (): void => {
    if (electing) return;
    electing = true;
    time.after(random.between(ELECTION_MS, 2 * ELECTION_MS), elect);
  };
  const working = (): Site | null => {
    if (leader !== null && !hasMajority(leader)) leader = null;
    if (leader === null) wantElection();
    return leader;
  };

  const show = (input: WatchInput): void => {
    for (const [site, tell] of watchers) {
      // A member that is cut off from the leader is told nothing, and so shows nothing.
      if (leader === null || !linked(site, leader) || !random.chance(0.9)) continue;
      time.after(random.between(2, 30), () => tell(input));
    }
  };
  const changed = (): void => show({ kind: 'hint' });
  const expire = (): void => {
    time.after(500, expire);
    if (working() === null || keys.patroniLeader === null || keys.leaseUntil > time.now) return;
    keys.patroniLeader = null;
    keys.revision++;
    changed();
  };
  time.after(500, expire);

  const slowness = (): number => (random.chance(network.lossRate) ? random.between(100, 3_000) : 0);

  return {
    keys,
    get leader() {
      return leader;
    },
    moveLeader: (to) => {
      if (runs(to) && hasMajority(to)) leader = to;
    },
    freeze: (member, forMs) => void frozenUntil.set(member, time.now + forMs),
    kill: (member) => void dead.add(member),
    revive: (member) => void dead.delete(member),
    onChange: (site, tell) => void watchers.push([site, tell]),
    request<T>({ from, pinned = false, deadlineMs, apply, answer }: Request<T>): void {
      const attempt = pinned ? null : ways.get(from)!.take();
      const own = members.indexOf(from);
      const endpoint = members[(own + (attempt?.member ?? 0)) % members.length]!;
      let over = false;
      const end = (result: Answer<T>): void => {
        if (over) return;
        over = true;
        if (result.ok) attempt?.answered();
        else attempt?.failed();
        answer(result);
      };
      time.after(deadlineMs, () =>
        end({ ok: false, reason: `${endpoint} did not answer in time` }),
      );
      if (!network.reaches(from, endpoint) || random.chance(network.lossRate)) return;
      const serve = (tries: number): void => {
        if (!runs(endpoint)) {
          if (network.isOn(endpoint) && dead.has(endpoint)) end({ ok: false, reason: 'refused' });
          return;
        }
        const serving = working();
        if (serving === null || !linked(endpoint, serving)) {
          // etcd keeps the request and may carry it out long after the client has given up.
          if (tries < 10) time.after(300, () => serve(tries + 1));
          return;
        }
        const before = keys.revision;
        const value = apply(keys);
        if (keys.revision !== before) tellOf(keys, before);
        if (!network.reaches(endpoint, from) || random.chance(network.lossRate)) return;
        time.after(network.delay(endpoint, from) + slowness(), () => end({ ok: true, value }));
      };
      time.after(2 * network.delay(from, endpoint) + slowness(), () => serve(0));
    },
  };

  /** Every pulse is a change; to read after each would only cost simulated time. */
  function tellOf(after: Keys, before: number): void {
    const { revision } = after;
    for (const [site, pulse] of Object.entries(after.sites))
      if (pulse.revision === revision)
        show({ kind: 'pulse-seen', clusterId: CLUSTER_ID, site, revision });
    const onlyPulse = revision === before + 1 && lastWasPulse(after);
    if (!onlyPulse || random.chance(0.1)) changed();
  }
}

function lastWasPulse(keys: Keys): boolean {
  const newest = Object.values(keys.sites).some(({ revision }) => revision === keys.revision);
  return (
    newest && keys.leader.revision !== keys.revision && keys.address.revision !== keys.revision
  );
}
