import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A body on the disk, which can be read as often as it must be sent. */
export class Spooled {
  readonly #file: FileHandle;
  #bytes = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The file has no name any more once it is open, so nothing is left of it when this process ends. */
  static async open(folder: string): Promise<Spooled> {
    const path = join(folder, `farol-front-${randomUUID()}`);
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    return new Spooled(file);
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append(chunk: Buffer): Promise<void> {
    // A write may be partial, on a disk that is nearly full.
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await this.#file.write(
        chunk,
        done,
        chunk.length - done,
        this.#bytes + done,
      );
      done += bytesWritten;
    }
    this.#bytes += chunk.length;
  }

  async *read(): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.#bytes; ) {
      const { bytesRead, buffer } = await this.#file.read(
        Buffer.allocUnsafe(CHUNK_BYTES),
        0,
        CHUNK_BYTES,
        at,
      );
      if (bytesRead === 0) throw new Error('The spooled body is shorter than it was');
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

const CHUNK_BYTES = 64 * 1024;
