import type { Site } from '../view.ts';
import { EtcdMembers, siteOf } from './etcd-members.ts';
import { EtcdStarts } from './etcd-starts.ts';
import type { World } from './world.ts';

/** What `member list` says; and what the own site's member knows by itself, null while it does not answer. */
export interface MembersListed {
  readonly members: readonly {
    readonly id: string;
    readonly name: Site;
    readonly learner: boolean;
  }[];
  readonly own: readonly string[] | null;
}

/** What it needs of the etcd whose members these are. */
export interface EtcdAround {
  readonly leader: () => Site | null;
  /** One that can commit; begins an election where there is none. */
  readonly working: () => Site | null;
  readonly runs: (member: Site) => boolean;
  readonly linked: (a: Site, b: Site) => boolean;
  /** The leader was removed, and has ended. */
  readonly leaderEnded: () => void;
  readonly forked: (why: string) => void;
}

const HEARTBEAT_MS = 100;
/** etcd's own (`max-learners`): the next one waits until that one votes. */
const LEARNERS_MAX = 1;

/** Who are etcd's members, and who of them has a majority, where that changes (docs/going-alone.md). */
export class EtcdMembership {
  readonly starts: EtcdStarts;
  readonly #world: World;
  readonly #etcd: EtcdAround;
  readonly #members: EtcdMembers;

  constructor(world: World, etcd: EtcdAround) {
    [this.#world, this.#etcd] = [world, etcd];
    this.#members = new EtcdMembers(world.members);
    this.starts = new EtcdStarts(world, {
      named: (site) => (this.#answers(site) ? this.#members.isMember(site) : null),
      remove: (site) => this.remove(this.#members.idOf(site)!),
      takeIn: (site) => this.#takeIn(site),
    });
    world.time.after(HEARTBEAT_MS, () => this.#beat());
  }

  powerOff(site: Site): void {
    this.#members.losePower(site, this.#world.random);
    this.starts.powerOff(site);
  }

  listFor(site: Site): MembersListed {
    const { voters, learners } = this.#members.current;
    const listed = (learner: boolean) => (id: string) => ({ id, name: siteOf(id), learner });
    const known = this.#etcd.runs(site) ? this.#members.knownTo(site) : null;
    return {
      members: [...voters.map(listed(false)), ...learners.map(listed(true))],
      own: known && [...known.voters, ...known.learners],
    };
  }

  /** Its own site's member answers whoever asks it. */
  serves(site: Site): boolean {
    return this.starts.runs(site) && this.#members.isVoter(site);
  }

  get aVoter(): Site | undefined {
    return this.#members.sitesOf(this.#members.current.voters)[0];
  }

  commit(): void {
    const leader = this.#etcd.leader();
    if (leader !== null) this.#members.commit(this.#linkedTo(leader));
  }

  elected(leader: Site): void {
    if (this.#members.changed && !this.#members.hasAll(leader))
      this.#etcd.forked(`two etcds: ${leader} leads, and lacks what was committed`);
    this.#members.elected(leader);
  }

  /** Nothing where etcd refuses: who is left must have a majority that is there (strict-reconfig-check). */
  remove(id: string): void {
    const { voters, learners } = this.#members.current;
    if (!voters.includes(id) && !learners.includes(id)) return;
    const without = (ids: readonly string[]) => ids.filter((each) => each !== id);
    const left = without(voters);
    const there = this.#members.sitesOf(left).filter((site) => this.#isLinkedToLeader(site));
    if (2 * there.length > left.length) this.#change(left, without(learners), `${id} is removed`);
  }

  /** Nothing where etcd refuses: only a learner that has all. */
  promote(id: string): void {
    const { voters, learners } = this.#members.current;
    const [site] = this.#members.sitesOf([id]);
    if (!learners.includes(id) || site === undefined) return;
    if (!this.#isLinkedToLeader(site) || !this.#members.hasAll(site)) return;
    const others = learners.filter((each) => each !== id);
    this.#change([...voters, id], others, `${id} may vote`);
  }

  /** By the configuration that it works by itself. */
  hasMajority(member: Site): boolean {
    return this.#isMajorityOf(member, this.#linkedTo(member));
  }

  mayBeElected(member: Site): boolean {
    return this.#etcd.runs(member) && this.#isMajorityOf(member, this.#votersFor(member));
  }

  /** Whoever was removed, and does not know it, must never have a majority of what it knows. */
  lookForForks(): void {
    if (!this.#members.changed) return;
    const leader = this.#etcd.leader();
    const led = leader !== null && this.hasMajority(leader) ? this.#linkedTo(leader) : [];
    for (const member of this.#world.members) {
      if (led.includes(member) || !this.mayBeElected(member)) continue;
      const votes = this.#votersFor(member);
      const isApart = led.length > 0 && !votes.some((voter) => led.includes(voter));
      if (!this.#members.hasAll(member) || isApart)
        this.#etcd.forked(`two etcds: ${votes.join()} of an older one would elect ${member}`);
    }
  }

  #isMajorityOf(member: Site, sites: readonly Site[]): boolean {
    const { voters = [] } = this.#members.knownTo(member) ?? {};
    if (!voters.includes(this.#members.idOf(member) ?? '')) return false;
    const there = this.#members.sitesOf(voters).filter((site) => sites.includes(site));
    return 2 * there.length > voters.length;
  }

  #linkedTo(member: Site): Site[] {
    return this.#world.members.filter((other) => this.#etcd.linked(member, other));
  }

  #isLinkedToLeader(member: Site): boolean {
    const leader = this.#etcd.leader();
    return leader !== null && this.#etcd.linked(leader, member);
  }

  #votersFor(member: Site): Site[] {
    return this.#linkedTo(member).filter((voter) => this.#members.votesFor(voter, member));
  }

  /** Whether a member answers what starts etcd at that site, with the word of a majority. */
  #answers(site: Site): boolean {
    const serving = this.#etcd.working();
    if (serving === null) return false;
    const voters = this.#members.sitesOf(this.#members.current.voters);
    const { network } = this.#world;
    return voters.some((voter) => network.links(site, voter) && this.#etcd.linked(voter, serving));
  }

  /** Where only one votes it listens first: with two that vote the loss of either would stop all. */
  #takeIn(site: Site): boolean {
    const { voters, learners } = this.#members.current;
    if (voters.length === 1 && learners.length >= LEARNERS_MAX) return false;
    const id = this.#members.takeIn(site);
    if (voters.length > 1) this.#change([...voters, id], learners, `${id} is taken in`);
    else this.#change(voters, [...learners, id], `${id} is taken in, and listens`);
    return true;
  }

  #change(voters: readonly string[], learners: readonly string[], what: string): void {
    const leader = this.#etcd.leader()!;
    this.#world.note(`etcd: ${what}; ${voters.join()} vote`);
    this.#members.change({ voters, learners }, leader, this.#linkedTo(leader));
  }

  /** Whoever hears the leader hears who the members are; who is none ends. */
  #beat(): void {
    const { time, members } = this.#world;
    time.after(HEARTBEAT_MS, () => this.#beat());
    const leader = this.#etcd.leader();
    if (leader === null || !this.#etcd.runs(leader)) return;
    const heard = this.#linkedTo(leader);
    // A leader says nothing more to one that is none, not even that.
    this.#members.hear(heard.filter((member) => this.#members.isMember(member)));
    for (const member of members)
      if (heard.includes(member) && !this.#members.isMember(member)) this.#endRemoved(member);
  }

  /** etcd waits so long before it ends, so that the others hear of it. */
  #endRemoved(member: Site): void {
    const { time, random, note } = this.#world;
    time.after(random.between(500, 1_500), () => {
      if (this.#members.isMember(member) || !this.#etcd.runs(member)) return;
      note(`etcd of ${member} was removed, and ends`);
      this.starts.wasRemoved(member);
      if (this.#etcd.leader() === member) this.#etcd.leaderEnded();
    });
  }
}
