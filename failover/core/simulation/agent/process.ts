import type { Effect } from '../../effects.ts';
import type { Input } from '../../inputs.ts';
import { step } from '../../machine.ts';
import { type Self, type State, start } from '../../state.ts';
import type { World } from '../world.ts';
import type { Job } from './interface.ts';
import { misremembered, mistaken } from './mistakes.ts';

interface ProcessPorts {
  readonly host: string;
  readonly world: World;
  readonly self: () => Self;
  /** What it finds on its machine before all else. */
  readonly found: () => readonly Input[];
  readonly perform: (effect: Effect) => void;
}

/** One run of the process: what it asked for is answered to it, and to none that is started later. */
export interface Life {
  readonly tell: (input: Input) => void;
  /** It is alive, and not stopped. */
  readonly runs: () => boolean;
}

/** The agent's process, which may be ended, stopped and started again; it alone steps the machine. */
export class Process {
  readonly #ports: ProcessPorts;
  #state: State;
  #ended = false;
  #life = 0;
  #pausedUntil = 0;

  constructor(ports: ProcessPorts) {
    this.#ports = ports;
    this.#state = start(ports.self(), this.clock());
  }

  get state(): State {
    return this.#state;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get alive(): boolean {
    return !this.#ended && this.#isOn;
  }

  /** The one that is alive now. */
  get life(): Life {
    const life = this.#life;
    return {
      tell: (input) => this.#tell(life, input),
      runs: () => life === this.#life && !this.#ended && !this.#isPaused,
    };
  }

  clock(): number {
    const { world, host } = this.#ports;
    return world.clock(host);
  }

  tell(input: Input): void {
    this.#tell(this.#life, input);
  }

  whenItRuns(act: () => void): void {
    this.#whenItRuns(this.#life, act);
  }

  pause(forMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#ports.world.time.now + forMs);
  }

  end(): void {
    this.#ended = true;
    this.#life++;
    this.#pausedUntil = 0;
  }

  /** Unless it is begun or ended otherwise before. */
  beginIn(delayMs: number): void {
    const life = ++this.#life;
    this.#ports.world.time.after(delayMs, () => {
      if (this.#life === life && this.#isOn) this.#begin();
    });
  }

  /** A child does its work whatever becomes of the agent meanwhile. */
  runChild({ takesMs, run }: Job): void {
    const { tell } = this.life;
    this.#ports.world.time.after(takesMs, () => {
      if (this.#isOn) tell(run());
    });
  }

  #begin(): void {
    this.#life++;
    this.#ended = false;
    this.#pausedUntil = 0;
    this.#state = start(this.#ports.self(), this.clock());
    for (const input of this.#ports.found()) this.tell(input);
  }

  /** An answer reaches the process that asked, when it runs. */
  #tell(life: number, input: Input): void {
    this.#whenItRuns(life, () => this.#step(input));
  }

  #whenItRuns(life: number, act: () => void): void {
    if (life !== this.#life || !this.alive) return;
    if (this.#isPaused)
      this.#ports.world.time.at(this.#pausedUntil + 0.1, () => this.#whenItRuns(life, act));
    else act();
  }

  #step(input: Input): void {
    const mind = { state: this.#state, now: this.clock(), world: this.#ports.world };
    const { state, effects } = step(misremembered(input, mind), mistaken(input, mind), mind.now);
    this.#state = state;
    for (const effect of effects) this.#ports.perform(effect);
  }

  get #isOn(): boolean {
    const { world, host } = this.#ports;
    return world.network.isOn(host);
  }

  get #isPaused(): boolean {
    return this.#pausedUntil > this.#ports.world.time.now;
  }
}
