import { type Deeds, type EffectOf, perform } from '../effects.ts';
import {
  cancelSwitchover,
  claim,
  depose,
  endHistory,
  giveUponPromises,
  nominate,
  noteTimeline,
  pulse,
  recover,
  release,
  relieve,
  type Transaction,
  writePromise,
} from '../etcd/transactions.ts';
import { isStalled } from '../health/disk.ts';
import type { Input, Pending } from '../inputs.ts';
import { step } from '../machine.ts';
import type { PeerWord } from '../peers.ts';
import { wordNow } from '../pulse/word.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import type { Block, LinkReport, Site, View } from '../view.ts';
import type { Blocking } from './blocking.ts';
import type { Etcd } from './etcd.ts';
import type { Exclusion } from './exclusion.ts';
import { HandOver } from './hand-over.ts';
import { Interface, type Job } from './interface.ts';
import type { Patroni } from './patroni/patroni.ts';
import type { Asked, PeerWire } from './peer-wire.ts';
import type { Postgres } from './postgres.ts';
import type { Server } from './server.ts';
import { NAMES, type Store } from './store.ts';
import type { World } from './world.ts';

export interface Machines {
  readonly etcd: Etcd;
  readonly patroni: Patroni | null;
  /** Any member takes a wish for a switchover and passes it on. */
  readonly patroniOf: (site: Site) => Patroni | undefined;
  readonly postgres: Postgres | null;
  readonly postgresOf: (site: Site) => Postgres | undefined;
  readonly server: Server | null;
  readonly peers: PeerWire<AgentHost>;
  /** With the promotion of its own site. */
  readonly exclusion: Exclusion;
  /** Null on a witness, and for another machine of a site's name. */
  readonly blocking: Blocking | null;
  readonly addressChanged: () => void;
}

export type PowerTold = Omit<Extract<Input, { kind: 'power' }>, 'kind'>;

const YES = 'yes';
const NO_ANSWER = 'no answer';
/** Null is a yes. */
const reasonIn = (said: string | null): string | null =>
  said === null ? NO_ANSWER : said === YES ? null : said;
const PROMOTES = 'a promotion is under way';
const TICK_MS = 200;
const POLL_MS = 500;
const PEERS_MS = 1_000;
/** Where a switchover is under way, as in agent.ts. */
const WISH_POLL_MS = 150;
const ETCD_DEADLINE_MS = 1_000;
const LOCAL_DEADLINE_MS = 1_000;

/** By how much wall clocks are ahead of true time; drawn by no seed, since nothing may depend on them. */
const WALL_CLOCK_MS: Readonly<Record<string, number>> = { a: -400, b: 0, c: 3_600_000, w: 40 };

/** One site's agent with its adapters, its interface and its front. */
export class AgentHost implements Asked {
  readonly site: Site;
  /** The machine: the site's own, or another that was set up with its name. */
  readonly host: string;
  readonly #world: World;
  readonly #machines: Machines;
  readonly #interface: Interface;
  readonly #questions = new Map<string, (why: string | null) => void>();
  #asked = 0;
  #state: State;
  #alive = true;
  #life = 0;
  #boots = 1;
  #pausedUntil = 0;
  #frontDownUntil = 0;
  #battery: { until: number; power: 'battery' | 'low' } = { until: 0, power: 'battery' };
  #ups: (() => PowerTold) | null = null;

  constructor(site: Site, world: World, machines: Machines, host: string = site) {
    [this.site, this.host] = [site, host];
    [this.#world, this.#machines] = [world, machines];
    const clock = () => this.#clock();
    this.#interface = new Interface({ world, clock, changed: machines.addressChanged });
    this.#state = start(this.#self(), this.#clock());
    const { time, random } = world;
    machines.etcd.onChange(site, (input) => this.#tell(this.#life, input));
    time.after(random.between(0, POLL_MS), () => this.#poll());
    time.after(random.between(0, TICK_MS), () => this.#tick());
    time.after(random.between(0, PEERS_MS), () => this.#askPeers());
    this.#tell(this.#life, { kind: 'address-found', present: false });
  }

  get state(): State {
    return this.#state;
  }

  get alive(): boolean {
    return this.#alive && this.#world.network.isOn(this.host);
  }

  get hasAddress(): boolean {
    return this.#interface.carriesAddress && this.#world.network.isOn(this.host);
  }

  get frontHealthy(): boolean {
    return this.#frontDownUntil <= this.#world.time.now && this.#world.network.isOn(this.host);
  }

  whenItRuns(act: () => void): void {
    const life = this.#life;
    const { time, network } = this.#world;
    const attempt = (): void => {
      if (life !== this.#life || !this.#alive || !network.isOn(this.host)) return;
      if (this.#pausedUntil > time.now) time.at(this.#pausedUntil + 0.1, attempt);
      else act();
    };
    attempt();
  }

  deliver(input: Input): void {
    this.#tell(this.#life, input);
  }

  pause(forMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#world.time.now + forMs);
  }

  kill(restartMs: number): void {
    this.#end();
    const life = this.#life;
    this.#world.time.after(restartMs, () => {
      if (this.#life === life && this.#world.network.isOn(this.host)) this.#begin();
    });
  }

  stop(): void {
    this.#end();
    this.#boots++;
    this.#machines.exclusion.forget();
    this.#interface.lose();
  }

  begin(): void {
    this.#machines.blocking?.begin();
    const life = ++this.#life;
    this.#world.time.after(this.#world.random.between(500, 2_000), () => {
      if (this.#life === life) this.#begin();
    });
  }

  beginIfEnded(): void {
    if (!this.#alive) this.begin();
  }

  frontDown(forMs: number): void {
    this.#frontDownUntil = this.#world.time.now + forMs;
  }

  battery(forMs: number, power: 'battery' | 'low' = 'battery'): void {
    this.#battery = { until: this.#world.time.now + forMs, power };
  }

  /** From now on it asks this one, as long as the machine is there. */
  hangOn(ups: () => PowerTold): void {
    this.#ups = ups;
  }

  slowAddress(forMs: number): void {
    this.#interface.slow(forMs);
  }

  breakAddress(forMs: number): void {
    this.#interface.break(forMs);
  }

  #self() {
    const witness = this.#machines.server === null;
    return {
      site: this.site,
      machine: this.host,
      boot: String(this.#boots),
      witness,
      serverUrl: witness ? null : `https://${this.site}:8481`,
      strict: this.#world.strict,
      mayHandOver: !witness,
      mayHoldAddress: !witness,
      failsafe: this.#world.failsafe,
      thirdFence: this.#world.thirdFence && this.#machines.blocking !== null,
    };
  }

  #clock(): number {
    return this.#world.clock(this.host);
  }

  /** Of no machine it is right. */
  #wall(): number {
    return this.#world.time.now + (WALL_CLOCK_MS[this.host] ?? 0);
  }

  #end(): void {
    this.#alive = false;
    this.#life++;
    this.#pausedUntil = 0;
  }

  #begin(): void {
    this.#life++;
    this.#alive = true;
    this.#pausedUntil = 0;
    this.#state = start(this.#self(), this.#clock());
    const block = this.#machines.blocking?.block ?? null;
    if (block !== null) this.#tell(this.#life, { kind: 'block-found', block });
    const bound = this.#machines.exclusion.leaveUntil;
    if (bound > this.#clock()) this.#tell(this.#life, { kind: 'leave-given', until: bound });
    this.#tell(this.#life, { kind: 'address-found', present: this.#interface.carriesAddress });
  }

  /** An answer reaches the process that asked, when it runs. */
  #tell(life: number, input: Input): void {
    const { time, network } = this.#world;
    if (life !== this.#life || !this.#alive || !network.isOn(this.host)) return;
    if (this.#pausedUntil > time.now)
      time.at(this.#pausedUntil + 0.1, () => this.#tell(life, input));
    else {
      const done = step(this.#misremembered(input), this.#mistake(input), this.#clock());
      this.#state = done.state;
      for (const effect of done.effects) perform(this.#deeds, effect);
    }
  }

  /** Planted, as in etcd3: no deadline, and the lease counts from the answer. Or the gate stands open. */
  #mistake(input: Input): Input {
    const { lateAnswersRenew, noGate, anyMachine, notesAgain, stalledIsDead } = this.#world.bugs;
    const counts = input.kind === 'pulsed' || input.kind === 'claimed';
    if (lateAnswersRenew && counts) return { ...input, sentAt: this.#clock() };
    if (anyMachine && 'view' in input) return { ...input, view: this.#asIfOurs(input.view) };
    if (notesAgain && 'view' in input) return { ...input, view: this.#asIfAlone(input.view) };
    if (stalledIsDead && 'view' in input) return { ...input, view: this.#asIfDead(input.view) };
    if (this.#world.thirdFence && 'view' in input)
      return { ...input, view: this.#asPromised(input.view) };
    return noGate && 'view' in input ? { ...input, view: this.#asIfWritten(input.view) } : input;
  }

  /** Planted: a leader whose time is over goes on all the same; who let somebody go on forgets it, or gives leave beside another's key. */
  #misremembered({ kind }: Input): State {
    const { goesOnAgain, leaveBindsNobody, leaveBesideKey, promisesAtOnce } = this.#world.bugs;
    const { told, leaveGiven, view } = this.#state;
    if (leaveBesideKey && kind === 'leave-asked' && view !== null)
      return { ...this.#state, view: { ...view, patroni: { ...view.patroni, leader: null } } };
    const never = Number.NEGATIVE_INFINITY;
    if (promisesAtOnce) return { ...this.#state, askedBy: {}, peers: {}, coverGivenAt: never };
    if (leaveBindsNobody) return { ...this.#state, leaveGiven: { ...leaveGiven, until: 0 } };
    if (!goesOnAgain || told?.role !== 'writer') return this.#state;
    const deadline = Math.max(told.deadline, this.#clock() + 1);
    return { ...this.#state, told: { ...told, deadline } };
  }

  /** Planted: a give is not known for one; or one promise counts for all. */
  #asPromised(view: View): View {
    const { onePromiseIsEnough, unblocksAfterGive } = this.#world.bugs;
    const { given: _, ...withoutGiven } = view;
    if (unblocksAfterGive) return withoutGiven;
    const own = view.promises?.[this.site];
    if (!onePromiseIsEnough || own?.block == null) return view;
    const { holder } = own.block;
    const others = this.#world.sites.filter((site) => site !== holder);
    const at = (site: Site): number => view.promises?.[site]?.revision ?? 0;
    const asOwn = others.map((site) => [site, { ...own, revision: at(site) }]);
    return { ...view, promises: Object.fromEntries(asOwn) };
  }

  #asIfOurs(view: View): View {
    const key = view.machines[this.site];
    if (key === undefined) return view;
    const { machine, boot } = this.#self();
    return { ...view, machines: { ...view.machines, [this.site]: { ...key, machine, boot } } };
  }

  #asIfAlone(view: View): View {
    const { timelines } = view;
    if (timelines === null) return view;
    const promotions = timelines.promotions.filter(({ site }) => site === this.site);
    return { ...view, timelines: { ...timelines, promotions } };
  }

  #asIfDead(view: View): View {
    const { site } = view.leader;
    const disk = site === null || site === this.site ? null : view.sites[site]?.report.disk;
    const isDead = disk != null && isStalled(disk, TIMINGS);
    return isDead ? { ...view, leader: { ...view.leader, site: null } } : view;
  }

  #asIfWritten(view: View): View {
    const sync = view.patroni.sync && { ...view.patroni.sync, leader: this.site };
    const timeline = this.#state.ledTimeline;
    return { ...view, patroni: { ...view.patroni, sync, timeline } };
  }

  readonly #deeds: Deeds<void> = {
    pulse: (effect) => {
      const { sentAt, holds } = effect;
      this.#transact('pulse', pulse(NAMES, this.site, effect), (renewed, view) => {
        return { kind: 'pulsed', sentAt, holds, renewed, view };
      });
    },
    read: () => {
      const nothing = { compare: [], change: [] };
      this.#transact('read', nothing, (_, view) => ({ kind: 'read', view }));
    },
    claim: (effect) => {
      const { lease, sentAt } = effect;
      this.#transact(`claim ${lease}`, this.#claim(effect), (won, view) => {
        if (won) this.#world.note(`${this.site} takes ${lease}`);
        return { kind: 'claimed', lease, sentAt, won, view };
      });
    },
    release: (effect) => {
      const { lease } = effect;
      this.#transact(`release ${lease}`, release(NAMES, effect), (_, view) => {
        return { kind: 'released', lease, view };
      });
    },
    'patroni-lease': ({ lease, sentAt }) => {
      const act = (store: Store) => store.leaseLeftMs(lease, this.#world.time.now);
      this.#ask('patroni-lease', act, (ttlMs) => {
        return { kind: 'patroni-lease', lease, sentAt, ttlMs };
      });
    },
    'tell-server': (effect) => this.#order(effect),
    'hold-address': ({ until }) => this.#later(this.#interface.hold(until)),
    'refuse-connections': ({ kind }) => {
      this.#later({ takesMs: 50, run: () => ({ kind: 'done', effect: kind }) });
    },
    'drop-address': () => this.#later(this.#interface.drop()),
    switchover: ({ from, to, why }) => {
      this.#world.note(`${this.site} asks for a switchover to ${to}: ${why}`);
      this.#moveAway(from, to);
    },
    'hand-over': (effect) => this.#handOver(effect),
    'cancel-switchover': (effect) => {
      const { switchoverStands, handsOverUnseen } = this.#world.bugs;
      if (switchoverStands || handsOverUnseen) return;
      this.#transact('cancel-switchover', cancelSwitchover(NAMES, effect), () => {
        this.#world.note(`${this.site} takes back a switchover`);
        return { kind: 'done', effect: 'cancel-switchover' };
      });
    },
    nominate: (effect) => {
      if (this.#world.bugs.straysInTheWay) return;
      this.#transact('nominate', nominate(NAMES, this.site, effect), () => {
        this.#world.note(`${this.site} names itself: only a stray is ahead`);
        return { kind: 'done', effect: 'nominate' };
      });
    },
    depose: (effect) => {
      if (this.#world.bugs.nobodyDeposes) return;
      const act = (store: Store): boolean => {
        const lease = store.get(NAMES.patroniMember(this.site))?.lease;
        return lease != null && store.transact(depose(NAMES, this.site, effect, lease));
      };
      this.#ask('depose', act, (done) => {
        if (done) this.#world.note(`${this.site} deposes ${effect.from}`);
        return { kind: 'done', effect: 'depose' };
      });
    },
    recover: (effect) => {
      const act = (store: Store) => {
        const lease = store.get(NAMES.patroniMember(effect.to))?.lease;
        const done = lease != null && store.transact(recover(NAMES, effect, lease));
        return { done, view: store.view() };
      };
      this.#ask('recover', act, ({ done, view }) => {
        if (done) this.#world.note(`${this.site} recovers with ${effect.to}`);
        return { kind: 'recovered', done, view };
      });
    },
    relieve: (effect) => {
      const act = (store: Store): boolean => {
        const lease = store.get(NAMES.patroniMember(this.site))?.lease;
        return lease != null && store.transact(relieve(NAMES, this.site, effect, lease));
      };
      this.#ask('relieve', act, (done) => {
        if (done) this.#world.note(`${this.site} relieves ${effect.from}`);
        return { kind: 'done', effect: 'relieve' };
      });
    },
    'note-timeline': (effect) => {
      this.#transact('note-timeline', noteTimeline(NAMES, effect), (done, view) => {
        const { acknowledging } = effect.timelines;
        if (done) this.#world.note(`${this.site} notes timeline ${acknowledging?.timeline}`);
        return { kind: 'timeline-noted', view };
      });
    },
    'end-history': (effect) => {
      this.#transact('end-history', endHistory(NAMES, effect), () => {
        return { kind: 'done', effect: 'end-history' };
      });
    },
    'move-etcd-leader': ({ kind, member }) => {
      const run = (): Input => {
        const { etcd } = this.#machines;
        if (etcd.leader === this.site) etcd.moveLeader(member);
        return { kind: 'done', effect: kind };
      };
      this.#later({ takesMs: 50, run });
    },
    // What fills is no fault of the model.
    'make-room-in-etcd': ({ kind }) =>
      this.#later({ takesMs: 50, run: () => ({ kind: 'done', effect: kind }) }),
    reinitialize: ({ from }) => this.#later({ takesMs: 50, run: () => this.#cloneAnew(from) }),
    'ask-leave': ({ of, sentAt, term }) => this.#askLeave(of, sentAt, term),
    'give-leave': ({ id, until, why }) => {
      const reply = this.#replyTo(id);
      if (why !== null) reply?.(why);
      else this.#noteLeave(until, (failed) => reply?.(failed));
    },
    'ask-cover': ({ of, sentAt, term }) => this.#askCover(of, sentAt, term),
    'give-cover': ({ id, why }) =>
      this.#replyTo(id)?.(this.#world.bugs.coversDespitePromise ? null : why),
    block: ({ block }) => this.#block(block),
    unblock: () => {
      const run = (): Input => {
        this.#machines.blocking?.take();
        return { kind: 'unblocked' };
      };
      this.#later({ takesMs: 20, run });
    },
    promise: ({ revision, block, timeline, lsn }) => {
      const promised = writePromise(NAMES, this.site, revision, { block, timeline, lsn });
      this.#transact('promise', promised, (done, view) => {
        if (done) this.#world.note(`${this.site} promises: nothing from ${block.holder}`);
        return { kind: 'promised', view };
      });
    },
    'take-back': ({ revision }) => {
      this.#transact('take-back', writePromise(NAMES, this.site, revision, null), (done, view) => {
        if (done) this.#world.note(`${this.site} takes its promise back`);
        return { kind: 'taken-back', done, view };
      });
    },
    give: (effect) => this.#give(effect),
    answer: () => {},
  };

  #askCover(site: Site, sentAt: number, term: number): void {
    const life = this.#life;
    const asks = (agent: AgentHost, reply: (why: string | null) => void) =>
      agent.#beAsked('cover-asked', this.site, term, reply);
    this.#machines.peers.ask<string | null>({ from: this.host, to: site }, asks, (said) => {
      const why = reasonIn(said);
      this.#tell(life, { kind: 'cover-answered', site, sentAt, term, why });
    });
  }

  #block(block: Block): void {
    const life = this.#life;
    this.#world.note(`${this.site} blocks ${block.holder}`);
    this.#machines.blocking?.put(block, (position) =>
      this.#tell(life, { kind: 'blocked', block, ...position }),
    );
  }

  #give(asked: EffectOf<'give'>): void {
    const { sentAt } = asked;
    const act = (store: Store) => {
      const lease = store.get(NAMES.patroniMember(this.site))?.lease;
      const sync = store.text(NAMES.patroniSync);
      const known = lease == null || sync === null ? null : { lease, sync: JSON.parse(sync) };
      const transaction = known && giveUponPromises(NAMES, this.site, asked, known);
      return { done: transaction !== null && store.transact(transaction), view: store.view() };
    };
    this.#ask('give', act, ({ done, view }) => {
      if (done) this.#world.note(`${this.site} gives itself the key of ${asked.block.holder}`);
      return { kind: 'given', sentAt, done, view };
    });
  }

  #askLeave(site: Site, sentAt: number, term: number): void {
    const life = this.#life;
    const { bugs, members } = this.#world;
    const withinMs = bugs.leaveFromArrival ? 10_000 : ETCD_DEADLINE_MS;
    const asks = (agent: AgentHost, reply: (why: string | null) => void) =>
      agent.#beAsked('leave-asked', this.site, term, reply);
    this.#machines.peers.ask<string | null>(
      { from: this.host, to: site, withinMs },
      asks,
      (said) => {
        const why = reasonIn(said);
        const from = bugs.leaveFromArrival ? this.#clock() : sentAt;
        const sites = bugs.oneLeaveIsEnough && why === null ? members : [site];
        for (const each of sites)
          this.#tell(life, { kind: 'leave-answered', site: each, sentAt: from, term, why });
      },
    );
  }

  #beAsked(
    kind: 'leave-asked' | 'cover-asked',
    site: Site,
    term: number,
    reply: (why: string) => void,
  ): void {
    const id = String(++this.#asked);
    this.#questions.set(id, (why) => reply(why ?? YES));
    this.#tell(this.#life, { kind, id, site, term });
  }

  #replyTo(id: string): ((why: string | null) => void) | undefined {
    const reply = this.#questions.get(id);
    this.#questions.delete(id);
    return reply;
  }

  /** As adapters/peers/leave-note.ts: looks, says, and looks again. */
  #noteLeave(until: number, reply: (why: string | null) => void): void {
    const { bugs, random } = this.#world;
    const { exclusion } = this.#machines;
    const promotes = () => exclusion.isPromoting && !bugs.leaveWhilePromoting;
    const soon = (act: () => void) =>
      this.#world.time.after(random.between(0.1, 5), () => this.whenItRuns(act));
    soon(() => {
      if (promotes()) reply(PROMOTES);
      else
        soon(() => {
          exclusion.noteLeave(until);
          soon(() => reply(promotes() ? PROMOTES : null));
        });
    });
  }

  #claim(effect: EffectOf<'claim'>): Transaction {
    const ignores = this.#world.bugs.challengerIgnoresLastPulse;
    return claim(NAMES, this.site, ignores ? { ...effect, over: null } : effect);
  }

  #ask<T>(what: Pending, apply: (store: Store) => T, then: (value: T) => Input): void {
    const life = this.#life;
    this.#machines.etcd.request({
      from: this.host,
      deadlineMs: this.#world.bugs.lateAnswersRenew ? 10_000 : ETCD_DEADLINE_MS,
      apply,
      answer: (answer) => {
        if (answer.ok) this.#tell(life, then(answer.value));
        else this.#tell(life, { kind: 'failed', effect: what, reason: answer.reason });
      },
    });
  }

  #transact(
    what: Pending,
    transaction: Transaction,
    then: (succeeded: boolean, view: View) => Input,
  ): void {
    const act = (store: Store) => ({ done: store.transact(transaction), view: store.view() });
    this.#ask(what, act, ({ done, view }) => then(done, view));
  }

  #handOver(effect: EffectOf<'hand-over'>): void {
    const life = this.#life;
    const { site } = this;
    const [world, machines] = [this.#world, this.#machines];
    new HandOver(effect, {
      ...{ site, world, machines },
      runs: () => life === this.#life && this.#alive && this.#pausedUntil <= world.time.now,
      ask: (apply, then) => this.#ask('hand-over', apply, then),
      tell: (input) => this.#tell(life, input),
    }).look();
  }

  #cloneAnew(from: Site): Input {
    const { network } = this.#world;
    const reaches = network.reaches(this.site, from) && network.reaches(from, this.site);
    const source = this.#machines.postgresOf(from);
    if (!reaches || source?.accepts !== true)
      return { kind: 'failed', effect: 'reinitialize', reason: 'no primary lets it' };
    this.#world.note(`${this.site} has its copy cloned anew`);
    this.#machines.patroni?.reinitialize();
    return { kind: 'done', effect: 'reinitialize' };
  }

  #moveAway(from: Site, to: Site): void {
    const life = this.#life;
    const effect = 'switchover' as const;
    this.#machines.patroniOf(from)?.switchover(to, (reason) => {
      this.#tell(
        life,
        reason === null ? { kind: 'done', effect } : { kind: 'failed', effect, reason },
      );
    });
  }

  #order(effect: EffectOf<'tell-server'>): void {
    const { server } = this.#machines;
    if (server === null) return;
    const { time, random } = this.#world;
    const life = this.#life;
    let over = false;
    const end = (input: Input): void => {
      if (!over) this.#tell(life, input);
      over = true;
    };
    const fails = { kind: 'failed', effect: 'tell-server', reason: 'no answer' } as const;
    time.after(server.gone ? 1 : LOCAL_DEADLINE_MS, () => end(fails));
    time.after(random.between(1, 5), () =>
      server.order(this.#unsafe(effect), ({ role, epoch }) => end({ kind: 'told', role, epoch })),
    );
  }

  #unsafe(order: EffectOf<'tell-server'>): typeof order {
    const { deadlineWithoutPatroni, answersUncovered } = this.#world.bugs;
    const { leader, patroniLease } = this.#state;
    if (answersUncovered && order.role === 'writer' && order.deadline > 0)
      return {
        ...order,
        deadline: Math.min(leader?.until ?? 0, (patroniLease?.until ?? 0) - 1_000),
      };
    return deadlineWithoutPatroni && order.role === 'writer'
      ? { ...order, deadline: this.#state.leader?.until ?? 0 }
      : order;
  }

  /** A child process does its work whatever becomes of the agent meanwhile. */
  #later({ takesMs, run }: Job): void {
    const life = this.#life;
    const { time, network } = this.#world;
    time.after(takesMs, () => {
      if (network.isOn(this.host)) this.#tell(life, run());
    });
  }

  #poll(): void {
    const { time, random, network } = this.#world;
    const everyMs = this.#state.wish === null ? POLL_MS : WISH_POLL_MS;
    time.after(everyMs * random.between(0.9, 1.1), () => this.#poll());
    if (!this.#alive || !network.isOn(this.host)) return;
    const { server, patroni, postgres } = this.#machines;
    this.#lookAtMachine();
    this.#tell(this.#life, { kind: 'links', links: this.#links() });
    if (postgres !== null) this.#tell(this.#life, { kind: 'disk', disk: postgres.disk.report });
    if (server !== null) this.#lookAtServer(server);
    if (patroni !== null && postgres !== null)
      this.#tell(this.#life, lookAt(patroni, postgres, this.#world));
  }

  #askPeers(): void {
    const { time, members, network } = this.#world;
    time.after(PEERS_MS, () => this.#askPeers());
    if (!this.#alive || !network.isOn(this.host)) return;
    for (const site of members) if (site !== this.site) this.#askPeer(site);
  }

  #askPeer(site: Site): void {
    const [life, sentAt] = [this.#life, this.#clock()];
    const word = (agent: AgentHost, reply: (said: PeerWord) => void) =>
      reply(wordNow(agent.state, agent.#clock(), TIMINGS));
    this.#machines.peers.ask({ from: this.host, to: site }, word, (said) => {
      if (said === null) this.#tell(life, { kind: 'peer-silent', site, reason: 'no answer' });
      else this.#tell(life, { kind: 'peer-answered', site, sentAt, word: said });
    });
  }

  /** What gets no answer is sent again, too. */
  #links(): Record<Site, LinkReport> {
    const { network, sites } = this.#world;
    const link = (to: Site): LinkReport => {
      const answers = network.reaches(this.site, to) && network.reaches(to, this.site);
      return { lost: answers ? network.lossBetween(this.site, to) : 1, rttMs: 10 };
    };
    const others = sites.filter((site) => site !== this.site);
    return Object.fromEntries(others.map((site) => [site, link(site)]));
  }

  #lookAtMachine(): void {
    const { time, members } = this.#world;
    const { etcd, server } = this.#machines;
    const healthy = this.#frontDownUntil <= time.now && server !== null;
    this.#tell(this.#life, { kind: 'front', healthy, connections: 0 });
    this.#tell(this.#life, { kind: 'wall-clock', aheadMs: this.#wall() - this.#clock() });
    const power = this.#battery.until > time.now ? this.#battery.power : 'mains';
    if (this.#ups !== null) this.#tell(this.#life, { kind: 'power', ...this.#ups() });
    else if (power !== this.#state.power.power) this.#tell(this.#life, { kind: 'power', power });
    const here = etcd.leader === this.site;
    if (!here && !this.#state.etcdLeader.here) return;
    const others = members.filter((member) => member !== this.site);
    const named = others.map((name) => ({ id: name, name }));
    this.#tell(this.#life, { kind: 'etcd-leader', here, others: named });
  }

  #lookAtServer(server: Server): void {
    const life = this.#life;
    const { time, bugs } = this.#world;
    const askedAt = this.#clock();
    const silent = { kind: 'server-silent', askedAt, gone: server.gone, reason: 'none' } as const;
    if (server.gone) this.#tell(life, silent);
    else if (server.pausedUntil <= time.now)
      this.#tell(life, { kind: 'server', askedAt, server: server.report() });
    else {
      const mistaken = { ...silent, gone: bugs.silentServerIsGone === true };
      time.after(LOCAL_DEADLINE_MS, () => this.#tell(life, mistaken));
    }
  }

  #tick(): void {
    this.#world.time.after(TICK_MS, () => this.#tick());
    if (this.#alive) this.#tell(this.#life, { kind: 'tick' });
  }
}

function lookAt(
  patroni: Patroni,
  { primary, up, timeline, lsn }: Postgres,
  { failsafe }: World,
): Input {
  if (patroni.frozen) return { kind: 'postgres-silent', reason: 'no answer' };
  const role = primary ? 'primary' : 'standby';
  const known = up ? { timeline, lsn: String(lsn) } : { timeline: null, lsn: null };
  const postgres = { role, state: patroni.state, ...known } as const;
  return { kind: 'postgres', postgres, ...(failsafe && { heedsLeave: true }) };
}
