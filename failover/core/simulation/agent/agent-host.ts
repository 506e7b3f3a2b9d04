import { type Deeds, perform } from '../../effects.ts';
import type { Input } from '../../inputs.ts';
import type { PeerWord } from '../../peers.ts';
import { wordNow } from '../../pulse/word.ts';
import type { Self, State } from '../../state.ts';
import { TIMINGS } from '../../timings.ts';
import type { Site } from '../../view.ts';
import type { Asked, Question } from '../peer-wire.ts';
import type { World } from '../world.ts';
import { deedsOf } from './deeds.ts';
import { EtcdRequests } from './etcd-requests.ts';
import { FrontAndPower, type PowerTold } from './front-and-power.ts';
import { Interface } from './interface.ts';
import { Looks } from './looks.ts';
import type { Answer, Machines } from './machines.ts';
import { Process } from './process.ts';
import { Questions } from './questions.ts';

/** One site's agent with its adapters, its interface and its front: what becomes of it, and what others see of it. */
export class AgentHost implements Asked {
  readonly site: Site;
  /** The machine: the site's own, or another that was set up with its name. */
  readonly host: string;
  readonly #world: World;
  /** What operators were told, by the names of their orders. */
  readonly answers = new Map<string, Answer>();
  readonly #machines: Machines;
  readonly #process: Process;
  readonly #interface: Interface;
  readonly #frontAndPower: FrontAndPower;
  readonly #questions = new Questions();
  readonly #deeds: Deeds<void>;
  #boots = 1;

  constructor(site: Site, world: World, machines: Machines, host: string = site) {
    [this.site, this.host] = [site, host];
    [this.#world, this.#machines] = [world, machines];
    const process = new Process({
      ...{ host, world },
      self: () => this.#self(),
      found: () => this.#found(),
      perform: (effect) => perform(this.#deeds, effect),
    });
    const clock = () => process.clock();
    const etcd = new EtcdRequests({ host, world, etcd: machines.etcd, process });
    const parts = { site, host, world, machines, process, etcd };
    this.#process = process;
    this.#interface = new Interface({ world, clock, changed: machines.addressChanged });
    this.#frontAndPower = new FrontAndPower(world);
    this.#deeds = deedsOf(parts, {
      addresses: this.#interface,
      questions: this.#questions,
      answered: (id, answer) => {
        this.answers.set(id, answer);
        machines.answered(answer);
      },
    });
    machines.etcd.onChange(site, (input) => process.tell(input));
    new Looks(parts, this.#frontAndPower).begin();
    process.tell({ kind: 'address-found', present: false });
  }

  get state(): State {
    return this.#process.state;
  }

  /** It is alive, and not stopped. */
  get runs(): boolean {
    return this.#process.life.runs();
  }

  /** By the mark that its promotion leaves for as long as it may take; then it lets nobody go on without etcd. */
  get isPromoting(): boolean {
    return this.#machines.exclusion.isPromoting;
  }

  get alive(): boolean {
    return this.#process.alive;
  }

  get hasAddress(): boolean {
    return this.#interface.carriesAddress && this.#world.network.isOn(this.host);
  }

  get addressUntil(): number | null {
    return this.hasAddress ? this.#interface.until : null;
  }

  get frontHealthy(): boolean {
    return this.#frontAndPower.frontIsUp && this.#world.network.isOn(this.host);
  }

  whenItRuns(act: () => void): void {
    this.#process.whenItRuns(act);
  }

  word(): PeerWord {
    return wordNow(this.state, this.#process.clock(), TIMINGS);
  }

  beAsked({ kind, site, term }: Question, reply: (why: string | null) => void): void {
    this.deliver({ kind, id: this.#questions.put(reply), site, term });
  }

  deliver(input: Input): void {
    this.#process.tell(input);
  }

  pause(forMs: number): void {
    this.#process.pause(forMs);
  }

  kill(restartMs: number): void {
    this.#process.end();
    this.#process.beginIn(restartMs);
  }

  /** With its machine, whose memory is gone. */
  stop(): void {
    this.#process.end();
    this.#boots++;
    this.#machines.exclusion.forget();
    this.#interface.lose();
  }

  begin(): void {
    this.#machines.blocking?.begin();
    this.#process.beginIn(this.#world.random.between(500, 2_000));
  }

  beginIfEnded(): void {
    if (this.#process.ended) this.begin();
  }

  frontDown(forMs: number): void {
    this.#frontAndPower.frontDown(forMs);
  }

  battery(forMs: number, power: 'battery' | 'low' = 'battery'): void {
    this.#frontAndPower.battery(forMs, power);
  }

  /** From now on it asks this one, as long as the machine is there. */
  hangOn(ups: () => PowerTold): void {
    this.#frontAndPower.hangOn(ups);
  }

  slowAddress(forMs: number): void {
    this.#interface.slow(forMs);
  }

  breakAddress(forMs: number): void {
    this.#interface.break(forMs);
  }

  #self(): Self {
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
      alone: this.#world.alone && this.host === this.site,
    };
  }

  /** What a process that starts here finds on its machine. */
  #found(): readonly Input[] {
    const { blocking, exclusion } = this.#machines;
    const block = blocking?.block ?? null;
    const until = exclusion.leaveUntil;
    return [
      ...(block === null ? [] : [{ kind: 'block-found', block } as const]),
      ...(until > this.#process.clock() ? [{ kind: 'leave-given', until } as const] : []),
      { kind: 'address-found', present: this.#interface.carriesAddress },
    ];
  }
}
