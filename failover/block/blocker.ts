import { setTimeout as sleep } from 'node:timers/promises';
import { isSameBlock } from '../core/promised.ts';
import type { Block, Site } from '../core/view.ts';
import { isExhausted, type Look, type Seen, seenWith } from './exhausted.ts';
import type { KeptNote } from './kept-note.ts';
import { NO_RULES } from './rules.ts';

export interface BlockerPorts {
  readonly note: KeptNote;
  /** The rules that turn a site away; null where no such site is known. */
  readonly rulesFor: (site: Site) => string | null;
  /** Carries out a script of `nft`, as a whole or not at all. */
  readonly filter: (script: string) => Promise<void>;
  readonly look: () => Promise<Look>;
  /** Asks a process to end; it may have ended. */
  readonly end: (pid: number) => void;
  readonly now: () => number;
}

/** The agent asks again. */
const REPLAYED_WITHIN_MS = 2_500;
const LOOK_EVERY_MS = 30;

/**
 * Turns one site's PostgreSQL and Patroni away, and gives back what this site's copy has of it (docs/third-fence.md). Noted on the disk before anything is
 * blocked, and for as long as it is; what is noted is in force again after a start.
 */
export class Blocker {
  readonly #ports: BlockerPorts;
  #turn: Promise<unknown> = Promise.resolve();
  /** How often a block has been taken away: whoever received in between has more than was seen before. */
  #taken = 0;

  constructor(ports: BlockerPorts) {
    this.#ports = ports;
  }

  /** As it was left: by the rules in the note, also against a site that the configuration has no more. */
  begin(): Promise<Block | null> {
    return this.#inTurn(async () => {
      const { note, filter } = this.#ports;
      await filter((await note.text()) ?? NO_RULES);
      return note.read();
    });
  }

  /** Again and again: whoever throws away all rules of this machine does not know of these. */
  keep(): Promise<void> {
    return this.#inTurn(async () => {
      const { note, filter } = this.#ports;
      const noted = await note.text();
      if (noted !== null) await filter(noted);
    });
  }

  /** Ends once nothing more is received from there, and all that was is replayed; the block stays where it rejects. */
  async put(block: Block): Promise<{ timeline: number; lsn: number }> {
    const taken = await this.#inTurn(() => this.#block(block));
    return this.#position(taken);
  }

  /** Changes nothing where nothing is noted. */
  take(block: Block): Promise<void> {
    return this.#inTurn(async () => {
      const { note, filter } = this.#ports;
      const noted = await note.read();
      if (noted !== null && !isSameBlock(noted, block)) throw new Error(isAnother(noted));
      this.#taken++;
      // In this order: a block that nothing notes would be there until the machine starts anew.
      await filter(NO_RULES);
      await note.remove();
    });
  }

  async #block(block: Block): Promise<number> {
    const { note, rulesFor, filter } = this.#ports;
    const rules = rulesFor(block.holder);
    if (rules === null) throw new Error(`no site ${block.holder} is in its configuration`);
    const noted = await note.read();
    if (noted !== null && !isSameBlock(noted, block)) throw new Error(isAnother(noted));
    if (noted === null) await note.write(block, rules);
    await filter(rules);
    return this.#taken;
  }

  /** Whoever began to receive before the rules were there has to be gone; a later one reaches nobody. */
  async #position(taken: number): Promise<{ timeline: number; lsn: number }> {
    const { look, end, now } = this.#ports;
    const until = now() + REPLAYED_WITHIN_MS;
    const { receivers } = await look();
    for (const pid of receivers) end(pid);
    for (let seen: Seen | null = null; now() < until; await sleep(LOOK_EVERY_MS)) {
      const last = await look();
      if (!last.inRecovery) throw new Error('PostgreSQL here is no standby');
      if (receivers.some((pid) => last.receivers.includes(pid))) continue;
      seen = seenWith(seen, last);
      if (!isExhausted(seen)) continue;
      if (taken !== this.#taken) throw new Error('it has been taken back');
      return { timeline: last.timeline, lsn: last.lsn };
    }
    throw new Error('not all that was received is replayed yet');
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

const isAnother = ({ holder, key }: Block): string =>
  `another block stands: of ${holder}, by its key of revision ${key}`;
