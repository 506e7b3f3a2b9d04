import { join } from 'node:path';
import { Aside } from '../../aside/aside.ts';
import type { Drawn, Measured, Said, Task, Told, Undrawable } from './picture-messages.ts';
import type { Drawing } from './thumbnail-size.ts';

export interface PictureBounds {
  /** From when it has the picture. */
  readonly withinMs: number;
  /** For pictures. */
  readonly memoryBytesMax: number;
  /** Without anything to do it ends. */
  readonly idleMs: number;
}

const PROGRAM = join(import.meta.dirname, 'picture-program.ts');
/** What Node takes to run this program, nearly all of it address space that is kept for code. */
const NODE_BYTES = 704 * 1_024 * 1_024;
/** The picture itself is not in this heap. */
const FLAGS = ['--max-old-space-size=64'];

/** The process was ended from outside. */
export class PictureInterrupted extends Error {
  override readonly name = 'PictureInterrupted';
}

/**
 * Draws one picture at a time in a process of its own, which is started when it is needed. A picture that makes it fall,
 * or takes too long, is undrawable, and the next one gets a new process.
 */
export class PictureProcess {
  readonly #bounds: PictureBounds;
  readonly #aside: Aside<Told, Said>;

  constructor(bounds: PictureBounds) {
    this.#bounds = bounds;
    this.#aside = new Aside({
      file: PROGRAM,
      doing: 'makes thumbnails',
      flags: FLAGS,
      dataBytesMax: NODE_BYTES + bounds.memoryBytesMax,
      env: { VIPS_BLOCK_UNTRUSTED: '1' },
      idleMs: bounds.idleMs,
    });
  }

  /** Throws where the process cannot be started, or `picture` throws. */
  draw(picture: AsyncIterable<Buffer>, drawing: Drawing): Promise<Drawn | Undrawable> {
    return this.#ask(picture, { kind: 'draw', drawing }) as Promise<Drawn | Undrawable>;
  }

  measure(picture: Buffer): Promise<Measured | Undrawable> {
    const task = { kind: 'measure' } as const;
    return this.#ask(inOne(picture), task) as Promise<Measured | Undrawable>;
  }

  close(): void {
    this.#aside.close();
  }

  /** Where `picture` throws the process has half of it, and is ended. */
  #ask(picture: AsyncIterable<Buffer>, task: Task): Promise<Said> {
    return this.#aside.use(async (talk) => {
      for await (const bytes of picture) await talk.tell({ kind: 'bytes', bytes });
      await talk.tell(task);
      const said = await talk.hear(this.#bounds.withinMs);
      if (said) return said;
      // The server that ends, and a machine that is short of memory, blame no picture.
      if (talk.wasKilled) throw new PictureInterrupted();
      this.close();
      return { kind: 'undrawable', why: 'too large' };
    });
  }
}

async function* inOne(bytes: Buffer) {
  yield bytes;
}
