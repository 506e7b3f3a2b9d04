/** So many changes of one subject may be refused for their data; one more is forgiven after each pause. */
const REFUSALS_MAX = 3;
const FORGIVEN_EVERY_MS = 20_000;
const SUBJECTS_MAX = 10_000;

/**
 * Finds which of `count` things makes them fail together, in log2(count) questions: the one with
 * which the things from the first up to it fail, though without it they pass.
 */
export async function firstToFail(
  count: number,
  failsUpTo: (length: number) => Promise<boolean>,
): Promise<number> {
  let [passes, fails] = [0, count];
  while (fails - passes > 1) {
    const middle = Math.floor((passes + fails) / 2);
    if (await failsUpTo(middle)) fails = middle;
    else passes = middle;
  }
  return fails - 1;
}

/** Poison is charged to whoever sent it: each costs all others some statements. */
export class Refusals {
  readonly #nowMs: () => number;
  /** When the subject's last refusal will be forgiven; who was refused last stands last. */
  readonly #forgivenAtMs = new Map<string, number>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  charge(subject: string): void {
    const from = Math.max(this.#nowMs(), this.#forgivenAtMs.get(subject) ?? 0);
    this.#forgivenAtMs.delete(subject);
    this.#forgivenAtMs.set(subject, from + FORGIVEN_EVERY_MS);
    if (this.#forgivenAtMs.size > SUBJECTS_MAX)
      this.#forgivenAtMs.delete(this.#forgivenAtMs.keys().next().value!);
  }

  /** How long the subject must wait before it may change anything again; 0 for everybody who behaves. */
  waitMs(subject: string): number {
    const atMs = this.#forgivenAtMs.get(subject);
    if (atMs === undefined) return 0;
    const leftMs = atMs - this.#nowMs();
    if (leftMs <= 0) this.#forgivenAtMs.delete(subject);
    return Math.max(0, leftMs - (REFUSALS_MAX - 1) * FORGIVEN_EVERY_MS);
  }
}
