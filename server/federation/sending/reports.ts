import { Lru } from '../../log/lru.ts';
import { current, type Window } from '../../log/window.ts';
import type { ServerName } from '../../protocol/identifiers.ts';

export interface ReportPorts {
  readonly now: () => number;
  readonly onError: (error: Error) => void;
}

const OF_ONE_EVERY_MS = 60_000;
const OF_ALL_MAX = 20;
const OF_ALL_WITHIN_MS = 60_000;
const SERVERS_MAX = 1_000;

/**
 * What other servers make us write to the log: of one a line a minute, of all together twenty. What was passed over is
 * counted in the next line.
 */
export class Reports {
  readonly #ports: ReportPorts;
  readonly #toldMs = new Lru<ServerName, number>(SERVERS_MAX);
  #ofAll: Window | undefined;
  #passedOver = 0;

  constructor(ports: ReportPorts) {
    this.#ports = ports;
  }

  of(server: ServerName, message: string, cause?: unknown): void {
    const now = this.#ports.now();
    this.#ofAll = current(this.#ofAll, { nowMs: now, lastsMs: OF_ALL_WITHIN_MS });
    if (!this.#isQuiet(server, now) || this.#ofAll.count >= OF_ALL_MAX) {
      this.#passedOver += 1;
      return;
    }
    this.#toldMs.set(server, now);
    this.#ofAll.count += 1;
    const more = this.#passedOver === 0 ? '' : ` (${this.#passedOver} more such were passed over)`;
    this.#passedOver = 0;
    this.#ports.onError(new Error(`${message}${more}`, { cause }));
  }

  #isQuiet(server: ServerName, now: number): boolean {
    const last = this.#toldMs.get(server);
    return last === undefined || now - last >= OF_ONE_EVERY_MS;
  }
}
