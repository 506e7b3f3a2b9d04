import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LeisurePorts {
  /** For how long the event loop was busy, and idle, in all. */
  readonly loop: () => { readonly active: number; readonly idle: number };
  readonly pause: (ms: number) => Promise<unknown>;
  readonly now: () => number;
}

/**
 * Nobody waits for longer behind the one that began before: where the loop is never idle, those who can wait are to have
 * some of it, too. To begin takes some two milliseconds, so this is a tenth, and a thousand have begun within 20 s.
 */
export const REST_MS_MAX = 20;
const REST_MS_MIN = 1;

/**
 * For what nobody waits for: one begins after the other, in the order in which they came, and between them the event loop is
 * to be idle for as long as it was busy. So what people do meanwhile finds it free half of the time, whatever a beginning costs
 * then and there, and behind it: what it sets off (a handshake, an answer that is read) counts as it comes.
 */
export class Leisure {
  readonly #ports: LeisurePorts;
  readonly #waiting = new Set<() => void>();
  #isGoing = false;

  constructor(ports: LeisurePorts = OF_THIS_PROCESS) {
    this.#ports = ports;
  }

  /** Resolves when it is whoever's turn who asks, or at once when `hurry` says that somebody waits for it now. */
  turn(hurry: AbortSignal): Promise<void> {
    return new Promise((begin) => {
      this.#waiting.add(begin);
      hurry.addEventListener('abort', () => {
        // Else those behind it waited for the rest of one that did not begin here.
        this.#waiting.delete(begin);
        begin();
      });
      if (!this.#isGoing) void this.#go();
    });
  }

  async #go(): Promise<void> {
    this.#isGoing = true;
    // Also those that come meanwhile.
    for (const begin of this.#waiting) {
      this.#waiting.delete(begin);
      begin();
      await this.#rest();
    }
    this.#isGoing = false;
  }

  async #rest(): Promise<void> {
    const { loop, now, pause } = this.#ports;
    const begun = loop();
    const until = now() + REST_MS_MAX;
    for (let lackingMs = REST_MS_MIN; lackingMs > 0; ) {
      await pause(Math.max(REST_MS_MIN, Math.min(lackingMs, until - now())));
      const { active, idle } = loop();
      const owedMs = active - begun.active - (idle - begun.idle);
      lackingMs = Math.min(owedMs, until - now());
    }
  }
}

const OF_THIS_PROCESS: LeisurePorts = {
  loop: () => performance.eventLoopUtilization(),
  pause: (ms) => sleep(ms, undefined, { ref: false }),
  now: () => performance.now(),
};
