import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { notedAt, noteOf, whatIsNotedAt } from '../adapters/blocking/note.ts';
import { syncFolder } from '../adapters/sync-folder.ts';
import type { Block } from '../core/view.ts';

/** The note as this program writes it: on the disk when a call ends, through a power cut (F1). */
export class KeptNote {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  read(): Promise<Block | null> {
    return notedAt(this.path);
  }

  /** With the rules, for `nft`. */
  text(): Promise<string | null> {
    return whatIsNotedAt(this.path);
  }

  async write(block: Block, rules: string): Promise<void> {
    const own = `${this.path}.new`;
    await mkdir(dirname(this.path), { recursive: true, mode: 0o755 });
    const file = await open(own, 'w', 0o644);
    try {
      await file.writeFile(noteOf(block, rules));
      await file.chmod(0o644);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(own, this.path);
    await syncFolder(dirname(this.path));
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await syncFolder(dirname(this.path));
  }
}
