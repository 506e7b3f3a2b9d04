import { chmod, rename, writeFile } from 'node:fs/promises';

/** A word for the agent of this site (adapters/word.ts), whole or not at all. `mode` says who may read it, whatever this program's umask is. */
export async function leaveWord(path: string, word: object, mode: number): Promise<void> {
  const own = `${path}.${process.pid}`;
  await writeFile(own, JSON.stringify(word), { mode: 0o600 });
  await chmod(own, mode);
  await rename(own, path);
}
