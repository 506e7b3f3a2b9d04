import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

/** A sentence for who gave the file. */
export class UnreadableResults extends Error {}

/** A file of what was measured, which grows by runs; one of another version, or with anything else in it, is refused. */
export class RecordedRuns<Run> {
  readonly #version: number;
  readonly #run: z.ZodType<Run>;

  constructor(version: number, run: z.ZodType<Run>) {
    this.#version = version;
    this.#run = run;
  }

  /** @throws UnreadableResults */
  read(file: string): readonly Run[] {
    const read = parsed(file);
    const version = (read as { version?: unknown } | null)?.version;
    if (version !== this.#version)
      throw new UnreadableResults(
        `${file} has version ${JSON.stringify(version)}, and only ${this.#version} is understood.`,
      );
    const all = z.strictObject({ version: z.literal(this.#version), runs: z.array(this.#run) });
    const { success, data, error } = all.safeParse(read);
    if (!success) throw new UnreadableResults(`${file}: ${z.prettifyError(error)}`);
    return data.runs;
  }

  /**
   * Makes the file where there is none. One line a run; never half a file.
   * @throws UnreadableResults and leaves the file as it is
   */
  add(file: string, runs: readonly Run[]): void {
    const before = existsSync(file) ? this.read(file) : [];
    const lines = [...before, ...runs].map((run) => `  ${JSON.stringify(this.#run.parse(run))}`);
    const text = `{ "version": ${this.#version}, "runs": [\n${lines.join(',\n')}\n] }\n`;
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UnreadableResults(`${file} cannot be read: ${(error as Error).message}`);
  }
}
